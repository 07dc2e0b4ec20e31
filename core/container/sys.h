// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CORE_CONTAINER_SYS_H
#define STACK_CORE_CONTAINER_SYS_H

/*
 * System calls that musl, or a glibc of 2022, has no function for
 *
 * Each is the call of its manual page, with the structs unpacked: -1 and errno
 * when it fails.  Everything here is in Linux 5.15, the oldest we support,
 * except where it says otherwise.
 */
#include <fcntl.h>
#include <linux/mount.h>
#include <linux/openat2.h>
#include <linux/sched.h>
#include <linux/stat.h>
#include <signal.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

/* The words of 6.13's <linux/pidfd.h>, which build hosts do not have yet. */
struct sys_pidfd_info {
	uint64_t mask;
	uint64_t cgroupid;
	uint32_t pid, tgid, ppid;
	uint32_t ruid, rgid, euid, egid, suid, sgid, fsuid, fsgid;
	int32_t exit_code;
};

#define SYS_PIDFD_GET_INFO  _IOWR(0xFF, 11, struct sys_pidfd_info)
#define SYS_PIDFD_INFO_EXIT (UINT64_C(1) << 3)

#ifndef AT_EMPTY_PATH
#define AT_EMPTY_PATH 0x1000
#endif
#ifndef AT_RECURSIVE
#define AT_RECURSIVE 0x8000
#endif

/* P_PIDFD of waitid(2): a constant of an enum in one libc, missing in the other. */
#define SYS_P_PIDFD ((idtype_t)3)

static inline int sys_openat2(int dirfd, const char *path, int flags, uint64_t resolve)
{
	struct open_how how = {.flags = (uint64_t)(flags | O_CLOEXEC), .resolve = resolve};

	return (int)syscall(SYS_openat2, dirfd, path, &how, sizeof(how));
}

static inline int sys_open_tree(int dirfd, const char *path, unsigned int flags)
{
	return (int)syscall(SYS_open_tree, dirfd, path, flags);
}

static inline int sys_move_mount(int from, int to)
{
	return (int)syscall(SYS_move_mount, from, "", to, "",
			    MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
}

static inline int sys_mount_setattr(int fd, unsigned int flags, const struct mount_attr *attr)
{
	return (int)syscall(SYS_mount_setattr, fd, "", flags | AT_EMPTY_PATH, attr, sizeof(*attr));
}

static inline int sys_fsopen(const char *type)
{
	return (int)syscall(SYS_fsopen, type, FSOPEN_CLOEXEC);
}

static inline int sys_fsconfig(int fd, unsigned int cmd, const char *key, const char *value)
{
	return (int)syscall(SYS_fsconfig, fd, cmd, key, value, 0);
}

static inline int sys_fsmount(int fd, unsigned int attrs)
{
	return (int)syscall(SYS_fsmount, fd, FSMOUNT_CLOEXEC, attrs);
}

static inline int sys_pivot_root(const char *new_root, const char *put_old)
{
	return (int)syscall(SYS_pivot_root, new_root, put_old);
}

static inline int sys_close_range(unsigned int first, unsigned int last, unsigned int flags)
{
	return (int)syscall(SYS_close_range, first, last, flags);
}

static inline int sys_pidfd_open(pid_t pid)
{
	return (int)syscall(SYS_pidfd_open, pid, 0);
}

static inline int sys_pidfd_send_signal(int pidfd, int signal)
{
	return (int)syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0);
}

/* Linux 6.13, SYS_PIDFD_INFO_EXIT 6.15.  The request does not fit musl's ioctl(). */
static inline int sys_pidfd_get_info(int pidfd, struct sys_pidfd_info *info)
{
	return (int)syscall(SYS_ioctl, pidfd, SYS_PIDFD_GET_INFO, info);
}

static inline int sys_execveat(int dirfd, const char *path, char *const argv[], char *const envp[],
			       int flags)
{
	return (int)syscall(SYS_execveat, dirfd, path, argv, envp, flags);
}

/* The id of the mount FD is open on, as in /proc/self/mountinfo; 0 on failure. */
static inline uint64_t sys_mount_id(int fd)
{
	struct statx stx;

	if (syscall(SYS_statx, fd, "", AT_EMPTY_PATH, STATX_MNT_ID, &stx) < 0)
		return 0;
	return stx.stx_mask & STATX_MNT_ID ? stx.stx_mnt_id : 0;
}

/*
 * fork() with the flags of clone3(2): the pidfd of the child comes back in
 * RET_PIDFD; the child starts in the cgroup v2 directory CGROUP_FD unless that
 * is -1.  Only for single-threaded programs: no atfork handler runs.
 */
static inline pid_t sys_clone3(uint64_t flags, int cgroup_fd, int *ret_pidfd)
{
	struct clone_args args = {
		.flags = flags | CLONE_PIDFD | (cgroup_fd >= 0 ? CLONE_INTO_CGROUP : 0),
		.pidfd = (uint64_t)(uintptr_t)ret_pidfd,
		.exit_signal = SIGCHLD,
		.cgroup = cgroup_fd >= 0 ? (uint64_t)cgroup_fd : 0,
	};

	return (pid_t)syscall(SYS_clone3, &args, sizeof(args));
}

#endif
