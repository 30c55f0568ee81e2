#include "evaluators/format/characters.h"

#include "harness/base/text.h"

bool character_is_percent_encoded(struct span text, size_t position)
{
	return text.length - position >= 3 && text.data[position] == '%' &&
	       text_hex_digit(text.data[position + 1]) >= 0 && text_hex_digit(text.data[position + 2]) >= 0;
}

bool character_is_ucs(uint32_t code_point)
{
	if (code_point < 0x10000) {
		return (code_point >= 0xa0 && code_point <= 0xd7ff) || (code_point >= 0xf900 && code_point <= 0xfdcf) ||
		       (code_point >= 0xfdf0 && code_point <= 0xffef);
	}
	bool is_last_of_plane = (code_point & 0xffff) >= 0xfffe;
	return code_point <= 0xefffd && !is_last_of_plane && (code_point < 0xe0000 || code_point >= 0xe1000);
}

bool character_is_private(uint32_t code_point)
{
	return (code_point >= 0xe000 && code_point <= 0xf8ff) || (code_point >= 0xf0000 && code_point <= 0xffffd) ||
	       (code_point >= 0x100000 && code_point <= 0x10fffd);
}

bool character_skip_ucs(struct span text, size_t *position, bool with_private)
{
	size_t next = *position;
	uint32_t code_point;
	if (!text_next_code_point(text, &next, &code_point) ||
	    !(character_is_ucs(code_point) || (with_private && character_is_private(code_point)))) {
		return false;
	}
	*position = next;
	return true;
}
