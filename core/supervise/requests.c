// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Requests: what control.h promises, one function each
 *
 * Those that change something become an operation, one at a time; a request
 * that comes meanwhile is parked.  One that ends things does not wait for one
 * that begins them: Ctrl-C must stop an `up` that waits for a health check.
 */
#include "core/supervise/requests.h"
#include "core/supervise/resume.h"

#include "core/base/arena.h"
#include "core/base/cleanup.h"
#include "core/container/signals.h"
#include "core/converge/plan.h"
#include "core/converge/plan_build.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef int (*handler)(struct supervisor *supervisor, struct client *client, const json_t *request,
		       struct err *err);

struct request_type {
	const char *op;
	handler handle;
	bool changes; /* becomes an operation */
	bool ends;    /* cancels one that begins things */
};

bool request_flag(const json_t *request, const char *key)
{
	return json_is_true(json_object_get(request, key));
}

/* Seconds (a fraction is fine) as ms; -1 when the request does not say. */
static int64_t seconds(const json_t *request, const char *key)
{
	const json_t *value = json_object_get(request, key);

	return json_is_number(value) ? (int64_t)(json_number_value(value) * 1000) : -1;
}

/*
 * The kernel knows what runs; that a container is just being started, or waits
 * for its next start, only its unit does.
 */
int request_observe(struct supervisor *supervisor, struct arena *arena, struct observation *ret,
		    struct err *err)
{
	struct observed_container *containers;
	int r = supervisor->driver.ops->observe(supervisor->driver.ctx, arena, ret, err);

	if (r < 0 || ret->n_containers == 0)
		return r;
	containers = ARENA_ARRAY(arena, struct observed_container, ret->n_containers);
	for (size_t i = 0; i < ret->n_containers; i++) {
		const struct unit *unit = unit_find(supervisor, ret->containers[i].name);

		containers[i] = ret->containers[i];
		if (unit && unit->state != UNIT_CREATED && unit->state != UNIT_EXITED)
			containers[i].state = OBSERVED_RUNNING;
	}
	ret->containers = containers;
	return 0;
}

/* Carry PLAN, which is taken over, out for CLIENT, who hears of its progress. */
void request_begin(struct supervisor *supervisor, struct client *client, const json_t *request,
		   enum operation_kind kind, json_t *previous, struct plan *plan)
{
	struct operation_options options = {.kind = kind,
					    .previous = json_incref(previous),
					    .grace_ms = seconds(request, "timeout"),
					    .wait_timeout_ms = seconds(request, "wait_timeout"),
					    .remove_volumes = request_flag(request, "volumes")};

	if (client)
		client_subscribe(client);
	pending_save(supervisor, request);
	operation_begin(supervisor, plan, &options, client);
}

/* `check` only says what is wrong; else it is put right, and the rules are committed. */
static int handle_heal(struct supervisor *supervisor, struct client *client, const json_t *request,
		       struct err *err)
{
	CLEANUP(plan_release) struct plan plan = PLAN_INIT;
	struct plan_builder builder;
	json_t *findings;

	(void)err;
	if (!request_flag(request, "check")) {
		plan_builder_init(&builder);
		plan = builder.plan;
		if (client)
			client_subscribe(client);
		heal_inspect(supervisor, true, NULL);
		request_begin(supervisor, client, request, OPERATION_CYCLE, NULL, &plan);
		return 0;
	}
	findings = json_array();
	heal_inspect(supervisor, false, findings);
	client_finish(client, json_pack("{s:s, s:o}", "result", "ok", "findings", findings));
	return 0;
}

static int handle_down(struct supervisor *supervisor, struct client *client, const json_t *request,
		       struct err *err)
{
	CLEANUP(arena_cleanup) struct arena *arena = arena_new();
	CLEANUP(plan_release) struct plan plan = PLAN_INIT;
	struct observation actual = {.n_containers = 0};
	int r = request_observe(supervisor, arena, &actual, err);

	if (r == 0)
		r = plan_down(supervisor->project, &actual, request_flag(request, "volumes"), &plan,
			      err);
	if (r == 0)
		request_begin(supervisor, client, request, OPERATION_DOWN, NULL, &plan);
	return r;
}

static bool *wanted_of(struct supervisor *supervisor, const json_t *request, struct arena *arena,
		       struct err *err)
{
	bool *wanted;

	if (!supervisor->project) {
		err_set(err, ENOENT, "project '%s' was never brought up", supervisor->project_name);
		return NULL;
	}
	wanted = ARENA_ARRAY(arena, bool, supervisor->project->n_services + 1);
	if (wanted_mark(supervisor->project, json_object_get(request, "services"), false, wanted,
			err) < 0)
		return NULL;
	return wanted;
}

