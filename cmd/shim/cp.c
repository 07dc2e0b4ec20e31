// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * cp: one end of a copy, in a container's mount namespace
 *
 * We go in as what we are, a static program, and nothing of the container's is
 * executed, loaded or asked.  Its processes do not see us: we stay in the
 * host's pid namespace.  What a container does not run has its layers and
 * mounts made here once more, by what makes them at its start, in a namespace
 * that is gone with us.
 *
 * `stack export` wants everything of the root file system, and nothing of what
 * is mounted in it: of a running container, a second mount of it alone.
 */
#include "cmd/shim/command.h"
#include "core/base/cleanup.h"
#include "core/base/err.h"
#include "core/container/idmap.h"
#include "core/container/mounts.h"
#include "core/container/program.h"
#include "core/container/rootfs.h"
#include "core/container/state.h"
#include "core/container/sys.h"
#include "core/container/tree.h"

#include <errno.h>
#include <getopt.h>
#include <linux/capability.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#define KEEP(name) (UINT32_C(1) << CAP_##name)

struct cp {
	bool send, archive, follow, everything;
	const char *dir, *path;
	struct loaded_spec loaded;
	int descriptors, root;
};

static int parse(int argc, char **argv, struct cp *ret_cp, struct err *err)
{
	struct cp cp = {.descriptors = -1, .root = -1};
	int option;

	opterr = 0;
	while ((option = getopt(argc, argv, "+aeL")) != -1) {
		if (option == '?')
			return err_set(err, EINVAL, "unknown option of stack-shim cp");
		cp.archive |= option == 'a';
		cp.everything |= option == 'e';
		cp.follow |= option == 'L';
	}
	if (argc - optind != 3 || (strcmp(argv[optind], "send") && strcmp(argv[optind], "receive")))
		return err_set(err, EINVAL,
			       "usage: stack-shim cp [-ae] [-L] send|receive DIR PATH");
	cp.send = !strcmp(argv[optind], "send");
	cp.dir = argv[optind + 1];
	cp.path = argv[optind + 2];
	*ret_cp = cp;
	return 0;
}

static int enter_running(struct cp *cp, int pidfd, struct err *err)
{
	if (setns(pidfd, CLONE_NEWNS) < 0 || sys_pidfd_send_signal(pidfd, 0) < 0)
		return errno == ESRCH ? err_set(err, ESRCH, "the container has ended")
				      : err_sys(err, errno, "enter the container's mounts");
	if (chdir("/") < 0)
		return err_sys(err, errno, "enter the container's root");
	if (!cp->everything)
		return 0;
	cp->root = sys_open_tree(AT_FDCWD, "/", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	return cp->root < 0 ? err_sys(err, errno, "mount the container's root once more") : 0;
}

/* What is on a tmpfs goes when a container ends, so nothing is to be put there. */
static void close_tmpfs(struct container_spec *spec)
{
	for (uint32_t i = 0; i < spec->n_mounts; i++)
		if (spec->mounts[i].type == SPEC_MOUNT_TMPFS)
			spec->mounts[i].flags |= MS_RDONLY;
}

static int mount_stopped(struct container_spec *spec, int userns, struct err *err)
{
	struct mount_attr attr = {.attr_set = MOUNT_ATTR_RDONLY};
	CLEANUP_FD int root = -1;
	int *sources = NULL, r;

	if (unshare(CLONE_NEWNS) < 0)
		return err_sys(err, errno, "make a mount namespace");
	close_tmpfs(spec);
	r = mounts_open_sources(spec, &sources, err);
	if (r == 0 && mount("", "/", NULL, MS_SLAVE | MS_REC, NULL) < 0)
		r = err_sys(err, errno, "stop mounts from reaching the host");
	if (r == 0)
		r = root = rootfs_mount(spec, userns, err);
	if (r >= 0)
		r = mounts_attach(root, spec, userns, sources, err);
	mounts_close_sources(sources, spec->n_mounts);
	if (r == 0 && spec->read_only && sys_mount_setattr(root, 0, &attr) < 0)
		r = err_sys(err, errno, "make the root file system read-only");
	return r < 0 ? r : rootfs_enter(root, err);
}

/*
 * The container's root, and no more of what root of the host may do than files
 * take.  Who reads everything stays the host's root: in the container's user
 * namespace there are files that are nobody's, such as mount points made for it.
 */
static int give_up(const struct cp *cp, int userns, struct err *err)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2] = {{0}};
	bool mapped = cp->loaded.spec.id_count && !cp->everything;
	int r = mapped ? idmap_enter(userns, err) : 0;

	if (r < 0)
		return r;
	if (mapped && (setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0))
		return err_sys(err, errno, "become the container's root");
	data[0].permitted = KEEP(DAC_READ_SEARCH);
	if (!cp->everything)
		data[0].permitted |= KEEP(CHOWN) | KEEP(DAC_OVERRIDE) | KEEP(FOWNER) | KEEP(FSETID);
	data[0].effective = data[0].permitted;
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	if (syscall(SYS_capset, &header, data) < 0)
		return err_sys(err, errno, "give up capabilities");
	return 0;
}

