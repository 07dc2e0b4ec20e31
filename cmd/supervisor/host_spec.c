// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Service + image → container spec
 *
 * The image's configuration fills what the stack file leaves open, by the
 * rules of docker run: an entrypoint of the file takes the image's command
 * away as well, a command replaces the image's, the environment is the image's
 * with the file's on top.
 */
#include "cmd/supervisor/host.h"

#include "core/base/arena.h"
#include "core/base/cleanup.h"
#include "core/base/fd.h"
#include "core/container/caps.h"
#include "core/converge/plan.h"
#include "core/model/sharing.h"
#include "core/supervise/seccomp.h"
#include "core/supervise/seccomp_file.h"
#include "net/netns.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#define DEFAULT_SHM_SIZE  (UINT64_C(64) << 20)
#define DEFAULT_LOG_SIZE  (UINT64_C(20) << 20)
#define DEFAULT_LOG_FILES 5

static size_t count(const char *const *items)
{
	size_t n = 0;

	while (items && items[n])
		n++;
	return n;
}

static void append(const char **list, size_t *n, const char *const *items)
{
	for (size_t i = 0; items && items[i]; i++)
		list[(*n)++] = items[i];
}

/* What a malloc'ed string array of the image is to read-only users. */
static const char *const *read_only(char **items)
{
	return (const char *const *)items;
}

static int spec_argv(struct container_spec *spec, const struct service *service,
		     const struct image *image, struct arena *arena, struct err *err)
{
	const char *const *entrypoint = service->entrypoint.is_set ? service->entrypoint.items
								   : read_only(image->entrypoint);
	const char *const *command = service->command.is_set	  ? service->command.items
				     : service->entrypoint.is_set ? NULL
								  : read_only(image->cmd);
	size_t n = 0;

	spec->argv = ARENA_ARRAY(arena, const char *, count(entrypoint) + count(command) + 1);
	append(spec->argv, &n, entrypoint);
	append(spec->argv, &n, command);
	if (n == 0 && service->rootfs.path)
		return err_set(err, EINVAL,
			       "the stack file does not say what to run, and with x-stack.rootfs "
			       "there is no image that would; add 'command:'");
	if (n == 0)
		return err_set(err, EINVAL,
			       "neither the stack file nor image '%s' says what to run; add "
			       "'command:'",
			       service->image);
	return 0;
}

static bool same_key(const char *entry, const char *key)
{
	size_t len = strlen(key);

	return strncmp(entry, key, len) == 0 && entry[len] == '=';
}

/* VALUE takes the place of what is said of KEY so far. */
static void set_env(const char **envp, size_t *n, const struct key_value *kv, struct arena *arena)
{
	size_t at = 0;

	while (at < *n && !same_key(envp[at], kv->key))
		at++;
	envp[at] = arena_printf(arena, "%s=%s", kv->key, kv->value);
	*n = at == *n ? *n + 1 : *n;
}

static void spec_env(struct container_spec *spec, const struct service *service,
		     const struct image *image, struct arena *arena)
{
	static const struct key_value notify = {"NOTIFY_SOCKET",
						HOST_NOTIFY_TARGET "/" HOST_NOTIFY_SOCKET};
	const struct map *env = &service->environment;
	size_t n = 0;

	spec->envp = ARENA_ARRAY(arena, const char *, count(read_only(image->env)) + env->n + 2);
	append(spec->envp, &n, read_only(image->env));
	for (size_t i = 0; i < env->n; i++)
		if (env->items[i].value)
			set_env(spec->envp, &n, &env->items[i], arena);
	if (service->probe.kind == PROBE_NOTIFY)
		set_env(spec->envp, &n, &notify, arena);
}

static void spec_lowers(struct container_spec *spec, const struct service *service,
			const struct image *image, struct arena *arena)
{
	spec->lowers = ARENA_ARRAY(arena, const char *, image->n_layers + 2);
	if (service->rootfs.path)
		spec->lowers[0] = service->rootfs.path;
	for (size_t i = 0; i < image->n_layers; i++)
		spec->lowers[i] = image->layers[image->n_layers - 1 - i];
}

