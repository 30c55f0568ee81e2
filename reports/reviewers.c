/* Do reviewers agree with each other on the items that all of them judge? */
#include "reports/report.h"

#include <stdlib.h>

enum { RECORD_MAX = 1 << 20 };

/* One reviewer's values of one whole record, as one text: equal values give equal texts. */
struct rating {
	bool agreeing; /* side of the record */
	size_t unit;
	const char *values;
	uint32_t category;
};

struct ratings {
	struct report *report;
	struct error *err;
	struct rating *list;
	size_t count;
	size_t capacity;
	struct buffer key;    /* item and reviewer of the label being read */
	struct buffer next;   /* of this row */
	struct buffer item;   /* of the label being read */
	struct buffer values; /* gathered so far */
	bool agreeing;
	size_t units;
	struct arena scratch;
};

static bool no_memory(struct ratings *ratings)
{
	return error_set(ratings->err, ERROR_MEMORY, "no memory for the reviewers' labels; name fewer weeks");
}

static bool end_label(struct ratings *ratings)
{
	if (ratings->key.length == 0) {
		return true;
	}
	struct rating *rating = evidence_push(&ratings->report->arena, (void **)&ratings->list, &ratings->count,
					      &ratings->capacity, sizeof(*rating));
	if (rating == NULL || ratings->values.failed) {
		return no_memory(ratings);
	}
	rating->agreeing = ratings->agreeing;
	rating->unit = ratings->units;
	rating->values = arena_copy(&ratings->report->arena, buffer_span(&ratings->values));
	return rating->values != NULL || no_memory(ratings);
}

static void append_value(struct ratings *ratings, struct statement *row)
{
	if (statement_is_null(row, 4)) {
		return; /* a label without values */
	}
	json_write_string(&ratings->values, statement_text(row, 4));
	buffer_append_byte(&ratings->values, ':');
	const struct json_node *value;
	arena_reset(&ratings->scratch);
	if (statement_is_null(row, 5)) {
		buffer_append_byte(&ratings->values, '-');
	} else if (json_parse(&ratings->scratch, statement_text(row, 5), NULL, &value, NULL)) {
		json_write_canonical(&ratings->values, value);
	} else {
		buffer_append_span(&ratings->values, statement_text(row, 5));
	}
	buffer_append_byte(&ratings->values, ',');
}

/* Rows come by item, reviewer and field. */
static bool take_row(struct ratings *ratings, struct statement *row)
{
	struct buffer item CLEANUP_BUFFER = BUFFER_INIT(RECORD_MAX);
	buffer_append_span(&item, statement_blob(row, 0));
	buffer_append_span(&item, statement_text(row, 1));
	buffer_clear(&ratings->next);
	buffer_append_span(&ratings->next, buffer_span(&item));
	buffer_append_byte(&ratings->next, '\0');
	buffer_append_span(&ratings->next, statement_text(row, 2));
	if (!span_equal(buffer_span(&ratings->next), buffer_span(&ratings->key))) {
		if (!end_label(ratings)) {
			return false;
		}
		if (!span_equal(buffer_span(&item), buffer_span(&ratings->item))) {
			ratings->units++;
		}
		buffer_clear(&ratings->key);
		buffer_append_span(&ratings->key, buffer_span(&ratings->next));
		buffer_clear(&ratings->item);
		buffer_append_span(&ratings->item, buffer_span(&item));
		buffer_clear(&ratings->values);
		ratings->agreeing = statement_integer(row, 3) == SIDE_AGREE;
	}
	append_value(ratings, row);
	return !ratings->next.failed && !item.failed ? true : no_memory(ratings);
}

/* --- coefficients --- */

static int order_values(const void *a, const void *b)
{
	return strcmp((*(struct rating *const *)a)->values, (*(struct rating *const *)b)->values);
}

/* Numbers the distinct values in their own order. */
static bool number_categories(struct ratings *ratings, uint32_t *ret_categories)
{
	struct rating **sorted =
		arena_allocate_array(&ratings->report->arena, ratings->count + 1, sizeof(struct rating *));
	if (sorted == NULL) {
		return no_memory(ratings);
	}
	for (size_t i = 0; i < ratings->count; i++) {
		sorted[i] = &ratings->list[i];
	}
	qsort(sorted, ratings->count, sizeof(struct rating *), order_values);
	uint32_t category = 0;
	for (size_t i = 0; i < ratings->count; i++) {
		category += i > 0 && strcmp(sorted[i]->values, sorted[i - 1]->values) != 0;
		sorted[i]->category = category;
	}
	*ret_categories = ratings->count > 0 ? category + 1 : 0;
	return true;
}

