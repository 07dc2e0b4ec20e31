// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Making and removing a container
 *
 * Creation: record, directories, network, cgroups, spec.  The record is first
 * and its removal last, so whatever a crash leaves is found by it.
 */
#include "cmd/supervisor/host.h"

#include "core/base/arena.h"
#include "core/base/cleanup.h"
#include "core/base/fd.h"
#include "core/model/sharing.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

/* podman's number: enough for any service, too few for a fork bomb (docker has none). */
#define DEFAULT_PIDS 2048

/* How long the last killed process may take to leave its cgroup. */
#define CGROUP_REMOVE_MS 2000

int host_container_dir(const struct host *host, const char *container, char *ret, size_t size,
		       struct err *err)
{
	return paths_join(ret, size, err, "%s/%s/containers/%s", host->paths->run, host->project,
			  container);
}

int host_rootfs_dir(const struct host *host, const char *container, const char *sub, char *ret,
		    size_t size, struct err *err)
{
	return paths_join(ret, size, err, "%s/projects/%s/containers/%s%s%s", host->paths->root,
			  host->project, container, sub ? "/" : "", sub ? sub : "");
}

void host_cgroup_path(const struct host *host, const char *container, char *ret, size_t size)
{
	snprintf(ret, size, "%s/%s%s%s", host->cgroup_root, host->project, container ? "/" : "",
		 container ? container : "");
}

static bool limits_io(const struct service *service)
{
	const struct blkio *blkio = &service->limits.blkio;

	return blkio->weight || blkio->read_bps.n || blkio->write_bps.n || blkio->read_iops.n ||
	       blkio->write_iops.n;
}

struct cgroup_limits host_limits(const struct service *service)
{
	const struct limits *l = &service->limits;
	struct cgroup_limits limits = {
		.memory = l->memory,
		.memory_swap = l->memory_swap,
		.memory_reservation = l->memory_reservation,
		.cpu_millis = l->cpu_millis,
		.cpu_shares = l->cpu_shares,
		.pids = l->pids == 0 ? DEFAULT_PIDS : l->pids,
		.io = limits_io(service),
	};

	snprintf(limits.cpuset, sizeof(limits.cpuset), "%s", l->cpuset ? l->cpuset : "");
	return limits;
}

static int restrict_devices(struct host *host, const struct service *service, const char *path,
			    const struct host_devices *devices, struct err *err)
{
	CLEANUP(device_filter_release) struct device_filter own = DEVICE_FILTER_INIT;
	struct device_filter *filter = service->privileged ? &host->all_devices : &host->devices;
	int r = 0;

	if (devices->n_rules && !service->privileged) {
		r = device_filter_init(&own, devices->rules, devices->n_rules, false, err);
		filter = &own;
	}
	return r < 0 ? r : device_filter_apply(filter, &host->cgroups, path, err);
}

static int make_cgroups(struct host *host, const struct service *service, const char *name,
			const struct host_devices *devices, struct err *err)
{
	struct cgroup_limits limits = host_limits(service);
	char path[CGROUP_PATH_MAX];
	int r;

	host_cgroup_path(host, name, path, sizeof(path));
	r = cgroup_create(&host->cgroups, path, &limits, err);
	if (r == 0 && limits.io)
		r = host_apply_io(host, service, name, path, err);
	return r < 0 ? r : restrict_devices(host, service, path, devices, err);
}

int host_cgroups_again(struct host *host, const struct service *service, const char *name,
		       struct err *err)
{
	CLEANUP(host_devices_release) struct host_devices devices = {.n_nodes = 0};
	CLEANUP(arena_cleanup) struct arena *arena = arena_new();
	int r = host_devices_find(service, arena, &devices, err);

	return r < 0 ? r : make_cgroups(host, service, name, &devices, err);
}

