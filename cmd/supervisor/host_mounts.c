// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What is mounted in a container, and in which order
 *
 * The service's mounts come first, then the image's volumes, what hides our own
 * trees, the three files in /etc, secrets and configs; a later one for the same place takes it from
 * an earlier one. A place below another one is mounted after it.
 */
#include "cmd/supervisor/host.h"

#include "core/base/arena.h"
#include "core/base/cleanup.h"
#include "core/base/fd.h"
#include "core/base/hash.h"
#include "store/volume.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

struct mounts {
	struct spec_mount *items;
	size_t n;
};

static void put(struct mounts *mounts, const struct spec_mount *mount)
{
	for (size_t i = 0; i < mounts->n; i++) {
		if (strcmp(mounts->items[i].target, mount->target) == 0) {
			mounts->items[i] = *mount;
			return;
		}
	}
	mounts->items[mounts->n++] = *mount;
}

static bool has(const struct mounts *mounts, const char *target)
{
	for (size_t i = 0; i < mounts->n; i++)
		if (strcmp(mounts->items[i].target, target) == 0)
			return true;
	return false;
}

static uint32_t propagation_flags(const char *name)
{
	static const struct {
		const char *name;
		uint32_t flags;
	} table[] = {
		{"private", MS_PRIVATE}, {"rprivate", MS_PRIVATE | MS_REC},
		{"slave", MS_SLAVE},	 {"rslave", MS_SLAVE | MS_REC},
		{"shared", MS_SHARED},	 {"rshared", MS_SHARED | MS_REC},
	};

	for (size_t i = 0; name && i < ARRAY_SIZE(table); i++)
		if (strcmp(table[i].name, name) == 0)
			return table[i].flags;
	return MS_PRIVATE | MS_REC;
}

static int bind_source(const struct mount *mount, struct err *err)
{
	struct stat st;

	if (stat(mount->source, &st) == 0)
		return 0;
	if (errno != ENOENT)
		return err_sys(err, errno, "mount '%s' on '%s'", mount->source, mount->target);
	if (!mount->create_host_path)
		return err_set(err, ENOENT, "mount on '%s': there is no '%s' on this host",
			       mount->target, mount->source);
	return fd_mkdir_p(mount->source, 0755, err);
}

/*
 * An anonymous volume belongs to a container and a place in it; its name says
 * so, and a container that is made anew finds its data again.
 */
static int anonymous_volume(struct host *host, struct container_record *record, const char *target,
			    struct arena *arena, const char **ret_source, struct err *err)
{
	size_t n = 0;
	char id[13], path[PATH_MAX];
	const char *name;
	char **grown;
	int r;

	hash_name(id, sizeof(id) - 1, record->name, target, NULL);
	name = arena_printf(arena, "%s_anonymous_%s", host->project, id);
	r = volume_create(host->paths, name, err);
	if (r == 0)
		r = volume_path(host->paths, name, path, sizeof(path), err);
	if (r < 0)
		return r;
	*ret_source = arena_strdup(arena, path);
	for (; record->anonymous_volumes && record->anonymous_volumes[n]; n++)
		if (strcmp(record->anonymous_volumes[n], name) == 0)
			return 0;
	grown = realloc(record->anonymous_volumes, (n + 2) * sizeof(*grown));
	if (!grown)
		return err_nomem(err);
	record->anonymous_volumes = grown;
	grown[n] = strdup(name);
	grown[n + 1] = NULL;
	return grown[n] ? 0 : err_nomem(err);
}

static int volume_source(struct host *host, const struct container_def *def,
			 const struct mount *mount, struct container_record *record,
			 struct arena *arena, const char **ret_source, struct err *err)
{
	const struct volume *volume;
	char path[PATH_MAX];
	int r;

	if (!mount->source)
		return anonymous_volume(host, record, mount->target, arena, ret_source, err);
	volume = project_volume(def->project, mount->source);
	if (!volume)
		return err_set(err, ENOENT, "volume '%s' is not declared", mount->source);
	r = volume_path(host->paths, volume->name, path, sizeof(path), err);
	if (r < 0)
		return r;
	*ret_source = arena_printf(arena, "%s%s%s", path, mount->subpath ? "/" : "",
				   mount->subpath ? mount->subpath : "");
	return 0;
}

static int service_mount(struct host *host, const struct container_def *def,
			 const struct mount *mount, struct container_record *record,
			 struct arena *arena, struct spec_mount *ret, struct err *err)
{
	*ret = (struct spec_mount){.target = mount->target,
				   .propagation = propagation_flags(mount->propagation),
				   .nocopy = mount->nocopy,
				   .flags = mount->read_only ? MS_RDONLY : 0};
	switch (mount->type) {
	case MOUNT_BIND:
		ret->type = SPEC_MOUNT_BIND;
		ret->source = mount->source;
		return bind_source(mount, err);
	case MOUNT_VOLUME:
		ret->type = SPEC_MOUNT_VOLUME;
		return volume_source(host, def, mount, record, arena, &ret->source, err);
	case MOUNT_TMPFS:
		break;
	}
	ret->type = SPEC_MOUNT_TMPFS;
	ret->flags |= MS_NOSUID | MS_NODEV | (mount->exec ? 0 : MS_NOEXEC);
	ret->data = mount->tmpfs_size ? arena_printf(arena, "mode=%o,size=%llu", mount->tmpfs_mode,
						     (unsigned long long)mount->tmpfs_size)
				      : arena_printf(arena, "mode=%o", mount->tmpfs_mode);
	return 0;
}

