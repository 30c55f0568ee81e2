/* Names and their numbers: interfaces, candidates, fields; epochs. */
#include "harness/store/internal.h"

struct name_table {
	const char *what;
	const char *find; /* name, parent */
	const char *add;
};

static const struct name_table INTERFACES = {
	"interface",
	"SELECT id FROM interface WHERE name = ?1",
	"INSERT INTO interface (name) VALUES (?1) ON CONFLICT DO NOTHING",
};
static const struct name_table CANDIDATES = {
	"candidate",
	"SELECT id FROM candidate WHERE interface_id = ?2 AND name = ?1",
	"INSERT INTO candidate (interface_id, name) VALUES (?2, ?1) ON CONFLICT DO NOTHING",
};
static const struct name_table FIELDS = {
	"field",
	"SELECT id FROM field WHERE interface_id = ?2 AND name = ?1",
	"INSERT INTO field (interface_id, name) VALUES (?2, ?1) ON CONFLICT DO NOTHING",
};

static struct statement *bind_name(struct store *store, const char *sql, int64_t parent, struct span name,
				   struct error *err)
{
	struct statement *statement = store_statement(store, sql, err);
	if (statement != NULL) {
		statement_bind_text(statement, 1, name);
		if (parent != 0) {
			statement_bind_integer(statement, 2, parent);
		}
	}
	return statement;
}

static bool find_name(struct store *store, const struct name_table *table, int64_t parent, struct span name,
		      int64_t *ret_id, bool *ret_found, struct error *err)
{
	struct statement *statement = bind_name(store, table->find, parent, name, err);
	if (statement == NULL || !statement_one_row(statement, ret_found, err)) {
		return false;
	}
	if (*ret_found) {
		*ret_id = statement_integer(statement, 0);
		statement_reset(statement);
	}
	return true;
}

/* Looked up again after adding: another process may have added the name in between. */
static bool name_id(struct store *store, const struct name_table *table, int64_t parent, struct span name,
		    int64_t *ret_id, struct error *err)
{
	bool found = false;
	if (!find_name(store, table, parent, name, ret_id, &found, err)) {
		return false;
	}
	if (!found && !store->is_read_only) {
		struct statement *statement = bind_name(store, table->add, parent, name, err);
		if (statement == NULL || !statement_run(statement, err) ||
		    !find_name(store, table, parent, name, ret_id, &found, err)) {
			return false;
		}
	}
	return found || error_set(err, ERROR_MISSING, "the store has no %s \"%.*s\"; check the name", table->what,
				  SPAN_ARGUMENTS(name));
}

bool store_interface(struct store *store, struct span name, int64_t *ret_id, struct error *err)
{
	return name_id(store, &INTERFACES, 0, name, ret_id, err);
}

bool store_candidate(struct store *store, int64_t interface_id, struct span name, int64_t *ret_id, struct error *err)
{
	return name_id(store, &CANDIDATES, interface_id, name, ret_id, err);
}

bool store_field(struct store *store, int64_t interface_id, struct span name, int64_t *ret_id, struct error *err)
{
	return name_id(store, &FIELDS, interface_id, name, ret_id, err);
}

static bool add_epoch(struct store *store, int64_t candidate_id, struct span hash, struct span description, int64_t now,
		      int64_t *ret_id, struct error *err)
{
	struct statement *statement = store_statement(
		store,
		"INSERT INTO epoch (candidate_id, ordinal, hash, description, started_at) "
		"SELECT ?1, 1 + coalesce(max(ordinal), 0), ?2, ?3, ?4 FROM epoch WHERE candidate_id = ?1",
		err);
	if (statement == NULL) {
		return false;
	}
	statement_bind_integer(statement, 1, candidate_id);
	statement_bind_blob(statement, 2, hash);
	statement_bind_text(statement, 3, description);
	statement_bind_integer(statement, 4, now);
	if (!statement_run(statement, err)) {
		return false;
	}
	*ret_id = store_last_id(store);
	return true;
}

bool store_epoch(struct store *store, int64_t candidate_id, struct span hash, struct span description, int64_t now,
		 int64_t *ret_id, bool *ret_new, struct error *err)
{
	struct statement *statement = store_statement(
		store, "SELECT id, hash FROM epoch WHERE candidate_id = ? ORDER BY ordinal DESC LIMIT 1", err);
	if (statement == NULL) {
		return false;
	}
	statement_bind_integer(statement, 1, candidate_id);
	bool found = false;
	if (!statement_one_row(statement, &found, err)) {
		return false;
	}
	bool same = found && span_equal(statement_blob(statement, 1), hash);
	int64_t id = same ? statement_integer(statement, 0) : 0;
	statement_reset(statement);
	if (!same) {
		if (store->is_read_only) {
			return error_set(err, ERROR_MISSING, "the store has no evaluation period for this contract");
		}
		if (!add_epoch(store, candidate_id, hash, description, now, &id, err)) {
			return false;
		}
	}
	*ret_id = id;
	*ret_new = !same;
	return true;
}
