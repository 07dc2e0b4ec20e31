// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/container/rootfs.h"

#include "core/base/cleanup.h"
#include "core/base/err.h"
#include "core/container/idmap.h"
#include "core/container/inroot.h"
#include "core/container/mountfd.h"
#include "core/container/spec.h"
#include "core/container/sys.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

/*
 * mount(2) hands one page of options to the kernel, fsconfig(2) no more than
 * 256 bytes of one value, and "lowerdir+" is younger than the kernels we
 * support.  So the layers are named relative to the working directory; where
 * even that is too long, a tmpfs nobody else sees holds links with short names.
 */
#define OPTIONS_MAX 4095

/*
 * What we rely on whatever the kernel was configured to do, the most important
 * first: an image must not bring redirects.  A kernel that refuses one gets
 * the ones before it.
 */
static const char *const fixed_options[] = {
	",redirect_dir=nofollow",
	",metacopy=off",
	",index=off",
	",xino=off",
};

struct options {
	char text[OPTIONS_MAX + 1];
	size_t len;
};

/* Append TEXT, escaped as overlayfs wants it when it is one of its paths. */
static void append(struct options *options, const char *text, bool escape)
{
	for (; *text; text++) {
		if (escape && strchr("\\,:", *text) && options->len < OPTIONS_MAX)
			options->text[options->len++] = '\\';
		if (options->len < OPTIONS_MAX)
			options->text[options->len++] = *text;
	}
	options->text[options->len] = '\0';
}

/* Where LAYER is, in RET; false: that is too long a path. */
static bool layer_path(const struct container_spec *spec, const char *layer, char ret[PATH_MAX])
{
	bool absolute = layer[0] == '/';
	int n = snprintf(ret, PATH_MAX, "%s%s%s", absolute ? "" : spec->layers_dir,
			 absolute ? "" : "/", layer);

	return n >= 0 && n < PATH_MAX;
}

static size_t lowers_len(const struct container_spec *spec)
{
	size_t len = 0;

	for (size_t i = 0; spec->lowers[i]; i++)
		len += strlen(spec->lowers[i]) + 1;
	return len;
}

/* Room for the rest: two paths and the fixed options. */
static bool lowers_fit(const struct container_spec *spec)
{
	size_t rest = 2 * (strlen(spec->upper) + strlen(spec->work)) + 256;

	return lowers_len(spec) + rest <= OPTIONS_MAX;
}

/* A directory of links "0", "1", … to the layers becomes the working directory. */
static int enter_links(const struct container_spec *spec, struct err *err)
{
	CLEANUP_FD int dir = mountfd_new("tmpfs", "mode=0700", MOUNT_ATTR_NODEV, err);

	if (dir < 0)
		return dir;
	for (int i = 0; spec->lowers[i]; i++) {
		char target[PATH_MAX], name[16];

		snprintf(name, sizeof(name), "%d", i);
		if (!layer_path(spec, spec->lowers[i], target))
			return err_set(err, ENAMETOOLONG, "layer '%.64s…' has too long a path",
				       spec->lowers[i]);
		if (symlinkat(target, dir, name) < 0)
			return err_sys(err, errno, "link layer '%s'", spec->lowers[i]);
	}
	if (fchdir(dir) < 0)
		return err_sys(err, errno, "enter the directory of layer links");
	return 0;
}

static int attach_layer(int dir, const char *name, int layers, const char *layer, int userns,
			struct err *err)
{
	CLEANUP_FD int mount = mountfd_clone(layers, layer, err), target = -1;
	int r = mount < 0 ? mount : idmap_mount(mount, userns, err);

	if (r == 0)
		r = target = inroot_make_dir(dir, name, err);
	if (r >= 0)
		r = mountfd_attach(mount, target, err);
	return r < 0 ? err_wrap(err, "layer '%.64s'", layer) : 0;
}

/*
 * A directory of idmapped mounts "0", "1", … of the layers becomes the working
 * directory.  Overlayfs takes layers only from mounts that are attached, so it
 * has to be: on the layers' directory, in our namespace alone, where nobody
 * looks any more once the last layer is open.
 */
static int enter_idmapped(const struct container_spec *spec, int userns, struct err *err)
{
	CLEANUP_FD int layers = open(spec->layers_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CLEANUP_FD int dir = mountfd_new("tmpfs", "mode=0700", MOUNT_ATTR_NODEV, err);
	int r = dir < 0 ? dir : 0;

	if (r == 0 && layers < 0)
		r = err_sys(err, errno, "open '%s'", spec->layers_dir);
	if (r == 0)
		r = mountfd_attach(dir, layers, err);
	for (int i = 0; r == 0 && spec->lowers[i]; i++) {
		char name[16];

		snprintf(name, sizeof(name), "%d", i);
		r = attach_layer(dir, name, layers, spec->lowers[i], userns, err);
	}
	if (r == 0 && fchdir(dir) < 0)
		r = err_sys(err, errno, "enter the directory of layers");
	return r;
}

static int mount_overlay(const struct container_spec *spec, bool numbered, struct err *err)
{
	struct options options = {.len = 0};

	append(&options, "lowerdir=", false);
	for (int i = 0; spec->lowers[i]; i++) {
		char name[16];

		snprintf(name, sizeof(name), "%d", i);
		append(&options, i ? ":" : "", false);
		append(&options, numbered ? name : spec->lowers[i], !numbered);
	}
	append(&options, ",upperdir=", false);
	append(&options, spec->upper, true);
	append(&options, ",workdir=", false);
	append(&options, spec->work, true);
	for (size_t n = ARRAY_SIZE(fixed_options) + 1; n-- > 0;) {
		struct options all = options;

		for (size_t i = 0; i < n; i++)
			append(&all, fixed_options[i], false);
		if (all.len == OPTIONS_MAX)
			return err_set(err, E2BIG,
				       "the paths of the container's layers are too long");
		if (mount("overlay", spec->layers_dir, "overlay", 0, all.text) == 0)
			return 0;
		if (errno != EINVAL)
			break;
	}
	return err_sys(err, errno, "mount the root file system (%.200s…)", options.text);
}

int rootfs_mount(const struct container_spec *spec, int userns, struct err *err)
{
	bool numbered;
	int r, fd;

	if (!spec->layers_dir || !spec->lowers || !spec->upper || !spec->work)
		return err_set(err, EINVAL, "the container has no root file system");
	numbered = userns >= 0 || !lowers_fit(spec);
	if (userns >= 0)
		r = enter_idmapped(spec, userns, err);
	else if (numbered)
		r = enter_links(spec, err);
	else
		r = chdir(spec->layers_dir) < 0
			    ? err_sys(err, errno, "enter '%s'", spec->layers_dir)
			    : 0;
	if (r == 0)
		r = mount_overlay(spec, numbered, err);
	if (r < 0)
		return r;
	fd = open(spec->layers_dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? err_sys(err, errno, "open the root file system") : fd;
}

int rootfs_enter(int root, struct err *err)
{
	CLEANUP_FD int old = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (old < 0)
		return err_sys(err, errno, "open '/'");
	if (fchdir(root) < 0 || sys_pivot_root(".", ".") < 0)
		return err_sys(err, errno, "make the container's root file system the root");
	/* The old root now lies on top of the new one; unmounting it must reach nobody else. */
	if (fchdir(old) < 0 || mount("", ".", NULL, MS_SLAVE | MS_REC, NULL) < 0 ||
	    umount2(".", MNT_DETACH) < 0 || chdir("/") < 0)
		return err_sys(err, errno, "leave the host's root file system");
	return 0;
}
