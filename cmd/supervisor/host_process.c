// SPDX-License-Identifier: GPL-2.0-or-later
/* Starting, watching and ending the process of a container. */
#include "cmd/supervisor/host.h"

#include "core/base/arena.h"
#include "core/base/cleanup.h"
#include "core/base/fd.h"
#include "core/container/shim.h"
#include "core/container/signals.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/pidfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* What a child of ours gets in place of our descriptors; -1: /dev/null, or nothing for `report`. */
struct child_fds {
	int output; /* standard output and error */
	int report; /* becomes SHIM_REPORT_FD */
	int start;  /* becomes SHIM_START_FD */
};

/* In the child, which shares our memory until it executes: system calls only. */
static void child_exec(const char *program, char *const argv[], const struct child_fds *fds)
{
	sigset_t none;
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	int output = fds->output >= 0 ? fds->output : null;

	/* dup2() onto itself would leave CLOEXEC set; all of ours are above SHIM_START_FD. */
	if (null < 0 || dup2(null, STDIN_FILENO) < 0)
		_exit(125);
	if (fds->output >= 0 &&
	    (dup2(output, STDOUT_FILENO) < 0 || dup2(output, STDERR_FILENO) < 0))
		_exit(125);
	if (fds->report >= 0 && dup3(fds->report, SHIM_REPORT_FD, 0) < 0)
		_exit(125);
	if (fds->start >= 0 && dup3(fds->start, SHIM_START_FD, 0) < 0)
		_exit(125);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	execv(program, argv);
	_exit(127);
}

/*
 * Run PROGRAM as a child.  It shares our memory and stops this thread until it
 * has executed, so its cost does not grow with ours (vfork(2)); all signals are
 * blocked meanwhile, for a handler of ours must not run in it.
 */
static int spawn(const char *program, char *const argv[], const struct child_fds *fds,
		 int *ret_pidfd, struct err *err)
{
	sigset_t all, old;
	int pidfd;
	pid_t pid;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &old);
	pid = vfork();
	if (pid == 0)
		child_exec(program, argv, fds);
	sigprocmask(SIG_SETMASK, &old, NULL);
	if (pid < 0)
		return err_sys(err, errno, "start '%s'", program);
	/* Not reaped before we say so: the pid cannot be anybody else's yet. */
	pidfd = pidfd_open(pid, 0);
	if (pidfd < 0)
		return err_sys(err, errno, "watch '%s'", program);
	*ret_pidfd = pidfd;
	return 0;
}

/* Above the descriptors that a child has places for. */
static int raise_fd(int fd)
{
	int raised = fcntl(fd, F_DUPFD_CLOEXEC, 10);

	close(fd);
	return raised;
}

static int make_pipe(int *ret_read, int *ret_write, struct err *err)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_sys(err, errno, "make a pipe");
	*ret_read = ends[0];
	*ret_write = raise_fd(ends[1]);
	if (*ret_write < 0) {
		close(ends[0]);
		return err_sys(err, errno, "make a pipe");
	}
	return 0;
}

