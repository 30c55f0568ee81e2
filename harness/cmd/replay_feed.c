#include "harness/cmd/replay_feed.h"

#include "harness/cmd/command.h"
#include "harness/cmd/progress.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

enum { MESSAGE_ARENA_MAX = 512 * 1024 * 1024, LABEL_SIZE = 64 };

#define NAP_US (CLOCK_SECOND / 20) /* of a pause, between two looks at signals and progress */

struct feed {
	const struct replay_input *input;
	struct replay_fed *fed;
	struct replay_target target;
	struct replay_pace pace;
	struct progress progress;
	const char *file; /* being read, for messages */
	struct arena arena;
};

/* Ends the input where a signal asks to stop, also while it waits for more of standard input. */
static ssize_t read_input(void *context, char *target, size_t size)
{
	const int *fd = context;
	ssize_t length;
	do {
		length = command_stop ? 0 : read(*fd, target, size);
	} while (length < 0 && errno == EINTR);
	return length;
}

/* Faults are worth a line each; what was not asked for, or lies in the nature of the recording, is only counted. */
static bool is_fault(int skip)
{
	return skip == REPLAY_SKIP_MALFORMED || skip == REPLAY_SKIP_CUT || skip == REPLAY_SKIP_TOO_LARGE;
}

static void note(struct feed *feed, const struct recorded *recorded, int skip, const struct recording_format *format)
{
	struct replay_fed *fed = feed->fed;
	if (!is_fault(skip) || fed->note_count == REPLAY_NOTES_MAX) {
		return;
	}
	char *text = fed->notes[fed->note_count++];
	snprintf(text, REPLAY_NOTE_SIZE, "%s: %s %llu: %s%s%s", feed->file, format->places_are_lines ? "line" : "byte",
		 (unsigned long long)recorded->place, replay_skip_name(skip), recorded->detail != NULL ? ": " : "",
		 recorded->detail != NULL ? recorded->detail : "");
	fprintf(stderr, "understudy: %s; left out and counted\n", text);
	if (fed->note_count == REPLAY_NOTES_MAX) {
		fputs("understudy: further faults are only counted\n", stderr);
	}
}

static bool pause_before(struct feed *feed, const struct recorded *recorded, struct error *err)
{
	int64_t wait = replay_pace_wait(&feed->pace, recorded->captured_at, clock_monotonic());
	int64_t now = clock_monotonic();
	int64_t until = wait < INT64_MAX - now ? now + wait : INT64_MAX;
	while (!command_stop && (now = clock_monotonic()) < until) {
		if (!spool_writer_sync(feed->target.writer, false, err)) {
			return false;
		}
		progress_show(&feed->progress, feed->fed->counts.replayed, 0);
		usleep((useconds_t)(until - now < NAP_US ? until - now : NAP_US));
	}
	return true;
}

static bool append(struct feed *feed, const struct recorded *recorded, const struct recording_format *format,
		   struct error *err)
{
	int skip = -1;
	arena_reset(&feed->arena);
	if (recorded->skip < 0 && !pause_before(feed, recorded, err)) {
		return false;
	}
	if (command_stop) {
		return true;
	}
	if (!replay_append(&feed->target, recorded, &feed->arena, &feed->fed->counts, &skip, err)) {
		return false;
	}
	note(feed, recorded, skip, format);
	progress_show(&feed->progress, feed->fed->counts.records, 0);
	return true;
}

static bool feed_recording(struct feed *feed, int fd, struct error *err)
{
	struct recording_input input = {.read = read_input, .context = &fd};
	struct recording *recording = recording_open(input, feed->file, feed->input->format, err);
	if (recording == NULL) {
		return false;
	}
	const struct recording_format *format = recording_format_of(recording);
	feed->target.whole_traffic = format->whole_traffic;
	feed->pace.new_file = true;
	struct recorded recorded;
	bool done = true;
	enum recording_read read = RECORDING_READ;
	while (done && !command_stop && (read = recording_next(recording, &recorded, err)) == RECORDING_READ) {
		done = append(feed, &recorded, format, err);
	}
	recording_close(recording);
	return done && read != RECORDING_FAILED;
}

static bool feed_file(struct feed *feed, const char *file, struct error *err)
{
	struct error why = ERROR_INIT;
	bool is_input = strcmp(file, "-") == 0;
	feed->file = is_input ? "standard input" : file;
	int fd = is_input ? STDIN_FILENO : open(file, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		return error_set_system(err, errno, "cannot read %s", file);
	}
	bool done = feed_recording(feed, fd, &why);
	if (!is_input) {
		close(fd);
	}
	if (!done && !command_stop) {
		error_add_file(&why, feed->file);
		*err = why;
	}
	return done || command_stop;
}

static bool feed_files(struct feed *feed, struct error *err)
{
	char label[LABEL_SIZE] = "reading";
	if (feed->pace.speed > 0) {
		snprintf(label, sizeof(label), "replaying at %g times the recorded pace:", feed->pace.speed);
	}
	progress_init(&feed->progress, label);
	bool done = true;
	for (size_t i = 0; done && !command_stop && i < feed->input->file_count; i++) {
		done = feed_file(feed, feed->input->files[i], err);
	}
	progress_finish(&feed->progress);
	return done;
}

/* A stream without a ring has one account: all that was ever appended. */
static bool account(struct feed *feed, struct error *err)
{
	struct spool_writer *writer = feed->target.writer;
	feed->fed->last_sequence = spool_writer_last_sequence(writer);
	struct spool_accounts accounts = {
		.interface = span_of(feed->target.contract->interface),
		.at = clock_now(),
		.seen = feed->fed->last_sequence,
		.committed = feed->fed->last_sequence,
	};
	bool done = spool_writer_append_accounts(writer, &accounts, err);
	return spool_writer_sync(writer, true, err) && done;
}

bool replay_feed(const struct opened *opened, const char *stream, const struct replay_input *input,
		 struct replay_fed *fed, struct error *err)
{
	struct spool_options options = {.sync_interval_ms = opened->installation->sync_interval_ms};
	struct replay_outcomes *outcomes = NULL;
	if (input->outcomes_file != NULL) {
		outcomes = replay_outcomes_load(opened->contract, input->outcomes_file, input->key, err);
		if (outcomes == NULL) {
			return false;
		}
	}
	struct feed feed = {
		.input = input,
		.fed = fed,
		.target = {.contract = opened->contract, .outcomes = outcomes},
		.pace = {.speed = input->speed},
	};
	arena_init(&feed.arena, MESSAGE_ARENA_MAX);
	feed.target.writer = spool_writer_open(opened->installation->spool, stream, &options, err);
	bool done = feed.target.writer != NULL;
	if (done) {
		done = feed_files(&feed, err);
		done = account(&feed, err) && done;
	}
	spool_writer_close(feed.target.writer);
	arena_finish(&feed.arena);
	replay_outcomes_destroy(outcomes);
	return done;
}