static int cycle(struct supervisor *supervisor, struct client *client, const json_t *request,
		 enum plan_cycle kind, struct err *err)
{
	CLEANUP(arena_cleanup) struct arena *arena = arena_new();
	CLEANUP(plan_release) struct plan plan = PLAN_INIT;
	struct observation actual = {.n_containers = 0};
	const struct cycle_options options = {.cycle = kind,
					      .wait = request_flag(request, "wait"),
					      .no_deps = request_flag(request, "no_deps")};
	const bool *wanted = wanted_of(supervisor, request, arena, err);
	int r;

	if (!wanted)
		return -err->code;
	r = request_observe(supervisor, arena, &actual, err);
	if (r == 0)
		r = plan_cycle(supervisor->project, &actual, wanted, &options, &plan, err);
	if (r == 0)
		request_begin(supervisor, client, request, OPERATION_CYCLE, NULL, &plan);
	return r;
}

static int handle_start(struct supervisor *supervisor, struct client *client, const json_t *request,
			struct err *err)
{
	return cycle(supervisor, client, request, PLAN_START, err);
}

static int handle_stop(struct supervisor *supervisor, struct client *client, const json_t *request,
		       struct err *err)
{
	return cycle(supervisor, client, request, PLAN_STOP, err);
}

static int handle_restart(struct supervisor *supervisor, struct client *client,
			  const json_t *request, struct err *err)
{
	return cycle(supervisor, client, request, PLAN_RESTART, err);
}

static int handle_remove(struct supervisor *supervisor, struct client *client,
			 const json_t *request, struct err *err)
{
	return cycle(supervisor, client, request, PLAN_REMOVE, err);
}

static int handle_kill(struct supervisor *supervisor, struct client *client, const json_t *request,
		       struct err *err)
{
	CLEANUP(arena_cleanup) struct arena *arena = arena_new();
	const char *text = json_string_value(json_object_get(request, "signal"));
	int signo = text ? signal_parse(text) : SIGKILL;
	const bool *wanted = wanted_of(supervisor, request, arena, err);
	size_t n = 0;

	if (!wanted)
		return -err->code;
	if (signo <= 0)
		return err_set(err, EINVAL, "'%s' is no signal", text);
	for (struct unit *unit = supervisor->units, *next; unit; unit = next) {
		int r = 0;

		next = unit->next;
		if (!unit->service || !wanted[unit->service - supervisor->project->services])
			continue;
		if (unit->state == UNIT_CREATED || unit->state == UNIT_EXITED)
			continue;
		r = unit_kill(unit, signo, err);
		if (r < 0 && r != -ESRCH)
			return err_wrap(err, "container '%s'", unit->record.name);
		n++;
	}
	client_finish(client, json_pack("{s:s, s:I}", "result", "ok", "changes", (json_int_t)n));
	return 0;
}

static int handle_ps(struct supervisor *supervisor, struct client *client, const json_t *request,
		     struct err *err)
{
	json_t *containers = json_array();

	(void)request;
	(void)err;
	for (struct unit *unit = supervisor->units; unit; unit = unit->next)
		json_array_append_new(containers, unit_to_json(unit));
	client_finish(client, json_pack("{s:s, s:o}", "result", "ok", "containers", containers));
	return 0;
}

static int handle_ping(struct supervisor *supervisor, struct client *client, const json_t *request,
		       struct err *err)
{
	const struct driver *driver = &supervisor->driver;

	(void)request;
	(void)err;
	client_finish(client, json_pack("{s:s, s:s, s:i, s:s, s:s}", "result", "ok", "version",
					STACK_VERSION, "pid", (int)getpid(), "project",
					supervisor->project_name, "firewall",
					driver->ops->firewall_name(driver->ctx)));
	return 0;
}

/* What happened from `since` on; RFC 3339 in UTC sorts like the time it says. */
struct replay {
	struct client *client;
	const char *since, *until;
};

static void replay(void *data, const json_t *event)
{
	const struct replay *replay = data;
	const char *time = json_string_value(json_object_get(event, "time"));

	if (!time || strcmp(time, replay->since) < 0 ||
	    (replay->until && strcmp(time, replay->until) > 0))
		return;
	client_send(replay->client, json_incref((json_t *)(uintptr_t)event));
}

static int handle_events(struct supervisor *supervisor, struct client *client,
			 const json_t *request, struct err *err)
{
	struct replay what = {.client = client,
			      .since = json_string_value(json_object_get(request, "since")),
			      .until = json_string_value(json_object_get(request, "until"))};

	(void)err;
	if (what.until && !what.since)
		what.since = "";
	if (what.since)
		journal_read(supervisor, replay, &what);
	if (what.until)
		client_finish(client, json_pack("{s:s}", "result", "ok"));
	else
		client_subscribe(client);
	return 0;
}

static int handle_why(struct supervisor *supervisor, struct client *client, const json_t *request,
		      struct err *err)
{
	CLEANUP(arena_cleanup) struct arena *arena = arena_new();
	const bool *wanted = wanted_of(supervisor, request, arena, err);
	json_t *containers;