static int spec_rlimits(struct container_spec *spec, const struct service *service,
			struct arena *arena, struct err *err)
{
	static const struct {
		const char *name;
		uint32_t resource;
	} table[] = {
		{"as", RLIMIT_AS},
		{"core", RLIMIT_CORE},
		{"cpu", RLIMIT_CPU},
		{"data", RLIMIT_DATA},
		{"fsize", RLIMIT_FSIZE},
		{"locks", RLIMIT_LOCKS},
		{"memlock", RLIMIT_MEMLOCK},
		{"msgqueue", RLIMIT_MSGQUEUE},
		{"nice", RLIMIT_NICE},
		{"nofile", RLIMIT_NOFILE},
		{"nproc", RLIMIT_NPROC},
		{"rss", RLIMIT_RSS},
		{"rtprio", RLIMIT_RTPRIO},
		{"rttime", RLIMIT_RTTIME},
		{"sigpending", RLIMIT_SIGPENDING},
		{"stack", RLIMIT_STACK},
	};

	spec->rlimits = ARENA_ARRAY(arena, struct spec_rlimit, service->ulimits.n + 1);
	for (size_t i = 0; i < service->ulimits.n; i++) {
		const struct ulimit *u = &service->ulimits.items[i];
		size_t at = 0;

		while (at < ARRAY_SIZE(table) && strcmp(table[at].name, u->name) != 0)
			at++;
		if (at == ARRAY_SIZE(table))
			return err_set(err, EINVAL, "ulimits: there is no limit called '%s'",
				       u->name);
		spec->rlimits[i] = (struct spec_rlimit){
			.resource = table[at].resource,
			.soft = u->soft < 0 ? RLIM_INFINITY : (uint64_t)u->soft,
			.hard = u->hard < 0 ? RLIM_INFINITY : (uint64_t)u->hard};
	}
	spec->n_rlimits = (uint32_t)service->ulimits.n;
	return 0;
}

/* Built once for each set of capabilities that the project's services have. */
static int seccomp_for(struct host *host, uint64_t capabilities, struct container_spec *spec,
		       struct err *err)
{
	struct host_seccomp *grown, *entry = NULL;
	int r;

	for (size_t i = 0; i < host->n_seccomp; i++)
		if (host->seccomp[i].capabilities == capabilities)
			entry = &host->seccomp[i];
	if (!entry) {
		grown = realloc(host->seccomp, (host->n_seccomp + 1) * sizeof(*grown));
		if (!grown)
			return err_nomem(err);
		host->seccomp = grown;
		entry = &host->seccomp[host->n_seccomp];
		*entry = (struct host_seccomp){.capabilities = capabilities};
		r = seccomp_default(capabilities, &entry->filter, &entry->n, err);
		if (r < 0)
			return r;
		host->n_seccomp++;
	}
	spec->seccomp = entry->filter;
	spec->seccomp_len = (uint32_t)(entry->n * sizeof(struct sock_filter));
	return 0;
}

/* The profile of a file, read anew for each container: it may have changed. */
static int seccomp_from_file(struct container_spec *spec, const char *path, struct arena *arena,
			     struct err *err)
{
	CLEANUP_FREE struct sock_filter *filter = NULL;
	struct sock_filter *copy;
	size_t n;
	int r = seccomp_file_read(path, spec->capabilities, &filter, &n, err);

	if (r < 0)
		return err_wrap(err, "security_opt");
	copy = ARENA_ARRAY(arena, struct sock_filter, n);
	memcpy(copy, filter, n * sizeof(*copy));
	spec->seccomp = copy;
	spec->seccomp_len = (uint32_t)(n * sizeof(*copy));
	return 0;
}

