// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CORE_CONTAINER_CAPS_H
#define STACK_CORE_CONTAINER_CAPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;

/*
 * Capabilities: names, and the set a container gets
 *
 * A set is a mask, bit N being capability N of capabilities(7), as in CapBnd
 * of /proc/PID/status.
 */

/*
 * Docker's fourteen: CHOWN DAC_OVERRIDE FSETID FOWNER MKNOD NET_RAW SETGID
 * SETUID SETFCAP SETPCAP NET_BIND_SERVICE SYS_CHROOT KILL AUDIT_WRITE.
 */
#define CAPS_DEFAULT UINT64_C(0xa80425fb)

/* Names without "CAP_", index N being capability N: for text_suggest(). */
extern const char *const caps_names[];
extern const size_t caps_n_names;

/* Every capability the running kernel has, by /proc/sys/kernel/cap_last_cap. */
uint64_t caps_all(void);

/*
 * The mask of NAME: "NET_ADMIN", "CAP_NET_ADMIN" or "ALL" (caps_all()), in
 * upper or lower case.  -EINVAL: no such capability.
 */
int caps_parse(const char *name, uint64_t *ret_mask);

/*
 * The set of a container with cap_add ADD and cap_drop DROP, NULL-terminated
 * or NULL, by docker's rules: with ALL in ADD it is everything but DROP; else
 * with ALL in DROP it is just ADD; else CAPS_DEFAULT without DROP, and ADD.
 * PRIVILEGED: everything.  What this kernel does not have is left out.
 *
 * -EINVAL: an unknown name, which the sentence quotes.
 */
int caps_compute(const char *const *add, const char *const *drop, bool privileged,
		 uint64_t *ret_mask, struct err *err);

/*
 * "CHOWN,KILL" for MASK into OUT, cut off when SIZE is too small ("" for none).
 * 640 bytes hold every set.
 */
void caps_format(uint64_t mask, char *out, size_t size);

#endif
