/* Plots: a data file and a script for each, drawn by gnuplot. No outside text reaches a script or a data file: they
 * hold numbers, ISO weeks and words of our own, and names of candidates are numbers. */
#include "harness/base/file.h"
#include "reports/report.h"

#include <errno.h>
#include <math.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
	PLOT_FILE_MAX = 4 << 20,
	PLOT_PATIENCE_MS = 20000,
	PLOT_TICK_MS = 5,
	LABELS_MAX = 14,
	PLOT_MODE = 0600,
	LIMIT_NEAR = 3
};

extern char **environ;

struct plot {
	const char *name;
	const char *head; /* first line of the data file, behind "# " */
	/* Values of one row behind the week; false where there is no such row. */
	bool (*row)(const struct report_candidate *candidate, size_t index, struct buffer *data);
	void (*script)(const struct report *report, const struct report_candidate *candidate, const char *name,
		       struct buffer *script);
};

const char *plot_name(struct arena *arena, const char *plot, size_t candidate)
{
	return candidate == 1 ? plot : arena_format(arena, "%s-%zu", plot, candidate);
}

/* --- data --- */

static void append_number(struct buffer *data, double number)
{
	if (isfinite(number)) {
		buffer_append_format(data, "\t%.9g", number);
	} else {
		buffer_append_text(data, "\tNaN");
	}
}

static void append_interval(struct buffer *data, bool known, double value, struct stats_interval interval)
{
	append_number(data, known ? 100 * value : (double)NAN);
	append_number(data, known ? 100 * interval.low : (double)NAN);
	append_number(data, known ? 100 * interval.high : (double)NAN);
}

static void append_week(struct buffer *data, int32_t week)
{
	char text[CLOCK_TEXT_SIZE];
	buffer_append_text(data, clock_week_format(week, text));
}

static bool row_accuracy(const struct report_candidate *candidate, size_t index, struct buffer *data)
{
	if (index >= candidate->week_count) {
		return false;
	}
	const struct figures *week = &candidate->weeks[index];
	append_week(data, week->from_week);
	append_interval(data, week->estimated, week->llm.value, week->llm.interval);
	append_interval(data, week->estimated, week->legacy_accuracy.value, week->legacy_accuracy.interval);
	return true;
}

static bool row_drift(const struct report_candidate *candidate, size_t index, struct buffer *data)
{
	if (index >= candidate->week_count) {
		return false;
	}
	const struct figures *week = &candidate->weeks[index];
	append_week(data, week->from_week);
	append_interval(data, week->sums.replies > 0, week->drift_rate, week->drift);
	append_number(data, 100 * week->disagreement_rate);
	return true;
}

static bool row_cost(const struct report_candidate *candidate, size_t index, struct buffer *data)
{
	if (index >= candidate->week_count) {
		return false;
	}
	append_week(data, candidate->weeks[index].from_week);
	append_number(data, candidate->weeks[index].cost);
	append_number(data, candidate->weeks[index].cost_per_correct);
	return true;
}

static bool row_evidence(const struct report_candidate *candidate, size_t index, struct buffer *data)
{
	if (index >= candidate->gate.closed_count) {
		return false;
	}
	append_week(data, candidate->gate.looks[index].week);
	for (int target = 0; target < GATE_TARGET_COUNT; target++) {
		append_number(data, candidate->gate.looks[index].log_e[target]);
	}
	return true;
}

/* --- scripts --- */

