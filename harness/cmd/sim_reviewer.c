/* understudy sim reviewer: fills the task file of `understudy label export` into a label file. */
#include "harness/cmd/sim.h"

#include "harness/base/clock.h"
#include "harness/base/file.h"
#include "harness/base/text.h"

#include <stdio.h>
#include <stdlib.h>

enum { FILE_MAX = 1024 * 1024 * 1024, COLUMNS_MAX = 256, REVIEW_DAYS = 2 };

struct table {
	struct span *header;
	size_t columns;
	struct span **rows; /* each with `columns` cells */
	size_t count;
};

struct field {
	struct span name;
	size_t values;    /* column of the task file */
	size_t reference; /* column of the reference file */
};

struct review {
	const char *tasks_file;
	const char *reference_file;
	const char *key;
	const char *reviewer;
	const char *output;
	const char *labelled_at;
	int64_t slot;
	int64_t seed;
	double error_rate;
	struct arena arena; /* of both tables */
	struct arena row;   /* of the task at hand */
	struct table tasks;
	struct table reference; /* rows sorted by key */
	size_t reference_key;
	struct field fields[COLUMNS_MAX];
	size_t field_count;
	struct buffer labels;
	int64_t written;
	int64_t mistakes;
	int64_t undecided;
};

/* --- reading --- */

static bool add_row(struct table *table, size_t *capacity, struct span *cells)
{
	if (table->count == *capacity) {
		size_t wanted = *capacity == 0 ? 1024 : *capacity * 2;
		struct span **rows = realloc(table->rows, wanted * sizeof(rows[0]));
		if (rows == NULL) {
			return false;
		}
		table->rows = rows;
		*capacity = wanted;
	}
	table->rows[table->count++] = cells;
	return true;
}

static bool read_rows(const char *file, struct span text, struct arena *arena, struct table *table, struct error *err)
{
	struct csv_reader reader;
	size_t capacity = 0;
	size_t count = 0;
	csv_reader_init(&reader, text);
	if (!csv_read_row(&reader, arena, &table->header, &table->columns, err)) {
		return false;
	}
	for (;;) {
		struct span *cells = NULL;
		if (!csv_read_row(&reader, arena, &cells, &count, err)) {
			return false;
		}
		if (count == 0) {
			return true;
		}
		if (count != table->columns) {
			return error_set_at(err, ERROR_FORMAT, file, reader.line,
					    "the row has %zu cells, the header %zu", count, table->columns);
		}
		if (!add_row(table, &capacity, cells)) {
			return error_set(err, ERROR_MEMORY, "no memory for %s", file);
		}
	}
}

static bool read_table(const char *file, struct arena *arena, struct table *table, struct error *err)
{
	struct span text;
	if (!sim_read(file, arena, &text, err)) {
		return false;
	}
	if (!read_rows(file, text, arena, table, err)) {
		error_add_file(err, file);
		return false;
	}
	return true;
}

static bool find_column(const struct table *table, const char *file, struct span name, size_t *ret_column,
			struct error *err)
{
	for (size_t i = 0; i < table->columns; i++) {
		if (span_equal(table->header[i], name)) {
			*ret_column = i;
			return true;
		}
	}
	return error_set(err, ERROR_CONFIG, "%s has no column \"%.*s\"", file, SPAN_ARGUMENTS(name));
}

static int order_of_rows(const void *a, const void *b, void *column)
{
	const size_t *key = column;
	return span_order((*(struct span *const *)a)[*key], (*(struct span *const *)b)[*key]);
}

/* A field is a column NAME with a column NAME_values. */
static bool find_fields(struct review *review, struct error *err)
{
	const struct table *tasks = &review->tasks;
	for (size_t i = 0; i < tasks->columns && review->field_count < COLUMNS_MAX; i++) {
		struct field *field = &review->fields[review->field_count];
		char *values = arena_format(&review->arena, "%.*s_values", SPAN_ARGUMENTS(tasks->header[i]));
		field->name = tasks->header[i];
		if (values == NULL || !find_column(tasks, "", span_of(values), &field->values, NULL)) {
			continue;
		}
		if (!find_column(&review->reference, review->reference_file, field->name, &field->reference, err)) {
			return false;
		}
		review->field_count++;
	}
	return review->field_count > 0 || error_set(err, ERROR_CONFIG,
						    "%s has no pair of columns NAME and NAME_values; export it with "
						    "'understudy label export'",
						    review->tasks_file);
}

