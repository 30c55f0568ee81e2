#include "harness/base/clock.h"
#include "harness/spool/spool.h"

#include <stdio.h>
#include <sys/stat.h>

bool spool_capture_is_off(const char *directory, int64_t *ret_since)
{
	char path[4096];
	struct stat file;
	snprintf(path, sizeof(path), "%s/" SPOOL_CAPTURE_OFF, directory);
	if (stat(path, &file) != 0) {
		return false;
	}
	if (ret_since != NULL) {
		*ret_since = file.st_mtim.tv_sec * CLOCK_SECOND + file.st_mtim.tv_nsec / 1000;
	}
	return true;
}
