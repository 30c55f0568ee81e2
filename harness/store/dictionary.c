#include "harness/store/dictionary.h"

#include "harness/base/text.h"
#include "harness/store/internal.h"

#include <stdlib.h>

enum { SHAPE_MAX = 16 * 1024, SHAPE_MIN = 32, NAME_MAX_LENGTH = 40, NAME_MAX_DIGITS = 2 };

struct known_dictionary {
	int64_t id;           /* 0: the interface has none, and none is tried again */
	int64_t interface_id; /* 0: known for reading only */
	struct dictionary *dictionary;
	struct known_dictionary *next;
};

/* --- shapes --- */

static bool is_name(struct span text)
{
	int digits = 0;
	for (size_t i = 0; i < text.length; i++) {
		char c = text.data[i];
		char lower = text_lower(c);
		digits += text_is_digit(c);
		if (c == '\0' || ((lower < 'a' || lower > 'z') && !text_is_digit(c) && strchr("_-.:$", c) == NULL)) {
			return false;
		}
	}
	return text.length > 0 && text.length <= NAME_MAX_LENGTH && digits <= NAME_MAX_DIGITS;
}

/* Position behind the string whose opening quote is at `start`. */
static size_t string_end(struct span json, size_t start)
{
	size_t at = start + 1;
	while (at < json.length && json.data[at] != '"') {
		at += json.data[at] == '\\' ? 2 : 1;
	}
	return at < json.length ? at + 1 : json.length;
}

static void write_string(struct span json, size_t start, size_t end, struct buffer *shape)
{
	bool is_key = end < json.length && json.data[end] == ':';
	buffer_append_byte(shape, '"');
	if (is_key) {
		struct span name = {json.data + start + 1, end - start - 2};
		if (is_name(name)) {
			buffer_append_span(shape, name);
		}
	}
	buffer_append_byte(shape, '"');
}

void dictionary_write_shape(struct span json, struct buffer *shape)
{
	json = text_trim(json);
	if (json.length == 0 || (json.data[0] != '{' && json.data[0] != '[')) {
		return;
	}
	for (size_t at = 0; at < json.length && shape->length < SHAPE_MAX;) {
		char c = json.data[at];
		if (c == '"') {
			size_t end = string_end(json, at);
			write_string(json, at, end, shape);
			at = end;
			continue;
		}
		if (c != '\0' && strchr("{}[]:,", c) != NULL) {
			buffer_append_byte(shape, c);
		}
		at++;
	}
}

/* --- those that are known --- */

static bool remember(struct store *store, int64_t id, int64_t interface_id, struct span shape,
		     struct known_dictionary **ret_known, struct error *err)
{
	struct known_dictionary *known = calloc(1, sizeof(*known));
	struct dictionary *dictionary = id != 0 ? dictionary_create(shape) : NULL;
	if (known == NULL || (id != 0 && dictionary == NULL)) {
		free(known);
		dictionary_destroy(dictionary);
		return error_set(err, ERROR_MEMORY, "no memory for a dictionary of the store");
	}
	*known = (struct known_dictionary){id, interface_id, dictionary, store->dictionaries};
	store->dictionaries = known;
	*ret_known = known;
	return true;
}

void dictionaries_forget(struct store *store)
{
	while (store->dictionaries != NULL) {
		struct known_dictionary *known = store->dictionaries;
		store->dictionaries = known->next;
		dictionary_destroy(known->dictionary);
		free(known);
	}
}

static bool insert_shape(struct store *store, int64_t interface_id, struct span shape, struct error *err)
{
	struct statement *statement =
		store_statement(store, "INSERT INTO dictionary (interface_id, content) VALUES (?, ?)", err);
	if (statement == NULL) {
		return false;
	}
	statement_bind_integer(statement, 1, interface_id);
	statement_borrow_blob(statement, 2, shape);
	return statement_run(statement, err);
}

static bool make_dictionary(struct store *store, int64_t interface_id, struct span request, struct span reply,
			    struct known_dictionary **ret_known, struct error *err)
{
	CLEANUP_BUFFER struct buffer shape = BUFFER_INIT(2 * SHAPE_MAX);
	dictionary_write_shape(request, &shape);
	dictionary_write_shape(reply, &shape);
	if (!buffer_ok(&shape, "the shape of a message", err)) {
		return false;
	}
	if (shape.length < SHAPE_MIN) {
		return remember(store, 0, interface_id, SPAN(""), ret_known, err);
	}
	return insert_shape(store, interface_id, buffer_span(&shape), err) &&
	       remember(store, store_last_id(store), interface_id, buffer_span(&shape), ret_known, err);
}

/* The newest dictionary of the interface, if there is a row. */
static bool load_for_interface(struct store *store, int64_t interface_id, struct known_dictionary **ret_known,
			       struct error *err)
{
	struct statement *statement = store_statement(
		store, "SELECT id, content FROM dictionary WHERE interface_id = ? ORDER BY id DESC LIMIT 1", err);
	if (statement == NULL) {
		return false;
	}
	statement_bind_integer(statement, 1, interface_id);
	bool found = false;
	if (!statement_one_row(statement, &found, err)) {
		return false;
	}
	bool done = !found || remember(store, statement_integer(statement, 0), interface_id,
				       statement_blob(statement, 1), ret_known, err);
	statement_reset(statement);
	return done;
}

bool dictionary_for_interface(struct store *store, int64_t interface_id, struct span request, struct span reply,
			      int64_t *ret_id, const struct dictionary **ret_dictionary, struct error *err)
{
	struct known_dictionary *known = store->dictionaries;
	while (known != NULL && known->interface_id != interface_id) {
		known = known->next;
	}
	if (known == NULL && (!load_for_interface(store, interface_id, &known, err) ||
			      (known == NULL && !make_dictionary(store, interface_id, request, reply, &known, err)))) {
		return false;
	}
	*ret_id = known->id;
	BUG_ON(known == NULL);
	*ret_dictionary = known->dictionary;
	return true;
}

bool dictionary_by_id(struct store *store, int64_t id, const struct dictionary **ret_dictionary, struct error *err)
{
	struct known_dictionary *known = store->dictionaries;
	while (known != NULL && known->id != id) {
		known = known->next;
	}
	if (known == NULL) {
		struct statement *statement =
			store_statement(store, "SELECT content FROM dictionary WHERE id = ?", err);
		if (statement == NULL) {
			return false;
		}
		statement_bind_integer(statement, 1, id);
		bool found = false;
		if (!statement_one_row(statement, &found, err)) {
			return false;
		}
		bool done = found ? remember(store, id, 0, statement_blob(statement, 0), &known, err)
				  : error_set(err, ERROR_FORMAT,
					      "a stored payload is damaged; restore a copy of the store");
		statement_reset(statement);
		if (!done) {
			return false;
		}
	}
	BUG_ON(known == NULL);
	*ret_dictionary = known->dictionary;
	return true;
}
