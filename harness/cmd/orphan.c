#include "harness/cmd/orphan.h"

#include "harness/base/file.h"
#include "harness/base/text.h"
#include "harness/cmd/command.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
	PROC_PATH_MAX = 300,
	COMMAND_MAX = 4096,
	STATUS_MAX = 16 * 1024,
	END_MS = 20000, /* above what a tap that leaves takes at most */
};

/* --- which process --- */

static bool same_file(const struct stat *one, const struct stat *other)
{
	return one->st_dev == other->st_dev && one->st_ino == other->st_ino;
}

/* Calls `act` for each name below a directory of /proc that is a number, until it says true. */
static bool for_numbers(const char *directory, bool (*act)(void *context, int number), void *context)
{
	DIR *entries = opendir(directory);
	bool found = false;
	for (struct dirent *entry; !found && entries != NULL && (entry = readdir(entries)) != NULL;) {
		int64_t number = 0;
		found = text_to_int64(span_of(entry->d_name), &number) && number >= 0 && number <= INT32_MAX &&
			act(context, (int)number);
	}
	if (entries != NULL) {
		closedir(entries);
	}
	return found;
}

struct search {
	struct stat ring;
	int pid; /* looked at; the one that has the ring, in the end */
};

static bool is_ring(void *context, int fd)
{
	const struct search *search = context;
	struct stat file;
	char path[PROC_PATH_MAX];
	snprintf(path, sizeof(path), "/proc/%d/fd/%d", search->pid, fd);
	return stat(path, &file) == 0 && same_file(&file, &search->ring);
}

/* Is its second argument `tap`? Others open the ring for a moment, too. */
static bool is_tap(int pid)
{
	char path[PROC_PATH_MAX];
	char command[COMMAND_MAX];
	snprintf(path, sizeof(path), "/proc/%d/cmdline", pid);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t length = fd >= 0 ? read(fd, command, sizeof(command) - 1) : -1;
	if (fd >= 0) {
		close(fd);
	}
	if (length <= 0) {
		return false;
	}
	command[length] = '\0';
	size_t first = strlen(command) + 1;
	return (ssize_t)first < length && strcmp(command + first, "tap") == 0;
}

static bool has_ring(void *context, int pid)
{
	struct search *search = context;
	char path[PROC_PATH_MAX];
	search->pid = pid;
	snprintf(path, sizeof(path), "/proc/%d/fd", pid);
	return pid != getpid() && is_tap(pid) && for_numbers(path, is_ring, search);
}

/* 0: cannot be told. */
static int parent_of(int pid)
{
	CLEANUP_BUFFER struct buffer status = BUFFER_INIT(STATUS_MAX);
	struct error err = ERROR_INIT;
	char path[PROC_PATH_MAX];
	int parent = 0;
	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	if (!file_read(path, &status, &err) || status.length == 0) {
		return 0;
	}
	const char *line = strstr(status.data, "\nPPid:\t");
	return line != NULL && sscanf(line, "\nPPid:\t%9d", &parent) == 1 ? parent : 0;
}

/* A tap and its supervisor are one program. 0: it has none any more. */
static int supervisor_of(int pid)
{
	struct stat own;
	struct stat parents;
	char path[PROC_PATH_MAX];
	int parent = parent_of(pid);
	snprintf(path, sizeof(path), "/proc/%d/exe", pid);
	bool known = stat(path, &own) == 0;
	snprintf(path, sizeof(path), "/proc/%d/exe", parent);
	return parent > 0 && known && stat(path, &parents) == 0 && same_file(&own, &parents) ? parent : 0;
}

/* --- taking over --- */

struct taking {
	int pid;
	int pidfd;
	struct inherited *inherited;
	bool failed;
};

static bool is_socket(int pid, int fd)
{
	struct stat file;
	char path[PROC_PATH_MAX];
	snprintf(path, sizeof(path), "/proc/%d/fd/%d", pid, fd);
	return stat(path, &file) == 0 && S_ISSOCK(file.st_mode);
}

static bool take_socket(void *context, int number)
{
	struct taking *taking = context;
	if (!is_socket(taking->pid, number)) {
		return false;
	}
	int fd = (int)syscall(SYS_pidfd_getfd, taking->pidfd, number, 0);
	if (fd < 0) {
		taking->failed = errno != EBADF; /* closed meanwhile: a client that went */
	} else if (!inherited_add(taking->inherited, fd)) {
		close(fd);
	}
	return taking->failed;
}

static bool refuse(int pid, struct error *err)
{
	return error_set(err, ERROR_BUSY,
			 "the tap of this installation still serves as process %d, though its supervisor is gone; end "
			 "it with 'kill %d' (it answers what is open first), then start again",
			 pid, pid);
}

static bool wait_for_end(int pid, int pidfd, struct error *err)
{
	struct pollfd end = {.fd = pidfd, .events = POLLIN};
	int64_t deadline = clock_monotonic() + END_MS * INT64_C(1000);
	while (!command_stop && clock_monotonic() < deadline) {
		if (poll(&end, 1, 100) > 0) {
			return true;
		}
	}
	return refuse(pid, err);
}

static bool take_over_from(struct search *search, struct inherited *inherited, struct error *err)
{
	int pid = search->pid;
	struct taking taking = {.pid = pid, .pidfd = (int)syscall(SYS_pidfd_open, pid, 0), .inherited = inherited};
	char path[PROC_PATH_MAX];
	if (taking.pidfd < 0) {
		return errno == ESRCH || refuse(pid, err);
	}
	if (!has_ring(search, pid)) { /* it ended meanwhile, and its number may be another's */
		close(taking.pidfd);
		return true;
	}
	snprintf(path, sizeof(path), "/proc/%d/fd", pid);
	(void)for_numbers(path, take_socket, &taking);
	bool done = !taking.failed && syscall(SYS_pidfd_send_signal, taking.pidfd, SIGTERM, NULL, 0) == 0;
	if (done) {
		fprintf(stderr,
			"understudy: the tap of a supervisor that is gone still serves as process %d; taking over from "
			"it\n",
			pid);
		done = wait_for_end(pid, taking.pidfd, err);
	} else {
		(void)refuse(pid, err);
	}
	close(taking.pidfd);
	return done;
}

bool orphan_take_over(const char *config, struct inherited *inherited, struct error *err)
{
	struct search search = {0};
	struct error why = ERROR_INIT;
	struct installation *installation = installation_load(config, &why);
	bool has_file = installation != NULL && stat(installation->ring, &search.ring) == 0;
	installation_destroy(installation);
	if (!has_file || !for_numbers("/proc", has_ring, &search)) {
		return true;
	}
	int supervisor = supervisor_of(search.pid);
	if (supervisor != 0) {
		return error_set(err, ERROR_BUSY,
				 "this installation runs already, as process %d; stop that first, or send it SIGHUP "
				 "after a change of the configuration",
				 supervisor);
	}
	return take_over_from(&search, inherited, err);
}
