// SPDX-License-Identifier: GPL-2.0-or-later
#include "fake_driver.h"

#include "core/base/arena.h"
#include "core/converge/confighash.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

static int step(struct fake *fake, const char *what, const char *name, struct err *err)
{
	size_t len = strlen(fake->log);

	if (++fake->steps == fake->fail_at)
		return err_set(err, EIO, "injected failure of %s '%s'", what, name);
	snprintf(fake->log + len, sizeof(fake->log) - len, "%s:%s ", what, name);
	return 0;
}

struct fake_container *fake_find(struct fake *fake, const char *name)
{
	for (size_t i = 0; i < FAKE_MAX; i++)
		if (strcmp(fake->containers[i].record.name, name) == 0)
			return &fake->containers[i];
	return NULL;
}

bool fake_happened_before(const struct fake *fake, const char *first, const char *second)
{
	const char *a = strstr(fake->log, first), *b = strstr(fake->log, second);

	return a && b && a < b;
}

void fake_end(struct fake_container *container, int code)
{
	container->running = false;
	container->exit = (struct container_exit){.known = true, .code = code, .ran_ms = 5};
	if (container->end_fd >= 0)
		eventfd_write(container->end_fd, 1);
}

static char *copy(const char *text)
{
	return text ? strdup(text) : NULL;
}

/* Deep enough for who releases both. */
static struct container_record copy_record(const struct container_record *from)
{
	struct container_record record = *from;

	record.image = copy(from->image);
	record.ports = calloc(from->n_ports + 1, sizeof(*record.ports));
	if (from->n_ports)
		memcpy(record.ports, from->ports, from->n_ports * sizeof(*record.ports));
	record.anonymous_volumes = NULL;
	return record;
}

static int records_load(void *ctx, struct container_record **ret, size_t *ret_n, struct err *err)
{
	struct fake *fake = ctx;

	(void)err;
	*ret = calloc(FAKE_MAX, sizeof(**ret));
	*ret_n = 0;
	for (size_t i = 0; i < FAKE_MAX; i++)
		if (fake->containers[i].there)
			(*ret)[(*ret_n)++] = copy_record(&fake->containers[i].record);
	return 0;
}

static int observe(void *ctx, struct arena *arena, struct observation *ret, struct err *err)
{
	struct fake *fake = ctx;
	struct observed_container *containers =
		ARENA_ARRAY(arena, struct observed_container, FAKE_MAX);
	struct observed_network *networks = ARENA_ARRAY(arena, struct observed_network, FAKE_MAX);
	const char **volumes = ARENA_ARRAY(arena, const char *, FAKE_MAX);
	size_t n = 0;

	(void)err;
	for (size_t i = 0; i < FAKE_MAX; i++) {
		const struct fake_container *c = &fake->containers[i];

		if (!c->there)
			continue;
		containers[n++] =
			(struct observed_container){.name = c->record.name,
						    .service = c->record.service,
						    .index = c->record.index,
						    .config_hash = c->record.config_hash,
						    .live_hash = c->record.live_hash,
						    .image_id = c->record.image_id,
						    .candidate = c->record.candidate,
						    .state = c->running	  ? OBSERVED_RUNNING
							     : c->started ? OBSERVED_EXITED
									  : OBSERVED_CREATED,
						    .exit_code = c->exit.code};
	}
	for (size_t i = 0; i < fake->n_networks; i++)
		networks[i] = (struct observed_network){.key = fake->networks[i],
							.hash = fake->network_hashes[i]};
	for (size_t i = 0; i < fake->n_volumes; i++)
		volumes[i] = fake->volumes[i];
	*ret = (struct observation){.containers = containers,
				    .n_containers = n,
				    .networks = networks,
				    .n_networks = fake->n_networks,
				    .volumes = volumes,
				    .n_volumes = fake->n_volumes};
	return 0;
}

