// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd/supervisor/host_shared.h"

#include "core/base/arena.h"
#include "core/base/cleanup.h"
#include "core/base/fd.h"
#include "core/base/program.h"
#include "core/base/strbuf.h"
#include "core/container/signals.h"
#include "core/container/state.h"
#include "net/bridge.h"
#include "net/firewall.h"
#include "net/netlink.h"
#include "net/relay.h"
#include "store/volume.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int host_records_load(void *ctx, struct container_record **ret_records, size_t *ret_n,
			     struct err *err)
{
	struct host *host = ctx;

	return record_load_all(host->run_fd, ret_records, ret_n, err);
}

static int host_record_save(void *ctx, const struct container_record *record, struct err *err)
{
	struct host *host = ctx;

	return record_save(host->run_fd, record, err);
}

/* --- observation --- */

static bool has_spec(const struct host *host, const char *container)
{
	char path[PATH_MAX];

	return paths_join(path, sizeof(path), NULL, "containers/%s/spec", container) == 0 &&
	       faccessat(host->run_fd, path, F_OK, 0) == 0;
}

static void observe_container(struct host *host, const struct container_record *record,
			      struct arena *arena, struct observed_container *ret)
{
	struct container_view view = CONTAINER_VIEW_INIT;

	*ret = (struct observed_container){
		.name = arena_strdup(arena, record->name),
		.service = arena_strdup(arena, record->service),
		.index = record->index,
		.config_hash = arena_strdup(arena, record->config_hash),
		.live_hash = arena_strdup(arena, record->live_hash),
		.image_id = arena_strdup(arena, record->image_id),
		.candidate = record->candidate,
		.state = OBSERVED_CREATED,
	};
	/* The spec comes last: without it, making the container was interrupted. */
	ret->broken = host_container_look(host, record->name, &view, NULL) < 0 ||
		      !has_spec(host, record->name);
	if (view.shim_pidfd >= 0)
		close(view.shim_pidfd);
	if (view.running)
		ret->state = OBSERVED_RUNNING;
	else if (view.has_state)
		ret->state = OBSERVED_EXITED;
	ret->exit_code = view.has_exit ? view.exit.code : -1;
}

static int observe_containers(struct host *host, struct arena *arena, struct observation *ret,
			      struct err *err)
{
	struct container_record *records = NULL;
	struct observed_container *containers;
	size_t n = 0;
	int r = record_load_all(host->run_fd, &records, &n, err);

	if (r < 0)
		return r;
	containers = ARENA_ARRAY(arena, struct observed_container, n + 1);
	for (size_t i = 0; i < n; i++) {
		observe_container(host, &records[i], arena, &containers[i]);
		record_release(&records[i]);
	}
	free(records);
	ret->containers = containers;
	ret->n_containers = n;
	return 0;
}

static void observe_networks(struct host *host, struct arena *arena, struct observation *ret)
{
	struct observed_network *networks =
		ARENA_ARRAY(arena, struct observed_network, host->n_networks + 1);

	for (size_t i = 0; i < host->n_networks; i++) {
		const struct host_network *network = &host->networks[i];
		CLEANUP(strbuf_release) struct strbuf guests = STRBUF_INIT;
		enum foreign_state state;
		struct cidr address;

		networks[i].key = arena_strdup(arena, network->record.key);
		networks[i].hash = arena_strdup(arena, network->record.hash);
		if (host_is_ours(network)) {
			networks[i].broken =
				bridge_address(host->nl, network->bridge, &address, NULL) < 0;
		} else {
			state = host_foreign_look(host, network);
			networks[i].broken = state == FOREIGN_ELSEWHERE;
			if (state == FOREIGN_RENUMBERED)
				networks[i].hash = ""; /* made anew, with all that is in it */
		}
		if (host_shared_guests(host, network, &guests))
			networks[i].guests = arena_strdup(arena, guests.text);
	}
	ret->networks = networks;
	ret->n_networks = host->n_networks;
}

/* A volume belongs to nobody: which of them matter, the plan knows. */
static int observe_volumes(struct host *host, struct arena *arena, struct observation *ret,
			   struct err *err)
{
	const char **names = NULL;
	size_t n = 0, room = 0;
	const struct dirent *entry;
	char path[PATH_MAX];
	DIR *dir;
	int r = paths_join(path, sizeof(path), err, "%s/volumes", host->paths->root);

