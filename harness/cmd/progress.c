#include "harness/cmd/progress.h"

#include "harness/base/clock.h"

#include <stdio.h>
#include <unistd.h>

enum { WIDTH = 30 };

#define QUIET_US (2 * CLOCK_SECOND)
#define REDRAW_US (CLOCK_SECOND / 5)

void progress_init(struct progress *progress, const char *what)
{
	*progress = (struct progress){.what = what, .started_at = clock_monotonic()};
}

void progress_show(struct progress *progress, int64_t done, int64_t total)
{
	int64_t now = clock_monotonic();
	if (now - progress->started_at < QUIET_US || now - progress->drawn_at < REDRAW_US || !isatty(STDERR_FILENO)) {
		return;
	}
	progress->drawn_at = now;
	progress->shown = true;
	double seconds = (double)(now - progress->started_at) / (double)CLOCK_SECOND;
	double rate = (double)done / seconds;
	if (total <= 0) {
		fprintf(stderr, "\r%s %lld (%.0f/s)\033[K", progress->what, (long long)done, rate);
		return;
	}
	int filled = (int)(done * WIDTH / total);
	filled = filled > WIDTH ? WIDTH : filled;
	fprintf(stderr, "\r%s [%.*s%*s] %lld of %lld (%.0f/s)\033[K", progress->what, filled,
		"##############################", WIDTH - filled, "", (long long)done, (long long)total, rate);
}

void progress_finish(struct progress *progress)
{
	if (progress->shown) {
		fputs("\r\033[K", stderr);
	}
}
