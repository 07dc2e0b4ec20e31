// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/model/shortform.h"

#include "core/base/arena.h"
#include "core/base/text.h"
#include "core/model/pathname.h"
#include "core/model/units.h"

#include <errno.h>
#include <string.h>

struct mount shortform_mount_default(enum mount_type type)
{
	return (struct mount){.type = type, .tmpfs_mode = 01777, .create_host_path = true};
}

static bool is_one_of(const char *word, const char *const *words)
{
	for (; *words; words++)
		if (strcmp(word, *words) == 0)
			return true;
	return false;
}

static int mount_option(struct mount *mount, const char *option, struct err *err)
{
	/* SELinux labels, and hints for Docker's file sharing on other systems. */
	static const char *const harmless[] = {"rw",	    "z",	  "Z", "cached",
					       "delegated", "consistent", NULL};
	static const char *const propagations[] = {"shared",  "rshared",  "slave", "rslave",
						   "private", "rprivate", NULL};

	if (strcmp(option, "ro") == 0)
		mount->read_only = true;
	else if (strcmp(option, "nocopy") == 0)
		mount->nocopy = true;
	else if (is_one_of(option, propagations))
		mount->propagation = option;
	else if (!is_one_of(option, harmless))
		return err_set(err, EINVAL,
			       "'%s' is no option of a mount: it takes ro, rw, nocopy, z, Z or a "
			       "propagation such as rshared",
			       option);
	return 0;
}

static int tmpfs_option(struct mount *mount, const char *option, struct err *err)
{
	static const char *const harmless[] = {"rw", "noexec", "nosuid", "nodev", NULL};
	int64_t size;

	if (strncmp(option, "size=", 5) == 0) {
		if (units_bytes(option + 5, &size) < 0)
			return err_set(err, EINVAL, "'%s' is no size; it takes one such as 64m",
				       option + 5);
		mount->tmpfs_size = (uint64_t)size;
	} else if (strncmp(option, "mode=", 5) == 0) {
		if (units_mode(option + 5, &mount->tmpfs_mode) < 0)
			return err_set(err, EINVAL, "'%s' is no mode; it takes one such as 1777",
				       option + 5);
	} else if (strcmp(option, "ro") == 0) {
		mount->read_only = true;
	} else if (strcmp(option, "exec") == 0) {
		mount->exec = true;
	} else if (!is_one_of(option, harmless)) {
		return err_set(err, EINVAL,
			       "'%s' is no option of a tmpfs: it takes size=, mode=, ro, rw, exec "
			       "or noexec",
			       option);
	}
	return 0;
}

static int mount_options(struct mount *mount, char *options, struct err *err)
{
	char *save = NULL;

	for (char *option = strtok_r(options, ",", &save); option;
	     option = strtok_r(NULL, ",", &save)) {
		int r = mount->type == MOUNT_TMPFS ? tmpfs_option(mount, option, err)
						   : mount_option(mount, option, err);

		if (r < 0)
			return r;
	}
	return 0;
}

static int mount_target(struct arena *arena, struct mount *mount, const char *target,
			struct err *err)
{
	if (target[0] != '/')
		return err_set(err, EINVAL,
			       "'%s' is no absolute path in the container; it has to begin with "
			       "'/'",
			       target);
	mount->target = pathname_resolve(arena, "/", NULL, target);
	return 0;
}

static int mount_source(struct arena *arena, const char *source, struct mount *mount,
			struct err *err)
{
	if (source[0] != '\0' && strchr("./~", source[0])) {
		*mount = shortform_mount_default(MOUNT_BIND);
		mount->source = arena_strdup(arena, source);
		return 0;
	}
	if (!text_is_name(source, TEXT_NAME_MAX))
		return err_set(err, EINVAL,
			       "'%s' is neither a path, which begins with './' or '/', nor the "
			       "name of a volume",
			       source);
	mount->source = arena_strdup(arena, source);
	return 0;
}

int shortform_mount(struct arena *arena, const char *text, struct mount *ret_mount, struct err *err)
{
	struct mount mount = shortform_mount_default(MOUNT_VOLUME);
	char *source = arena_strdup(arena, text), *target = strchr(source, ':'), *options = NULL;

	if (target) {
		*target++ = '\0';
		options = strchr(target, ':');
		if (options)
			*options++ = '\0';
		if (mount_source(arena, source, &mount, err) < 0)
			return -EINVAL;
	} else {
		target = source;
	}
	if (mount_target(arena, &mount, target, err) < 0 ||
	    (options && mount_options(&mount, options, err) < 0))
		return -EINVAL;
	*ret_mount = mount;
	return 0;
}

int shortform_tmpfs(struct arena *arena, const char *text, struct mount *ret_mount, struct err *err)
{
	struct mount mount = shortform_mount_default(MOUNT_TMPFS);
	char *target = arena_strdup(arena, text), *options = strchr(target, ':');

	if (options)
		*options++ = '\0';
	if (mount_target(arena, &mount, target, err) < 0 ||
	    (options && mount_options(&mount, options, err) < 0))
		return -EINVAL;
	*ret_mount = mount;
	return 0;
}
