/* Layer 3, private to harness/document. Changing a JSON text in place: what is not named keeps its bytes.
 *
 * Nodes are of the tape that json_parse made of the very text of the edits. */
#ifndef UNDERSTUDY_DOCUMENT_JSON_EDIT_H
#define UNDERSTUDY_DOCUMENT_JSON_EDIT_H

#include "harness/base/json.h"
#include "harness/document/text_edit.h"

/* A member's new value as JSON text; NULL: the member goes. */
struct json_member_edit {
	const char *name;
	const char *text;
};

/* Offset behind the value's last byte. */
size_t json_edit_end(struct span text, const struct json_node *node);
/* White space before each item or member, and before the closing bracket, of a container that stands on several lines;
 * empty where it stands on one, or is NULL. */
struct span json_edit_layout(struct span text, const struct json_node *container);
struct span json_edit_closing(struct span text, const struct json_node *container);
/* Sets, adds and removes members of an object, all of its changes in one call; its other members keep their text. New
 * ones stand at the end. The object stays on one line where it was on one. */
void json_edit_members(struct text_edits *edits, const struct json_node *object, const struct json_member_edit *members,
		       size_t count);
/* Adds one member at the end of an object that json_edit_members is not called for; may be called several times. */
void json_edit_append(struct text_edits *edits, const struct json_node *object, const char *name, const char *text);

#endif
