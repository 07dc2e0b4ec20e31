// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Check mounts: what of the host is to be seen in a container
 *
 * A path may be written in more than one way, and a symbolic link in the
 * project's directory may lead to /etc.  So both count: the path as it is
 * written, which need not exist yet, and what it is on this host.
 */
#include "cmd/cli/check_rules.h"

#include "core/base/cleanup.h"
#include "core/base/strbuf.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

typedef bool path_test(const char *path, const struct mount *mount, const char *run_dir);

/* Is PATH the directory DIR or in it? */
static bool is_within(const char *path, const char *dir)
{
	size_t len = strlen(dir);

	return strncmp(path, dir, len) == 0 && (path[len] == '\0' || path[len] == '/');
}

/* A program of the container may replace what is in these; "/" is only itself. */
static bool is_sensitive(const char *path, const struct mount *mount, const char *run_dir)
{
	static const char *const dirs[] = {"/bin",   "/boot", "/dev",  "/etc", "/lib", "/lib32",
					   "/lib64", "/proc", "/sbin", "/sys", "/usr"};

	(void)run_dir;
	if (strcmp(path, "/") == 0)
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++) {
		/* Something in it that cannot be written, such as /etc/localtime, is common. */
		if (is_within(path, dirs[i]))
			return !mount->read_only || strcmp(path, dirs[i]) == 0;
	}
	return false;
}

/* /var/run is /run, also on a host where neither is there to be asked. */
static const char *without_var(const char *path)
{
	return is_within(path, "/var/run") ? path + strlen("/var") : path;
}

/* Whoever may talk to one of these is root on the host; that it is mounted read-only is no help. */
static bool has_control_socket(const char *path, const struct mount *mount, const char *run_dir)
{
	static const char *const names[] = {"docker.sock", "containerd.sock", "podman.sock",
					    "crio.sock"};
	static const char *const dirs[] = {"/run/docker.sock", "/run/containerd", "/run/podman",
					   "/run/crio"};
	const char *base = strrchr(path, '/') + 1;

	(void)mount;
	path = without_var(path);
	run_dir = without_var(run_dir);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (strcmp(base, names[i]) == 0)
			return true;
	if (strcmp(path, "/") == 0)
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++)
		if (is_within(path, dirs[i]) || is_within(dirs[i], path))
			return true;
	return is_within(path, run_dir) || is_within(run_dir, path);
}

static void look_at(const struct mount *mount, const struct service *service,
		    struct check_report *report, path_test *test)
{
	CLEANUP(strbuf_release) struct strbuf detail = STRBUF_INIT;
	CLEANUP_FREE char *real = NULL;

	if (test(mount->source, mount, report->run_dir)) {
		check_found(report, service, mount->pos, mount->source);
		return;
	}
	real = realpath(mount->source, NULL);
	if (!real || !test(real, mount, report->run_dir))
		return;
	strbuf_printf(&detail, "%s, which is %s", mount->source, real);
	check_found(report, service, mount->pos, detail.text);
}

static void look_at_all(const struct service *service, struct check_report *report, path_test *test)
{
	for (size_t i = 0; i < service->n_mounts; i++)
		if (service->mounts[i].type == MOUNT_BIND)
			look_at(&service->mounts[i], service, report, test);
}

void check_sensitive_mounts(const struct service *service, struct check_report *report)
{
	look_at_all(service, report, is_sensitive);
}

void check_control_sockets(const struct service *service, struct check_report *report)
{
	look_at_all(service, report, has_control_socket);
}

void check_propagation(const struct service *service, struct check_report *report)
{
	for (size_t i = 0; i < service->n_mounts; i++) {
		const struct mount *mount = &service->mounts[i];

		if (mount->propagation && strstr(mount->propagation, "shared"))
			check_found(report, service, mount->pos, mount->target);
	}
}
