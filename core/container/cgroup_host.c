// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/base/cleanup.h"
#include "core/base/err.h"
#include "core/base/fd.h"
#include "core/container/cgroup.h"
#include "core/container/cgroup_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/xattr.h>

/*
 * Where the cgroups of this host are
 *
 * mountinfo says which hierarchy is mounted where and which part of it the
 * mount shows; /proc/self/cgroup in which cgroup of each we are.  A v1
 * hierarchy is known by its controllers, which both files list the same way.
 */

/* Neither file is longer on any sane host; mountinfo has a line per mount. */
#define PROC_FILE_MAX ((size_t)16 << 20)

static const struct {
	const char *v1, *v2; /* v2 NULL: there is no controller for it, the core does it */
} controllers[CGROUP_N_CONTROLLERS] = {
	[CGROUP_CPU] = {"cpu", "cpu"},		[CGROUP_CPUACCT] = {"cpuacct", NULL},
	[CGROUP_CPUSET] = {"cpuset", "cpuset"}, [CGROUP_MEMORY] = {"memory", "memory"},
	[CGROUP_PIDS] = {"pids", "pids"},	[CGROUP_DEVICES] = {"devices", NULL},
	[CGROUP_FREEZER] = {"freezer", NULL},	[CGROUP_BLKIO] = {"blkio", "io"},
};

const char *cgroup_controller_name(enum cgroup_controller controller)
{
	return controllers[controller].v2 ? controllers[controller].v2 : controllers[controller].v1;
}

/* The bits of the words in LIST, a list separated by SEPARATORS. */
static unsigned int controllers_in(const char *list, size_t len, const char *separators, bool v2)
{
	unsigned int mask = 0;

	for (size_t i = 0; i < len;) {
		size_t n = strcspn(list + i, separators);

		n = n < len - i ? n : len - i;
		for (int c = 0; c < CGROUP_N_CONTROLLERS; c++) {
			const char *name = v2 ? controllers[c].v2 : controllers[c].v1;

			if (name && strlen(name) == n && !memcmp(name, list + i, n))
				mask |= 1u << c;
		}
		i += n + 1;
	}
	return mask;
}

unsigned int cgroup_v2_controllers_in(const char *list)
{
	return controllers_in(list, strlen(list), " \n", true);
}

/* mountinfo writes space, tab, newline and backslash as \ooo. */
static void unescape(char *text)
{
	char *to = text;

	for (const char *from = text; *from; to++) {
		if (from[0] == '\\' && from[1] >= '0' && from[1] <= '3' && from[2] && from[3]) {
			*to = (char)((from[1] - '0') << 6 | (from[2] - '0') << 3 | (from[3] - '0'));
			from += 4;
		} else {
			*to = *from++;
		}
	}
	*to = '\0';
}

struct mount_line {
	char *root, *target, *type, *options;
};

/* "36 35 98:0 ROOT TARGET OPTIONS… [TAG…] - TYPE SOURCE SUPEROPTIONS" */
static bool mount_line_parse(char *line, struct mount_line *ret)
{
	char *fields[10], *save = NULL, *tail = strstr(line, " - ");
	size_t n = 0;

	if (!tail)
		return false;
	*tail = '\0';
	for (char *word = strtok_r(line, " ", &save); word && n < 5;
	     word = strtok_r(NULL, " ", &save))
		fields[n++] = word;
	if (n < 5)
		return false;
	for (char *word = strtok_r(tail + 3, " ", &save); word && n < 8;
	     word = strtok_r(NULL, " ", &save))
		fields[n++] = word;
	if (n < 8)
		return false;
	*ret = (struct mount_line){
		.root = fields[3], .target = fields[4], .type = fields[5], .options = fields[7]};
	unescape(ret->root);
	unescape(ret->target);
	return true;
}

/*
 * Our own cgroup in the hierarchy with CONTROLLERS (0: the v2 one), of
 * "ID:CONTROLLERS:PATH" lines, into RET_PATH; "" when it is not there.
 */
