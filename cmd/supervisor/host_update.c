// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Changing a container that may be running
 *
 * Everything is brought to what the service says now: limits, networks, the
 * files below /etc that we manage, limits of each process, the size of the log.
 * What it is started from the next time, its spec, is written anew as well.
 */
#include "cmd/supervisor/host.h"

#include "core/base/arena.h"
#include "core/base/cleanup.h"
#include "core/base/fd.h"
#include "core/model/sharing.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/resource.h>
#include <unistd.h>

/* --- limits of each process --- */

struct rlimits {
	const struct container_spec *before, *now;
	struct err *err;
};

static const struct spec_rlimit *find_rlimit(const struct container_spec *spec, uint32_t resource)
{
	for (uint32_t i = 0; i < spec->n_rlimits; i++)
		if (spec->rlimits[i].resource == resource)
			return &spec->rlimits[i];
	return NULL;
}

static int set_rlimit(pid_t pid, uint32_t resource, const struct spec_rlimit *wanted,
		      struct err *err)
{
	struct rlimit limit;

	/* What a process of the container that is started has where nothing is said: ours. */
	if (!wanted && getrlimit((__rlimit_resource_t)resource, &limit) < 0)
		return err_sys(err, errno, "read our own limits");
	if (wanted)
		limit = (struct rlimit){.rlim_cur = wanted->soft, .rlim_max = wanted->hard};
	if (prlimit(pid, (__rlimit_resource_t)resource, &limit, NULL) == 0 || errno == ESRCH)
		return 0;
	if (errno == EPERM)
		return err_set(err, EPERM,
			       "ulimits: to raise the hard limit of a program that runs takes "
			       "CAP_SYS_RESOURCE, which stack was not given; `up --force-recreate` "
			       "starts it anew");
	return err_sys(err, errno, "set the limits of process %d", pid);
}

/* Only what is said differently than before: a program may have changed the rest itself. */
static int change_rlimits(pid_t pid, void *data, struct err *err)
{
	const struct rlimits *rlimits = data;
	int r = 0;

	for (uint32_t i = 0; r == 0 && i < rlimits->now->n_rlimits; i++) {
		const struct spec_rlimit *now = &rlimits->now->rlimits[i];
		const struct spec_rlimit *before = find_rlimit(rlimits->before, now->resource);

		if (!before || before->soft != now->soft || before->hard != now->hard)
			r = set_rlimit(pid, now->resource, now, err);
	}
	for (uint32_t i = 0; r == 0 && i < rlimits->before->n_rlimits; i++)
		if (!find_rlimit(rlimits->now, rlimits->before->rlimits[i].resource))
			r = set_rlimit(pid, rlimits->before->rlimits[i].resource, NULL, err);
	return r;
}

static bool same_rlimits(const struct container_spec *a, const struct container_spec *b)
{
	for (uint32_t i = 0; i < a->n_rlimits; i++) {
		const struct spec_rlimit *other = find_rlimit(b, a->rlimits[i].resource);

		if (!other || other->soft != a->rlimits[i].soft ||
		    other->hard != a->rlimits[i].hard)
			return false;
	}
	return a->n_rlimits == b->n_rlimits;
}

/* --- what its shim does --- */

/* The shim reads its spec again. */
static void tell_shim(struct host *host, const char *name)
{
	struct container_view view = CONTAINER_VIEW_INIT;

	if (host_container_look(host, name, &view, NULL) < 0)
		return;
	if (view.shim_pidfd >= 0) {
		(void)pidfd_send_signal(view.shim_pidfd, SIGHUP, NULL, 0);
		close(view.shim_pidfd);
	}
}

static bool same_log(const struct container_spec *a, const struct container_spec *b)
{
	return a->log_max_size == b->log_max_size && a->log_max_files == b->log_max_files;
}

/* --- all of it --- */

/* A spec, and the bytes its strings are in. */
struct read_spec {
	struct container_spec spec;
	void *data;
};

static void read_spec_release(struct read_spec *read)
{
	free(read->data);
}

static int read_spec(const struct host *host, const char *name, struct read_spec *ret,
		     struct err *err)
{
	char path[PATH_MAX];
	char *data = NULL;
	size_t len = 0;
	int r = paths_join(path, sizeof(path), err, "containers/%s/spec", name);

	if (r == 0)
		r = fd_read_file(host->run_fd, path, SPEC_MAX, &data, &len, err);
	if (r < 0)
		return r;
	ret->data = data;
	return container_spec_decode(data, len, &ret->spec, err);
}

static int update_limits(struct host *host, const struct container_def *def,
			 const struct container_record *record, struct err *err)
{
	struct cgroup_limits limits = host_limits(def->service);
	char path[CGROUP_PATH_MAX];
	int r;

	host_cgroup_path(host, record->name, path, sizeof(path));
	r = cgroup_apply_limits(&host->cgroups, path, &limits, err);
	return r < 0 ? r : host_apply_io(host, def->service, record->name, path, err);
}

static int update_spec(struct host *host, const struct container_def *def,
		       struct container_record *record, struct err *err)
{
	CLEANUP(image_release) struct image image = {.id = NULL};
	CLEANUP(host_devices_release) struct host_devices devices = {.n_nodes = 0};
	CLEANUP(arena_cleanup) struct arena *arena = arena_new();
	struct host_ids ids;
	int r = host_image_find(host, record->image_id, &image, err);

	if (r == 0)
		r = host_devices_find(def->service, arena, &devices, err);
	if (r == 0)
		r = host_choose_ids(host, def->service, record->name, &ids, err);
	return r < 0 ? r : host_write_spec(host, def, &image, &ids, &devices, record, err);
}

static int update_processes(struct host *host, const char *name, const struct read_spec *before,
			    struct err *err)
{
	CLEANUP(read_spec_release) struct read_spec now = {.data = NULL};
	struct rlimits rlimits = {.before = &before->spec, .now = &now.spec, .err = err};
	char path[CGROUP_PATH_MAX];
	int r = read_spec(host, name, &now, err);

	if (r < 0)
		return r;
	if (!same_log(&before->spec, &now.spec))
		tell_shim(host, name);
	if (same_rlimits(&before->spec, &now.spec))
		return 0;
	host_cgroup_path(host, name, path, sizeof(path));
	return cgroup_each_process(&host->cgroups, path, change_rlimits, &rlimits, err);
}

int host_container_update(void *ctx, const struct container_def *def,
			  struct container_record *record, struct err *err)
{
	CLEANUP(read_spec_release) struct read_spec before = {.data = NULL};
	struct host *host = ctx;
	int r = read_spec(host, record->name, &before, err);

	if (r == 0)
		r = update_limits(host, def, record, err);
	if (r == 0 && def->service->n_networks + record->n_addresses > 0)
		r = host_reattach(host, def->service, record, err);
	if (r == 0)
		r = update_spec(host, def, record, err);
	return r < 0 ? r : update_processes(host, record->name, &before, err);
}
