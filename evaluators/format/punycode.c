/* Punycode: RFC 3492, with the parameters of section 5. Names are those of sections 3 and 6. */
#include "evaluators/format/idna.h"

enum {
	BASE = 36,
	T_MIN = 1,
	T_MAX = 26,
	SKEW = 38,
	DAMP = 700,
	INITIAL_BIAS = 72,
	INITIAL_N = 0x80,
	UNICODE_LAST = 0x10ffff,
	/* What a variable-length integer can add up to before `n` passes the end of Unicode, whatever the label's
	   length. */
	INTEGER_MAX = (LABEL_LONGEST + 1) * (UNICODE_LAST + 1),
};

/* Section 6.1. */
static uint32_t adapt_bias(uint32_t delta, uint32_t count, bool is_first)
{
	uint32_t k = 0;
	delta = is_first ? delta / DAMP : delta / 2;
	delta += delta / count;
	for (; delta > (BASE - T_MIN) * T_MAX / 2; k += BASE) {
		delta /= BASE - T_MIN;
	}
	return k + (BASE - T_MIN + 1) * delta / (delta + SKEW);
}

static uint32_t threshold(uint32_t k, uint32_t bias)
{
	if (k <= bias + T_MIN) {
		return T_MIN;
	}
	return k >= bias + T_MAX ? T_MAX : k - bias;
}

/* 0 to 35; BASE for other characters than a to z and 0 to 9. */
static uint32_t digit_value(char c)
{
	if (c >= 'a' && c <= 'z') {
		return (uint32_t)(c - 'a');
	}
	return c >= '0' && c <= '9' ? (uint32_t)(c - '0') + 26 : BASE;
}

/* Adds the variable-length integer at *position to *index and moves behind it. */
static bool read_integer(struct span text, size_t *position, uint32_t bias, uint32_t *index)
{
	uint64_t weight = 1;
	uint64_t sum = *index;
	for (uint32_t k = BASE; *position < text.length; k += BASE) {
		uint32_t digit = digit_value(text.data[(*position)++]);
		uint32_t t = threshold(k, bias);
		sum += digit * weight;
		if (digit == BASE || sum >= INTEGER_MAX) {
			return false;
		}
		if (digit < t) {
			*index = (uint32_t)sum;
			return true;
		}
		weight *= BASE - t; /* cannot overflow: the digit was not 0, so the weight is below the sum */
	}
	return false;
}

static void insert_point(struct label *label, uint32_t index, uint32_t point)
{
	memmove(label->points + index + 1, label->points + index, (label->count - index) * sizeof(label->points[0]));
	label->points[index] = point;
	label->count++;
}

/* The basic code points before the last hyphen; returns where the integers start. */
static size_t copy_basic(struct span text, struct label *label)
{
	size_t hyphen = text.length;
	while (hyphen > 0 && text.data[hyphen - 1] != '-') {
		hyphen--;
	}
	for (size_t i = 0; i + 1 < hyphen; i++) {
		label->points[label->count++] = (unsigned char)text.data[i];
	}
	return hyphen;
}

/* Section 6.2. */
bool punycode_decode(struct span text, struct label *ret_label)
{
	struct label label = {.count = 0};
	uint32_t n = INITIAL_N;
	uint32_t index = 0;
	uint32_t bias = INITIAL_BIAS;
	if (text.length > LABEL_LONGEST) {
		return false;
	}
	for (size_t position = copy_basic(text, &label); position < text.length;) {
		uint32_t former = index;
		if (!read_integer(text, &position, bias, &index)) {
			return false;
		}
		uint32_t count = (uint32_t)label.count + 1;
		bias = adapt_bias(index - former, count, former == 0);
		n += index / count;
		index %= count;
		if (n > UNICODE_LAST || label.count == LABEL_LONGEST) {
			return false;
		}
		insert_point(&label, index++, n);
	}
	*ret_label = label;
	return true;
}

struct writer {
	char *bytes;
	size_t length;
	bool failed; /* no room */
};

static void write_byte(struct writer *writer, char byte)
{
	if (writer->length == LABEL_LONGEST) {
		writer->failed = true;
		return;
	}
	writer->bytes[writer->length++] = byte;
}

static void write_integer(struct writer *writer, uint32_t value, uint32_t bias)
{
	static const char digits[] = "abcdefghijklmnopqrstuvwxyz0123456789";
	for (uint32_t k = BASE;; k += BASE) {
		uint32_t t = threshold(k, bias);
		if (value < t) {
			break;
		}
		write_byte(writer, digits[t + (value - t) % (BASE - t)]);
		value = (value - t) / (BASE - t);
	}
	write_byte(writer, digits[value]);
}

static uint32_t smallest_from(const struct label *label, uint32_t n)
{
	uint32_t smallest = UINT32_MAX;
	for (size_t i = 0; i < label->count; i++) {
		if (label->points[i] >= n && label->points[i] < smallest) {
			smallest = label->points[i];
		}
	}
	return smallest;
}

static uint32_t write_basic(struct writer *writer, const struct label *label)
{
	for (size_t i = 0; i < label->count; i++) {
		if (label->points[i] < INITIAL_N) {
			write_byte(writer, (char)label->points[i]);
		}
	}
	uint32_t count = (uint32_t)writer->length;
	if (count > 0) {
		write_byte(writer, '-');
	}
	return count;
}

/* Section 6.3. `delta` cannot overflow: it stays below the number of code points times one more than their count. */
bool punycode_encode(const struct label *label, char bytes[LABEL_LONGEST], size_t *ret_length)
{
	struct writer writer = {.bytes = bytes};
	uint32_t basic = write_basic(&writer, label);
	uint32_t handled = basic;
	uint32_t n = INITIAL_N;
	uint32_t bias = INITIAL_BIAS;
	uint32_t delta = 0;
	while (handled < label->count && !writer.failed) {
		uint32_t next = smallest_from(label, n);
		delta += (next - n) * (handled + 1);
		n = next;
		for (size_t i = 0; i < label->count; i++) {
			if (label->points[i] < n) {
				delta++;
			} else if (label->points[i] == n) {
				write_integer(&writer, delta, bias);
				bias = adapt_bias(delta, handled + 1, handled == basic);
				delta = 0;
				handled++;
			}
		}
		delta++;
		n++;
	}
	if (writer.failed) {
		return false;
	}
	*ret_length = writer.length;
	return true;
}
