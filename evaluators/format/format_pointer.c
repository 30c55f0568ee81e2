/* json-pointer and relative-json-pointer. */
#include "evaluators/format/matchers.h"

#include "harness/base/text.h"

bool format_match_json_pointer(struct span text)
{
	if (text.length > 0 && text.data[0] != '/') {
		return false;
	}
	for (size_t i = 0; i < text.length; i++) {
		if (text.data[i] == '~' &&
		    (i + 1 == text.length || (text.data[i + 1] != '0' && text.data[i + 1] != '1'))) {
			return false;
		}
	}
	return true;
}

/* Where a number without leading zeros that starts at `position` ends; `position` where there is none. */
static size_t skip_number(struct span text, size_t position)
{
	if (position < text.length && text.data[position] == '0') {
		return position + 1;
	}
	while (position < text.length && text_is_digit(text.data[position])) {
		position++;
	}
	return position;
}

bool format_match_relative_json_pointer(struct span text)
{
	size_t position = skip_number(text, 0);
	if (position == 0) {
		return false;
	}
	if (position < text.length && (text.data[position] == '+' || text.data[position] == '-')) {
		size_t end = skip_number(text, position + 1);
		if (end == position + 1 || text.data[position + 1] == '0') {
			return false;
		}
		position = end;
	}
	struct span rest = {text.data + position, text.length - position};
	return span_is(rest, "#") || format_match_json_pointer(rest);
}