static int image_info(void *ctx, const char *reference, struct arena *arena, struct image_info *ret,
		      struct err *err)
{
	(void)ctx;
	(void)arena;
	if (strstr(reference, "missing"))
		return err_set(err, ENOENT, "image '%s' is not in the store", reference);
	*ret = (struct image_info){.stop_signal = 0};
	snprintf(ret->id, sizeof(ret->id), "sha256:%s", reference);
	return 0;
}

static int project_remove(void *ctx, bool down, struct err *err)
{
	struct fake *fake = ctx;

	(void)down;
	fake->removed = true;
	return step(fake, "project_remove", "", err);
}

static int network_create(void *ctx, const struct network *network, struct err *err)
{
	struct fake *fake = ctx;
	int r = step(fake, "network_create", network->key, err);

	if (r < 0)
		return r;
	snprintf(fake->networks[fake->n_networks], 64, "%s", network->key);
	network_hash(network, fake->network_hashes[fake->n_networks++]);
	return 0;
}

static int network_remove(void *ctx, const char *key, struct err *err)
{
	struct fake *fake = ctx;
	int r = step(fake, "network_remove", key, err);

	for (size_t i = 0; r == 0 && i < fake->n_networks; i++) {
		if (strcmp(fake->networks[i], key) != 0)
			continue;
		fake->n_networks--;
		memmove(fake->networks[i], fake->networks[fake->n_networks], 64);
		memmove(fake->network_hashes[i], fake->network_hashes[fake->n_networks], 65);
	}
	return r;
}

static int volume_create(void *ctx, const struct volume *volume, struct err *err)
{
	struct fake *fake = ctx;
	int r = step(fake, "volume_create", volume->name, err);

	if (r == 0)
		snprintf(fake->volumes[fake->n_volumes++], 64, "%s", volume->name);
	return r;
}

static int volume_remove(void *ctx, const char *name, struct err *err)
{
	struct fake *fake = ctx;
	int r = step(fake, "volume_remove", name, err);

	for (size_t i = 0; r == 0 && i < fake->n_volumes; i++)
		if (strcmp(fake->volumes[i], name) == 0)
			memmove(fake->volumes[i], fake->volumes[--fake->n_volumes], 64);
	return r;
}

static int container_create(void *ctx, const struct container_def *def,
			    struct container_record *record, struct err *err)
{
	struct fake *fake = ctx;
	struct fake_container *c = fake_find(fake, def->name);
	int r = step(fake, "create", def->name, err);

	if (r < 0)
		return r;
	for (size_t i = 0; !c && i < FAKE_MAX; i++)
		if (!fake->containers[i].record.name[0])
			c = &fake->containers[i];
	record_release(&c->record);
	c->record = copy_record(record);
	c->there = true;
	c->started = c->running = false;
	c->end_fd = c->end_fd > 0 ? c->end_fd : -1;
	return 0;
}

static int container_update(void *ctx, const struct container_def *def,
			    struct container_record *record, struct err *err)
{
	(void)record;
	return step(ctx, "update", def->name, err);
}

static int container_remove(void *ctx, const char *name, struct err *err)
{
	struct fake_container *c = fake_find(ctx, name);
	int r = step(ctx, "remove", name, err);

	if (r == 0 && c)
		c->there = false;
	return r;
}

static int ports_reserve(void *ctx, const struct service *service, struct container_record *record,
			 struct err *err)
{
	int r = step(ctx, "reserve", record->name, err);

	if (r < 0)
		return r;
	free(record->ports);
	record->ports = calloc(service->n_ports + 1, sizeof(*record->ports));
	record->n_ports = service->n_ports;
	for (size_t i = 0; i < service->n_ports; i++)
		record->ports[i] = (struct record_port){.published = service->ports[i].published,
							.target = service->ports[i].target,
							.count = 1};
	return 0;
}

static void ports_release(void *ctx, const char *name)
{
	(void)ctx;
	(void)name;
}

static int container_start(void *ctx, const char *name, struct container_process *ret,
			   struct err *err)
{
	struct fake_container *c = fake_find(ctx, name);
	int r = step(ctx, "start", name, err);
	int ends[2];

