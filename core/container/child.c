// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/container/child.h"

#include "core/base/cleanup.h"
#include "core/base/clock.h"
#include "core/base/err.h"
#include "core/base/fd.h"
#include "core/container/cgroupns.h"
#include "core/container/channel.h"
#include "core/container/devices.h"
#include "core/container/idmap.h"
#include "core/container/inroot.h"
#include "core/container/kernfs.h"
#include "core/container/launch.h"
#include "core/container/masks.h"
#include "core/container/mountfd.h"
#include "core/container/mounts.h"
#include "core/container/program.h"
#include "core/container/rootfs.h"
#include "core/container/spec.h"
#include "core/container/sys.h"
#include "core/container/sysctl.h"
#include "core/container/terminal.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/*
 * The order is what makes it safe.  Cgroups first, so that every page and
 * process counts.  The sources of mounts while the host's root is still there
 * and propagates; then the cut.  The root file system and what belongs into it
 * while nothing of the image runs: only containers that share a volume can
 * interfere, and all paths are resolved inside.  Masks after the user's
 * mounts, for these may uncover what they hide.  The step into the root, and
 * only then who we are is given up (launch.h).
 */

uint64_t child_namespaces(const struct container_spec *spec)
{
	uint64_t all = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWUTS | CLONE_NEWIPC;

	if (spec->pid_container)
		all &= ~(uint64_t)CLONE_NEWPID;
	return all & ~(uint64_t)spec->host_namespaces;
}

static int enter_cgroups_and_net(const struct container_spec *spec, struct err *err)
{
	CLEANUP_FD int netns = -1;
	char score[16];
	int r;

	r = cgroupns_enter(spec, err);
	if (r == 0 && !(spec->host_namespaces & CLONE_NEWCGROUP))
		r = cgroupns_unshare(err);
	if (r < 0)
		return r;
	/* Less than we have ourselves needs CAP_SYS_RESOURCE; without it we go on. */
	snprintf(score, sizeof(score), "%d", spec->oom_score_adj);
	fd_write_control(AT_FDCWD, "/proc/self/oom_score_adj", score, NULL);
	if (!spec->netns)
		return 0;
	netns = open(spec->netns, O_RDONLY | O_CLOEXEC);
	if (netns < 0 || setns(netns, CLONE_NEWNET) < 0)
		return err_sys(err, errno, "enter the network namespace '%s'", spec->netns);
	return 0;
}

static int set_names(const struct container_spec *spec, struct err *err)
{
	if (spec->host_namespaces & CLONE_NEWUTS)
		return 0;
	if (spec->hostname && sethostname(spec->hostname, strlen(spec->hostname)) < 0)
		return err_sys(err, errno, "set the host name '%s'", spec->hostname);
	if (spec->domainname && setdomainname(spec->domainname, strlen(spec->domainname)) < 0)
		return err_sys(err, errno, "set the domain name '%s'", spec->domainname);
	return 0;
}

/*
 * Where it cannot be made, entering it says why.  In a container with ids of
 * its own nothing but what we have just made belongs to the host's root.
 */
static void make_cwd(int root, const struct container_spec *spec)
{
	CLEANUP_FD int fd = spec->cwd ? inroot_make_dir(root, spec->cwd, NULL) : -1;
	uid_t owner = idmap_host_id(spec, 0);
	struct stat st;

	if (fd >= 0 && fstat(fd, &st) == 0 && st.st_uid == 0 && owner != 0)
		(void)!fchownat(fd, "", owner, owner, AT_EMPTY_PATH);
}

static int open_stdio(const struct child *child, const struct kernfs *kernfs, int stdio[3],
		      struct err *err)
{
	CLEANUP_FD int master = -1, null = -1;
	int r;

	if (child->spec->tty) {
		r = terminal_open(kernfs->pts, &master, &stdio[0], err);
		if (r == 0)
			r = terminal_bind_console(kernfs->dev, stdio[0], err);
		stdio[1] = stdio[2] = stdio[0];
		return r < 0 ? r : channel_send_terminal(child->channel, master, err);
	}
	null = devices_open_null(kernfs->dev, err);
	if (null < 0)
		return null;
	for (int i = 0; i < 3; i++) {
		char path[32];

		stdio[i] = child->stdio[i];
		if (stdio[i] >= 0)
			continue;
		snprintf(path, sizeof(path), "/proc/self/fd/%d", null);
		stdio[i] = open(path, O_RDWR | O_CLOEXEC);
		if (stdio[i] < 0)
			return err_sys(err, errno, "open the container's /dev/null");
	}
	return 0;
}

static int make_root_read_only(int root, struct err *err)
{
	struct mount_attr attr = {.attr_set = MOUNT_ATTR_RDONLY};

	if (sys_mount_setattr(root, 0, &attr) < 0)
		return err_sys(err, errno, "make the root file system read-only");
	return 0;
}

/* Everything that is mounted; RET_ROOT is not entered yet. */
static int build_root(const struct container_spec *spec, int userns, const int *sources,
		      int *ret_root, struct kernfs *ret_kernfs, struct err *err)
{
	int root, r;

	if (mount("", "/", NULL, MS_SLAVE | MS_REC, NULL) < 0)
		return err_sys(err, errno, "stop mounts from reaching the host");
	root = rootfs_mount(spec, userns, err);
	if (root < 0)
		return root;
	*ret_root = root;
	r = kernfs_mount(root, spec, ret_kernfs, err);
	if (r == 0)
		r = mounts_attach(root, spec, userns, sources, err);
	if (r < 0)
		return r;
	make_cwd(root, spec);
	/* Before the masks: one of them makes /proc/sys read-only. */
	r = sysctl_write_all(ret_kernfs->proc, spec, err);
	if (r < 0)
		return r;
	return spec->privileged ? 0 : masks_apply(root, ret_kernfs->dev, err);
}

static int set_up(const struct child *child, int stdio[3], struct err *err)
{
	CLEANUP(kernfs_release) struct kernfs kernfs = KERNFS_INIT;
	const struct container_spec *spec = child->spec;
	CLEANUP_FD int root = -1;
	int *sources = NULL, r;

	r = enter_cgroups_and_net(spec, err);
	if (r == 0)
		r = mounts_open_sources(spec, &sources, err);
	if (r == 0)
		r = build_root(spec, child->userns, sources, &root, &kernfs, err);
	mounts_close_sources(sources, spec->n_mounts);
	if (r == 0)
		r = open_stdio(child, &kernfs, stdio, err);
	if (r == 0)
		r = set_names(spec, err);
	if (r == 0 && spec->read_only)
		r = make_root_read_only(root, err);
	return r < 0 ? r : rootfs_enter(root, err);
}

void child_run(const struct child *child)
{
	const struct container_spec *spec = child->spec;
	struct launch steps = {
		.spec = spec,
		.argv = spec->argv,
		.envp = spec->envp,
		.cwd = spec->cwd,
		.user = spec->user,
		.groups = spec->groups,
		.capabilities = spec->capabilities,
		.stdio = {-1, -1, -1},
		.give_stdio = true,
		.tty = spec->tty,
		.init = spec->init && !spec->keep,
		.keep = spec->keep,
		.title = child->title,
		.title_len = child->title_len,
		.channel = child->channel,
		.userns = child->userns,
	};
	struct err err = ERR_INIT;

	launch_prepare();
	if (set_up(child, steps.stdio, &err) < 0)
		launch_fail(child->channel, PROGRAM_OURS_FAILED, &err);
	steps.set_up_ns = clock_ns();
	launch(&steps);
}