	if (r < 0)
		return r;
	dir = opendir(path);
	while (dir && (entry = readdir(dir))) {
		if (entry->d_name[0] == '.' || !volume_exists(host->paths, entry->d_name))
			continue;
		if (n == room) {
			const char **grown = ARENA_ARRAY(arena, const char *, (room + 8) * 2);

			if (n)
				memcpy(grown, names, n * sizeof(*names));
			names = grown;
			room = (room + 8) * 2;
		}
		names[n++] = arena_strdup(arena, entry->d_name);
	}
	if (dir)
		closedir(dir);
	ret->volumes = names;
	ret->n_volumes = n;
	return 0;
}

static int host_observe(void *ctx, struct arena *arena, struct observation *ret, struct err *err)
{
	struct observation observation = {.n_containers = 0};
	int r = observe_containers(ctx, arena, &observation, err);

	if (r == 0)
		r = observe_volumes(ctx, arena, &observation, err);
	if (r < 0)
		return r;
	observe_networks(ctx, arena, &observation);
	*ret = observation;
	return 0;
}

/* --- images --- */

static struct healthcheck image_health(const struct image *image, struct arena *arena)
{
	struct healthcheck check = {.interval_ms = image->health_interval_ms,
				    .timeout_ms = image->health_timeout_ms,
				    .start_period_ms = image->health_start_period_ms,
				    .start_interval_ms = image->health_start_interval_ms,
				    .retries = image->health_retries};
	char **test = image->health_test;
	size_t n = 0, at = 0, first = 1;

	while (test && test[n])
		n++;
	if (n < 2 || strcmp(test[0], "NONE") == 0)
		return check;
	check.test.items = ARENA_ARRAY(arena, const char *, n + 3);
	if (strcmp(test[0], "CMD-SHELL") == 0) {
		check.test.items[at++] = "/bin/sh";
		check.test.items[at++] = "-c";
	}
	for (size_t i = first; i < n; i++)
		check.test.items[at++] = arena_strdup(arena, test[i]);
	check.test.n = at;
	check.test.is_set = check.is_set = true;
	return check;
}

static struct strings image_words(char **words, struct arena *arena)
{
	struct strings strings = {.is_set = words != NULL};

	while (words && words[strings.n])
		strings.n++;
	strings.items = ARENA_ARRAY(arena, const char *, strings.n + 1);
	for (size_t i = 0; i < strings.n; i++)
		strings.items[i] = arena_strdup(arena, words[i]);
	return strings;
}

static int host_image_info(void *ctx, const char *reference, struct arena *arena,
			   struct image_info *ret, struct err *err)
{
	CLEANUP(image_release) struct image image = {.id = NULL};
	const struct host *host = ctx;
	int r = host_image_find(host, reference, &image, err);

	if (r < 0)
		return r;
	snprintf(ret->id, sizeof(ret->id), "%s", image.id);
	r = image.stop_signal ? signal_parse(image.stop_signal) : 0;
	ret->stop_signal = r > 0 ? r : 0;
	ret->healthcheck = image_health(&image, arena);
	ret->entrypoint = image_words(image.entrypoint, arena);
	ret->command = image_words(image.cmd, arena);
	return 0;
}

/* --- birth and end --- */

/* Directories of the project that are empty now go; what is in use stays. */
static void remove_empty(const char *tree, const char *project, const char *sub)
{
	char path[PATH_MAX];

	if (paths_join(path, sizeof(path), NULL, "%s/%s%s%s", tree, project, sub[0] ? "/" : "",
		       sub) == 0)
		(void)rmdir(path);
}

/* Our own top cgroup is shared by all projects: rmdir(2) takes it with the last one. */
static void remove_cgroup_root(const struct host *host)
{
	for (size_t i = 0; i < host->cgroups.n_v1; i++)
		remove_empty(host->cgroups.v1[i].base, host->cgroup_root, "");
	if (host->cgroups.has_unified)
		remove_empty(host->cgroups.unified.base, host->cgroup_root, "");
}