static void self_path(const char *self_cgroup, unsigned int wanted, char *ret_path, size_t size)
{
	ret_path[0] = '\0';
	for (const char *line = self_cgroup; *line;) {
		size_t len = strcspn(line, "\n");
		const char *list = memchr(line, ':', len);
		const char *path =
			list ? memchr(list + 1, ':', len - (size_t)(list + 1 - line)) : NULL;

		if (path) {
			size_t list_len = (size_t)(path - list - 1);
			bool v2 = list_len == 0;
			unsigned int mask = controllers_in(list + 1, list_len, ",", false);

			if (wanted ? mask == wanted : v2) {
				snprintf(ret_path, size, "%.*s",
					 (int)(len - (size_t)(path + 1 - line)), path + 1);
				return;
			}
		}
		line += len + (line[len] == '\n');
	}
}

/* PATH as seen through a mount that shows ROOT and what is below it; NULL: not visible there. */
static const char *below_root(const char *path, const char *root)
{
	size_t len = strlen(root);

	if (len == 1)
		return path;
	if (strncmp(path, root, len) || (path[len] != '/' && path[len]))
		return NULL;
	return path + len;
}

static bool is_delegated(const char *directory)
{
	static const char *const names[] = {"trusted.delegate", "user.delegate"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		char value[2];

		if (getxattr(directory, names[i], value, sizeof(value)) == 1 && value[0] == '1')
			return true;
	}
	return false;
}

/*
 * The nearest cgroup from our own one upwards that systemd has delegated to us:
 * with DelegateSubgroup= we are in a child of it.  RET_UNIT is its path in the
 * hierarchy, "" when there is none.
 */
static void find_unit(const char *target, const char *path, char *ret_unit, size_t size)
{
	char part[CGROUP_BASE_MAX], directory[CGROUP_PATH_MAX];

	ret_unit[0] = '\0';
	snprintf(part, sizeof(part), "%s", path);
	for (char *slash; part[0] && part[1]; *slash = '\0') {
		snprintf(directory, sizeof(directory), "%s%s", target, part);
		if (is_delegated(directory)) {
			snprintf(ret_unit, size, "%s", part);
			return;
		}
		slash = strrchr(part, '/');
		if (!slash)
			return;
	}
}

/* Which cgroup is ours to work in?  systemd marks it on its own hierarchy, or on the v2 tree. */
static void learn_unit(const struct mount_line *mount, const char *self_cgroup, char *unit,
		       size_t size)
{
	char path[CGROUP_BASE_MAX] = "";
	const char *line, *visible;

	if (unit[0])
		return;
	if (!strcmp(mount->type, "cgroup2")) {
		self_path(self_cgroup, 0, path, sizeof(path));
	} else if (strstr(mount->options, "name=systemd")) {
		line = strstr(self_cgroup, ":name=systemd:");
		if (line) {
			line += strlen(":name=systemd:");
			snprintf(path, sizeof(path), "%.*s", (int)strcspn(line, "\n"), line);
		}
	}
	visible = below_root(path, mount->root);
	if (visible)
		find_unit(mount->target, visible, unit, size);
}

/*
 * The base in TREE: the unit's cgroup if we are in it or below it in this
 * hierarchy too, which on v1 not all hierarchies need to have.
 */
static int set_base(struct cgroup_tree *tree, const struct mount_line *mount, const char *path,
		    const char *unit, struct err *err)
{
	const char *visible = below_root(path, mount->root);
	size_t len = strlen(unit);
	bool inside = unit[0] && visible && !strncmp(visible, unit, len) &&
		      (visible[len] == '/' || !visible[len]);
	int n = snprintf(tree->base, sizeof(tree->base), "%s%s", mount->target, inside ? unit : "");

	if (n < 0 || (size_t)n >= sizeof(tree->base))
		return err_set(err, ENAMETOOLONG, "the cgroup mount '%s' has too long a name",
			       mount->target);
	return 0;
}

