#include "evaluators/stats/tally.h"

#include <stdlib.h>
#include <string.h>

static const double MICRO = 1e6;
static const uint32_t PPM = 1000000;

enum { FIRST_CAPACITY = 16 };

void stats_tally_init(struct stats_tally *tally)
{
	*tally = (struct stats_tally){0};
}

void stats_tally_finish(struct stats_tally *tally)
{
	free(tally->cells);
	*tally = (struct stats_tally){0};
}

static int compare_integers(int64_t a, int64_t b)
{
	return a < b ? -1 : a > b;
}

static int cell_order(const struct stats_cell *a, const struct stats_cell *b)
{
	int order = compare_integers(a->pi_ppm, b->pi_ppm);

	order = order != 0 ? order : compare_integers(a->f_micro, b->f_micro);
	order = order != 0 ? order : compare_integers(a->sampled, b->sampled);
	return order != 0 ? order : compare_integers(a->g_micro, b->g_micro);
}

/* Position of the first cell not before `cell`. */
static size_t lower_position(const struct stats_tally *tally, const struct stats_cell *cell)
{
	size_t low = 0;
	size_t high = tally->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (cell_order(&tally->cells[middle], cell) < 0) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	return low;
}

static bool make_room(struct stats_tally *tally, struct error *err)
{
	size_t wanted = tally->capacity > 0 ? tally->capacity * 2 : FIRST_CAPACITY;

	if (tally->count < tally->capacity) {
		return true;
	}
	if (tally->count >= STATS_TALLY_CELLS_MAX) {
		return error_set(err, ERROR_LIMIT,
				 "more than %d different scores in one gate condition; use fewer inclusion "
				 "probabilities or predictions",
				 STATS_TALLY_CELLS_MAX);
	}
	struct stats_cell *cells = realloc(tally->cells, wanted * sizeof(*cells));
	if (cells == NULL) {
		return error_set(err, ERROR_MEMORY, "no memory for %zu scores", wanted);
	}
	tally->cells = cells;
	tally->capacity = wanted;
	return true;
}

bool stats_tally_add(struct stats_tally *tally, const struct stats_cell *cell, struct error *err)
{
	size_t position = lower_position(tally, cell);

	if (cell->pi_ppm == 0 || cell->pi_ppm > PPM) {
		return error_set(err, ERROR_FORMAT, "inclusion probability %u is not 1 to 1000000 parts per million",
				 cell->pi_ppm);
	}
	if (!cell->sampled && cell->g_micro != 0) {
		return error_set(err, ERROR_FORMAT, "a record that was not sampled has an outcome");
	}
	if (position < tally->count && cell_order(&tally->cells[position], cell) == 0) {
		if (cell->count > INT64_MAX - tally->cells[position].count) {
			return error_set(err, ERROR_LIMIT, "too many records with one score");
		}
		tally->cells[position].count += cell->count;
		return true;
	}
	if (cell->count == 0) {
		return true;
	}
	if (cell->count > INT64_MAX) {
		return error_set(err, ERROR_LIMIT, "too many records with one score");
	}
	if (!make_room(tally, err)) {
		return false;
	}
	memmove(&tally->cells[position + 1], &tally->cells[position],
		(tally->count - position) * sizeof(tally->cells[0]));
	tally->cells[position] = *cell;
	tally->count++;
	return true;
}

bool stats_tally_merge(struct stats_tally *tally, const struct stats_tally *other, struct error *err)
{
	for (size_t i = 0; i < other->count; i++) {
		if (!stats_tally_add(tally, &other->cells[i], err)) {
			return false;
		}
	}
	return true;
}

uint64_t stats_tally_records(const struct stats_tally *tally)
{
	uint64_t records = 0;

	for (size_t i = 0; i < tally->count; i++) {
		records += tally->cells[i].count;
	}
	return records;
}

uint64_t stats_tally_sampled(const struct stats_tally *tally)
{
	uint64_t sampled = 0;

	for (size_t i = 0; i < tally->count; i++) {
		sampled += tally->cells[i].sampled ? tally->cells[i].count : 0;
	}
	return sampled;
}

double stats_cell_score(const struct stats_cell *cell)
{
	double f = (double)cell->f_micro / MICRO;

	if (!cell->sampled) {
		return f;
	}
	/* (g - f)/pi in integers until the one division. */
	return f + (double)((int64_t)cell->g_micro - cell->f_micro) / (double)cell->pi_ppm;
}

void stats_tally_scores(const struct stats_tally *tally, struct stats_score_cell *cells)
{
	for (size_t i = 0; i < tally->count; i++) {
		cells[i] = (struct stats_score_cell){stats_cell_score(&tally->cells[i]), tally->cells[i].count};
	}
}
