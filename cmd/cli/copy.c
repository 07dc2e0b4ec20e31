// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd/cli/copy.h"

#include "cmd/cli/cli.h"
#include "core/base/cleanup.h"
#include "core/base/program.h"
#include "core/container/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

/* What END runs: `stack-shim cp …` or `stack-image tar …`. */
static int command_line(const struct copy_end *end, bool send, const struct copy_options *options,
			struct string_list *argv, char program[PATH_MAX], struct err *err)
{
	bool container = end->kind == COPY_CONTAINER;
	int r = program_find(container ? "stack-shim" : "stack-image", program, PATH_MAX, err);

	if (r < 0)
		return r;
	string_list_add(argv, program);
	string_list_add(argv, container ? "cp" : "tar");
	if (options->archive && container)
		string_list_add(argv, "-a");
	if (options->follow && container)
		string_list_add(argv, "-L");
	if (options->everything && container)
		string_list_add(argv, "-e");
	string_list_add(argv, send ? "send" : "receive");
	if (container) {
		string_list_add(argv, end->directory);
		string_list_add(argv, end->path);
	}
	string_list_add(argv, NULL);
	return 0;
}

/* Run END's program with FD as its standard output, or input. */
static int spawn_with(const struct copy_end *end, bool send, const struct copy_options *options,
		      int fd, pid_t *ret_pid, struct err *err)
{
	CLEANUP(string_list_release) struct string_list argv = {.items = NULL};
	posix_spawn_file_actions_t actions;
	char program[PATH_MAX];
	int r = command_line(end, send, options, &argv, program, err);

	if (r < 0)
		return r;
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, fd, send ? STDOUT_FILENO : STDIN_FILENO);
	r = posix_spawn(ret_pid, program, &actions, NULL, (char *const *)argv.items, environ);
	posix_spawn_file_actions_destroy(&actions);
	return r ? err_sys(err, r, "run '%s'", program) : 0;
}

int copy_spawn(const struct copy_end *end, bool send, const struct copy_options *options,
	       pid_t *ret_pid, int *ret_fd, struct err *err)
{
	CLEANUP_FD int ours = -1, theirs = -1;
	int fds[2], r;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return err_sys(err, errno, "make a pipe");
	ours = fds[send ? 0 : 1];
	theirs = fds[send ? 1 : 0];
	r = spawn_with(end, send, options, theirs, ret_pid, err);
	if (r < 0)
		return r;
	*ret_fd = TAKE_FD(ours);
	return 0;
}

int copy_wait(pid_t pid, struct err *err)
{
	CLEANUP_FD int pidfd = pidfd_open(pid, 0);
	siginfo_t info;

	while (waitid(P_PIDFD, (id_t)pidfd, &info, WEXITED) < 0)
		if (errno != EINTR)
			return err_sys(err, errno, "wait for the other end of the copy");
	return info.si_code == CLD_EXITED && info.si_status == 0 ? 0 : 1;
}

static volatile sig_atomic_t interrupted;

static void interrupt(int signo)
{
	interrupted = signo;
}

const volatile sig_atomic_t *copy_interruptible(void)
{
	/* Without SA_RESTART: it is a read or a write that is to return. */
	struct sigaction action = {.sa_handler = interrupt};

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	return &interrupted;
}

static void tell_skipped(void *data, const char *path, const char *what)
{
	(void)data;
	cli_say("'%s' is %s, and left out", path, what);
}

static int send_ours(const struct copy_end *end, int fd, const struct copy_options *options,
		     struct err *err)
{
	CLEANUP_FREE struct tree_stream *stream = calloc(1, sizeof(*stream));
	CLEANUP_FREE struct tree_sender *sender = calloc(1, sizeof(*sender));
	CLEANUP_FD int descriptors = tree_open_descriptors(err);

	if (!stream || !sender)
		return err_nomem(err);
	if (descriptors < 0)
		return descriptors;
	tree_stream_init(stream, fd, options->stop);
	*sender = (struct tree_sender){
		.out = stream, .descriptors = descriptors, .skipped = tell_skipped};
	return tree_send(sender, AT_FDCWD, end->path, options->follow, err);
}

