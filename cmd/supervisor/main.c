// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * stack-supervisor: keeps one project as its stack file says
 *
 *	stack-supervisor --project NAME [--root DIR] [--run DIR] [--ready-fd N] [--boot]
 *
 * With --boot the service manager is told that we are ready (sd_notify(3)), the
 * project comes back as it was enabled, and at SIGTERM it is stopped in order.
 * Else started by `stack` below a guard.  It says "ready" or "error SENTENCE" on
 * descriptor N once it knows.  Exit status 0: the project is down, or it was
 * asked to end by SIGTERM; 78: what is to come back is damaged; the guard starts
 * it again after anything else.
 */
#include "cmd/supervisor/host.h"

#include "core/base/cleanup.h"
#include "core/base/clock.h"
#include "core/base/err.h"
#include "core/base/fd.h"
#include "core/base/log.h"
#include "core/base/notify.h"
#include "core/base/text.h"
#include "core/container/program.h"
#include "core/supervise/control.h"
#include "core/supervise/supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

/* How long a supervisor that has the project's lock may take to listen or to end. */
#define LOCK_WAIT_MS  10000
#define LOCK_RETRY_MS 5

/* The guard that the service manager runs is to start us again. */
#define EXIT_NEXT_ONE 75
#define NEXT_ONE      1

struct arguments {
	const char *project, *root, *run;
	int ready_fd;
	bool boot;
};

static int parse_arguments(int argc, char **argv, struct arguments *ret, struct err *err)
{
	static const struct option options[] = {
		{"project", required_argument, NULL, 'p'},
		{"root", required_argument, NULL, 'r'},
		{"run", required_argument, NULL, 'R'},
		{"ready-fd", required_argument, NULL, 'f'},
		{"log-level", required_argument, NULL, 'l'},
		{"boot", no_argument, NULL, 'b'},
		{NULL, 0, NULL, 0},
	};
	enum log_level level;
	int c;

	*ret = (struct arguments){.ready_fd = -1};
	while ((c = getopt_long(argc, argv, "", options, NULL)) >= 0) {
		if (c == 'p')
			ret->project = optarg;
		else if (c == 'r')
			ret->root = optarg;
		else if (c == 'R')
			ret->run = optarg;
		else if (c == 'f')
			ret->ready_fd = (int)strtol(optarg, NULL, 10);
		else if (c == 'b')
			ret->boot = true;
		else if (c == 'l' && log_level_parse(optarg, &level) == 0)
			log_set_level(level);
		else
			return err_set(err, EINVAL, "unknown option");
	}
	if (!ret->project || !text_is_name(ret->project, TEXT_NAME_MAX))
		return err_set(err, EINVAL, "--project NAME is missing or no name");
	return 0;
}

static int err_going(struct err *err, const char *project)
{
	return err_set(err, EAGAIN, "project '%s' is just being taken down; try again", project);
}

/*
 * Open <run>/<project> and take its lock.
 *
 * -EBUSY: another supervisor has it.  -EAGAIN: a supervisor has just removed the
 * directory with its project, so this lock is nobody's any more.
 */
static int try_lock_project(const struct paths *paths, const char *project, int *ret_dir,
			    int *ret_lock, struct err *err)
{
	CLEANUP_FD int dir = -1;
	CLEANUP_FD int lock = -1;
	char path[PATH_MAX], holder[32] = "";
	struct stat ours, there;
	int r;

	r = paths_join(path, sizeof(path), err, "%s/%s", paths->run, project);
	if (r == 0)
		r = fd_mkdir_p(path, 0700, err);
	if (r < 0)
		return r;
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir >= 0)
		lock = openat(dir, "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	/* Made a moment ago, so it was removed meanwhile. */
	if (lock < 0 && errno == ENOENT)
		return err_going(err, project);
	if (lock < 0)
		return err_sys(err, errno, "open '%s/lock'", path);
	if (flock(lock, LOCK_EX | LOCK_NB) < 0) {
		if (read(lock, holder, sizeof(holder) - 1) < 0)
			holder[0] = '\0';
		return err_set(err, EBUSY, "project '%s' has a supervisor already (pid %.*s)",
			       project, (int)strcspn(holder, "\n"), holder);
	}
	if (fstat(lock, &ours) < 0 || fstatat(dir, "lock", &there, 0) < 0 ||
	    ours.st_ino != there.st_ino)
		return err_going(err, project);
	r = snprintf(holder, sizeof(holder), "%d\n", (int)getpid());
	if (ftruncate(lock, 0) < 0 || write(lock, holder, (size_t)r) != r)
		return err_sys(err, errno, "write '%s/lock'", path);
	*ret_dir = TAKE_FD(dir);
	*ret_lock = TAKE_FD(lock);
	return 0;
}

