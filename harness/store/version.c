#include "harness/store/version.h"

#include "harness/store/internal.h"

bool store_version_find(struct store *store, int64_t interface_id, struct span version, struct arena *arena,
			bool *ret_found, struct span *ret_hash, struct span *ret_content, struct error *err)
{
	struct statement *statement = store_statement(
		store, "SELECT hash, content FROM contract_version WHERE interface_id = ? AND version = ?", err);
	if (statement == NULL) {
		return false;
	}
	statement_bind_integer(statement, 1, interface_id);
	statement_bind_text(statement, 2, version);
	bool found = false;
	if (!statement_one_row(statement, &found, err)) {
		return false;
	}
	if (found) {
		struct span hash = statement_blob(statement, 0);
		struct span content = statement_text(statement, 1);
		const char *hash_copy = arena_copy(arena, hash);
		const char *content_copy = arena_copy(arena, content);
		*ret_hash = (struct span){hash_copy, hash.length};
		*ret_content = (struct span){content_copy, content.length};
		statement_reset(statement);
		if (hash_copy == NULL || content_copy == NULL) {
			return error_set(err, ERROR_MEMORY, "no memory for the content of a contract");
		}
	}
	*ret_found = found;
	return true;
}

bool store_version_put(struct store *store, int64_t interface_id, struct span version, struct span hash,
		       struct span content, int64_t now, struct error *err)
{
	struct statement *statement =
		store_statement(store,
				"INSERT INTO contract_version (interface_id, version, hash, content, first_used_at) "
				"VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (interface_id, version) "
				"DO UPDATE SET hash = excluded.hash, content = excluded.content, "
				"first_used_at = excluded.first_used_at",
				err);
	if (statement == NULL) {
		return false;
	}
	statement_bind_integer(statement, 1, interface_id);
	statement_bind_text(statement, 2, version);
	statement_bind_blob(statement, 3, hash);
	statement_bind_text(statement, 4, content);
	statement_bind_integer(statement, 5, now);
	return statement_run(statement, err);
}
