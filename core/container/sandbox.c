// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/container/sandbox.h"

#include "core/base/err.h"
#include "core/container/spec.h"
#include "core/container/sys.h"
#include "core/container/user.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/keyctl.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>

int sandbox_limit(const struct container_spec *spec, struct err *err)
{
	char name[128];

	for (uint32_t i = 0; i < spec->n_rlimits; i++) {
		const struct spec_rlimit *limit = &spec->rlimits[i];
		struct rlimit value = {limit->soft, limit->hard};

		if (prlimit(0, limit->resource, &value, NULL) == 0)
			continue;
		if (errno == EPERM)
			return err_set(
				err, EPERM,
				"ulimits: the host's hard limit of resource %u is lower, and "
				"only CAP_SYS_RESOURCE may raise it",
				limit->resource);
		return err_sys(err, errno, "ulimits: set resource %u", limit->resource);
	}
	/* Keys of whoever started us stay with him.  Without key support there are none. */
	snprintf(name, sizeof(name), "_ses.%s", spec->name);
	syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, name);
	return 0;
}

static int load_seccomp(const struct container_spec *spec, struct err *err)
{
	struct sock_fprog program = {
		.len = (unsigned short)(spec->seccomp_len / sizeof(struct sock_filter)),
		/* The kernel copies it; it does not mind alignment. */
		.filter = (struct sock_filter *)(uintptr_t)spec->seccomp,
	};

	if (!spec->seccomp_len)
		return 0;
	if (spec->seccomp_len % sizeof(struct sock_filter) ||
	    spec->seccomp_len / sizeof(struct sock_filter) > BPF_MAXINSNS)
		return err_set(err, EINVAL, "the seccomp filter has no valid length");
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) < 0)
		return err_sys(err, errno, "load the seccomp filter");
	return 0;
}

static int limit_bounding_set(uint64_t capabilities, struct err *err)
{
	for (unsigned long cap = 0; cap < 64; cap++) {
		if (capabilities & (UINT64_C(1) << cap))
			continue;
		if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) == 0)
			continue;
		if (errno == EINVAL)
			break; /* past the last one this kernel has */
		return err_sys(err, errno, "drop capability %lu", cap);
	}
	return 0;
}

/* What we do not have ourselves cannot be given; a host may itself be confined. */
static int set_capabilities(uint64_t capabilities, struct err *err)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2] = {{0}};

	if (syscall(SYS_capget, &header, data) < 0)
		return err_sys(err, errno, "read the capabilities");
	for (int i = 0; i < 2; i++) {
		data[i].permitted &= (uint32_t)(capabilities >> (32 * i));
		data[i].effective = data[i].permitted;
		data[i].inheritable = 0;
	}
	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	if (syscall(SYS_capset, &header, data) < 0)
		return err_sys(err, errno, "set the capabilities");
	return 0;
}

int sandbox_enter(const struct container_spec *spec, const struct user *user, uint64_t capabilities,
		  struct err *err)
{
	int r = limit_bounding_set(capabilities, err);

	/*
	 * A filter is loaded with CAP_SYS_ADMIN or by who can gain no privileges.
	 * In the second case it comes last and need not allow what follows here.
	 */
	if (r == 0 && !spec->no_new_privs)
		r = load_seccomp(spec, err);
	if (r < 0)
		return r;
	if (setgroups(user->n_groups, user->groups) < 0 ||
	    setresgid(user->gid, user->gid, user->gid) < 0 ||
	    setresuid(user->uid, user->uid, user->uid) < 0)
		return err_sys(err, errno, "become user %u, group %u", user->uid, user->gid);
	r = set_capabilities(user->uid ? 0 : capabilities, err);
	if (r < 0 || !spec->no_new_privs)
		return r;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return err_sys(err, errno, "set no_new_privs");
	return load_seccomp(spec, err);
}