/* Ask who listens on FD to make room when it has done what it is at.  It may be gone by now. */
static void ask_to_leave(int fd)
{
	json_t *request = json_pack("{s:s, s:b}", "op", "leave", "idle", 1);
	json_t *answer = NULL;

	if (control_send(fd, request, NULL) == 0)
		(void)control_receive(fd, &answer, NULL);
	json_decref(answer);
	json_decref(request);
}

/*
 * Take the project's lock, waiting for a supervisor that is about to go, or to
 * listen.  With REPLACE it is asked to go: a command started it, and the service
 * manager's own takes over.
 *
 * -EALREADY: another one listens, and does the work; not with REPLACE.
 * Blocks: up to LOCK_WAIT_MS; with REPLACE as long as it takes.
 */
static int lock_project(const struct paths *paths, const char *project, bool replace, int *ret_dir,
			int *ret_lock, struct err *err)
{
	int64_t deadline = clock_ms() + LOCK_WAIT_MS;

	for (;;) {
		int r = try_lock_project(paths, project, ret_dir, ret_lock, err);
		CLEANUP_FD int fd = -1;

		if (r != -EBUSY && r != -EAGAIN)
			return r;
		if (control_connect(paths, project, &fd, NULL) == 0) {
			if (!replace)
				return -EALREADY;
			ask_to_leave(fd);
		}
		if (!replace && clock_ms() >= deadline)
			return r;
		poll(NULL, 0, LOCK_RETRY_MS);
	}
}

/* What helps and is no harm to go without. */
static void settle_in(void)
{
	struct rlimit limit;

	umask(0022);
	signal(SIGPIPE, SIG_IGN);
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &limit);
	}
	(void)fd_write_control(AT_FDCWD, "/proc/self/oom_score_adj", "-500", NULL);
}

/* Tell whoever started us.  False: nobody listens any more. */
static bool say_ready(int fd, const struct err *err)
{
	char line[640];
	bool told;
	int n;

	if (fd < 0)
		return false;
	n = err ? snprintf(line, sizeof(line), "error %s\n", err->msg)
		: snprintf(line, sizeof(line), "ready\n");
	told = fd_write_all(fd, line, (size_t)n) == 0;
	close(fd);
	return told;
}

/* handle->data: the supervisor whose project is to be stopped first; NULL: it runs on. */
static void on_signal(uv_signal_t *handle, int signo)
{
	(void)signo;
	if (!handle->data) {
		uv_stop(handle->loop);
		return;
	}
	notify_send("STOPPING=1");
	supervisor_rest(handle->data);
}

static int open_loop(uv_loop_t *loop, uv_signal_t *terminate, struct err *err)
{
	int r = uv_loop_init(loop);

	if (r < 0)
		return err_sys(err, -r, "make an event loop");
	terminate->data = NULL;
	r = uv_signal_init(loop, terminate);
	if (r == 0)
		r = uv_signal_start(terminate, on_signal, SIGTERM);
	/* Without the signal a supervisor could only be killed; it does not begin. */
	return r < 0 ? err_sys(err, -r, "watch for signals") : 0;
}