static int add_v1(struct cgroup_host *host, const struct mount_line *mount, const char *self_cgroup,
		  const char *unit, struct err *err)
{
	unsigned int mask = controllers_in(mount->options, strlen(mount->options), ",", false);
	char path[CGROUP_BASE_MAX];

	/* No controller, or mounted a second time somewhere else. */
	for (size_t i = 0; i < host->n_v1; i++)
		mask &= ~host->v1[i].controllers;
	if (!mask || host->n_v1 == ARRAY_SIZE(host->v1))
		return 0;
	self_path(self_cgroup, mask, path, sizeof(path));
	host->v1[host->n_v1].controllers = mask;
	return set_base(&host->v1[host->n_v1++], mount, path, unit, err);
}

static int add_unified(struct cgroup_host *host, const struct mount_line *mount,
		       const char *self_cgroup, const char *unit, struct err *err)
{
	CLEANUP_FREE char *list = NULL;
	char path[CGROUP_BASE_MAX];
	char file[CGROUP_PATH_MAX];
	int r;

	if (host->has_unified)
		return 0;
	self_path(self_cgroup, 0, path, sizeof(path));
	r = set_base(&host->unified, mount, path, unit, err);
	if (r < 0)
		return r;
	snprintf(file, sizeof(file), "%s/cgroup.controllers", host->unified.base);
	r = fd_read_file(AT_FDCWD, file, 4096, &list, NULL, err);
	if (r < 0)
		return r;
	host->unified.controllers = cgroup_v2_controllers_in(list);
	host->has_unified = true;
	return 0;
}

static int each_mount(struct cgroup_host *host, char *mountinfo, const char *self_cgroup,
		      char *unit, size_t unit_size, bool learn, struct err *err)
{
	char *save = NULL;
	int r = 0;

	for (char *line = strtok_r(mountinfo, "\n", &save); line && r == 0;
	     line = strtok_r(NULL, "\n", &save)) {
		struct mount_line mount;

		if (!strstr(line, " - cgroup") || !mount_line_parse(line, &mount))
			continue;
		if (learn)
			learn_unit(&mount, self_cgroup, unit, unit_size);
		else if (!strcmp(mount.type, "cgroup2"))
			r = add_unified(host, &mount, self_cgroup, unit, err);
		else if (!strcmp(mount.type, "cgroup"))
			r = add_v1(host, &mount, self_cgroup, unit, err);
	}
	return r;
}

int cgroup_host_init_from(struct cgroup_host *ret_host, const char *mountinfo,
			  const char *self_cgroup, struct err *err)
{
	CLEANUP_FREE char *mounts = NULL, *again = NULL, *self = NULL;
	struct cgroup_host host = {.n_v1 = 0};
	char unit[CGROUP_BASE_MAX] = "";
	size_t len;
	int r;

	r = fd_read_file(AT_FDCWD, mountinfo, PROC_FILE_MAX, &mounts, &len, err);
	if (r == 0)
		r = fd_read_file(AT_FDCWD, self_cgroup, PROC_FILE_MAX, &self, NULL, err);
	if (r < 0)
		return r;
	again = malloc(len + 1);
	if (!again)
		return err_nomem(err);
	memcpy(again, mounts, len + 1);
	r = each_mount(&host, again, self, unit, sizeof(unit), true, err);
	if (r == 0)
		r = each_mount(&host, mounts, self, unit, sizeof(unit), false, err);
	if (r < 0)
		return r;
	if (!host.n_v1 && !host.has_unified)
		return err_set(err, ENOENT,
			       "no cgroup file system is mounted; mount one on /sys/fs/cgroup");
	host.delegated = unit[0] != '\0';
	/* A controller is on one of the two; on v1 it cannot be on the v2 tree as well. */
	for (size_t i = 0; i < host.n_v1; i++)
		host.unified.controllers &= ~host.v1[i].controllers;
	*ret_host = host;
	return 0;
}

int cgroup_host_init(struct cgroup_host *ret_host, struct err *err)
{
	return cgroup_host_init_from(ret_host, "/proc/self/mountinfo", "/proc/self/cgroup", err);
}
