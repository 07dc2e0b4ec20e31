// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Devices of the host that a service asks for
 *
 * A path of the stack file names a device node, a link to one, or a directory
 * whose nodes are all meant.  What it is is looked up when the container is
 * made: the container gets a node of its own with the same numbers, and a rule
 * that lets it use that device.
 */
#include "cmd/supervisor/host.h"

#include "core/base/arena.h"
#include "core/base/cleanup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define DEPTH_MAX   8
#define DEVICES_MAX 1024

struct finder {
	struct host_devices *devices;
	const struct device *device;
	struct arena *arena;
};

static unsigned int access_of(const char *permissions)
{
	return (strchr(permissions, 'r') ? DEVICE_READ : 0) |
	       (strchr(permissions, 'w') ? DEVICE_WRITE : 0) |
	       (strchr(permissions, 'm') ? DEVICE_MKNOD : 0);
}

static int add_rule(struct host_devices *devices, const struct device_rule *rule, struct err *err)
{
	struct device_rule *grown =
		realloc(devices->rules, (devices->n_rules + 1) * sizeof(*grown));

	if (!grown)
		return err_nomem(err);
	devices->rules = grown;
	grown[devices->n_rules++] = *rule;
	return 0;
}

static int add_rule_text(struct host_devices *devices, const char *text, struct err *err)
{
	struct device_rule rule;
	int r = device_rule_parse(text, &rule);

	if (r < 0)
		return err_set(err, -r, "device_cgroup_rules: '%s' is no rule", text);
	if (rule.type != 'a')
		return add_rule(devices, &rule, err);
	rule.type = 'c';
	r = add_rule(devices, &rule, err);
	rule.type = 'b';
	return r < 0 ? r : add_rule(devices, &rule, err);
}

static int add_node(struct finder *finder, const char *path, const struct stat *st, struct err *err)
{
	struct host_devices *devices = finder->devices;
	struct device_rule rule = {.type = S_ISBLK(st->st_mode) ? 'b' : 'c',
				   .major_number = major(st->st_rdev),
				   .minor_number = minor(st->st_rdev),
				   .access = access_of(finder->device->permissions)};
	struct spec_device *grown =
		realloc(devices->nodes, (devices->n_nodes + 1) * sizeof(*grown));

	if (!grown)
		return err_nomem(err);
	devices->nodes = grown;
	if (devices->n_nodes == DEVICES_MAX)
		return err_set(err, E2BIG, "more than %d devices", DEVICES_MAX);
	grown[devices->n_nodes++] = (struct spec_device){.path = arena_strdup(finder->arena, path),
							 .mode = st->st_mode,
							 .major_number = major(st->st_rdev),
							 .minor_number = minor(st->st_rdev),
							 .uid = st->st_uid,
							 .gid = st->st_gid};
	return add_rule(devices, &rule, err);
}

static bool is_device(const struct stat *st)
{
	return S_ISCHR(st->st_mode) || S_ISBLK(st->st_mode);
}

/* All nodes below the directory FD, which is closed, at PATH of the container. */
static int add_directory(struct finder *finder, int fd, const char *path, int depth,
			 struct err *err)
{
	DIR *dir = fdopendir(fd);
	struct dirent *entry;
	int r = 0;

	if (!dir) {
		close(fd);
		return err_sys(err, errno, "read the directory");
	}
	while (r == 0 && (entry = readdir(dir))) {
		const char *sub = arena_printf(finder->arena, "%s/%s", path, entry->d_name);
		struct stat st;
		int sub_fd;

		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..") ||
		    fstatat(fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		if (is_device(&st))
			r = add_node(finder, sub, &st, err);
		if (!S_ISDIR(st.st_mode) || depth == DEPTH_MAX)
			continue;
		sub_fd = openat(fd, entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (sub_fd >= 0)
			r = add_directory(finder, sub_fd, sub, depth + 1, err);
	}
	closedir(dir);
	return r;
}

static int add_device(struct finder *finder, struct err *err)
{
	const struct device *device = finder->device;
	struct stat st;
	int fd;

	if (stat(device->source, &st) < 0)
		return err_sys(err, errno, "devices: '%s'", device->source);
	if (is_device(&st))
		return add_node(finder, device->target, &st, err);
	if (!S_ISDIR(st.st_mode))
		return err_set(err, ENODEV,
			       "devices: '%s' is neither a device nor a directory of devices",
			       device->source);
	fd = open(device->source, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || add_directory(finder, fd, device->target, 0, err) < 0)
		return fd < 0 ? err_sys(err, errno, "devices: open '%s'", device->source)
			      : err_wrap(err, "devices: '%s'", device->source);
	return 0;
}

int host_devices_find(const struct service *service, struct arena *arena,
		      struct host_devices *ret_devices, struct err *err)
{
	CLEANUP(host_devices_release) struct host_devices devices = {.n_nodes = 0};
	struct finder finder = {.devices = &devices, .arena = arena};
	int r = 0;

	for (size_t i = 0; r == 0 && i < service->n_devices; i++) {
		finder.device = &service->devices[i];
		r = add_device(&finder, err);
	}
	for (size_t i = 0; r == 0 && i < service->device_cgroup_rules.n; i++)
		r = add_rule_text(&devices, service->device_cgroup_rules.items[i], err);
	if (r < 0)
		return r;
	*ret_devices = devices;
	devices = (struct host_devices){.n_nodes = 0};
	return 0;
}

void host_devices_release(struct host_devices *devices)
{
	free(devices->nodes);
	free(devices->rules);
	*devices = (struct host_devices){.n_nodes = 0};
}