static int spec_security(struct host *host, struct container_spec *spec,
			 const struct service *service, struct arena *arena, struct err *err)
{
	int r = caps_compute(service->cap_add.items, service->cap_drop.items, service->privileged,
			     &spec->capabilities, err);

	spec->privileged = service->privileged;
	spec->no_new_privs = service->security.no_new_privileges;
	spec->apparmor = service->security.apparmor;
	if (r < 0)
		return r;
	switch (service->security.seccomp) {
	case SECCOMP_CHOICE_UNCONFINED:
		return 0;
	case SECCOMP_CHOICE_FILE:
		return seccomp_from_file(spec, service->security.seccomp_file, arena, err);
	case SECCOMP_CHOICE_NONE:
		if (service->privileged)
			return 0;
		break;
	case SECCOMP_CHOICE_BUILTIN:
		break;
	}
	return seccomp_for(host, spec->capabilities, spec, err);
}

static void spec_sysctls(struct container_spec *spec, const struct service *service,
			 struct arena *arena)
{
	spec->sysctls = ARENA_ARRAY(arena, const char *, service->sysctls.n + 1);
	for (size_t i = 0; i < service->sysctls.n; i++)
		spec->sysctls[i] = arena_printf(arena, "%s=%s", service->sysctls.items[i].key,
						service->sysctls.items[i].value);
}

static void spec_log(const struct host *host, struct container_spec *spec,
		     const struct service *service, struct arena *arena)
{
	const struct logging *log = &service->logging;

	if (log->driver && strcmp(log->driver, "none") == 0)
		return;
	spec->log_path = arena_printf(arena, "%s/projects/%s/logs/%s.log", host->paths->root,
				      host->project, spec->name);
	spec->log_max_size = log->max_size > 0 ? (uint64_t)log->max_size : DEFAULT_LOG_SIZE;
	spec->log_max_files = log->max_file > 0 ? (uint32_t)log->max_file : DEFAULT_LOG_FILES;
}

const char *host_shared(const struct container_def *def, const char *mode, struct arena *arena)
{
	const char *name = sharing_service(mode);
	const struct service *other = name ? project_service(def->project, name) : NULL;

	return other ? plan_container_name(def->project, other, 1, arena) : NULL;
}

/* The names in /etc/hosts are those of whose network it is. */
static const char *hostname_of(const struct container_def *def, const char *mode,
			       const char *container)
{
	const struct service *other = project_service(def->project, sharing_service(mode));

	return other->hostname ? other->hostname : container;
}

static int spec_namespaces(const struct host *host, struct container_spec *spec,
			   const struct container_def *def, struct arena *arena, struct err *err)
{
	const struct service *service = def->service;
	const char *network = host_shared(def, service->network_mode, arena);
	const char *pid = host_shared(def, service->pid, arena);
	char path[PATH_MAX], netns[NETNS_NAME_MAX];
	int r;

	if (!sharing_is_host(service->network_mode)) {
		netns_name(host->id, network ? network : spec->name, netns);
		spec->netns = arena_printf(arena, "%s/%s", NETNS_DIR, netns);
	}
	spec->shared_net = network != NULL;
	if (network)
		spec->hostname = hostname_of(def, service->network_mode, network);
	spec->host_namespaces = (sharing_is_host(service->pid) ? CLONE_NEWPID : 0) |
				(sharing_is_host(service->ipc) ? CLONE_NEWIPC : 0) |
				(sharing_is_host(service->uts) ? CLONE_NEWUTS : 0) |
				(sharing_is_host(service->cgroup) ? CLONE_NEWCGROUP : 0);
	if (!pid)
		return 0;
	r = host_container_dir(host, pid, path, sizeof(path), err);
	spec->pid_container = r < 0 ? NULL : arena_strdup(arena, path);
	return r;
}

static int spec_places(const struct host *host, struct container_spec *spec,
		       struct cgroup_paths *cgroups, struct arena *arena, struct err *err)
{
	char path[PATH_MAX];
	int r;

