// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Noticing that somebody changed what is ours
 *
 *	links, addresses, routes	the kernel tells (net/monitor.h)
 *	names of namespaces		the table of mounts changed: poll(2) on mountinfo
 *	packet filter rules		the lock that all its users take was closed: inotify;
 *					nftables, which has no lock, tells (net/firewall.h)
 *	limits				a file of the cgroup was written: inotify
 *
 * Here is only found out who is concerned; what is really different is looked at
 * when the loop has its next turn (core/supervise/heal.c).
 */
#include "cmd/supervisor/host.h"

#include "core/base/cleanup.h"
#include "core/base/log.h"
#include "core/supervise/watch.h"
#include "net/firewall.h"
#include "net/monitor.h"
#include "net/netlink.h"
#include "net/netns.h"
#include "net/shaping.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

/* One directory of a container's cgroup. */
struct watched_cgroup {
	char container[RECORD_NAME_MAX];
	int wd;
};

struct host_watch {
	struct host *host;
	suspect_fn *suspect;
	void *data;
	struct monitor *monitor;
	struct watch *network, *files, *rules;
	uv_poll_t mounts;
	int mounts_fd;
	int inotify, lock_wd;
	int rules_fd; /* closed by its watch, as inotify is */
	struct watched_cgroup *cgroups;
	size_t n_cgroups;
};

/* --- networks --- */

static const struct host_network *network_of_link(const struct host *host,
						  const struct monitor_event *event)
{
	for (size_t i = 0; i < host->n_networks; i++)
		if (host->networks[i].ifindex == event->ifindex ||
		    (event->name[0] && strcmp(host->networks[i].bridge, event->name) == 0))
			return &host->networks[i];
	return NULL;
}

static bool is_link_of(const struct host_lease *lease, const char *name)
{
	char shaping[IFNAMSIZ];

	shaping_link(lease->link, shaping);
	return strcmp(lease->link, name) == 0 || strcmp(shaping, name) == 0;
}

static void on_link_here(struct host_watch *watch, const struct monitor_event *event)
{
	const struct host *host = watch->host;

	if (network_of_link(host, event))
		watch->suspect(watch->data, SUSPECT_NETWORK, NULL);
	for (size_t i = 0; event->name[0] && i < host->n_leases; i++)
		if (is_link_of(&host->leases[i], event->name))
			watch->suspect(watch->data, SUSPECT_CONTAINER, host->leases[i].container);
}

/* The number of each container's namespace is asked for when one of them says something. */
static int nsid_of(struct host *host, struct host_lease *lease)
{
	char name[NETNS_NAME_MAX];
	CLEANUP_FD int netns = -1;

	if (lease->nsid >= 0)
		return lease->nsid;
	netns_name(host->id, lease->container, name);
	if (netns_open(name, &netns, NULL) == 0)
		lease->nsid = monitor_nsid(host->nl, netns);
	return lease->nsid;
}

static void on_change_inside(struct host_watch *watch, int nsid)
{
	struct host *host = watch->host;

	for (size_t i = 0; i < host->n_leases; i++)
		if (nsid_of(host, &host->leases[i]) == nsid)
			watch->suspect(watch->data, SUSPECT_CONTAINER, host->leases[i].container);
}

static void on_event(void *data, const struct monitor_event *event)
{
	struct host_watch *watch = data;

	if (event->what == MONITOR_LOST)
		watch->suspect(watch->data, SUSPECT_ALL, NULL);
	else if (event->nsid == MONITOR_HERE)
		on_link_here(watch, event);
	else
		on_change_inside(watch, event->nsid);
}

static void on_network(void *data)
{
	struct host_watch *watch = data;

	monitor_read(watch->monitor, on_event, watch);
}

/* --- names of namespaces --- */

static void on_mounts(uv_poll_t *handle, int status, int events)
{
	struct host_watch *watch = handle->data;
	struct host *host = watch->host;

	(void)status;
	(void)events;
	for (size_t i = 0; i < host->n_leases; i++) {
		char name[NETNS_NAME_MAX];
		CLEANUP_FD int netns = -1;

		netns_name(host->id, host->leases[i].container, name);
		if (netns_open(name, &netns, NULL) < 0)
			watch->suspect(watch->data, SUSPECT_CONTAINER, host->leases[i].container);
	}
}

/* --- files --- */

static void on_file(struct host_watch *watch, const struct inotify_event *event)
{
	if (event->mask & IN_Q_OVERFLOW)
		watch->suspect(watch->data, SUSPECT_ALL, NULL);
	if (event->mask & IN_Q_OVERFLOW || event->wd == watch->lock_wd)
		watch->suspect(watch->data, SUSPECT_RULES, NULL);
	for (size_t i = 0; i < watch->n_cgroups; i++)
		if (watch->cgroups[i].wd == event->wd && !(event->mask & IN_IGNORED))
			watch->suspect(watch->data, SUSPECT_CONTAINER, watch->cgroups[i].container);
}

static void on_files(void *data)
{
	_Alignas(struct inotify_event) char bytes[8192];
	struct host_watch *watch = data;
	ssize_t n;

	while ((n = read(watch->inotify, bytes, sizeof(bytes))) > 0) {
		for (char *at = bytes; at < bytes + n;) {
			const struct inotify_event *event = (const struct inotify_event *)at;

			at += sizeof(*event) + event->len;
			on_file(watch, event);
		}
	}
}

