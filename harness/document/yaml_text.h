/* Layer 3, private to harness/document. Values as YAML in flow style, for editing configuration files.
 *
 * What is written reads back as the same value by yaml_parse (contract.h): plain where that is safe, else in double
 * quotes with JSON's escapes, which YAML 1.2 shares. Text with "${" would be replaced on reading: the caller refuses
 * it. */
#ifndef UNDERSTUDY_DOCUMENT_YAML_TEXT_H
#define UNDERSTUDY_DOCUMENT_YAML_TEXT_H

#include "harness/base/json.h"

void yaml_write_text(struct buffer *buffer, struct span text);
void yaml_write_value(struct buffer *buffer, const struct json_node *value);
/* The members of an object without its braces: "abs: 0.005, strings: true". */
void yaml_write_members(struct buffer *buffer, const struct json_node *object);

#endif
