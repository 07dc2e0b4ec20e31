// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CORE_CONTAINER_CGROUP_IO_H
#define STACK_CORE_CONTAINER_CGROUP_IO_H

#include "core/container/cgroup.h"

/*
 * Disk I/O of a cgroup: rates by block device, and a weight
 *
 * v2: io.max, io.bfq.weight or io.weight; v1: blkio.throttle.*_device,
 * blkio.bfq.weight or blkio.weight.  Documentation/admin-guide/cgroup-v2.rst
 * ("IO"), cgroup-v1/blkio-controller.rst.
 */
enum cgroup_io_limit { IO_READ_BYTES, IO_WRITE_BYTES, IO_READ_COUNT, IO_WRITE_COUNT, IO_N_LIMITS };

struct cgroup_io_device {
	unsigned int major_number, minor_number; /* of a whole disk */
	uint64_t limits[IO_N_LIMITS];		 /* a second; 0: none */
};

struct cgroup_io {
	int64_t weight; /* 10 … 1000, as docker has it; 0: not said */
	const struct cgroup_io_device *devices;
	size_t n;
};

/*
 * Bring the cgroup PATH to IO; devices that have limits and are not in it lose
 * them.  RET_WEIGHT_LOST: a weight is said, and this kernel has none.
 *
 * -ENOTSUP or the like: limits are said, and there is no controller.
 * -ENODEV, -EINVAL: a device the kernel does not limit, such as a partition.
 */
int cgroup_io_apply(const struct cgroup_host *host, const char *path, const struct cgroup_io *io,
		    bool *ret_weight_lost, struct err *err);

#endif