static int host_project_remove(void *ctx, bool down, struct err *err)
{
	struct host *host = ctx;
	char path[PATH_MAX], projects[PATH_MAX];
	int r;

	host_cgroup_path(host, NULL, path, sizeof(path));
	r = cgroup_remove(&host->cgroups, path, 100, err);
	if (r == 0)
		remove_cgroup_root(host);
	if (paths_join(projects, sizeof(projects), NULL, "%s/projects", host->paths->root) == 0 &&
	    paths_join(path, sizeof(path), NULL, "%s/%s/logs", projects, host->project) == 0) {
		if (down)
			(void)fd_remove_tree(AT_FDCWD, path, NULL);
		/* Containers of before a reboot, which no record tells of any more. */
		if (down && paths_join(path, sizeof(path), NULL, "%s/%s/containers", projects,
				       host->project) == 0)
			(void)fd_remove_tree(AT_FDCWD, path, NULL);
		remove_empty(projects, host->project, "containers");
		remove_empty(projects, host->project, "");
	}
	if (paths_join(path, sizeof(path), err, "%s/%s", host->paths->run, host->project) < 0)
		return -err->code;
	return r < 0 ? r : fd_remove_tree(AT_FDCWD, path, err);
}

const struct driver_ops host_driver_ops = {
	.records_load = host_records_load,
	.observe = host_observe,
	.image_info = host_image_info,
	.project_remove = host_project_remove,
	.network_create = host_network_create,
	.network_remove = host_network_remove,
	.volume_create = host_volume_create,
	.volume_remove = host_volume_remove,
	.container_create = host_container_create,
	.container_update = host_container_update,
	.container_remove = host_container_remove,
	.ports_reserve = host_ports_reserve,
	.ports_release = host_ports_free,
	.container_start = host_container_start,
	.container_adopt = host_container_adopt,
	.container_look = host_container_look,
	.container_signal = host_container_signal,
	.container_kill = host_container_kill,
	.container_freeze = host_container_freeze,
	.probe_start = host_probe_start,
	.probe_connect = host_probe_connect,
	.notify_open = host_notify_open,
	.record_save = host_record_save,
	.firewall_prepare = host_firewall_prepare,
	.firewall_sync = host_firewall_sync,
	.firewall_check = host_firewall_check,
	.watch = host_watch,
	.network_check = host_network_check,
	.container_check = host_container_check,
	.container_mend = host_container_mend,
	.connections_prepare = host_connections_prepare,
	.connections_count = host_connections_count,
	.names_sync = host_names_sync,
	.names_enable = host_names_enable,
	.names_where = host_names_where,
	.firewall_name = host_firewall_name,
};

int host_init(struct host *host, const struct paths *paths, const char *project, int run_fd,
	      uv_loop_t *loop, struct err *err)
{
	int r;

	*host = (struct host){.paths = paths,
			      .run_fd = run_fd,
			      .loop = loop,
			      .devices = DEVICE_FILTER_INIT,
			      .all_devices = DEVICE_FILTER_INIT};
	host->relays = relays_new(loop);
	snprintf(host->project, sizeof(host->project), "%s", project);
	paths_project_id(paths, project, host->id);
	paths_cgroup_root(paths, host->cgroup_root, sizeof(host->cgroup_root));
	r = program_find("stack-shim", host->shim, sizeof(host->shim), err);
	if (r == 0)
		r = firewall_choose(&host->firewall, err);
	if (r == 0)
		r = host_cgroups_init(host, err);
	if (r == 0)
		r = device_filter_init(&host->devices, NULL, 0, false, err);
	if (r == 0)
		r = device_filter_init(&host->all_devices, NULL, 0, true, err);
	if (r == 0)
		r = netlink_open(NETLINK_ROUTE, &host->nl, err);
	if (r == 0)
		r = host_networks_load(host, err);
	if (r == 0)
		r = host_leases_load(host, err);
	if (r < 0)
		host_release(host);
	return r;
}

void host_release(struct host *host)
{
	relays_free(host->relays);
	host_ports_release(host);
	host_networks_release(host);
	free(host->leases);
	netlink_free(host->nl);
	device_filter_release(&host->devices);
	device_filter_release(&host->all_devices);
	for (size_t i = 0; i < host->n_seccomp; i++)
		free(host->seccomp[i].filter);
	free(host->seccomp);
}