static int receive_ours(const struct copy_end *end, int fd, const struct copy_options *options,
			struct err *err)
{
	CLEANUP_FREE struct tree_stream *stream = calloc(1, sizeof(*stream));
	CLEANUP_FD int descriptors = tree_open_descriptors(err);
	const struct tree_target target = {.root = AT_FDCWD,
					   .path = end->path,
					   .descriptors = descriptors,
					   .archive = options->archive};

	if (!stream)
		return err_nomem(err);
	if (descriptors < 0)
		return descriptors;
	tree_stream_init(stream, fd, options->stop);
	return tree_receive(&target, stream, err);
}

/* One end is ours: the other one's sentence comes first when it was that which failed. */
static int copy_ours(const struct copy_end *ours, const struct copy_end *other, bool send,
		     const struct copy_options *options, struct err *err)
{
	struct err ignored = ERR_INIT;
	pid_t pid;
	int fd, r, ended;

	r = copy_spawn(other, !send, options, &pid, &fd, err);
	if (r < 0)
		return r;
	r = send ? send_ours(ours, fd, options, err) : receive_ours(ours, fd, options, err);
	close(fd);
	ended = copy_wait(pid, &ignored);
	return r == -EPIPE && ended == 1 ? 1 : r < 0 ? r : ended;
}

/* Wait until the process of PIDFD has ended; false: *stop came first.  Signals are blocked but
 * here. */
static bool await(int pidfd, const volatile sig_atomic_t *stop, const sigset_t *outside)
{
	struct pollfd ended = {.fd = pidfd, .events = POLLIN};

	while (!(stop && *stop))
		if (ppoll(&ended, 1, NULL, outside) >= 0 || errno != EINTR)
			return true;
	return false;
}

/*
 * Wait until SENDER and RECEIVER have ended.  *stop ends both: a receiver in a
 * container ignores the signal and takes away what is half made, as it is cut off.
 */
static void await_both(int sender, int receiver, const volatile sig_atomic_t *stop)
{
	sigset_t signals, outside;

	/* So none comes between the look at *stop and the wait. */
	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	sigprocmask(SIG_BLOCK, &signals, &outside);
	/* The sender is first: what it has sent may take the receiver long. */
	if (!await(sender, stop, &outside) || !await(receiver, stop, &outside)) {
		(void)pidfd_send_signal(sender, SIGTERM, NULL, 0);
		(void)pidfd_send_signal(receiver, SIGTERM, NULL, 0);
	}
	sigprocmask(SIG_SETMASK, &outside, NULL);
}

static int copy_others(const struct copy_end *from, const struct copy_end *to,
		       const struct copy_options *options, struct err *err)
{
	CLEANUP_FD int sending = -1, receiving = -1;
	pid_t sender, receiver = 0;
	int fd, r, sent, received = 0;

	r = copy_spawn(from, true, options, &sender, &fd, err);
	if (r < 0)
		return r;
	r = spawn_with(to, false, options, fd, &receiver, err);
	close(fd);
	sending = pidfd_open(sender, 0);
	receiving = r == 0 ? pidfd_open(receiver, 0) : -1;
	if (sending >= 0 && receiving >= 0)
		await_both(sending, receiving, options->stop);
	sent = copy_wait(sender, err);
	if (receiver)
		received = copy_wait(receiver, err);
	return r < 0 ? r : sent ? sent : received;
}

int copy(const struct copy_end *from, const struct copy_end *to, const struct copy_options *options,
	 struct err *err)
{
	struct sigaction ignore = {.sa_handler = SIG_IGN};

	sigaction(SIGPIPE, &ignore, NULL);
	if (from->kind == COPY_HOST)
		return copy_ours(from, to, true, options, err);
	if (to->kind == COPY_HOST)
		return copy_ours(to, from, false, options, err);
	return copy_others(from, to, options, err);
}