/* Limits lie where their controllers are; what else is in a cgroup's directory is no matter. */
static void watch_directory(struct host_watch *watch, const char *container, const char *directory)
{
	struct watched_cgroup *grown;
	int wd = inotify_add_watch(watch->inotify, directory, IN_MODIFY | IN_ONLYDIR);

	if (wd < 0)
		return;
	grown = realloc(watch->cgroups, (watch->n_cgroups + 1) * sizeof(*grown));
	if (!grown)
		abort();
	watch->cgroups = grown;
	grown[watch->n_cgroups] = (struct watched_cgroup){.wd = wd};
	memcpy(grown[watch->n_cgroups++].container, container, strlen(container) + 1);
}

void host_watch_container(struct host *host, const char *container)
{
	static const enum cgroup_controller limiting[] = {CGROUP_CPU, CGROUP_CPUSET, CGROUP_MEMORY,
							  CGROUP_PIDS};
	char path[CGROUP_PATH_MAX], directory[CGROUP_PATH_MAX];

	if (!host->watch)
		return;
	host_unwatch_container(host, container);
	host_cgroup_path(host, container, path, sizeof(path));
	/* Where several of them are together, inotify gives the same number again. */
	for (size_t i = 0; i < sizeof(limiting) / sizeof(limiting[0]); i++)
		if (cgroup_directory_of(&host->cgroups, limiting[i], path, directory) == 0)
			watch_directory(host->watch, container, directory);
}

void host_unwatch_container(struct host *host, const char *container)
{
	struct host_watch *watch = host->watch;
	size_t n = 0;

	for (size_t i = 0; watch && i < watch->n_cgroups; i++) {
		if (strcmp(watch->cgroups[i].container, container) == 0)
			(void)inotify_rm_watch(watch->inotify, watch->cgroups[i].wd);
		else
			watch->cgroups[n++] = watch->cgroups[i];
	}
	if (watch)
		watch->n_cgroups = n;
}

/* --- rules --- */

static void on_rules(void *data)
{
	struct host_watch *watch = data;
	char ignored[16384];

	/* More than could be told is a change, too. */
	while (read(watch->rules_fd, ignored, sizeof(ignored)) >= 0 || errno == ENOBUFS)
		;
	watch->suspect(watch->data, SUSPECT_RULES, NULL);
}

/* --- birth and end --- */

static void on_mounts_closed(uv_handle_t *handle)
{
	struct host_watch *watch = handle->data;

	close(watch->mounts_fd);
	free(watch);
}

static void stop(struct host *host)
{
	struct host_watch *watch = host->watch;

	if (!watch)
		return;
	host->watch = NULL;
	watch_free(watch->network);
	monitor_free(watch->monitor);
	watch_free(watch->files);
	watch_free(watch->rules);
	free(watch->cgroups);
	if (watch->mounts_fd >= 0)
		uv_close((uv_handle_t *)&watch->mounts, on_mounts_closed);
	else
		free(watch);
}

static void start_network(struct host_watch *watch)
{
	struct err err = ERR_INIT;
	int fd;

	if (monitor_open(&watch->monitor, &err) < 0) {
		log_warn("changes of networks will not be noticed: %s", err.msg);
		return;
	}
	/* The watch closes its descriptor. */
	fd = fcntl(monitor_fd(watch->monitor), F_DUPFD_CLOEXEC, 3);
	if (fd >= 0)
		watch->network = watch_new(watch->host->loop, fd, on_network, watch);
}

static void start_mounts(struct host_watch *watch)
{
	watch->mounts_fd = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
	if (watch->mounts_fd < 0)
		return;
	watch->mounts.data = watch;
	if (uv_poll_init(watch->host->loop, &watch->mounts, watch->mounts_fd) != 0) {
		close(watch->mounts_fd);
		watch->mounts_fd = -1;
		return;
	}
	uv_poll_start(&watch->mounts, UV_PRIORITIZED, on_mounts);
}

static void start_files(struct host_watch *watch)
{
	watch->inotify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (watch->inotify < 0) {
		log_warn("changes of limits and rules are noticed late: no inotify instance is "
			 "left, see fs.inotify.max_user_instances");
		return;
	}
	watch->lock_wd = inotify_add_watch(watch->inotify, firewall_lock_file(),
					   IN_CLOSE_WRITE | IN_CLOSE_NOWRITE);
	watch->files = watch_new(watch->host->loop, watch->inotify, on_files, watch);
}

static void start_rules(struct host_watch *watch)
{
	struct err err = ERR_INIT;

	if (firewall_events(watch->host->firewall, &watch->rules_fd, &err) < 0)
		log_warn("changes of rules are noticed late: %s", err.msg);
	else if (watch->rules_fd >= 0)
		watch->rules = watch_new(watch->host->loop, watch->rules_fd, on_rules, watch);
}

static void watch_containers(struct host *host)
{
	struct container_record *records = NULL;
	struct err err = ERR_INIT;
	size_t n = 0;

	if (record_load_all(host->run_fd, &records, &n, &err) < 0)
		log_warn("%s, ignoring", err.msg);
	for (size_t i = 0; i < n; i++) {
		host_watch_container(host, records[i].name);
		record_release(&records[i]);
	}
	free(records);
}

void host_watch(void *ctx, suspect_fn *suspect, void *data)
{
	struct host *host = ctx;
	struct host_watch *watch;

	stop(host);
	if (!suspect)
		return;
	watch = calloc(1, sizeof(*watch));
	if (!watch)
		abort();
	*watch = (struct host_watch){.host = host,
				     .suspect = suspect,
				     .data = data,
				     .mounts_fd = -1,
				     .inotify = -1,
				     .lock_wd = -1,
				     .rules_fd = -1};
	host->watch = watch;
	start_network(watch);
	start_mounts(watch);
	start_files(watch);
	start_rules(watch);
	watch_containers(host);
}