static int image_volumes(struct host *host, const struct image *image, struct mounts *mounts,
			 struct container_record *record, struct arena *arena, struct err *err)
{
	for (char **v = image->volumes; v && *v; v++) {
		struct spec_mount mount = {.type = SPEC_MOUNT_VOLUME,
					   .target = arena_strdup(arena, *v),
					   .propagation = MS_PRIVATE | MS_REC};
		int r;

		if (has(mounts, mount.target))
			continue;
		r = anonymous_volume(host, record, mount.target, arena, &mount.source, err);
		if (r < 0)
			return r;
		put(mounts, &mount);
	}
	return 0;
}

/* A root file system of the host's may have our own trees in it, with what is other containers'. */
static void hide_trees(struct host *host, const struct service *service, struct mounts *mounts,
		       struct arena *arena)
{
	const char *targets[HOST_ROOTFS_HIDDEN_MAX];
	size_t n = host_rootfs_hidden(host, &service->rootfs, targets, arena);

	for (size_t i = 0; i < n; i++) {
		struct spec_mount mount = {.type = SPEC_MOUNT_TMPFS,
					   .target = targets[i],
					   .data = "mode=0755,size=4k",
					   .flags = MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC,
					   .propagation = MS_PRIVATE | MS_REC,
					   .managed = 1};

		if (!has(mounts, mount.target))
			put(mounts, &mount);
	}
}

static int etc_files(struct host *host, struct mounts *mounts, const char *container,
		     struct arena *arena, struct err *err)
{
	static const char *const names[] = {"hosts", "hostname", "resolv.conf"};
	char dir[PATH_MAX];
	int r = host_container_dir(host, container, dir, sizeof(dir), err);

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(names); i++) {
		struct spec_mount mount = {.type = SPEC_MOUNT_BIND,
					   .source = arena_printf(arena, "%s/%s", dir, names[i]),
					   .target = arena_printf(arena, "/etc/%s", names[i]),
					   .propagation = MS_PRIVATE | MS_REC,
					   .managed = 1};

		if (!has(mounts, mount.target))
			put(mounts, &mount);
	}
	return r;
}

static int granted_files(struct host *host, struct mounts *mounts, const struct container_def *def,
			 const char *container, bool secrets, struct arena *arena, struct err *err)
{
	const struct file_references *references =
		secrets ? &def->service->secrets : &def->service->configs;
	char dir[PATH_MAX], name[HOST_GRANTED_NAME_MAX];
	int r = host_container_dir(host, container, dir, sizeof(dir), err);

	for (size_t i = 0; r == 0 && i < references->n; i++) {
		struct spec_mount mount = {
			.type = SPEC_MOUNT_BIND,
			.source = arena_printf(arena, "%s/%s", dir,
					       host_granted_name(secrets, i, name)),
			.target = references->items[i].target,
			.propagation = MS_PRIVATE | MS_REC,
			.flags = MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC,
			.managed = 1};

		put(mounts, &mount);
	}
	return r;
}

/* Read-only: who is in the container sends to the socket, and cannot take it away. */
static int notify_directory(struct host *host, struct mounts *mounts, const char *container,
			    struct arena *arena, struct err *err)
{
	struct spec_mount mount = {.type = SPEC_MOUNT_BIND,
				   .target = HOST_NOTIFY_TARGET,
				   .propagation = MS_PRIVATE | MS_REC,
				   .flags = MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC,
				   .managed = 1};
	char dir[PATH_MAX];
	int r = host_container_dir(host, container, dir, sizeof(dir), err);

	if (r < 0)
		return r;
	mount.source = arena_printf(arena, "%s/%s", dir, HOST_NOTIFY_DIR);
	put(mounts, &mount);
	return 0;
}

static size_t depth(const char *path)
{
	size_t n = 0;

	for (; *path; path++)
		n += *path == '/' && path[1] && path[1] != '/';
	return n;
}

/* Shallow places first; stable, as the file's order counts otherwise. */
static void sort_by_depth(struct mounts *mounts)
{
	for (size_t i = 1; i < mounts->n; i++) {
		struct spec_mount moved = mounts->items[i];
		size_t at = i;

		while (at > 0 && depth(mounts->items[at - 1].target) > depth(moved.target)) {
			mounts->items[at] = mounts->items[at - 1];
			at--;
		}
		mounts->items[at] = moved;
	}
}

int host_spec_mounts(struct host *host, const struct container_def *def, const struct image *image,
		     struct container_record *record, struct container_spec *spec,
		     struct arena *arena, struct err *err)
{
	const struct service *service = def->service;
	struct mounts mounts = {.n = 0};
	const char *network;
	size_t room = service->n_mounts + service->secrets.n + service->configs.n + 8 +
		      HOST_ROOTFS_HIDDEN_MAX;
	int r = 0;

	for (char **v = image->volumes; v && *v; v++)
		room++;
	mounts.items = ARENA_ARRAY(arena, struct spec_mount, room);
	for (size_t i = 0; r == 0 && i < service->n_mounts; i++) {
		struct spec_mount mount;

		r = service_mount(host, def, &service->mounts[i], record, arena, &mount, err);
		if (r == 0)
			put(&mounts, &mount);
	}
	if (r == 0)
		r = image_volumes(host, image, &mounts, record, arena, err);
	hide_trees(host, service, &mounts, arena);
	/* Names and addresses are those of the network. */
	network = host_shared(def, service->network_mode, arena);
	if (r == 0)
		r = etc_files(host, &mounts, network ? network : record->name, arena, err);
	if (r == 0)
		r = granted_files(host, &mounts, def, record->name, true, arena, err);
	if (r == 0)
		r = granted_files(host, &mounts, def, record->name, false, arena, err);
	if (r == 0 && service->probe.kind == PROBE_NOTIFY)
		r = notify_directory(host, &mounts, record->name, arena, err);
	sort_by_depth(&mounts);
	spec->mounts = mounts.items;
	spec->n_mounts = (uint32_t)mounts.n;
	return r;
}