static int make_directories(const struct host *host, const char *name, struct err *err)
{
	static const char *const subs[] = {"upper", "work"};
	char path[PATH_MAX];
	int r = host_rootfs_dir(host, name, NULL, path, sizeof(path), err);

	/* Nobody but root may pass: the upper layer has whatever the container made setuid. */
	if (r == 0)
		r = fd_mkdir_p(path, 0700, err);
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(subs); i++) {
		r = host_rootfs_dir(host, name, subs[i], path, sizeof(path), err);
		if (r == 0)
			r = fd_mkdir_p(path, 0755, err);
	}
	/* The overlay is mounted on it, also where no image has made it yet. */
	if (r == 0)
		r = paths_join(path, sizeof(path), err, "%s/layers", host->paths->root);
	if (r == 0)
		r = fd_mkdir_p(path, 0700, err);
	if (r == 0)
		r = paths_join(path, sizeof(path), err, "%s/projects/%s/logs", host->paths->root,
			       host->project);
	return r < 0 ? r : fd_mkdir_p(path, 0700, err);
}

/* The µs since *MARK, which is now then. */
static int64_t lap(uint64_t *mark)
{
	uint64_t now = uv_hrtime() / 1000, before = *mark;

	*mark = now;
	return (int64_t)(now - before);
}

static int create(struct host *host, const struct container_def *def,
		  struct container_record *record, const struct image *image, struct err *err)
{
	const struct service *service = def->service;
	bool elsewhere = sharing_is_host(service->network_mode) ||
			 sharing_names_other(service->network_mode);
	CLEANUP(host_devices_release) struct host_devices devices = {.n_nodes = 0};
	CLEANUP(arena_cleanup) struct arena *arena = arena_new();
	struct make_timing ignored, *timing = def->timing ? def->timing : &ignored;
	uint64_t mark = uv_hrtime() / 1000;
	struct host_ids ids;
	int r;

	r = host_devices_find(service, arena, &devices, err);
	if (r == 0)
		r = make_directories(host, record->name, err);
	if (r == 0)
		r = host_choose_ids(host, service, record->name, &ids, err);
	timing->directories_us = lap(&mark);
	if (r == 0 && !elsewhere)
		r = host_attach(host, service, &ids, record, err);
	timing->network_us = lap(&mark);
	if (r == 0)
		r = make_cgroups(host, service, record->name, &devices, err);
	if (r == 0)
		host_watch_container(host, record->name);
	timing->cgroups_us = lap(&mark);
	if (r == 0)
		r = host_write_spec(host, def, image, &ids, &devices, record, err);
	timing->files_us = lap(&mark);
	/* Again, with the addresses and volumes that were chosen. */
	return r < 0 ? r : record_save(host->run_fd, record, err);
}

int host_container_create(void *ctx, const struct container_def *def,
			  struct container_record *record, struct err *err)
{
	CLEANUP(image_release) struct image image = {.id = NULL};
	struct host *host = ctx;
	int r = host_image_find(host, def->image_id, &image, err);

	if (r == 0)
		r = record_save(host->run_fd, record, err);
	if (r < 0)
		return r;
	r = create(host, def, record, &image, err);
	if (r < 0)
		host_container_remove(host, record->name, NULL);
	return r;
}

int host_container_remove(void *ctx, const char *name, struct err *err)
{
	struct host *host = ctx;
	char path[PATH_MAX];
	int r;

	host_cgroup_path(host, name, path, CGROUP_PATH_MAX);
	host_unwatch_container(host, name);
	(void)cgroup_kill(&host->cgroups, path, NULL);
	host_ports_free(host, name);
	r = host_detach(host, name, err);
	if (r == 0)
		r = cgroup_remove(&host->cgroups, path, CGROUP_REMOVE_MS, err);
	if (r == 0)
		r = host_rootfs_dir(host, name, NULL, path, sizeof(path), err);
	if (r == 0)
		r = fd_remove_tree(AT_FDCWD, path, err);
	return r < 0 ? r : record_remove(host->run_fd, name, err);
}
