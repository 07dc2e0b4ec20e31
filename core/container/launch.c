// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/container/launch.h"

#include "core/base/cleanup.h"
#include "core/base/err.h"
#include "core/container/apparmor.h"
#include "core/container/channel.h"
#include "core/container/idmap.h"
#include "core/container/program.h"
#include "core/container/reaper.h"
#include "core/container/sandbox.h"
#include "core/container/sys.h"
#include "core/container/user.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#define CHANNEL_FD 3

/* As the kernel has it, SIG_DFL: a libc keeps the first real-time signals to itself. */
static void reset_signals(void)
{
	const unsigned long dfl[4] = {0};
	sigset_t none;

	for (int signal = 1; signal <= 64; signal++)
		syscall(SYS_rt_sigaction, signal, dfl, NULL, 8);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

void launch_prepare(void)
{

	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	/* Or root inside could reach our descriptors and our executable through /proc. */
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	reset_signals();
	umask(022);
}

void launch_fail(int channel, int exit_code, const struct err *err)
{
	channel_send_failure(channel, exit_code, err);
	_exit(exit_code);
}

static int give(const int stdio[3], uid_t owner, struct err *err)
{
	for (int i = 0; i < 3; i++) {
		struct stat st;

		if (fstat(stdio[i], &st) < 0)
			return err_sys(err, errno, "look at standard stream %d", i);
		if (!S_ISFIFO(st.st_mode) && !isatty(stdio[i]))
			continue;
		if (fchown(stdio[i], owner, (gid_t)-1) < 0)
			return err_sys(err, errno, "give standard stream %d to the user", i);
	}
	return 0;
}

/*
 * STDIO becomes 0 to 2 and CHANNEL 3; every other descriptor is closed.  All
 * are moved out of the way first, for one may be where another has to go.
 */
static int arrange_descriptors(const int stdio[3], int channel, struct err *err)
{
	const int wanted[4] = {stdio[0], stdio[1], stdio[2], channel};
	int high[4];

	for (int i = 0; i < 4; i++) {
		high[i] = fcntl(wanted[i], F_DUPFD_CLOEXEC, CHANNEL_FD + 1);
		if (high[i] < 0)
			return err_sys(err, errno, "duplicate a descriptor");
	}
	for (int i = 0; i < 4; i++)
		if (dup3(high[i], i, O_CLOEXEC) < 0 || (i < 3 && fcntl(i, F_SETFD, 0) < 0))
			return err_sys(err, errno, "duplicate a descriptor");
	if (sys_close_range(CHANNEL_FD + 1, ~0U, 0) < 0)
		return err_sys(err, errno, "close the other descriptors");
	return 0;
}

/*
 * As root first: a directory that only root may enter is fine as a working
 * directory.  On a network file system it can be the user alone who may.
 */
static int enter(const struct launch *launch, const struct user *user, struct err *err)
{
	int r = program_enter_dir(launch->cwd, err), s;

	if (r < 0 && r != -EACCES)
		return r;
	s = sandbox_enter(launch->spec, user, launch->capabilities, err);
	if (s < 0)
		return s;
	return r < 0 ? program_enter_dir(launch->cwd, err) : 0;
}

/* The kernel would say EINVAL, and not which one. */
static int check_ids(const struct container_spec *spec, const struct user *user, struct err *err)
{
	uid_t id = user->uid;

	for (size_t i = 0; i < user->n_groups && idmap_host_id(spec, id) != (uid_t)-1; i++)
		id = user->groups[i];
	if (idmap_host_id(spec, id) != (uid_t)-1)
		return 0;
	return err_set(err, EINVAL, "user or group %u is not among the %u ids of 'userns_mode'", id,
		       spec->id_count);
}

static int prepare_user(const struct launch *launch, struct user *user, spec_strings *ret_envp,
			struct err *err)
{
	CLEANUP_FD int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int r;

	if (root < 0)
		return err_sys(err, errno, "open '/'");
	r = user_lookup(root, launch->user, launch->groups, user, err);
	if (r == 0)
		r = check_ids(launch->spec, user, err);
	if (r == 0 && launch->give_stdio)
		r = give(launch->stdio, idmap_host_id(launch->spec, user->uid), err);
	if (r == 0)
		r = program_environment(launch->envp, user->home, launch->spec->hostname,
					launch->tty, ret_envp, err);
	return r;
}

static int become_program(const struct launch *launch, struct err *err)
{
	int r;

	/* From here on the container is to survive its parent. */
	prctl(PR_SET_PDEATHSIG, 0, 0, 0, 0);
	r = launch->init ? reaper_fork(CHANNEL_FD, launch->title, launch->title_len, err) : 0;
	if (r < 0)
		return r;
	setsid();
	if (launch->tty && ioctl(0, TIOCSCTTY, 0) < 0)
		return err_sys(err, errno, "make the terminal the controlling one");
	r = channel_send_ready(CHANNEL_FD, launch->set_up_ns, err);
	if (r == 0 && launch->keep)
		reaper_stay(CHANNEL_FD, launch->title, launch->title_len);
	return r;
}

void launch(const struct launch *launch)
{
	struct err err = ERR_INIT;
	spec_strings envp = NULL;
	struct user user = {0};
	int channel = launch->channel, r;

	r = prepare_user(launch, &user, &envp, &err);
	if (r == 0)
		r = sandbox_limit(launch->spec, &err);
	if (r == 0)
		r = apparmor_on_exec(launch->spec->apparmor, &err);
	/* Limits and streams need the host's root; who we are from here on is decided inside. */
	if (r == 0 && launch->userns >= 0)
		r = idmap_enter(launch->userns, &err);
	if (r == 0)
		r = arrange_descriptors(launch->stdio, launch->channel, &err);
	if (r < 0)
		launch_fail(channel, PROGRAM_OURS_FAILED, &err);
	channel = CHANNEL_FD;
	r = enter(launch, &user, &err);
	if (r == 0)
		r = become_program(launch, &err);
	if (r < 0)
		launch_fail(channel, PROGRAM_OURS_FAILED, &err);
	r = program_exec(launch->argv, envp, &err);
	launch_fail(channel, r, &err);
}
