/* A service manager in small: keeps one listening socket and a program that is given it by the protocol of
 * sd_listen_fds(3). Prints "holding PORT", starts the program again whenever it ends, and ends it with SIGTERM.
 *
 *   hold-socket PROGRAM [ARGUMENT...] */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { FIRST_FD = 3 };

static volatile pid_t child;
static volatile sig_atomic_t stopped;

static void stop(int number)
{
	(void)number;
	stopped = 1;
	if (child > 0) {
		kill(child, SIGTERM);
	}
}

static int open_socket(void)
{
	struct sockaddr_in name = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t length = sizeof(name);
	void *address = &name;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(fd, address, length) != 0 || listen(fd, SOMAXCONN) != 0 || getsockname(fd, address, &length) != 0) {
		perror("listen");
		exit(EXIT_FAILURE);
	}
	printf("holding %d\n", ntohs(name.sin_port));
	fflush(stdout);
	return fd;
}

static void become(int fd, char **argv)
{
	char number[16];
	int held = fd == FIRST_FD ? dup(fd) : fd; /* so that the copy at 3 is not close-on-exec */
	dup2(held, FIRST_FD);
	snprintf(number, sizeof(number), "%d", getpid());
	setenv("LISTEN_PID", number, 1);
	setenv("LISTEN_FDS", "1", 1);
	execvp(argv[0], argv);
	perror(argv[0]);
	_exit(EXIT_FAILURE);
}

int main(int argc, char **argv)
{
	if (argc < 2) {
		fputs("usage: hold-socket PROGRAM [ARGUMENT...]\n", stderr);
		return EXIT_FAILURE;
	}
	struct sigaction action = {.sa_handler = stop};
	sigaction(SIGTERM, &action, NULL);
	int fd = open_socket();
	while (!stopped) {
		child = fork();
		if (child == 0) {
			signal(SIGTERM, SIG_DFL);
			become(fd, argv + 1);
		}
		printf("started %d\n", child);
		fflush(stdout);
		while (waitpid(child, NULL, 0) < 0 && !stopped) {
		}
	}
	waitpid(child, NULL, 0);
	return EXIT_SUCCESS;
}
