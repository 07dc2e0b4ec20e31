// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd/image/harden.h"

#include "cmd/image/syscalls.h"
#include "core/base/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/capability.h>
#include <linux/landlock.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* xz and zstd take at most 128 MiB for their window, for each of a few layers (unpacker.h). */
#define MEMORY_MAX ((rlim_t)2 << 30)
/* Removing a tree holds three descriptors per level, of which place.h allows 512. */
#define FILES_MAX 2048

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif

#ifdef SANITIZED
/* The leak checker reads /proc/<pid> at the end, which is more than is left to us by then. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "detect_leaks=0";
}
#endif

static int limit(int resource, rlim_t max, struct err *err)
{
	struct rlimit now;

	if (getrlimit(resource, &now) < 0)
		return err_sys(err, errno, "read a resource limit");
	if (max > now.rlim_max)
		max = now.rlim_max;
	now.rlim_cur = now.rlim_max = max;
	return setrlimit(resource, &now) < 0 ? err_sys(err, errno, "set a resource limit") : 0;
}

static int set_limits(struct err *err)
{
	int r = limit(RLIMIT_CORE, 0, err);

	if (r == 0)
		r = limit(RLIMIT_NOFILE, FILES_MAX, err);
#ifndef SANITIZED /* whose shadow memory is terabytes of address space */
	if (r == 0)
		r = limit(RLIMIT_AS, MEMORY_MAX, err);
#endif
	return r;
}

/* capabilities(7): owners, modes, set-ID bits, devices, file capabilities, trusted.* attributes */
static const unsigned kept[] = {CAP_CHOWN,  CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH, CAP_FOWNER,
				CAP_FSETID, CAP_MKNOD,	      CAP_SETFCAP,	   CAP_SYS_ADMIN};

static int drop_capabilities(uint64_t keep, struct err *err)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2], now[2];

	/* The bounding set needs CAP_SETPCAP and matters for execve(2), which we never do. */
	for (unsigned cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++)
		if (!(keep >> cap & 1))
			prctl(PR_CAPBSET_DROP, cap, 0, 0, 0);
	if (syscall(SYS_capget, &header, now) < 0)
		return err_sys(err, errno, "read the capabilities");
	for (unsigned i = 0; i < 2; i++) {
		data[i].permitted = now[i].permitted & (uint32_t)(keep >> (32 * i));
		data[i].effective = data[i].permitted;
		data[i].inheritable = 0;
	}
	if (syscall(SYS_capset, &header, data) < 0)
		return err_sys(err, errno, "give up capabilities");
	return 0;
}

#define LANDLOCK_ABI_MIN 2 /* before, no file could be renamed to another directory */
#define ACCESS_READ	 (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)

/* All rights of ABI 2 are the bits up to REFER; ABI 3 added the next one, for truncating. */
static uint64_t all_access(long abi)
{
	uint64_t access = (LANDLOCK_ACCESS_FS_REFER << 1) - 1;

	return abi >= 3 ? access | LANDLOCK_ACCESS_FS_REFER << 1 : access;
}

static int allow(int ruleset, int fd, uint64_t access)
{
	struct landlock_path_beneath_attr rule = {.allowed_access = access, .parent_fd = fd};

	return (int)syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
}

/* What is not there on this machine, or closed to who we are, needs no permission. */
static int allow_path(int ruleset, const char *path, uint64_t access)
{
	CLEANUP_FD int fd = open(path, O_PATH | O_CLOEXEC);
	struct stat st;

	if (fd < 0)
		return errno == ENOENT || errno == ENOTDIR || errno == EACCES ? 0 : -1;
	if (fstat(fd, &st) == 0 && !S_ISDIR(st.st_mode))
		access &= LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE;
	return allow(ruleset, fd, access);
}

/* -ENOTSUP: no Landlock, or too little of it. */
static int ruleset_new(uint64_t *ret_access, int *ret_ruleset)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	struct landlock_ruleset_attr attr = {.handled_access_fs = all_access(abi)};

	if (abi < LANDLOCK_ABI_MIN)
		return -ENOTSUP;
	*ret_access = attr.handled_access_fs & ~LANDLOCK_ACCESS_FS_EXECUTE;
	*ret_ruleset = (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr), 0);
	return 0;
}

static int no_restriction(struct err *err)
{
	return err_sys(err, errno, "restrict access to files with Landlock");
}

