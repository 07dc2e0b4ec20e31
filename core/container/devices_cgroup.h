// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CORE_CONTAINER_DEVICES_CGROUP_H
#define STACK_CORE_CONTAINER_DEVICES_CGROUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cgroup_host;
struct err;

/*
 * Device filter: which device nodes the processes of a cgroup may open or make
 *
 * Everything is denied but a list.  The default list is docker's: make any
 * node; read and write null, zero, full, random, urandom, tty, console, ptmx,
 * /dev/pts/N and net/tun.  A filter is compiled once and applied to any number
 * of cgroups: as a BPF program (BPF_PROG_TYPE_CGROUP_DEVICE) where there is a
 * v2 tree, else through devices.allow of v1.
 *
 * bpf(2); Documentation/admin-guide/cgroup-v1/devices.rst.
 */

/* Bits of device_rule.access, those of BPF_DEVCG_ACC_*. */
#define DEVICE_MKNOD 1u
#define DEVICE_READ  2u
#define DEVICE_WRITE 4u

#define DEVICE_ANY (-1)

struct device_rule {
	char type;	      /* 'c' or 'b' */
	int64_t major_number; /* or DEVICE_ANY */
	int64_t minor_number; /* or DEVICE_ANY */
	unsigned int access;
};

/*
 * The rule TEXT: "c 10:229 rwm", with b, or a for both kinds ('a' is in
 * RET_RULE->type then, and stands for two rules), '*' for any number, and some
 * of r, w and m.  -EINVAL: it is none.
 */
int device_rule_parse(const char *text, struct device_rule *ret_rule);

struct device_filter {
	struct device_rule *rules;
	size_t n_rules;
	bool all;
	int program; /* fd of the BPF program; -1: not loaded */
};

#define DEVICE_FILTER_INIT                                                                         \
	{                                                                                          \
		.program = -1                                                                      \
	}

/*
 * A filter of the default list and N rules EXTRA; ALL (for privileged
 * containers) allows everything.  -EINVAL: a rule is malformed.
 */
int device_filter_init(struct device_filter *ret_filter, const struct device_rule *extra, size_t n,
		       bool all, struct err *err);
void device_filter_release(struct device_filter *filter);

/*
 * Put FILTER in force for the existing cgroup PATH (as in cgroup.h), in place
 * of an earlier one and without a moment in which neither holds (v1 alone:
 * with one).  Loads the program the first time.
 *
 * -EOPNOTSUPP: neither BPF nor the v1 controller is to be had.
 */
int device_filter_apply(struct device_filter *filter, const struct cgroup_host *host,
			const char *path, struct err *err);

#endif
