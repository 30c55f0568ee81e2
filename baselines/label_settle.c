/* From labels to truth, and from truth to right or wrong for each path. */
#include "baselines/label_values.h"
#include "baselines/labels.h"

#include "harness/store/evaluation.h"

enum { SETTLE_ARENA_MAX = 64 * 1024 * 1024, LABELS_PER_ITEM_MAX = 64 };

/* One label that counts: the last of its reviewer. */
struct counted_label {
	int64_t id;
	struct span reviewer;
	bool cannot_tell;
	struct span *values; /* in field order; NULL: cannot tell */
};

struct settling {
	struct store *store;
	const struct contract *contract;
	struct arena *arena;
	int64_t *fields;
	int64_t item;
	int64_t exchange;
	struct span key;
	bool overlap;
	struct counted_label labels[LABELS_PER_ITEM_MAX];
	size_t label_count;
	int64_t adjudication; /* label id, 0: none */
	bool adjudication_cannot_tell;
};

static bool read_item(struct settling *s, struct error *err)
{
	struct statement *item =
		store_statement(s->store, "SELECT exchange_id, key, overlap FROM review_item WHERE id = ?", err);
	if (item == NULL) {
		return false;
	}
	statement_bind_integer(item, 1, s->item);
	if (statement_step(item, err) != STATEMENT_ROW) {
		return error_set(err, ERROR_MISSING, "there is no review item %lld", (long long)s->item);
	}
	s->exchange = statement_integer(item, 0);
	s->overlap = statement_integer(item, 2) != 0;
	bool done = label_column(item, 1, s->arena, &s->key, err);
	statement_reset(item);
	return done;
}

static bool count_label(struct settling *s, int64_t id, struct span reviewer, bool cannot_tell, struct error *err)
{
	for (size_t i = 0; i < s->label_count; i++) {
		if (span_equal(s->labels[i].reviewer, reviewer)) {
			s->labels[i].id = id;
			s->labels[i].cannot_tell = cannot_tell;
			return true;
		}
	}
	if (s->label_count == LABELS_PER_ITEM_MAX) {
		return error_set(err, ERROR_LIMIT, "more than %d reviewers judged one record; let one adjudicate it",
				 LABELS_PER_ITEM_MAX);
	}
	s->labels[s->label_count++] =
		(struct counted_label){.id = id, .reviewer = reviewer, .cannot_tell = cannot_tell};
	return true;
}

static bool read_labels(struct settling *s, struct error *err)
{
	struct statement *labels = store_statement(s->store,
						   "SELECT id, reviewer, adjudication, cannot_tell FROM label WHERE "
						   "item_id = ? ORDER BY id",
						   err);
	if (labels == NULL) {
		return false;
	}
	statement_bind_integer(labels, 1, s->item);
	enum statement_step step;
	while ((step = statement_step(labels, err)) == STATEMENT_ROW) {
		struct span reviewer;
		int64_t id = statement_integer(labels, 0);
		bool cannot_tell = statement_integer(labels, 3) != 0;
		if (statement_integer(labels, 2) != 0) {
			s->adjudication = id;
			s->adjudication_cannot_tell = cannot_tell;
		} else if (!label_column(labels, 1, s->arena, &reviewer, err) ||
			   !count_label(s, id, reviewer, cannot_tell, err)) {
			break;
		}
	}
	statement_reset(labels);
	return step == STATEMENT_DONE;
}

/* The label's value of each field, in field order. */
static bool read_values(struct settling *s, int64_t label, struct span **ret_values, struct error *err)
{
	struct span *values = arena_allocate_array(s->arena, s->contract->field_count, sizeof(values[0]));
	struct statement *find =
		store_statement(s->store, "SELECT value FROM label_value WHERE label_id = ? AND field_id = ?", err);
	if (find == NULL) {
		return false;
	}
	if (values == NULL) {
		return error_set(err, ERROR_LIMIT, "labels do not fit into memory");
	}
	for (size_t i = 0; i < s->contract->field_count; i++) {
		statement_bind_integer(find, 1, label);
		statement_bind_integer(find, 2, s->fields[i]);
		enum statement_step step = statement_step(find, err);
		if (step == STATEMENT_FAILED ||
		    (step == STATEMENT_ROW && !label_column(find, 0, s->arena, &values[i], err))) {
			return false;
		}
		statement_reset(find);
	}
	*ret_values = values;
	return true;
}

static bool values_agree(struct settling *s, const struct span *a, const struct span *b, bool *ret_agree,
			 struct error *err)
{
	bool agree = true;
	for (size_t i = 0; agree && i < s->contract->field_count; i++) {
		if (!label_value_correct(&s->contract->fields[i], a[i], b[i], s->arena, &agree, err)) {
			return false;
		}
	}
	*ret_agree = agree;
	return true;
}

/* Do all who could judge give the same values, in the comparators' sense? Each is held against each: with a tolerance,
 * two may both agree with a third and not with each other, and the order of labels must not count.
 * *ret_label: the first of them, 0 where nobody could judge. */
static bool labels_agree(struct settling *s, bool *ret_agree, int64_t *ret_label, struct error *err)
{
	bool agree = true;
	int64_t label = 0;
	for (size_t i = 0; i < s->label_count; i++) {
		struct counted_label *one = &s->labels[i];
		if (one->cannot_tell) {
			continue;
		}
		if (!read_values(s, one->id, &one->values, err)) {
			return false;
		}
		label = label != 0 ? label : one->id;
		for (size_t k = 0; agree && k < i; k++) {
			if (s->labels[k].values != NULL &&
			    !values_agree(s, s->labels[k].values, one->values, &agree, err)) {
				return false;
			}
		}
	}
	*ret_agree = agree;
	*ret_label = label;
	return true;
}

