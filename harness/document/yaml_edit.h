/* Layer 3, private to harness/document. Changing a YAML file in place by the offsets of yaml_parse: what is not named
 * keeps its bytes, its order and its comments.
 *
 * What cannot be changed in place safely is refused: the functions are false then, with nothing added, and the caller
 * says the line that a person should edit. */
#ifndef UNDERSTUDY_DOCUMENT_YAML_EDIT_H
#define UNDERSTUDY_DOCUMENT_YAML_EDIT_H

#include "harness/contract/contract.h"
#include "harness/document/text_edit.h"

struct yaml_edits {
	struct text_edits edits;
	struct yaml_document document; /* of edits.source */
};

/* A member's new value as YAML in flow style; NULL: the member goes. */
struct yaml_member_edit {
	const char *name;
	const char *text;
};

/* All changes of one mapping. Values from the environment are not replaced, and not all members may go. */
MUST_CHECK bool yaml_edit_members(struct yaml_edits *edits, const struct json_node *mapping,
				  const struct yaml_member_edit *members, size_t count);
/* Removes an item of a block sequence, with the rest of its lines. Comments above it stay. */
MUST_CHECK bool yaml_edit_remove_item(struct yaml_edits *edits, const struct json_node *sequence,
				      const struct json_node *item);
/* Adds an item, a mapping in block style with these members, behind the last of a block sequence. */
MUST_CHECK bool yaml_edit_append_item(struct yaml_edits *edits, const struct json_node *sequence,
				      const struct yaml_member_edit *members, size_t count);
size_t yaml_edit_line(const struct yaml_edits *edits, const struct json_node *node);

#endif
