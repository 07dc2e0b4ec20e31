// SPDX-License-Identifier: GPL-2.0-or-later
/* blkio_config: which devices of this host are meant, and what the kernel is told. */
#include "cmd/supervisor/host.h"

#include "core/base/cleanup.h"
#include "core/base/log.h"
#include "core/container/cgroup_io.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

static int find_device(const char *path, struct cgroup_io *io, struct cgroup_io_device *devices,
		       struct cgroup_io_device **ret, struct err *err)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return err_sys(err, errno, "blkio_config: '%s'", path);
	if (!S_ISBLK(st.st_mode))
		return err_set(err, ENOTBLK, "blkio_config: '%s' is no block device", path);
	for (size_t i = 0; i < io->n; i++)
		if (devices[i].major_number == major(st.st_rdev) &&
		    devices[i].minor_number == minor(st.st_rdev)) {
			*ret = &devices[i];
			return 0;
		}
	*ret = &devices[io->n++];
	(*ret)->major_number = major(st.st_rdev);
	(*ret)->minor_number = minor(st.st_rdev);
	return 0;
}

int host_apply_io(const struct host *host, const struct service *service, const char *name,
		  const char *path, struct err *err)
{
	const struct blkio *blkio = &service->limits.blkio;
	const struct io_limits *const lists[IO_N_LIMITS] = {
		[IO_READ_BYTES] = &blkio->read_bps,
		[IO_WRITE_BYTES] = &blkio->write_bps,
		[IO_READ_COUNT] = &blkio->read_iops,
		[IO_WRITE_COUNT] = &blkio->write_iops,
	};
	CLEANUP_FREE struct cgroup_io_device *devices = NULL;
	struct cgroup_io io = {.weight = blkio->weight};
	bool lost = false;
	size_t room = 1;
	int r = 0;

	for (int which = 0; which < IO_N_LIMITS; which++)
		room += lists[which]->n;
	devices = calloc(room, sizeof(*devices));
	if (!devices)
		return err_nomem(err);
	io.devices = devices;
	for (int which = 0; which < IO_N_LIMITS; which++)
		for (size_t i = 0; r == 0 && i < lists[which]->n; i++) {
			const struct io_limit *limit = &lists[which]->items[i];
			struct cgroup_io_device *device = NULL;

			r = find_device(limit->path, &io, devices, &device, err);
			if (r == 0)
				device->limits[which] = (uint64_t)limit->rate;
		}
	if (r == 0)
		r = cgroup_io_apply(&host->cgroups, path, &io, &lost, err);
	if (r == 0 && lost)
		log_warn("container '%s': blkio_config.weight has no effect: no I/O scheduler of "
			 "this kernel weighs cgroups",
			 name);
	return r;
}