static int open_dir(struct host *host, const char *name, int *ret_fd, struct err *err)
{
	char path[PATH_MAX];
	int r = paths_join(path, sizeof(path), err, "containers/%s", name);

	if (r < 0)
		return r;
	*ret_fd = openat(host->run_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return *ret_fd < 0 ? err_sys(err, errno, "open '%s'", path) : 0;
}

/* The container's directory, locked: shim.h, SHIM_START_FD. */
static int claim_start(struct host *host, const char *name, int *ret_fd, struct err *err)
{
	int dir = -1, r = open_dir(host, name, &dir, err);

	if (r == 0)
		*ret_fd = raise_fd(dir);
	if (r == 0 && (*ret_fd < 0 || flock(*ret_fd, LOCK_EX | LOCK_NB) < 0))
		r = errno == EWOULDBLOCK ? err_set(err, EBUSY, "it is being started already")
					 : err_sys(err, errno, "lock its directory");
	return r;
}

static int run_shim(struct host *host, const char *verb, const char *name,
		    struct container_process *ret, struct err *err)
{
	CLEANUP_FD int read_end = -1;
	CLEANUP_FD int write_end = -1;
	CLEANUP_FD int start = -1;
	char dir[PATH_MAX];
	char *argv[] = {(char[]){"stack-shim"}, NULL, dir, NULL};
	CLEANUP_FREE char *verb_copy = strdup(verb);
	int r = host_container_dir(host, name, dir, sizeof(dir), err);

	if (r == 0)
		r = claim_start(host, name, &start, err);
	if (r == 0)
		r = make_pipe(&read_end, &write_end, err);
	if (r < 0)
		return r;
	argv[1] = verb_copy;
	r = spawn(host->shim, argv,
		  &(struct child_fds){.output = -1, .report = write_end, .start = start},
		  &ret->shim_pidfd, err);
	if (r == 0)
		ret->report_fd = TAKE_FD(read_end);
	return r;
}

int host_container_start(void *ctx, const char *name, struct container_process *ret,
			 struct err *err)
{
	return run_shim(ctx, "run", name, ret, err);
}

int host_container_adopt(void *ctx, const char *name, struct container_process *ret,
			 struct err *err)
{
	return run_shim(ctx, "adopt", name, ret, err);
}

int host_container_look(void *ctx, const char *name, struct container_view *ret, struct err *err)
{
	struct container_view view = CONTAINER_VIEW_INIT;
	struct err inner = ERR_INIT;
	CLEANUP_FD int dir = -1;
	CLEANUP_FD int pidfd = -1;
	int r = open_dir(ctx, name, &dir, err);

	if (r < 0)
		return r;
	/* Before looking for the record: it is written before the lock goes. */
	view.starting = flock(dir, LOCK_SH | LOCK_NB) < 0 && errno == EWOULDBLOCK;
	r = state_read(dir, &view.state, &inner);
	if (r < 0 && r != -ENOENT)
		return err_set(err, -r, "%s", inner.msg);
	view.has_state = r == 0;
	if (view.has_state) {
		state_open(&view.state, &pidfd, &view.shim_pidfd);
		view.running = pidfd >= 0;
	}
	/* After looking for the processes: the record is written before they are gone. */
	view.has_exit = exit_read(dir, &view.exit, NULL) == 0;
	if (view.has_exit)
		view.running = false;
	*ret = view;
	return 0;
}

static char *read_proc(pid_t pid, const char *name)
{
	char path[64], *text = NULL;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	return fd_read_file(AT_FDCWD, path, 65536, &text, NULL, NULL) < 0 ? NULL : text;
}

/*
 * What cannot be found out is taken for heard.  In sigwait(3) the signals that
 * are waited for are not shown as blocked.
 */
static bool is_lost(pid_t pid, int signo)
{
	CLEANUP_FREE char *status = read_proc(pid, "status");
	CLEANUP_FREE char *call = read_proc(pid, "syscall");

	return status && call && strtol(call, NULL, 10) != SYS_rt_sigtimedwait &&
	       signal_is_lost(status, signo);
}

int host_container_signal(void *ctx, const char *name, int signo, struct err *err)
{
	struct container_state state;
	CLEANUP_FD int dir = -1;
	CLEANUP_FD int pidfd = -1;
	CLEANUP_FD int shim = -1;
	int lost, r = open_dir(ctx, name, &dir, err);

	if (r == 0)
		r = state_read(dir, &state, err);
	if (r < 0)
		return r;
	state_open(&state, &pidfd, &shim);
	if (pidfd < 0)
		return err_set(err, ESRCH, "container '%s' has ended", name);
	lost = is_lost(state.pid, signo);
	if (pidfd_send_signal(pidfd, signo, NULL, 0) < 0)
		return err_sys(err, errno, "signal container '%s'", name);
	return lost;
}

/*
 * With PID 1 the kernel ends its whole pid namespace, and so every process of
 * the container (pid_namespaces(7)).  cgroup.kill is left for its removal: on
 * Linux 6.18 whatever is cloned into a cgroup that was once killed dies at
 * once, so the container could never be started again.
 */
int host_container_kill(void *ctx, const char *name, struct err *err)
{
	struct err inner = ERR_INIT;
	int r = host_container_signal(ctx, name, SIGKILL, &inner);

	if (r >= 0 || r == -ESRCH || r == -ENOENT)
		return 0;
	return err_set(err, -r, "%s", inner.msg);
}

int host_container_freeze(void *ctx, const char *name, bool frozen, struct err *err)
{
	const struct host *host = ctx;
	char path[CGROUP_PATH_MAX];

	host_cgroup_path(host, name, path, sizeof(path));
	return cgroup_freeze(&host->cgroups, path, frozen, err);
}

/* The words of a command line, and how much room they may take. */
struct words {
	char **items;
	size_t n;
};

/* execv(2) does not write to them. */
static void add_word(struct words *words, const char *word)
{
	words->items[words->n++] = (char *)(uintptr_t)word;
}

static void add_option(struct words *words, const char *option, const char *value)
{
	if (!value)
		return;
	add_word(words, option);
	add_word(words, value);
}

/* `stack-shim exec` with all that PROBE says; the words that are made up are in ARENA. */
static struct words exec_words(const struct probe *probe, const char *dir, struct arena *arena)
{
	const struct map none = {.n = 0};
	const struct map *environment = probe->environment ? probe->environment : &none;
	struct words words;
	size_t n = 0;

	while (probe->argv[n])
		n++;
	words = (struct words){ARENA_ARRAY(arena, char *, n + 2 * environment->n + 16), 0};
	add_word(&words, "stack-shim");
	add_word(&words, "exec");
	if (probe->timeout_ms >= 0)
		add_option(&words, "--timeout",
			   arena_printf(arena, "%lld", (long long)probe->timeout_ms));
	if (probe->privileged)
		add_word(&words, "--privileged");
	add_option(&words, "-u", probe->user);
	add_option(&words, "-w", probe->cwd);
	for (size_t i = 0; i < environment->n; i++)
		if (environment->items[i].value)
			add_option(&words, "-e",
				   arena_printf(arena, "%s=%s", environment->items[i].key,
						environment->items[i].value));
	add_word(&words, dir);
	add_word(&words, "--");
	for (size_t i = 0; i < n; i++)
		add_word(&words, probe->argv[i]);
	return words;
}

int host_probe_start(void *ctx, const char *name, const struct probe *probe, int *ret_pidfd,
		     int *ret_output_fd, struct err *err)
{
	CLEANUP(arena_cleanup) struct arena *arena = arena_new();
	struct host *host = ctx;
	CLEANUP_FD int read_end = -1;
	CLEANUP_FD int write_end = -1;
	char dir[PATH_MAX];
	int r = host_container_dir(host, name, dir, sizeof(dir), err);

	if (r == 0)
		r = make_pipe(&read_end, &write_end, err);
	if (r < 0)
		return r;
	/* The loop reads it; a probe that floods its pipe must not hold us up. */
	if (fcntl(read_end, F_SETFL, O_NONBLOCK) < 0)
		return err_sys(err, errno, "read the output of a program");
	r = spawn(host->shim, exec_words(probe, dir, arena).items,
		  &(struct child_fds){.output = write_end, .report = -1, .start = -1}, ret_pidfd,
		  err);
	if (r == 0)
		*ret_output_fd = TAKE_FD(read_end);
	return r;
}