	if (r < 0)
		return r;
	if (pipe(ends) < 0)
		abort();
	c->started = c->running = true;
	c->starts++;
	if (c->end_fd >= 0)
		close(c->end_fd);
	c->end_fd = eventfd(0, EFD_CLOEXEC);
	/* It outlives the supervisor that watches it. */
	ret->shim_pidfd = dup(c->end_fd);
	ret->report_fd = ends[0];
	if (write(ends[1], "ok 1 1\n", 7) != 7)
		abort();
	close(ends[1]);
	return 0;
}

static int container_adopt(void *ctx, const char *name, struct container_process *ret,
			   struct err *err)
{
	(void)ret;
	return step(ctx, "adopt", name, err);
}

static int container_look(void *ctx, const char *name, struct container_view *ret, struct err *err)
{
	struct fake_container *c = fake_find(ctx, name);

	(void)err;
	*ret = (struct container_view){.shim_pidfd = -1};
	if (!c || !c->there)
		return 0;
	if (c->late > 0 && --c->late > 0) {
		ret->starting = true;
		return 0;
	}
	ret->has_state = c->started;
	ret->running = c->running;
	ret->has_exit = c->started && !c->running;
	ret->exit = c->exit;
	if (c->running) {
		/* As a new supervisor would get one. */
		ret->shim_pidfd = dup(c->end_fd);
	}
	return 0;
}

static int container_signal(void *ctx, const char *name, int signo, struct err *err)
{
	struct fake_container *c = fake_find(ctx, name);
	int r = step(ctx, "signal", name, err);

	if (r == 0 && c->running && !(signo == SIGTERM && c->ignores_term))
		fake_end(c, 128 + signo);
	return r;
}

static int container_kill(void *ctx, const char *name, struct err *err)
{
	struct fake_container *c = fake_find(ctx, name);

	(void)err;
	if (c && c->running)
		fake_end(c, 137);
	return 0;
}

static int container_freeze(void *ctx, const char *name, bool frozen, struct err *err)
{
	struct fake_container *c = fake_find(ctx, name);
	int r = step(ctx, frozen ? "freeze" : "thaw", name, err);

	if (r == 0 && c)
		c->frozen = frozen;
	return r;
}

static int probe_connect(void *ctx, const char *name, uint16_t port, int *ret_fd, struct err *err)
{
	(void)ctx;
	(void)name;
	(void)ret_fd;
	return err_set(err, ECONNREFUSED, "port %u: no ports in memory", port);
}

static int notify_open(void *ctx, const char *name, int *ret_fd, struct err *err)
{
	(void)ctx;
	(void)name;
	(void)ret_fd;
	return err_set(err, EIO, "no sockets in memory");
}

static int probe_start(void *ctx, const char *name, const struct probe *probe, int *ret_pidfd,
		       int *ret_output_fd, struct err *err)
{
	(void)ctx;
	(void)name;
	(void)probe;
	(void)ret_pidfd;
	(void)ret_output_fd;
	return err_set(err, EIO, "no probes in memory");
}

static int save(void *ctx, const struct container_record *record, struct err *err)
{
	struct fake_container *c = fake_find(ctx, record->name);

	(void)err;
	if (c) {
		record_release(&c->record);
		c->record = copy_record(record);
	}
	return 0;
}

struct prepared {
	size_t n;
	bool teardown;
};

static void *firewall_prepare(void *ctx, const struct publication *ports, size_t n, bool teardown,
			      bool to_commit)
{
	struct prepared *prepared = calloc(1, sizeof(*prepared));

	(void)ctx;
	(void)ports;
	(void)to_commit;
	*prepared = (struct prepared){.n = n, .teardown = teardown};
	return prepared;
}

