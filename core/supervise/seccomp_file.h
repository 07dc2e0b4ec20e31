// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CORE_SUPERVISE_SECCOMP_FILE_H
#define STACK_CORE_SUPERVISE_SECCOMP_FILE_H

#include <stddef.h>
#include <stdint.h>

struct err;
struct sock_filter;

/*
 * Seccomp profiles from files: security_opt: [seccomp=FILE.json]
 *
 * The format is docker's (docs.docker.com/engine/security/seccomp): a default
 * action, architectures, and rules of names, an action and argument tests, that
 * count or not by capability, architecture and kernel.  What docker and runc
 * make of it holds here as well: the tests of a rule must all hold, but those
 * of a rule that tests one argument twice are alternatives; rules whose action
 * is the default do not count; names that are no system calls are ignored.
 *
 * The differences: where several rules match, the first decides; x32 calls do
 * not exist whatever the file says; `flags` and the listener of SCMP_ACT_NOTIFY
 * are not there, the latter being an error; numbers are below 2^63.
 */
#define SECCOMP_FILE_MAX ((size_t)1 << 20) /* bytes */

/*
 * The LEN bytes of TEXT as a program for a container with CAPABILITIES, like
 * seccomp_default().
 *
 * -EINVAL: it is no profile; the sentence has line and column, or the number of
 * the rule, from 1.  -E2BIG: it is too long for a program.
 */
int seccomp_file_compile(const char *text, size_t len, uint64_t capabilities,
			 struct sock_filter **ret_filter, size_t *ret_n, struct err *err);

/*
 * The same for the file PATH, which the sentence names.  It must be a regular
 * one.  Blocks: for the disk.
 */
int seccomp_file_read(const char *path, uint64_t capabilities, struct sock_filter **ret_filter,
		      size_t *ret_n, struct err *err);

#endif