/* Close what is left, so that every close callback has run before the loop goes. */
static void drain(uv_loop_t *loop, uv_signal_t *terminate)
{
	uv_close((uv_handle_t *)terminate, NULL);
	while (uv_run(loop, UV_RUN_DEFAULT) != 0)
		;
	uv_loop_close(loop);
}

static int supervise(const struct arguments *arguments, const struct paths *paths, int run_fd,
		     struct err *err)
{
	struct supervisor *supervisor = NULL;
	struct supervisor_options options;
	uv_signal_t terminate;
	struct host host;
	uv_loop_t loop;
	int r;

	r = open_loop(&loop, &terminate, err);
	if (r < 0)
		return r;
	r = host_init(&host, paths, arguments->project, run_fd, &loop, err);
	if (r == 0) {
		options = (struct supervisor_options){
			.project = arguments->project,
			.paths = paths,
			.loop = &loop,
			.driver = {.ops = &host_driver_ops, .ctx = &host},
			.run_fd = run_fd,
			.boot = arguments->boot,
			.only_if_needed = arguments->ready_fd < 0 && !arguments->boot};
		r = supervisor_new(&options, &supervisor, err);
		if (r == 0) {
			say_ready(arguments->ready_fd, NULL);
			if (arguments->boot)
				terminate.data = supervisor;
			notify_send("READY=1");
			uv_run(&loop, UV_RUN_DEFAULT);
			if (arguments->boot && supervisor_has_left(supervisor))
				r = NEXT_ONE;
		}
		terminate.data = NULL;
		supervisor_free(supervisor);
		host_release(&host);
	}
	drain(&loop, &terminate);
	return r;
}

/* Of a project that was never up nothing stays: whoever asked is told what the log says. */
static void leave_nothing(const struct paths *paths, const char *project, int run_fd)
{
	static const char *const of_use[] = {"desired.json", "containers", "networks"};
	char path[PATH_MAX];

	for (size_t i = 0; i < ARRAY_SIZE(of_use); i++)
		if (faccessat(run_fd, of_use[i], F_OK, AT_SYMLINK_NOFOLLOW) == 0 || errno != ENOENT)
			return;
	if (paths_join(path, sizeof(path), NULL, "%s/%s", paths->run, project) == 0)
		(void)fd_remove_tree(AT_FDCWD, path, NULL);
}

int main(int argc, char **argv)
{
	struct arguments arguments;
	struct err err = ERR_INIT;
	CLEANUP_FD int run_fd = -1;
	CLEANUP_FD int lock = -1;
	struct paths paths;
	int r;

	r = parse_arguments(argc, argv, &arguments, &err);
	/* Below a guard only the first of us has it; the number may be another file's later. */
	if (r == 0 && arguments.ready_fd >= 0 && fcntl(arguments.ready_fd, F_SETFD, FD_CLOEXEC) < 0)
		arguments.ready_fd = -1;
	settle_in();
	if (r == 0)
		r = paths_init(&paths, arguments.root, arguments.run, &err);
	if (r == 0)
		r = lock_project(&paths, arguments.project, arguments.boot, &run_fd, &lock, &err);
	if (r == 0)
		r = supervise(&arguments, &paths, run_fd, &err);
	if (r == 0)
		return 0;
	if (r == NEXT_ONE)
		return EXIT_NEXT_ONE;
	if (r == -EALREADY || r == -ENODATA) {
		say_ready(arguments.ready_fd, NULL);
		return 0;
	}
	log_error("%s", err.msg);
	if (r == -EBADMSG && arguments.boot)
		return PROGRAM_MISCONFIGURED;
	if (run_fd >= 0 && arguments.ready_fd >= 0)
		leave_nothing(&paths, arguments.project, run_fd);
	/*
	 * A command that was told decides what comes next.  With nobody there it is the
	 * guard that started us again, and it shall go on trying.
	 */
	return say_ready(arguments.ready_fd, &err) ? 0 : 1;
}
