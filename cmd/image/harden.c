// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd/image/harden.h"

#include "core/base/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/landlock.h>
#include <sched.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

/* xz and zstd take at most 128 MiB for their window; the rest is small. */
#define MEMORY_MAX ((rlim_t)1 << 30)
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

static int drop_capabilities(struct err *err)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2], now[2];
	uint64_t keep = 0;

	for (size_t i = 0; i < ARRAY_SIZE(kept); i++)
		keep |= (uint64_t)1 << kept[i];
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

static int restrict_files(const struct paths *paths, int directory, struct err *err)
{
	CLEANUP_FD int ruleset = -1, root = -1, run = -1;
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	struct landlock_ruleset_attr attr = {.handled_access_fs = all_access(abi)};

	if (abi < LANDLOCK_ABI_MIN)
		return 0;
	root = open(paths->root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	run = open(paths->run, O_PATH | O_DIRECTORY | O_CLOEXEC);
	ruleset = (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr), 0);
	if (ruleset < 0 || root < 0 ||
	    allow(ruleset, root, attr.handled_access_fs & ~LANDLOCK_ACCESS_FS_EXECUTE) < 0 ||
	    (run >= 0 && allow(ruleset, run, ACCESS_READ) < 0) ||
	    (directory >= 0 && allow(ruleset, directory, ACCESS_READ) < 0) ||
	    syscall(SYS_landlock_restrict_self, ruleset, 0) < 0)
		return err_sys(err, errno, "restrict access to files with Landlock");
	return 0;
}

int harden(const struct paths *paths, int directory, struct err *err)
{
	int r;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return err_sys(err, errno, "give up gaining privileges");
	/* EPERM without CAP_SYS_ADMIN, EINVAL without CONFIG_NET_NS, ENOSPC beyond
	 * max_net_namespaces */
	if (unshare(CLONE_NEWNET) < 0 && errno != EPERM && errno != EINVAL && errno != ENOSPC)
		return err_sys(err, errno, "leave the network");
	r = set_limits(err);
	if (r == 0)
		r = restrict_files(paths, directory, err);
	return r < 0 ? r : drop_capabilities(err);
}