	if (!wanted)
		return -err->code;
	containers = json_array();
	for (const struct unit *unit = supervisor->units; unit; unit = unit->next)
		if (unit->service && wanted[unit->service - supervisor->project->services])
			json_array_append_new(containers, why_to_json(unit));
	client_finish(client, json_pack("{s:s, s:o}", "result", "ok", "containers", containers));
	return 0;
}

static int handle_enable(struct supervisor *supervisor, struct client *client,
			 const json_t *request, struct err *err)
{
	int r = boot_enable(supervisor, request_flag(request, "enable"), err);

	if (r == 0)
		client_finish(client, json_pack("{s:s}", "result", "ok"));
	return r;
}

static int handle_hosts(struct supervisor *supervisor, struct client *client, const json_t *request,
			struct err *err)
{
	const struct driver *driver = &supervisor->driver;
	const json_t *enable = json_object_get(request, "enable");
	struct name_server server;
	int r = 0;

	if (enable)
		r = driver->ops->names_enable(driver->ctx, json_is_true(enable), err);
	if (r < 0)
		return r;
	if (enable)
		publish_changed(supervisor);
	if (driver->ops->names_where(driver->ctx, &server))
		client_finish(client, json_pack("{s:s, s:s, s:s, s:s}", "result", "ok", "address",
						server.address, "link", server.link, "domain",
						server.domain));
	else
		client_finish(client, json_pack("{s:s}", "result", "ok"));
	return 0;
}

/* Make room for another supervisor; an operation that is under way it takes up. */
static int handle_leave(struct supervisor *supervisor, struct client *client, const json_t *request,
			struct err *err)
{
	(void)request;
	(void)err;
	supervisor->left = true;
	server_unlisten(supervisor->server);
	client_leave(client,
		     json_pack("{s:s, s:b}", "result", "ok", "managed", supervisor->managed));
	return 0;
}

static const struct request_type types[] = {
	{"ping", handle_ping, .changes = false},
	{"up", request_up, .changes = true},
	{"scale", request_scale, .changes = true},
	{"plan", request_plan, .changes = false},
	{"enable", handle_enable, .changes = false},
	{"hosts", handle_hosts, .changes = false},
	{"leave", handle_leave, .changes = false},
	{"heal", handle_heal, .changes = true},
	{"down", handle_down, .changes = true, .ends = true},
	{"start", handle_start, .changes = true},
	{"stop", handle_stop, .changes = true, .ends = true},
	{"restart", handle_restart, .changes = true},
	{"remove", handle_remove, .changes = true},
	{"kill", handle_kill, .changes = false, .ends = true},
	{"pause", request_pause, .changes = false},
	{"ps", handle_ps, .changes = false},
	{"inspect", handle_ps, .changes = false},
	{"why", handle_why, .changes = false},
	{"events", handle_events, .changes = false},
};

static const struct request_type *type_of(const json_t *request)
{
	const char *op = json_string_value(json_object_get(request, "op"));

	for (size_t i = 0; op && i < ARRAY_SIZE(types); i++)
		if (strcmp(types[i].op, op) == 0)
			return &types[i];
	return NULL;
}

/*
 * A supervisor of nothing: a first `up` that failed before it began, a `plan`
 * or a look at a project that is not up.  There is nothing to stay for.
 */
static void leave_if_idle(struct supervisor *supervisor)
{
	if (!supervisor->project && !supervisor->units && !supervisor->operation &&
	    !supervisor->down)
		supervisor_leave(supervisor, false);
}

void request_handle(struct supervisor *supervisor, struct client *client, json_t *request)
{
	const struct request_type *type = type_of(request);
	struct err err = ERR_INIT;

	if (!type) {
		client_finish_error(client, EINVAL,
				    "the supervisor does not know this request; after an upgrade, "
				    "'stack supervisor restart' has the new one take over");
		return;
	}
	if (supervisor->down && type->handle == handle_down) {
		client_finish(client, json_pack("{s:s, s:i}", "result", "ok", "changes", 0));
		return;
	}
	/* Gone before it said a word: who asks then asks the next one. */
	if (supervisor->left || (supervisor->down && type->changes))
		return;
	if (supervisor->operation && type->ends &&
	    operation_kind(supervisor->operation) != OPERATION_DOWN)
		operation_cancel(supervisor, "it was stopped by another command");
	if (supervisor->operation &&
	    (type->changes || json_is_true(json_object_get(request, "idle")))) {
		client_park(client, request);
		return;
	}
	if (type->handle(supervisor, client, request, &err) < 0)
		client_finish_error(client, err.code, err.msg);
	if (type->handle != handle_events)
		leave_if_idle(supervisor);
}

void requests_next(struct supervisor *supervisor)
{
	while (!supervisor->operation && !supervisor->left) {
		json_t *request = NULL;
		struct client *client = server_next_parked(supervisor->server, &request);

		if (!client)
			return;
		request_handle(supervisor, client, request);
		json_decref(request);
	}
}