static bool read_both(struct review *review, struct error *err)
{
	if (!read_table(review->tasks_file, &review->arena, &review->tasks, err) ||
	    !read_table(review->reference_file, &review->arena, &review->reference, err) ||
	    !find_column(&review->reference, review->reference_file, span_of(review->key), &review->reference_key,
			 err)) {
		return false;
	}
	if (review->reference.count > 0) {
		qsort_r(review->reference.rows, review->reference.count, sizeof(review->reference.rows[0]),
			order_of_rows, &review->reference_key);
	}
	return find_fields(review, err);
}

/* --- judging --- */

static const struct span *find_answer(const struct review *review, struct span key)
{
	size_t low = 0;
	size_t high = review->reference.count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = span_order(review->reference.rows[middle][review->reference_key], key);
		if (order == 0) {
			return review->reference.rows[middle];
		}
		low = order < 0 ? middle + 1 : low;
		high = order < 0 ? high : middle;
	}
	return NULL;
}

/* Is the slot among "1 2"? */
static bool is_assigned(struct span assigned, int64_t slot)
{
	while (assigned.length > 0) {
		size_t space = text_find(assigned, SPAN(" "));
		int64_t number = 0;
		if (text_to_int64((struct span){assigned.data, space}, &number) && number == slot) {
			return true;
		}
		space += space < assigned.length ? 1 : 0;
		assigned = (struct span){assigned.data + space, assigned.length - space};
	}
	return slot == 0;
}

/* Another value of the task; where there is none, one that stands elsewhere in the reference. */
static struct span mistake(struct review *review, const struct field *field, struct span right, struct span values,
			   uint64_t *random)
{
	const struct json_node *list = NULL;
	if (json_parse(&review->row, values, NULL, &list, NULL)) {
		for (const struct json_node *item = json_first(list); item != NULL; item = json_next(list, item)) {
			if (json_text(item).length > 0 && !span_equal(json_text(item), right)) {
				return json_text(item);
			}
		}
	}
	size_t start = sim_pick(random, review->reference.count);
	for (size_t i = 0; i < review->reference.count; i++) {
		struct span other = review->reference.rows[(start + i) % review->reference.count][field->reference];
		if (!span_equal(other, right)) {
			return other;
		}
	}
	return right;
}

static void write_time(struct review *review, const struct json_node *message)
{
	int64_t created = 0;
	char text[CLOCK_TEXT_SIZE];
	if (clock_parse(json_text(json_get_text(message, "created")), &created)) {
		buffer_append_text(&review->labels, clock_format(created + REVIEW_DAYS * CLOCK_DAY, text));
	} else {
		buffer_append_text(&review->labels, review->labelled_at);
	}
}

/* One mistake at most, in one field. A tenth as often the reviewer cannot tell. */
static void write_label(struct review *review, const struct span *task, const struct json_node *message,
			const struct span *answer)
{
	const struct span texts[] = {SPAN("review"), span_of(review->reviewer), task[0]};
	uint64_t random = sim_random(review->seed, texts, 3);
	bool errs = random_unit(&random) < review->error_rate;
	bool cannot_tell = random_unit(&random) < review->error_rate / 10;
	size_t wrong_field = sim_pick(&random, review->field_count);
	csv_write_cell(&review->labels, task[0]);
	buffer_append_byte(&review->labels, ',');
	csv_write_cell(&review->labels, span_of(review->reviewer));
	buffer_append_byte(&review->labels, ',');
	write_time(review, message);
	buffer_append_text(&review->labels, cannot_tell ? ",1,the text is unclear" : ",,");
	for (size_t i = 0; i < review->field_count; i++) {
		const struct field *field = &review->fields[i];
		struct span right = answer[field->reference];
		buffer_append_byte(&review->labels, ',');
		if (!cannot_tell) {
			csv_write_cell(&review->labels, errs && i == wrong_field ? mistake(review, field, right,
											   task[field->values], &random)
										 : right);
		}
	}
	buffer_append_text(&review->labels, "\r\n");
	review->written++;
	review->undecided += cannot_tell ? 1 : 0;
	review->mistakes += errs && !cannot_tell ? 1 : 0;
}