/* What the labels amount to; *ret_label: the one whose values are the truth, where there is one. */
static bool decide(struct settling *s, enum review_status *ret_status, int64_t *ret_label, struct error *err)
{
	*ret_label = s->adjudication;
	if (s->adjudication != 0) {
		*ret_status = s->adjudication_cannot_tell ? REVIEW_UNLABELABLE : REVIEW_FINAL;
		return true;
	}
	size_t required = s->overlap && s->contract->reviewers > 1 ? (size_t)s->contract->reviewers : 1;
	if (s->label_count < required) {
		*ret_status = REVIEW_OPEN;
		return true;
	}
	bool agree = false;
	if (!labels_agree(s, &agree, ret_label, err)) {
		return false;
	}
	if (*ret_label == 0) {
		*ret_status = REVIEW_UNLABELABLE;
	} else {
		*ret_status = agree ? REVIEW_FINAL : REVIEW_CONFLICT;
	}
	return true;
}

static bool insert_judgement(struct settling *s, int64_t path, int64_t field, bool correct, struct error *err)
{
	struct statement *insert = store_statement(
		s->store, "INSERT INTO judgement (item_id, path, field_id, correct) VALUES (?, ?, ?, ?)", err);
	if (insert == NULL) {
		return false;
	}
	statement_bind_integer(insert, 1, s->item);
	statement_bind_integer(insert, 2, path);
	statement_bind_integer(insert, 3, field);
	statement_bind_integer(insert, 4, correct);
	return statement_run(insert, err);
}

/* `invalid`: the path gave nothing that can be used: wrong, whatever the truth is. */
static bool judge_path(struct settling *s, int64_t path, bool invalid, const struct span *truth, struct error *err)
{
	struct statement *find = store_statement(
		s->store, "SELECT value FROM review_value WHERE item_id = ? AND path = ? AND field_id = ?", err);
	bool all = !invalid;
	for (size_t i = 0; find != NULL && i < s->contract->field_count; i++) {
		statement_bind_integer(find, 1, s->item);
		statement_bind_integer(find, 2, path);
		statement_bind_integer(find, 3, s->fields[i]);
		struct span given = {NULL, 0};
		enum statement_step step = statement_step(find, err);
		if (step == STATEMENT_FAILED ||
		    (step == STATEMENT_ROW && !label_column(find, 0, s->arena, &given, err))) {
			return false;
		}
		statement_reset(find);
		bool correct = false;
		if (!invalid &&
		    !label_value_correct(&s->contract->fields[i], truth[i], given, s->arena, &correct, err)) {
			return false;
		}
		all = all && correct;
		if (!insert_judgement(s, path, s->fields[i], correct, err)) {
			return false;
		}
	}
	return find != NULL && insert_judgement(s, path, 0, all, err);
}

static bool judge_candidates(struct settling *s, const struct span *truth, struct error *err)
{
	struct statement *records = store_statement(s->store,
						    "SELECT candidate_id, side FROM record WHERE exchange_id = ? AND "
						    "key = ? AND sampled = 1 ORDER BY candidate_id",
						    err);
	if (records == NULL) {
		return false;
	}
	statement_bind_integer(records, 1, s->exchange);
	statement_bind_text(records, 2, s->key);
	enum statement_step step;
	while ((step = statement_step(records, err)) == STATEMENT_ROW) {
		bool invalid = statement_integer(records, 1) == SIDE_INVALID;
		if (!judge_path(s, statement_integer(records, 0), invalid, truth, err)) {
			break;
		}
	}
	statement_reset(records);
	return step == STATEMENT_DONE;
}

static bool write_status(struct settling *s, enum review_status status, struct error *err)
{
	struct statement *update =
		store_statement(s->store, "UPDATE review_item SET status = ? WHERE id = ? AND status <> ?", err);
	struct statement *clear = store_statement(s->store, "DELETE FROM judgement WHERE item_id = ?", err);
	if (update == NULL || clear == NULL) {
		return false;
	}
	statement_bind_integer(update, 1, status);
	statement_bind_integer(update, 2, s->item);
	statement_bind_integer(update, 3, status);
	statement_bind_integer(clear, 1, s->item);
	return statement_run(update, err) && statement_run(clear, err);
}

static bool settle(struct settling *s, enum review_status *ret_status, struct error *err)
{
	int64_t label = 0;
	enum review_status status = REVIEW_OPEN;
	if (!label_field_ids(s->store, s->contract, s->arena, &s->fields, err) || !read_item(s, err) ||
	    !read_labels(s, err) || !decide(s, &status, &label, err) || !write_status(s, status, err)) {
		return false;
	}
	*ret_status = status;
	if (status != REVIEW_FINAL) {
		return true;
	}
	struct span *truth = NULL;
	return read_values(s, label, &truth, err) && judge_path(s, 0, false, truth, err) &&
	       judge_candidates(s, truth, err);
}

bool label_settle(struct store *store, const struct contract *contract, int64_t item, enum review_status *ret_status,
		  struct error *err)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT(SETTLE_ARENA_MAX);
	struct settling s = {.store = store, .contract = contract, .arena = &arena, .item = item};
	return settle(&s, ret_status, err);
}
