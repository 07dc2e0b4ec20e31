// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd/shim/streams.h"

#include "cmd/shim/command.h"
#include "core/base/cleanup.h"
#include "core/base/err.h"
#include "core/container/spec.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const names[2] = {"stdout", "stderr"};

/* Room for bursts; a pipe of an unprivileged size works as well. */
#define PIPE_SIZE (1 << 20)

#define BUFFER_SIZE 65536

/* After this long without output the buffer's memory is given back. */
#define QUIET_MS 500

/*
 * At the end everybody who could write is dead; but a FIFO that was passed out
 * of the container could be filled for ever.
 */
#define DRAIN_MAX (4 << 20)

static int open_fifo(int dirfd, const char *name, int flags, struct err *err)
{
	CLEANUP_FD int fd = openat(dirfd, name, O_RDWR | O_NOFOLLOW | O_CLOEXEC | flags);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return err_sys(err, errno, "open the pipe '%s'", name);
	if (!S_ISFIFO(st.st_mode))
		return err_set(err, EINVAL, "'%s' is not a pipe", name);
	return TAKE_FD(fd);
}

static int make_fifo(int dirfd, const char *name, struct err *err)
{
	if (unlinkat(dirfd, name, 0) < 0 && errno != ENOENT)
		return err_sys(err, errno, "remove the old pipe '%s'", name);
	if (mkfifoat(dirfd, name, 0600) < 0)
		return err_sys(err, errno, "make the pipe '%s'", name);
	return 0;
}

int streams_open(struct streams *streams, int dirfd, const struct container_spec *spec, bool create,
		 struct err *err)
{
	int r = logfile_open(&streams->log, spec->log_path, spec->log_max_size, spec->log_max_files,
			     err);

	if (r < 0 || spec->tty || !spec->log_path)
		return r;
	for (int i = 0; i < 2; i++) {
		r = create ? make_fifo(dirfd, names[i], err) : 0;
		if (r < 0)
			return r;
		streams->fds[i] = open_fifo(dirfd, names[i], O_NONBLOCK, err);
		if (streams->fds[i] < 0)
			return streams->fds[i];
		fcntl(streams->fds[i], F_SETPIPE_SZ, PIPE_SIZE);
	}
	return 0;
}

int streams_open_other_ends(int dirfd, const struct container_spec *spec, int ret_stdio[3],
			    struct err *err)
{
	for (int i = 0; i < 3; i++)
		ret_stdio[i] = -1;
	if (spec->tty)
		return 0;
	for (int i = 0; i < 2 && spec->log_path; i++) {
		ret_stdio[i + 1] = open_fifo(dirfd, names[i], 0, err);
		if (ret_stdio[i + 1] < 0)
			return ret_stdio[i + 1];
	}
	if (!spec->stdin_open)
		return 0;
	/* Nothing is written to it unless somebody does; what matters is that it does not end. */
	if (make_fifo(dirfd, "stdin", err) < 0)
		return -EIO;
	ret_stdio[0] = open_fifo(dirfd, "stdin", 0, err);
	return ret_stdio[0] < 0 ? ret_stdio[0] : 0;
}

void streams_set_terminal(struct streams *streams, int master)
{
	streams->fds[0] = master;
	streams->keep_open = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	fcntl(master, F_SETFL, O_RDWR | O_NONBLOCK);
}

/* One read, one batch of the log.  Returns the number of bytes, 0 when there was nothing. */
static size_t move_output(struct streams *streams, int i, char *buffer)
{
	ssize_t n = read(streams->fds[i], buffer, BUFFER_SIZE);

	if (n < 0 && errno != EAGAIN && errno != EINTR) {
		cleanup_close(&streams->fds[i]);
		streams->fds[i] = -1;
	}
	if (n <= 0)
		return 0;
	logfile_append(&streams->log, names[i], buffer, (size_t)n);
	return (size_t)n;
}

static void drain(struct streams *streams, char *buffer)
{
	for (int i = 0; i < 2; i++) {
		size_t n = 1;

		for (size_t total = 0; n > 0 && total < DRAIN_MAX; total += n)
			n = streams->fds[i] < 0 ? 0 : move_output(streams, i, buffer);
	}
}

static volatile sig_atomic_t reload_wanted;

static void on_reload(int signo)
{
	(void)signo;
	reload_wanted = 1;
}

/* The signal comes only while we wait, so that none is overlooked. */
static void expect_reload(sigset_t *ret_waiting)
{
	const struct sigaction action = {.sa_handler = on_reload};
	sigset_t hup;

	sigemptyset(&hup);
	sigaddset(&hup, SIGHUP);
	sigprocmask(SIG_BLOCK, &hup, ret_waiting);
	sigdelset(ret_waiting, SIGHUP);
	sigaction(SIGHUP, &action, NULL);
}

static void reload(struct streams *streams, int dirfd)
{
	struct loaded_spec loaded;

	reload_wanted = 0;
	if (loaded_spec_read(dirfd, &loaded, NULL) < 0)
		return;
	streams->log.max_size = loaded.spec.log_max_size;
	streams->log.max_files = loaded.spec.log_max_files;
	loaded_spec_release(&loaded);
}

void streams_log_until_end(struct streams *streams, int pidfd, int dirfd)
{
	char *buffer =
		mmap(NULL, BUFFER_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	const struct timespec quiet_time = {.tv_nsec = QUIET_MS * 1000000L};
	bool quiet = true;
	sigset_t waiting;

	if (buffer == MAP_FAILED)
		return;
	expect_reload(&waiting);
	while (pidfd >= 0) {
		struct pollfd polls[3] = {
			{pidfd, POLLIN, 0},
			{streams->fds[0], POLLIN, 0},
			{streams->fds[1], POLLIN, 0},
		};
		int n = ppoll(polls, 3, quiet ? NULL : &quiet_time, &waiting);

		if (reload_wanted)
			reload(streams, dirfd);
		if (n < 0)
			continue;
		if (n == 0)
			madvise(buffer, BUFFER_SIZE, MADV_DONTNEED);
		quiet = n == 0;
		for (int i = 0; i < 2; i++)
			if (polls[i + 1].revents)
				move_output(streams, i, buffer);
		if (polls[0].revents)
			break;
	}
	drain(streams, buffer);
	munmap(buffer, BUFFER_SIZE);
}

void streams_remove(int dirfd)
{
	for (int i = 0; i < 2; i++)
		unlinkat(dirfd, names[i], 0);
	unlinkat(dirfd, "stdin", 0);
}

void streams_release(struct streams *streams)
{
	for (int i = 0; i < 2; i++)
		cleanup_close(&streams->fds[i]);
	cleanup_close(&streams->keep_open);
	logfile_release(&streams->log);
}
