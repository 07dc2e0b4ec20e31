// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CORE_SUPERVISE_SECCOMP_PROFILE_H
#define STACK_CORE_SUPERVISE_SECCOMP_PROFILE_H

#include <stddef.h>
#include <stdint.h>

struct err;
struct sock_filter;

/*
 * Seccomp profile: what a filter is made from
 *
 * A list of rules, like docker's JSON files have.  Of the rules that name a
 * system call and whose capability the container has, the first one whose
 * argument test holds decides; when there is none, the profile's default does.
 */
enum seccomp_test {
	SECCOMP_ALWAYS,
	SECCOMP_EQUAL,
	SECCOMP_LESS,
	SECCOMP_GREATER,
	SECCOMP_NO_BITS, /* argument & value == 0 */
};

/*
 * Only the low 32 bits of an argument are looked at, without sign: those are
 * what the kernel uses of an int, and a test of all 64 could be got round by
 * setting the others.
 */
struct seccomp_arg {
	enum seccomp_test test;
	unsigned int index; /* 0 … 5 */
	uint32_t value;
};

struct seccomp_rule {
	const char *names; /* separated by single spaces; unknown ones do not matter */
	uint64_t needs;	   /* counts with any of these capabilities; 0: always */
	int fails_with;	   /* errno; 0: the call is permitted */
	struct seccomp_arg arg;
};

struct seccomp_profile {
	const struct seccomp_rule *rules;
	size_t n_rules;
	int fails_with; /* errno of every other call that is known */
};

extern const struct seccomp_profile seccomp_default_profile;

/* The last number this file knows; what is newer fails with ENOSYS, as on an older kernel. */
#define SECCOMP_NEWEST 469 /* file_setattr, Linux 6.17 */

/* The number of NAME on ARCH (SCMP_ARCH_*); negative when there is none. */
int seccomp_number(const char *name, uint32_t arch);

/* PROFILE as a program, see seccomp_default(). */
int seccomp_compile(const struct seccomp_profile *profile, uint64_t capabilities,
		    struct sock_filter **ret_filter, size_t *ret_n, struct err *err);

#endif