static int restrict_files(const struct paths *paths, int directory, struct err *err)
{
	CLEANUP_FD int ruleset = -1;
	uint64_t access;

	if (ruleset_new(&access, &ruleset) < 0)
		return 0;
	if (ruleset < 0 || allow_path(ruleset, paths->root, access) < 0 ||
	    allow_path(ruleset, paths->run, ACCESS_READ) < 0 ||
	    (directory >= 0 && allow(ruleset, directory, ACCESS_READ) < 0) ||
	    syscall(SYS_landlock_restrict_self, ruleset, 0) < 0)
		return no_restriction(err);
	return 0;
}

/* nss(5) loads libraries and reads configuration, and so does TLS. */
static const char *const network_files[] = {
	"/usr",
	"/lib",
	"/lib64",
	"/etc/ld.so.cache",
	"/etc/resolv.conf", /* a symlink's target is what is allowed */
	"/etc/hosts",
	"/etc/host.conf",
	"/etc/nsswitch.conf",
	"/etc/gai.conf",
	"/etc/services",
	"/etc/ssl",
	"/etc/pki",
	"/etc/ca-certificates",
	"/etc/crypto-policies",
	"/etc/gnutls",
	"/etc/localtime",
	"/proc/sys/crypto",
	"/dev/urandom",
	"/dev/null",
};

static int restrict_network_files(const struct paths *paths, struct err *err)
{
	CLEANUP_FD int ruleset = -1;
	char pull[PATH_MAX], blobs[PATH_MAX];
	uint64_t access;
	int r;

	r = paths_join(pull, sizeof(pull), err, "%s/images/pull", paths->root);
	if (r == 0)
		r = paths_join(blobs, sizeof(blobs), err, "%s/images/blobs", paths->root);
	if (r < 0)
		return r;
	if (ruleset_new(&access, &ruleset) < 0)
		return 0;
	if (ruleset < 0 || allow_path(ruleset, pull, access) < 0 ||
	    allow_path(ruleset, blobs, ACCESS_READ) < 0)
		return no_restriction(err);
	for (size_t i = 0; i < ARRAY_SIZE(network_files); i++)
		if (allow_path(ruleset, network_files[i], ACCESS_READ) < 0)
			return no_restriction(err);
	return syscall(SYS_landlock_restrict_self, ruleset, 0) < 0 ? no_restriction(err) : 0;
}

static int no_new_privileges(struct err *err)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return err_sys(err, errno, "give up gaining privileges");
	return 0;
}

int harden_network(const struct paths *paths, struct err *err)
{
	int r = no_new_privileges(err);

	if (r == 0)
		r = set_limits(err);
	if (r == 0)
		r = restrict_network_files(paths, err);
	if (r == 0)
		r = drop_capabilities(0, err);
	return r < 0 ? r : syscalls_restrict(SYSCALLS_DOWNLOAD, err);
}

/*
 * EPERM: without CAP_SYS_ADMIN.  EINVAL: the kernel has no such namespaces.  ENOSPC: there are too
 * many of them.  ENOSYS: the call is newer than the kernel.
 */
static bool is_left_out(int code)
{
	return code == EPERM || code == EINVAL || code == ENOSPC || code == ENOSYS;
}

int harden_mounts(struct err *err)
{
	struct mount_attr attributes = {
		.attr_set = MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC | MOUNT_ATTR_NOSUID,
		.propagation = MS_PRIVATE,
	};

	if (unshare(CLONE_NEWNS) == 0 &&
	    mount_setattr(AT_FDCWD, "/", AT_RECURSIVE, &attributes, sizeof(attributes)) == 0)
		return 0;
	return is_left_out(errno) ? 0 : err_sys(err, errno, "leave the devices");
}

int harden(const struct paths *paths, int directory, struct err *err)
{
	uint64_t keep = 0;
	int r = no_new_privileges(err);

	if (r < 0)
		return r;
	for (size_t i = 0; i < ARRAY_SIZE(kept); i++)
		keep |= (uint64_t)1 << kept[i];
	if (unshare(CLONE_NEWNET) < 0 && !is_left_out(errno))
		return err_sys(err, errno, "leave the network");
	r = set_limits(err);
	if (r == 0)
		r = restrict_files(paths, directory, err);
	if (r == 0)
		r = drop_capabilities(keep, err);
	return r < 0 ? r : syscalls_restrict(SYSCALLS_UNPACK, err);
}
