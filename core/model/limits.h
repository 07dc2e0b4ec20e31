// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CORE_MODEL_LIMITS_H
#define STACK_CORE_MODEL_LIMITS_H

#include <stddef.h>
#include <stdint.h>

/*
 * Limits: how much of the host's resources a service may use
 */

/* blkio_config.device_*: how much of a block device */
struct io_limit {
	const char *path; /* on the host */
	int64_t rate;	  /* bytes or operations a second */
};

struct io_limits {
	const struct io_limit *items;
	size_t n;
};

struct blkio {
	int64_t weight; /* 10 … 1000; 0: not said */
	struct io_limits read_bps, write_bps, read_iops, write_iops;
};

/* mem_limit, cpus, … and deploy.resources.limits, whichever the file has */
struct limits {
	int64_t memory;		    /* bytes; 0: none */
	int64_t memory_swap;	    /* memswap_limit, bytes; -1: unlimited; 0: not said */
	int64_t memory_reservation; /* bytes; 0: none */
	int64_t cpu_millis;	    /* thousandths of one CPU; 0: none */
	int64_t cpu_shares;	    /* 2 … 262144, docker's scale; 0: not said (1024) */
	int64_t pids;		    /* -1: unlimited; 0: not said */
	const char *cpuset;	    /* "0-1"; NULL: all */
	struct blkio blkio;
};

#endif