static void script_head(const char *name, size_t rows, const char *axis, struct buffer *script)
{
	size_t every = (rows + LABELS_MAX - 1) / LABELS_MAX;
	buffer_append_format(script,
			     "# Redo: gnuplot %s.gp\n"
			     "reset\n"
			     "set encoding utf8\n"
			     "set terminal svg size 920,330 dynamic font \"sans-serif,13\" noenhanced linewidth 1.2\n"
			     "set output \"%s.svg\"\n"
			     "set datafile separator \"\\t\"\n"
			     "set datafile missing \"NaN\"\n"
			     "set border 3 linewidth 0.6\n"
			     "set tics nomirror out scale 0.5\n"
			     "set grid ytics linetype 1 linecolor rgb \"#9aa3b0\" linewidth 0.3\n"
			     "set key outside top center horizontal samplen 2 spacing 1.1\n"
			     "set lmargin 10\nset rmargin 3\n"
			     "set ylabel \"%s\" offset 1\n"
			     "set xrange [-0.5:%zu.5]\n"
			     "week(n) = (int(column(0)) %% %zu == 0) ? strcol(1) : \"\"\n",
			     name, name, axis, rows > 0 ? rows - 1 : 0, every > 0 ? every : 1);
}

static void script_accuracy(const struct report *report, const struct report_candidate *candidate, const char *name,
			    struct buffer *script)
{
	script_head(name, candidate->week_count, "right (%)", script);
	buffer_append_format(
		script,
		"plot \"%s.tsv\" using ($0+0.06):5:6:7 with yerrorbars linecolor rgb \"#d9730d\" pointtype 5 "
		"pointsize 0.5 title \"legacy path\", \\\n"
		"  \"\" using ($0+0.06):5 with lines linecolor rgb \"#d9730d\" dashtype 2 notitle, \\\n"
		"  \"\" using ($0-0.06):2:3:4:xticlabels(week(0)) with yerrorbars linecolor rgb \"#2a7fc1\" pointtype "
		"7 pointsize 0.6 title \"LLM path\", \\\n"
		"  \"\" using ($0-0.06):2 with lines linecolor rgb \"#2a7fc1\" notitle, \\\n"
		"  %.9g with lines linecolor rgb \"#8a94a3\" dashtype 3 title \"accuracy asked for\"\n",
		name, 100 * report->contract->gate_accuracy);
}

static void script_drift(const struct report *report, const struct report_candidate *candidate, const char *name,
			 struct buffer *script)
{
	script_head(name, candidate->week_count, "share (%)", script);
	buffer_append_format(
		script,
		"set yrange [0:*]\n"
		"plot \"%s.tsv\" using 0:5:xticlabels(week(0)) with linespoints linecolor rgb \"#7a5195\" dashtype 2 "
		"pointtype 5 pointsize 0.5 title \"records that disagree\", \\\n"
		"  \"\" using 0:2:3:4 with yerrorbars linecolor rgb \"#c2410c\" pointtype 7 pointsize 0.6 title "
		"\"contract drift\", \\\n"
		"  \"\" using 0:2 with lines linecolor rgb \"#c2410c\" notitle, \\\n"
		"  %.9g with lines linecolor rgb \"#8a94a3\" dashtype 3 title \"drift allowed\"\n",
		name, 100 * report->contract->gate_contract_drift);
}

static void script_cost(const struct report *report, const struct report_candidate *candidate, const char *name,
			struct buffer *script)
{
	script_head(name, candidate->week_count, "cost of one", script);
	buffer_append_format(
		script,
		"set lmargin 13\nset ylabel offset 0\nset format y \"%%.6f\"\nset yrange [0:*]\n"
		"plot \"%s.tsv\" using 0:2:xticlabels(week(0)) with linespoints linecolor rgb \"#2a7fc1\" pointtype 7 "
		"pointsize 0.6 title \"transaction\", \\\n"
		"  \"\" using 0:3 with linespoints linecolor rgb \"#1a8a5a\" dashtype 2 pointtype 5 pointsize 0.5 "
		"title \"correct record\"",
		name);
	/* A limit far above the costs would flatten them; it stands in the gate's table anyway. */
	double limit = (double)report->contract->gate_cost_per_transaction_nano / 1e9;
	if (limit > 0 && limit <= LIMIT_NEAR * candidate->total.cost) {
		buffer_append_format(script,
				     ", \\\n  %.9g with lines linecolor rgb \"#8a94a3\" dashtype 3 title \"cost "
				     "allowed\"",
				     limit);
	}
	buffer_append_byte(script, '\n');
}

