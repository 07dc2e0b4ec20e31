// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CORE_SUPERVISE_SECCOMP_PROFILE_H
#define STACK_CORE_SUPERVISE_SECCOMP_PROFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;
struct sock_filter;

/*
 * Seccomp profile: what a filter is made from
 *
 * A list of rules, like docker's JSON files have.  Of the rules that name a
 * system call and whose capability the container has, the first one whose
 * argument tests all hold decides; when there is none, the profile's default
 * does.
 */
enum seccomp_test {
	SECCOMP_ALWAYS,
	SECCOMP_EQUAL,
	SECCOMP_NOT_EQUAL,
	SECCOMP_LESS,
	SECCOMP_LESS_EQUAL,
	SECCOMP_GREATER,
	SECCOMP_GREATER_EQUAL,
	SECCOMP_MASKED_EQUAL, /* argument & mask == value */
};

/*
 * Arguments are compared without sign.  Where the kernel uses an int, a test of
 * all 64 bits can be got round by setting the upper ones: `half` looks at the
 * low 32 bits only, as is always done for 32-bit architectures.
 */
struct seccomp_arg {
	enum seccomp_test test;
	unsigned int index; /* 0 … 5 */
	bool half;
	uint64_t value, mask;
};

#define SECCOMP_ARGS_MAX 6

struct seccomp_rule {
	const char *names; /* separated by single spaces; unknown ones do not matter */
	uint64_t needs;	   /* counts with any of these capabilities; 0: always */
	uint32_t action;   /* SECCOMP_RET_… */
	struct seccomp_arg args[SECCOMP_ARGS_MAX]; /* until the first SECCOMP_ALWAYS */
};

struct seccomp_profile {
	const struct seccomp_rule *rules;
	size_t n_rules;
	uint32_t otherwise; /* SECCOMP_RET_… of every other call that is known */
	bool native_only;   /* processes of other architectures are killed */
};

extern const struct seccomp_profile seccomp_default_profile;

/*
 * The last number this file knows.  Where the profile's default is an errno,
 * what is newer fails with ENOSYS, as on an older kernel.
 */
#define SECCOMP_NEWEST 469 /* file_setattr, Linux 6.17 */

/* The number of NAME on ARCH (SCMP_ARCH_*); negative when there is none. */
int seccomp_number(const char *name, uint32_t arch);

/* PROFILE as a program, see seccomp_default(). */
int seccomp_compile(const struct seccomp_profile *profile, uint64_t capabilities,
		    struct sock_filter **ret_filter, size_t *ret_n, struct err *err);

#endif
