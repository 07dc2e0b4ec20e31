// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CORE_SUPERVISE_SECCOMP_H
#define STACK_CORE_SUPERVISE_SECCOMP_H

#include <stddef.h>
#include <stdint.h>

struct err;
struct sock_filter;

/*
 * Seccomp: which system calls a container may make
 *
 * The default profile permits what docker's does (github.com/moby/profiles):
 * everything an ordinary program needs, and with a capability the calls that
 * are of use with it.  The rest fails with EPERM, and with ENOSYS what is newer
 * than this profile and clone3() without CAP_SYS_ADMIN, so that libraries fall
 * back to older calls.
 *
 * On x86_64, i386 programs have the same profile and x32 calls do not exist; a
 * call by an architecture that is not in the profile kills the process.  Known
 * hole, the same as docker's: i386 socketcall() passes the address family in
 * memory, where a filter cannot look, so AF_ALG and AF_VSOCK are not denied to
 * 32-bit programs.
 *
 * The result is a classic BPF program that the shim loads with one seccomp(2);
 * the supervisor builds it once per set of capabilities.
 */

/*
 * The default profile for a container with CAPABILITIES (caps.h).  RET_FILTER
 * is an array of RET_N instructions, malloc'ed and the caller's.
 *
 * -EOPNOTSUPP: this machine's architecture is not in the profile.
 */
int seccomp_default(uint64_t capabilities, struct sock_filter **ret_filter, size_t *ret_n,
		    struct err *err);

#endif