/*
 * Wait for who starts the container, or copies as well: two mounts of one upper layer
 * would not see each other's files.  It may run then; the lock goes when we do.
 */
static int lock_stopped(const struct cp *cp, int dir, int *ret_pidfd, struct err *err)
{
	struct container_state state;
	CLEANUP_FD int shim = -1;
	int r;

	if (flock(dir, LOCK_EX) < 0)
		return err_sys(err, errno, "lock container '%s'", cp->loaded.spec.name);
	r = state_read(dir, &state, err);
	if (r < 0 && r != -ENOENT)
		return r;
	if (r == 0)
		state_open(&state, ret_pidfd, &shim);
	else
		err->code = 0;
	if (*ret_pidfd >= 0 && flock(dir, LOCK_UN) < 0)
		return err_sys(err, errno, "unlock container '%s'", cp->loaded.spec.name);
	return 0;
}

static int enter(struct cp *cp, struct err *err)
{
	CLEANUP_FD int pidfd = -1, dir = -1, userns = -1;
	struct container_spec *spec = &cp->loaded.spec;
	int r = container_open(cp->dir, &cp->loaded, &dir, &pidfd, err);

	if (r == 0 && pidfd < 0)
		r = lock_stopped(cp, dir, &pidfd, err);
	if (r < 0)
		return r;
	if (pidfd >= 0) {
		r = enter_running(cp, pidfd, err);
		return r < 0 ? r : give_up(cp, pidfd, err);
	}
	if (cp->everything)
		spec->n_mounts = 0;
	r = idmap_open(spec, &userns, err);
	if (r == 0)
		r = mount_stopped(spec, userns, err);
	if (r == 0)
		r = give_up(cp, userns, err);
	(void)TAKE_FD(dir);
	return r;
}

static void tell_skipped(void *data, const char *path, const char *what)
{
	char text[5000];

	(void)data;
	snprintf(text, sizeof(text), "'%s' is %s, and left out", path, what);
	say(text);
}

static int transfer(const struct cp *cp, struct err *err)
{
	CLEANUP_FREE struct tree_stream *stream = calloc(1, sizeof(*stream));
	CLEANUP_FREE struct tree_sender *sender = calloc(1, sizeof(*sender));
	CLEANUP_FD int root =
		cp->root >= 0 ? cp->root : open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	const struct tree_target target = {.root = root,
					   .path = cp->path,
					   .descriptors = cp->descriptors,
					   .archive = cp->archive};

	if (!stream || !sender)
		return err_nomem(err);
	if (root < 0)
		return err_sys(err, errno, "open the container's root");
	tree_stream_init(stream, cp->send ? STDOUT_FILENO : STDIN_FILENO, NULL);
	if (!cp->send)
		return tree_receive(&target, stream, err);
	*sender = (struct tree_sender){.out = stream,
				       .descriptors = cp->descriptors,
				       .everything = cp->everything,
				       .skipped = tell_skipped};
	if (cp->everything && cp->loaded.spec.id_count)
		sender->first_id = cp->loaded.spec.id_host;
	return tree_send(sender, root, cp->path, cp->follow, err);
}

/*
 * Who sends may be interrupted.  Then we are cut off, which ends us as well, but
 * not before what is half written is away.
 */
static void ignore_signals(bool send)
{
	static const int signals[] = {SIGPIPE, SIGHUP, SIGINT, SIGQUIT, SIGTERM};
	struct sigaction ignore = {.sa_handler = SIG_IGN};

	for (size_t i = 0; i < (send ? 1 : ARRAY_SIZE(signals)); i++)
		sigaction(signals[i], &ignore, NULL);
}

int command_cp(int argc, char **argv)
{
	struct err err = ERR_INIT;
	struct cp cp;
	int r;

	sys_close_range(3, ~0U, 0);
	umask(S_IWGRP | S_IWOTH);
	r = parse(argc, argv, &cp, &err);
	if (r == 0)
		ignore_signals(cp.send);
	if (r == 0)
		r = cp.descriptors = tree_open_descriptors(&err);
	if (r >= 0)
		r = enter(&cp, &err);
	if (r == 0)
		r = transfer(&cp, &err);
	/* Cut off: the other end says why. */
	if (r < 0 && r != -EPIPE)
		say(err.msg);
	return r < 0 ? 1 : 0;
}