static bool judge(struct review *review, const struct span *task, size_t message_column, struct error *err)
{
	const struct json_node *message = NULL;
	arena_reset(&review->row);
	if (!json_parse(&review->row, task[message_column], NULL, &message, err)) {
		error_add_file(err, review->tasks_file);
		return false;
	}
	struct span key = json_text(json_get_text(message, review->key));
	const struct span *answer = find_answer(review, key);
	if (answer == NULL) {
		return error_set(err, ERROR_MISSING, "%s has no answer for the %s \"%.*s\"", review->reference_file,
				 review->key, SPAN_ARGUMENTS(key));
	}
	write_label(review, task, message, answer);
	return true;
}

static bool judge_all(struct review *review, struct error *err)
{
	size_t message_column = 0;
	size_t assigned_column = 0;
	size_t record_column = 0;
	if (!find_column(&review->tasks, review->tasks_file, SPAN("message"), &message_column, err) ||
	    !find_column(&review->tasks, review->tasks_file, SPAN("assigned"), &assigned_column, err) ||
	    !find_column(&review->tasks, review->tasks_file, SPAN("record_id"), &record_column, err)) {
		return false;
	}
	if (record_column != 0) {
		return error_set(err, ERROR_CONFIG, "%s: the first column must be record_id", review->tasks_file);
	}
	buffer_append_text(&review->labels, "record_id,reviewer,labelled_at,cannot_tell,comment");
	for (size_t i = 0; i < review->field_count; i++) {
		buffer_append_byte(&review->labels, ',');
		csv_write_cell(&review->labels, review->fields[i].name);
	}
	buffer_append_text(&review->labels, "\r\n");
	for (size_t i = 0; i < review->tasks.count; i++) {
		const struct span *task = review->tasks.rows[i];
		if (is_assigned(task[assigned_column], review->slot) && !judge(review, task, message_column, err)) {
			return false;
		}
	}
	return buffer_ok(&review->labels, "the labels", err);
}

static int review_tasks(struct review *review)
{
	struct error err = ERROR_INIT;
	arena_init(&review->arena, FILE_MAX);
	arena_init(&review->row, FILE_MAX);
	buffer_init(&review->labels, FILE_MAX);
	bool done = read_both(review, &err) && judge_all(review, &err) &&
		    file_write(review->output, buffer_span(&review->labels), 0644, &err);
	if (done) {
		printf("%s: %lld labels, %lld with a mistake, %lld \"cannot tell\"\n", review->reviewer,
		       (long long)review->written, (long long)review->mistakes, (long long)review->undecided);
	}
	buffer_finish(&review->labels);
	arena_finish(&review->row);
	arena_finish(&review->arena);
	free(review->tasks.rows);
	free(review->reference.rows);
	return done ? EXIT_OK : command_fail(&err);
}

int sim_run_reviewer(const struct command *command, int argc, char **argv)
{
	struct review review = {.labelled_at = "", .error_rate = 0.02};
	const struct option_row rows[] = {
		{"tasks", 0, OPTION_TEXT, &review.tasks_file, "FILE", "what 'understudy label export' wrote"},
		{"reference", 0, OPTION_TEXT, &review.reference_file, "FILE", "the true answers, as CSV"},
		{"key", 0, OPTION_TEXT, &review.key, "NAME", "member of the message and column of the reference"},
		{"reviewer", 0, OPTION_TEXT, &review.reviewer, "NAME", "who labels"},
		{"slot", 0, OPTION_INTEGER, &review.slot, "N", "only tasks assigned to slot N (default: 0, all)"},
		{"error-rate", 0, OPTION_NUMBER, &review.error_rate, "SHARE", "of mistakes (default: 0.02)"},
		{"labelled-at", 0, OPTION_TEXT, &review.labelled_at, "TIME",
		 "for messages without \"created\"; others are labelled two days later"},
		{"seed", 0, OPTION_INTEGER, &review.seed, "N", "of all that is random (default: 0)"},
		{"output", 'o', OPTION_TEXT, &review.output, "FILE", "the label file"},
	};
	struct options options = {.rows = rows, .row_count = sizeof(rows) / sizeof(rows[0])};
	int status = options_read(command, &options, argc, argv);
	if (status >= 0) {
		return status;
	}
	if (review.tasks_file == NULL || review.reference_file == NULL || review.key == NULL ||
	    review.reviewer == NULL || review.output == NULL) {
		return command_usage(command, "--tasks, --reference, --key, --reviewer and -o are needed");
	}
	if (review.slot < 0 || !(review.error_rate >= 0 && review.error_rate <= 1)) {
		return command_usage(command, "--slot must not be negative and --error-rate be from 0 to 1");
	}
	return review_tasks(&review);
}