static void script_evidence(const struct report *report, const struct report_candidate *candidate, const char *name,
			    struct buffer *script)
{
	static const char *const titles[GATE_TARGET_COUNT] = {"not worse", "accuracy", "contract drift", "cost"};
	static const char *const colours[GATE_TARGET_COUNT] = {"#2a7fc1", "#1a8a5a", "#c2410c", "#7a5195"};
	(void)report;
	double threshold = candidate->gate.threshold;
	script_head(name, candidate->gate.closed_count, "evidence (log e)", script);
	buffer_append_format(script, "cap = %.9g\nshown(v) = v > cap ? cap : (v < -cap ? -cap : v)\n", 3 * threshold);
	buffer_append_format(script, "set yrange [*:%.9g]\nplot \\\n", 3.15 * threshold);
	for (int target = 0; target < GATE_TARGET_COUNT; target++) {
		buffer_append_format(
			script,
			"  \"%s.tsv\" using ($0+%.2f):(shown($%d))%s with linespoints linecolor rgb \"%s\" pointtype "
			"%d pointsize 0.6 title \"%s\", \\\n",
			name, 0.03 * (target - 1.5), target + 2, target == 0 ? ":xticlabels(week(0))" : "",
			colours[target], 5 + 2 * target, titles[target]);
	}
	buffer_append_format(script, "  %.9g with lines linecolor rgb \"#8a94a3\" dashtype 3 title \"needed for GO\"\n",
			     threshold);
}

static const struct plot PLOTS[] = {
	{"accuracy", "week\tllm\tlow\thigh\tlegacy\tlow\thigh", row_accuracy, script_accuracy},
	{"drift", "week\tcontract_drift\tlow\thigh\tdisagreement", row_drift, script_drift},
	{"cost", "week\tper_transaction\tper_correct_record", row_cost, script_cost},
	{"evidence", "week\tnoninferiority\taccuracy\tcontract_drift\tcost", row_evidence, script_evidence},
};
enum { PLOT_COUNT = sizeof(PLOTS) / sizeof(PLOTS[0]) };

/* --- files --- */

static bool write_part(const char *directory, const char *name, const char *ending, const struct buffer *content,
		       struct error *err)
{
	struct buffer path CLEANUP_BUFFER = BUFFER_INIT(8192);
	buffer_append_format(&path, "%s/%s.%s", directory, name, ending);
	return buffer_ok(&path, "the path of a plot", err) && buffer_ok(content, "a plot", err) &&
	       file_write(path.data, buffer_span(content), PLOT_MODE, err);
}

static bool write_plot(const struct report *report, const struct report_candidate *candidate, const struct plot *plot,
		       const char *directory, const char *name, struct error *err)
{
	struct buffer data CLEANUP_BUFFER = BUFFER_INIT(PLOT_FILE_MAX);
	struct buffer script CLEANUP_BUFFER = BUFFER_INIT(PLOT_FILE_MAX);
	struct buffer drawing CLEANUP_BUFFER = BUFFER_INIT(8192);
	buffer_append_format(&data, "# %s\n", plot->head);
	for (size_t i = 0; plot->row(candidate, i, &data); i++) {
		buffer_append_byte(&data, '\n');
	}
	plot->script(report, candidate, name, &script);
	buffer_append_format(&drawing, "%s/%s.svg", directory, name);
	if (!buffer_ok(&drawing, "the path of a plot", err)) {
		return false;
	}
	(void)unlink(drawing.data); /* an old drawing must not pass for this one */
	return write_part(directory, name, "tsv", &data, err) && write_part(directory, name, "gp", &script, err);
}

/* --- gnuplot --- */

static bool wait_for(pid_t child)
{
	for (int waited = 0;; waited += PLOT_TICK_MS) {
		int status;
		pid_t done = waitpid(child, &status, WNOHANG);
		if (done == child) {
			return WIFEXITED(status) && WEXITSTATUS(status) == 0;
		}
		if (done < 0 && errno != EINTR) {
			return false;
		}
		if (waited >= PLOT_PATIENCE_MS) {
			(void)kill(child, SIGKILL);
			(void)waitpid(child, &status, 0);
			return false;
		}
		(void)nanosleep(&(struct timespec){.tv_nsec = PLOT_TICK_MS * 1000000L}, NULL);
	}
}

