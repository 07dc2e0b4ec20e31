// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/container/cgroup_io.h"

#include "core/base/cleanup.h"
#include "core/base/err.h"
#include "core/base/fd.h"
#include "core/container/cgroup_internal.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WEIGHT_DEFAULT 100
#define LINE_SIZE      160

/* How each limit is called: in a line of io.max, and as a file of v1. */
static const struct {
	const char *key, *file;
} names[IO_N_LIMITS] = {
	[IO_READ_BYTES] = {"rbps", "blkio.throttle.read_bps_device"},
	[IO_WRITE_BYTES] = {"wbps", "blkio.throttle.write_bps_device"},
	[IO_READ_COUNT] = {"riops", "blkio.throttle.read_iops_device"},
	[IO_WRITE_COUNT] = {"wiops", "blkio.throttle.write_iops_device"},
};

static int write_line(int dirfd, const char *file, const char *line, struct err *err)
{
	int r = fd_write_control(dirfd, file, line, NULL);

	if (r == -ENODEV || r == -EINVAL || r == -ENXIO)
		return err_set(err, -r,
			       "blkio_config: the kernel does not limit device %.*s: it has to be "
			       "a whole disk, not a partition",
			       (int)strcspn(line, " "), line);
	return r < 0 ? err_sys(err, -r, "write '%s' to '%s'", line, file) : 0;
}

static const struct cgroup_io_device *find(const struct cgroup_io *io, unsigned int major_number,
					   unsigned int minor_number)
{
	for (size_t i = 0; i < io->n; i++)
		if (io->devices[i].major_number == major_number &&
		    io->devices[i].minor_number == minor_number)
			return &io->devices[i];
	return NULL;
}

/* One line of io.max; DEVICE without limits takes those away that it has. */
static int write_unified(int dirfd, const struct cgroup_io_device *device, struct err *err)
{
	char line[LINE_SIZE];
	int n = snprintf(line, sizeof(line), "%u:%u", device->major_number, device->minor_number);

	for (int i = 0; i < IO_N_LIMITS; i++) {
		if (device->limits[i])
			n += snprintf(line + n, sizeof(line) - (size_t)n, " %s=%" PRIu64,
				      names[i].key, device->limits[i]);
		else
			n += snprintf(line + n, sizeof(line) - (size_t)n, " %s=max", names[i].key);
	}
	return write_line(dirfd, "io.max", line, err);
}

static int write_v1(int dirfd, const struct cgroup_io_device *device, int which, struct err *err)
{
	char line[LINE_SIZE];

	snprintf(line, sizeof(line), "%u:%u %" PRIu64, device->major_number, device->minor_number,
		 device->limits[which]);
	return write_line(dirfd, names[which].file, line, err);
}

/* Devices that FILE has lines of, and IO does not limit by WHICH (-1: at all). */
static int clear_others(int dirfd, const char *file, int which, const struct cgroup_io *io,
			struct err *err)
{
	CLEANUP_FREE char *text = NULL;
	char *save = NULL;
	int r = cgroup_read_if_any(dirfd, file, &text, err);

	if (r < 0 || !text)
		return r;
	for (char *line = strtok_r(text, "\n", &save); r == 0 && line;
	     line = strtok_r(NULL, "\n", &save)) {
		struct cgroup_io_device none = {.major_number = 0};
		const struct cgroup_io_device *wanted;

		if (sscanf(line, "%u:%u", &none.major_number, &none.minor_number) != 2)
			continue;
		wanted = find(io, none.major_number, none.minor_number);
		if (wanted && (which < 0 || wanted->limits[which]))
			continue;
		r = which < 0 ? write_unified(dirfd, &none, err)
			      : write_v1(dirfd, &none, which, err);
	}
	return r;
}

static int apply_unified(int dirfd, const struct cgroup_io *io, struct err *err)
{
	int r = clear_others(dirfd, "io.max", -1, io, err);

	for (size_t i = 0; r == 0 && i < io->n; i++)
		r = write_unified(dirfd, &io->devices[i], err);
	return r;
}

static int apply_v1(int dirfd, const struct cgroup_io *io, struct err *err)
{
	int r = 0;

	for (int which = 0; r == 0 && which < IO_N_LIMITS; which++) {
		r = clear_others(dirfd, names[which].file, which, io, err);
		for (size_t i = 0; r == 0 && i < io->n; i++)
			if (io->devices[i].limits[which])
				r = write_v1(dirfd, &io->devices[i], which, err);
	}
	return r;
}

/* As docker's runtimes: 10 … 1000 become 1 … 10000 of io.weight, bfq takes them as they are. */
static int64_t plain_weight(int64_t weight)
{
	return weight == WEIGHT_DEFAULT ? WEIGHT_DEFAULT : 1 + (weight - 10) * 9999 / 990;
}

/* The file of the scheduler that is there; 0 when it was written, 1 when none is. */
static int apply_weight(int dirfd, bool v1, int64_t weight, struct err *err)
{
	static const char *const files[2][2] = {{"io.bfq.weight", "io.weight"},
						{"blkio.bfq.weight", "blkio.weight"}};

	for (int i = 0; i < 2; i++) {
		CLEANUP_FREE char *before = NULL;
		int64_t value = i == 1 && !v1 ? plain_weight(weight) : weight;
		char text[32];
		int r = cgroup_read_if_any(dirfd, files[v1][i], &before, err);

		if (r < 0)
			return r;
		if (!before)
			continue;
		snprintf(text, sizeof(text), "%" PRId64, value);
		return fd_write_control(dirfd, files[v1][i], text, err);
	}
	return 1;
}

int cgroup_io_apply(const struct cgroup_host *host, const char *path, const struct cgroup_io *io,
		    bool *ret_weight_lost, struct err *err)
{
	const struct cgroup_tree *tree = cgroup_tree_with(host, CGROUP_BLKIO);
	bool v1 = tree && tree != &host->unified;
	CLEANUP_FD int dirfd = -1;
	int r;

	*ret_weight_lost = io->weight > 0;
	if (!tree && io->n > 0)
		return cgroup_unavailable(host, CGROUP_BLKIO, "blkio_config", err);
	if (!tree)
		return 0;
	r = cgroup_open(tree, path, &dirfd, err);
	if (r == 0)
		r = v1 ? apply_v1(dirfd, io, err) : apply_unified(dirfd, io, err);
	if (r == 0)
		r = apply_weight(dirfd, v1, io->weight ? io->weight : WEIGHT_DEFAULT, err);
	*ret_weight_lost = io->weight > 0 && r == 1;
	return r < 0 ? r : 0;
}
