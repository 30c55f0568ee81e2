/* Layer 5. A progress bar on standard error: only on a terminal, only for what takes over two seconds. */
#ifndef UNDERSTUDY_CMD_PROGRESS_H
#define UNDERSTUDY_CMD_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress {
	const char *what;
	int64_t started_at;
	int64_t drawn_at;
	bool shown;
};

void progress_init(struct progress *progress, const char *what);
void progress_show(struct progress *progress, int64_t done, int64_t total); /* total 0: not known */
void progress_finish(struct progress *progress);                            /* wipes the line */

#endif