/* Runs gnuplot in the directory, with an environment in which no setting of the user changes the drawing. */
static bool run_gnuplot(const char *directory, char **arguments)
{
	const char *path = getenv("PATH");
	char search[8192] = "PATH=/usr/bin:/bin";
	if (path != NULL && strlen(path) < sizeof(search) - 6) {
		memcpy(search + 5, path, strlen(path) + 1);
	}
	char locale[] = "LC_ALL=C.UTF-8";
	char *environment[] = {search, locale, NULL};
	posix_spawn_file_actions_t actions;
	if (posix_spawn_file_actions_init(&actions) != 0) {
		return false;
	}
	pid_t child = -1;
	bool started = posix_spawn_file_actions_addchdir_np(&actions, directory) == 0 &&
		       posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", 0, 0) == 0 &&
		       posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", 1, 0) == 0 &&
		       posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", 1, 0) == 0 &&
		       posix_spawnp(&child, "gnuplot", &actions, NULL, arguments, environment) == 0;
	(void)posix_spawn_file_actions_destroy(&actions);
	return started && wait_for(child);
}

static bool is_drawn(const char *directory, const char *name)
{
	struct buffer path CLEANUP_BUFFER = BUFFER_INIT(8192);
	struct stat status;
	buffer_append_format(&path, "%s/%s.svg", directory, name);
	if (path.failed || stat(path.data, &status) != 0 || status.st_size == 0) {
		return false;
	}
	return chmod(path.data, PLOT_MODE) == 0;
}

/* gnuplot -d NAME.gp ...: without the user's or the system's initial scripts. */
static bool draw(const char *directory, const char **names, size_t count, struct arena *arena)
{
	char **arguments = arena_allocate_array(arena, count + 3, sizeof(char *));
	if (arguments == NULL) {
		return false;
	}
	arguments[0] = arena_copy(arena, SPAN("gnuplot"));
	arguments[1] = arena_copy(arena, SPAN("-d"));
	for (size_t i = 0; i < count; i++) {
		arguments[i + 2] = arena_format(arena, "%s.gp", names[i]);
		if (arguments[i + 2] == NULL) {
			return false;
		}
	}
	bool drawn = arguments[0] != NULL && arguments[1] != NULL && run_gnuplot(directory, arguments);
	for (size_t i = 0; i < count; i++) {
		drawn = drawn && is_drawn(directory, names[i]);
	}
	return drawn;
}

bool plots_write(const struct report *report, const char *directory, bool *ret_drawn, struct error *err)
{
	struct arena arena CLEANUP_ARENA = ARENA_INIT(16 << 20);
	const char *folder = arena_format(&arena, "%s/plots", directory);
	const char **names = arena_allocate_array(&arena, report->candidate_count * PLOT_COUNT + 1, sizeof(*names));
	if (folder == NULL || names == NULL) {
		return error_set(err, ERROR_MEMORY, "no memory for the plots");
	}
	if (!file_make_directory(folder, err)) {
		return false;
	}
	size_t drawable = 0;
	for (size_t i = 0; i < report->candidate_count; i++) {
		const struct report_candidate *candidate = &report->candidates[i];
		for (size_t j = 0; j < PLOT_COUNT; j++) {
			const char *name = plot_name(&arena, PLOTS[j].name, candidate->number);
			if (name == NULL) {
				return error_set(err, ERROR_MEMORY, "no memory for the plots");
			}
			if (!write_plot(report, candidate, &PLOTS[j], folder, name, err)) {
				return false;
			}
			struct buffer none CLEANUP_BUFFER = BUFFER_INIT(PLOT_FILE_MAX);
			if (PLOTS[j].row(candidate, 0, &none)) {
				names[drawable++] = name;
			}
		}
	}
	*ret_drawn = drawable > 0 && draw(folder, names, drawable, &arena);
	return true;
}