	spec->layers_dir = arena_printf(arena, "%s/layers", host->paths->root);
	r = host_rootfs_dir(host, spec->name, "upper", path, sizeof(path), err);
	if (r < 0)
		return r;
	spec->upper = arena_strdup(arena, path);
	r = host_rootfs_dir(host, spec->name, "work", path, sizeof(path), err);
	if (r < 0)
		return r;
	spec->work = arena_strdup(arena, path);
	host_cgroup_path(host, spec->name, path, CGROUP_PATH_MAX);
	r = cgroup_paths(&host->cgroups, path, cgroups, err);
	if (r < 0)
		return r;
	spec->cgroups = (spec_strings)cgroups->tasks;
	spec->cgroup_unified = cgroups->unified;
	spec->cgroup_memory = cgroups->memory;
	return 0;
}

static void spec_simple(struct container_spec *spec, const struct service *service,
			const struct image *image, const struct container_record *record)
{
	spec->name = record->name;
	spec->hostname = host_hostname(service, record);
	spec->domainname = service->domainname;
	spec->cwd = service->working_dir ? service->working_dir : image->working_dir;
	spec->user = service->user ? service->user : image->user;
	spec->groups = service->group_add.items;
	spec->read_only = service->read_only;
	spec->shm_size = service->shm_size > 0 ? (uint64_t)service->shm_size : DEFAULT_SHM_SIZE;
	spec->oom_score_adj = (int32_t)service->oom_score_adj;
	spec->init = service->init;
	spec->keep = service->oneoff == ONEOFF_ATTACHED;
	spec->tty = service->tty;
	spec->stdin_open = service->stdin_open;
}

static int write_spec(const struct container_spec *spec, int dirfd, struct err *err)
{
	CLEANUP_FREE void *data = NULL;
	size_t len;
	int r = container_spec_encode(spec, &data, &len, err);

	/* It has the environment in it, and so perhaps passwords. */
	return r < 0 ? r : fd_replace_file(dirfd, "spec", data, len, 0600, err);
}

int host_write_spec(struct host *host, const struct container_def *def, const struct image *image,
		    const struct host_ids *ids, const struct host_devices *devices,
		    struct container_record *record, struct err *err)
{
	CLEANUP(cgroup_paths_release) struct cgroup_paths cgroups = CGROUP_PATHS_INIT;
	CLEANUP(arena_cleanup) struct arena *arena = arena_new();
	const struct service *service = def->service;
	struct container_spec spec = {.name = record->name,
				      .id_host = ids->first,
				      .id_count = ids->count,
				      .devices = devices->nodes,
				      .n_devices = (uint32_t)devices->n_nodes};
	CLEANUP_FD int dir = -1;
	char path[PATH_MAX];
	int r;

	spec_simple(&spec, service, image, record);
	spec_env(&spec, service, image, arena);
	spec_lowers(&spec, service, image, arena);
	spec_sysctls(&spec, service, arena);
	spec_log(host, &spec, service, arena);
	r = spec_argv(&spec, service, image, arena, err);
	if (r == 0)
		r = spec_places(host, &spec, &cgroups, arena, err);
	if (r == 0)
		r = spec_namespaces(host, &spec, def, arena, err);
	if (r == 0)
		r = spec_rlimits(&spec, service, arena, err);
	if (r == 0)
		r = spec_security(host, &spec, service, arena, err);
	if (r == 0)
		r = host_spec_mounts(host, def, image, record, &spec, arena, err);
	if (r == 0)
		r = host_container_dir(host, record->name, path, sizeof(path), err);
	if (r < 0)
		return r;
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return err_sys(err, errno, "open '%s'", path);
	r = host_write_files(host, service, record, dir, err);
	if (r == 0 && service->probe.kind == PROBE_NOTIFY)
		r = host_notify_make(dir, err);
	if (r == 0)
		r = host_write_granted(def, dir, err);
	return r < 0 ? r : write_spec(&spec, dir, err);
}