static bool compute(struct ratings *ratings, bool agreeing, uint32_t categories, struct report_reviewers *ret_result)
{
	struct arena *arena = &ratings->report->arena;
	size_t *starts = arena_allocate_array(arena, ratings->count + 2, sizeof(*starts));
	uint32_t *labels = arena_allocate_array(arena, ratings->count + 1, sizeof(*labels));
	if (starts == NULL || labels == NULL) {
		return no_memory(ratings);
	}
	struct report_reviewers result = {0};
	size_t units = 0;
	size_t count = 0;
	size_t last = SIZE_MAX;
	for (size_t i = 0; i < ratings->count; i++) {
		const struct rating *rating = &ratings->list[i];
		if (rating->agreeing != agreeing) {
			continue;
		}
		if (rating->unit != last) {
			starts[units++] = count;
			last = rating->unit;
		}
		labels[count++] = rating->category;
	}
	starts[units] = count;
	for (size_t i = 0; i < units; i++) {
		size_t of = starts[i + 1] - starts[i];
		result.items += of >= 2;
		result.labels += of >= 2 ? of : 0;
	}
	struct stats_ratings table = {.units = units, .starts = starts, .labels = labels, .category_count = categories};
	bool done = units == 0 ||
		    (stats_percent_agreement(arena, &table, &result.agreement, ratings->err) &&
		     stats_krippendorff(arena, &table, STATS_METRIC_NOMINAL, &result.alpha, ratings->err) &&
		     stats_gwet_ac1(arena, &table, categories < 2 ? 2 : categories, &result.ac1, ratings->err));
	if (done) {
		*ret_result = result;
	}
	return done;
}

/* CROSS JOIN keeps the order of the joins: the items of the overlap are few, exchanges and records are many. */
static bool read_rows(struct ratings *ratings, const struct report_candidate *candidate, struct store *store)
{
	struct statement *statement = store_statement(
		store,
		"SELECT e.exchange_id, t.key, l.reviewer, r.side, f.name, lv.value FROM review_item t "
		"CROSS JOIN exchange e ON e.id = t.exchange_id AND e.test = 0 "
		"CROSS JOIN record r ON r.exchange_id = t.exchange_id AND r.candidate_id = ?1 AND r.key = t.key AND "
		"r.sampled = 1 CROSS JOIN label l ON l.item_id = t.id AND l.adjudication = 0 "
		"LEFT JOIN label_value lv ON lv.label_id = l.id LEFT JOIN field f ON f.id = lv.field_id "
		"WHERE t.overlap = 1 AND t.week BETWEEN ?2 AND ?3 AND l.cannot_tell = 0 AND NOT EXISTS (SELECT 1 FROM "
		"label n WHERE n.item_id = l.item_id AND n.reviewer = l.reviewer AND n.adjudication = 0 AND n.id > "
		"l.id) ORDER BY 1, 2, 3, 5",
		ratings->err);
	if (statement == NULL) {
		return false;
	}
	statement_bind_integer(statement, 1, candidate->evidence.candidate_id);
	statement_bind_integer(statement, 2, ratings->report->from_week);
	statement_bind_integer(statement, 3, ratings->report->to_week);
	enum statement_step step;
	while ((step = statement_step(statement, ratings->err)) == STATEMENT_ROW) {
		if (!take_row(ratings, statement)) {
			statement_reset(statement);
			return false;
		}
	}
	statement_reset(statement);
	return step == STATEMENT_DONE && end_label(ratings);
}

bool reviewers_read(struct report *report, struct report_candidate *candidate, struct store *store, struct error *err)
{
	struct ratings ratings = {
		.report = report,
		.err = err,
		.key = BUFFER_INIT(RECORD_MAX),
		.next = BUFFER_INIT(RECORD_MAX),
		.item = BUFFER_INIT(RECORD_MAX),
		.values = BUFFER_INIT(RECORD_MAX),
		.scratch = ARENA_INIT(64 << 20),
	};
	uint32_t categories = 0;
	bool done = read_rows(&ratings, candidate, store) && number_categories(&ratings, &categories) &&
		    compute(&ratings, true, categories, &candidate->reviewers[0]) &&
		    compute(&ratings, false, categories, &candidate->reviewers[1]);
	buffer_finish(&ratings.key);
	buffer_finish(&ratings.next);
	buffer_finish(&ratings.item);
	buffer_finish(&ratings.values);
	arena_finish(&ratings.scratch);
	return done;
}