static int firewall_sync(void *ctx, void *data, char **ret_obstacle, struct err *err)
{
	struct prepared *prepared = data;
	struct fake *fake = ctx;
	int r = step(fake, "commit", prepared->teardown ? "teardown" : "rules", err);

	*ret_obstacle = NULL;
	if (r == 0) {
		fake->commits++;
		fake->n_online = prepared->n;
		fake->torn_down = prepared->teardown;
	}
	free(prepared);
	return r;
}

static int firewall_check(void *ctx, void *data, bool *ret_intact, char **ret_obstacle,
			  struct err *err)
{
	(void)ctx;
	(void)err;
	*ret_intact = true;
	*ret_obstacle = NULL;
	free(data);
	return 0;
}

static void watch(void *ctx, suspect_fn *suspect, void *data)
{
	(void)ctx;
	(void)suspect;
	(void)data;
}

static int network_check(void *ctx, const char *key, const char **ret_wrong, struct err *err)
{
	(void)ctx;
	(void)key;
	(void)err;
	*ret_wrong = NULL;
	return 0;
}

static int container_check(void *ctx, const struct service *service,
			   const struct container_record *record, const char **ret_wrong,
			   struct err *err)
{
	const struct fake *fake = ctx;

	(void)service;
	(void)record;
	(void)err;
	*ret_wrong = fake->wrong;
	return 0;
}

static int container_mend(void *ctx, const struct service *service, struct container_record *record,
			  struct err *err)
{
	struct fake *fake = ctx;
	int r = step(fake, "mend", record->name, err);

	(void)service;
	if (r == 0)
		fake->wrong = NULL;
	return r;
}

static void *connections_prepare(void *ctx, const char *name)
{
	(void)ctx;
	(void)name;
	return NULL;
}

static int connections_count(void *ctx, void *prepared, size_t *ret_n, struct err *err)
{
	const struct fake *fake = ctx;

	(void)prepared;
	(void)err;
	*ret_n = fake->connections;
	return 0;
}

static int names_sync(void *ctx, const struct name_table *names, struct err *err)
{
	(void)ctx;
	(void)names;
	(void)err;
	return 0;
}

static int names_enable(void *ctx, bool enable, struct err *err)
{
	(void)err;
	((struct fake *)ctx)->host_names = enable;
	return 0;
}

static bool names_where(void *ctx, struct name_server *ret)
{
	*ret = (struct name_server){.address = "192.0.2.1", .domain = "p.stack.internal"};
	return ((struct fake *)ctx)->host_names;
}

static const char *name_of_firewall(void *ctx)
{
	(void)ctx;
	return "none";
}

const struct driver_ops fake_driver_ops = {
	.records_load = records_load,
	.observe = observe,
	.image_info = image_info,
	.project_remove = project_remove,
	.network_create = network_create,
	.network_remove = network_remove,
	.volume_create = volume_create,
	.volume_remove = volume_remove,
	.container_create = container_create,
	.container_update = container_update,
	.container_remove = container_remove,
	.ports_reserve = ports_reserve,
	.ports_release = ports_release,
	.container_start = container_start,
	.container_adopt = container_adopt,
	.container_look = container_look,
	.container_signal = container_signal,
	.container_kill = container_kill,
	.container_freeze = container_freeze,
	.probe_start = probe_start,
	.probe_connect = probe_connect,
	.notify_open = notify_open,
	.record_save = save,
	.firewall_prepare = firewall_prepare,
	.firewall_sync = firewall_sync,
	.firewall_check = firewall_check,
	.watch = watch,
	.network_check = network_check,
	.container_check = container_check,
	.container_mend = container_mend,
	.connections_prepare = connections_prepare,
	.connections_count = connections_count,
	.names_sync = names_sync,
	.names_enable = names_enable,
	.names_where = names_where,
	.firewall_name = name_of_firewall,
};

void fake_release(struct fake *fake)
{
	for (size_t i = 0; i < FAKE_MAX; i++) {
		if (fake->containers[i].end_fd > 0)
			close(fake->containers[i].end_fd);
		record_release(&fake->containers[i].record);
	}
}
