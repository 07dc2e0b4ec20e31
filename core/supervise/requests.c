// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Requests: what control.h promises, one function each
 *
 * Those that change something become an operation, one at a time; a request
 * that comes meanwhile is parked.  One that ends things does not wait for one
 * that begins them: Ctrl-C must stop an `up` that waits for a health check.
 */
#include "core/supervise/internal.h"

#include "core/base/arena.h"
#include "core/base/cleanup.h"
#include "core/container/signals.h"
#include "core/converge/plan.h"
#include "core/converge/plan_build.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
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

static bool flag(const json_t *request, const char *key)
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
static int observe(struct supervisor *supervisor, struct arena *arena, struct observation *ret,
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

static struct plan_options plan_options(const json_t *request)
{
	return (struct plan_options){.force_recreate = flag(request, "force_recreate"),
				     .no_recreate = flag(request, "no_recreate"),
				     .remove_orphans = flag(request, "remove_orphans"),
				     .no_start = flag(request, "no_start"),
				     .wait = flag(request, "wait")};
}

/* The plan for the project of REQUEST. */
static int compute_up(struct supervisor *supervisor, const json_t *request, struct wish *wish,
		      struct plan *ret_plan, struct err *err)
{
	CLEANUP(arena_cleanup) struct arena *arena = arena_new();
	struct plan_options options = plan_options(request);
	struct observation actual = {.n_containers = 0};
	int r;

	r = wish_init(wish, supervisor, json_object_get(request, "project"),
		      json_object_get(request, "services"), flag(request, "no_deps"), err);
	if (r == 0)
		r = observe(supervisor, arena, &actual, err);
	if (r == 0)
		r = plan_up(&wish->desired, &actual, &options, ret_plan, err);
	return r;
}

/* Carry PLAN, which is taken over, out for CLIENT, who hears of its progress. */
static void begin(struct supervisor *supervisor, struct client *client, const json_t *request,
		  enum operation_kind kind, json_t *previous, struct plan *plan)
{
	struct operation_options options = {.kind = kind,
					    .previous = json_incref(previous),
					    .grace_ms = seconds(request, "timeout"),
					    .wait_timeout_ms = seconds(request, "wait_timeout"),
					    .remove_volumes = flag(request, "volumes")};

	if (client)
		client_subscribe(client);
	pending_save(supervisor, request);
	operation_begin(supervisor, plan, &options, client);
}

static int handle_up(struct supervisor *supervisor, struct client *client, const json_t *request,
		     struct err *err)
{
	CLEANUP(wish_release) struct wish wish = WISH_INIT;
	CLEANUP(plan_release) struct plan plan = PLAN_INIT;
	json_t *previous = json_incref(supervisor->project_json);
	int r = compute_up(supervisor, request, &wish, &plan, err);

	if (r == 0)
		r = wish_adopt(&wish, supervisor, err);
	if (r == 0)
		begin(supervisor, client, request, OPERATION_UP, previous, &plan);
	json_decref(previous);
	return r;
}

/* SERVICE's definition in JSON with another number of containers. */
static int set_scale(json_t *project, const char *service, const json_t *number, struct err *err)
{
	json_t *definition = json_object_get(json_object_get(project, "services"), service);

	if (!definition)
		return err_set(err, ENOENT, "no such service: %s", service);
	if (!json_is_integer(number) || json_integer_value(number) < 0)
		return err_set(err, EINVAL, "scale: a number of containers is missing");
	json_object_set(definition, "scale", (json_t *)(uintptr_t)number);
	return 0;
}

/* An `up` of what is desired already, but for the number of containers. */
static int handle_scale(struct supervisor *supervisor, struct client *client, const json_t *request,
			struct err *err)
{
	const json_t *scale = json_object_get(request, "scale");
	json_t *up = json_copy((json_t *)(uintptr_t)request);
	json_t *project = json_deep_copy(supervisor->project_json), *services = json_array();
	const char *service;
	json_t *number;
	int r = 0;

	json_object_set_new(up, "op", json_string("up"));
	json_object_set_new(up, "services", services);
	if (!project)
		r = err_set(err, ENOENT, "project '%s' was never brought up",
			    supervisor->project_name);
	json_object_foreach ((json_t *)(uintptr_t)scale, service, number) {
		if (r < 0)
			break;
		r = set_scale(project, service, number, err);
		json_array_append_new(services, json_string(service));
	}
	if (project)
		json_object_set_new(up, "project", project);
	if (r == 0)
		r = handle_up(supervisor, client, up, err);
	json_decref(up);
	return r;
}

/* What others changed is put right as well. */
static void add_repairs(struct supervisor *supervisor, json_t *actions)
{
	json_t *findings = json_array();
	const json_t *finding;
	size_t i;

	heal_inspect(supervisor, false, findings);
	json_array_foreach (findings, i, finding)
		json_array_append_new(actions,
				      json_pack("{s:s+, s:O, s:O, s:s, s:s}", "action", "repair ",
						json_string_value(json_object_get(finding, "kind")),
						"target", json_object_get(finding, "name"),
						"reason", json_object_get(finding, "finding"),
						"class", apply_class_name(APPLY_LIVE), "impact",
						impact_name(IMPACT_NONE)));
	json_decref(findings);
}

static int handle_plan(struct supervisor *supervisor, struct client *client, const json_t *request,
		       struct err *err)
{
	CLEANUP(wish_release) struct wish wish = WISH_INIT;
	CLEANUP(plan_release) struct plan plan = PLAN_INIT;
	json_t *actions, *warnings;
	int r = compute_up(supervisor, request, &wish, &plan, err);

	if (r < 0)
		return r;
	actions = json_array();
	warnings = json_array();
	for (size_t i = 0; i < plan.n_actions; i++) {
		const struct action *a = &plan.actions[i];

		json_array_append_new(actions,
				      json_pack("{s:s, s:s, s:s, s:s, s:s, s:s*}", "action",
						action_type_name(a->type), "target", a->target,
						"reason", a->reason, "class",
						apply_class_name(a->apply_class), "impact",
						impact_name(a->impact), "replaces", a->replaces));
	}
	add_repairs(supervisor, actions);
	for (size_t i = 0; i < plan.n_warnings; i++)
		json_array_append_new(warnings, json_string(plan.warnings[i]));
	client_finish(client, json_pack("{s:s, s:o, s:o}", "result", "ok", "actions", actions,
					"warnings", warnings));
	return 0;
}

/* `check` only says what is wrong; else it is put right, and the rules are committed. */
static int handle_heal(struct supervisor *supervisor, struct client *client, const json_t *request,
		       struct err *err)
{
	CLEANUP(plan_release) struct plan plan = PLAN_INIT;
	struct plan_builder builder;
	json_t *findings;

	(void)err;
	if (!flag(request, "check")) {
		plan_builder_init(&builder);
		plan = builder.plan;
		client_subscribe(client);
		heal_inspect(supervisor, true, NULL);
		begin(supervisor, client, request, OPERATION_CYCLE, NULL, &plan);
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
	int r = observe(supervisor, arena, &actual, err);

	if (r == 0)
		r = plan_down(supervisor->project, &actual, flag(request, "volumes"), &plan, err);
	if (r == 0)
		begin(supervisor, client, request, OPERATION_DOWN, NULL, &plan);
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
	const struct cycle_options options = {
		.cycle = kind, .wait = flag(request, "wait"), .no_deps = flag(request, "no_deps")};
	const bool *wanted = wanted_of(supervisor, request, arena, err);
	int r;

	if (!wanted)
		return -err->code;
	r = observe(supervisor, arena, &actual, err);
	if (r == 0)
		r = plan_cycle(supervisor->project, &actual, wanted, &options, &plan, err);
	if (r == 0)
		begin(supervisor, client, request, OPERATION_CYCLE, NULL, &plan);
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
	(void)request;
	(void)err;
	client_finish(client,
		      json_pack("{s:s, s:s, s:i, s:s}", "result", "ok", "version", STACK_VERSION,
				"pid", (int)getpid(), "project", supervisor->project_name));
	return 0;
}

static int handle_events(struct supervisor *supervisor, struct client *client,
			 const json_t *request, struct err *err)
{
	(void)supervisor;
	(void)request;
	(void)err;
	client_subscribe(client);
	return 0;
}

void request_rollback(struct supervisor *supervisor, struct client *client, const json_t *previous,
		      const char *const *names, size_t n, const char *failure)
{
	CLEANUP(wish_release) struct wish wish = WISH_INIT;
	CLEANUP(plan_release) struct plan plan = PLAN_INIT;
	json_t *project = json_deep_copy(supervisor->project_json), *wanted = json_array();
	json_t *request = json_pack("{s:s, s:o, s:o, s:b}", "op", "up", "project", project,
				    "services", wanted, "no_deps", true);
	struct operation_options options = {.kind = OPERATION_UP, .grace_ms = -1};
	struct err err = ERR_INIT;

	for (size_t i = 0; i < n; i++) {
		json_t *before = json_object_get(json_object_get(previous, "services"), names[i]);

		emit(supervisor, "service", names[i], names[i], "rolled back", failure, -1);
		json_array_append_new(wanted, json_string(names[i]));
		if (before)
			json_object_set(json_object_get(project, "services"), names[i], before);
	}
	if (compute_up(supervisor, request, &wish, &plan, &err) < 0 ||
	    wish_adopt(&wish, supervisor, &err) < 0) {
		client_finish_error(client, err.code, failure);
		requests_next(supervisor);
	} else {
		if (asprintf(&options.failure, "%s; rolled back", failure) < 0)
			abort();
		pending_save(supervisor, request);
		operation_begin(supervisor, &plan, &options, client);
	}
	json_decref(request);
}

static const struct request_type types[] = {
	{"ping", handle_ping, .changes = false},
	{"up", handle_up, .changes = true},
	{"scale", handle_scale, .changes = true},
	{"plan", handle_plan, .changes = false},
	{"heal", handle_heal, .changes = true},
	{"down", handle_down, .changes = true, .ends = true},
	{"start", handle_start, .changes = true},
	{"stop", handle_stop, .changes = true, .ends = true},
	{"restart", handle_restart, .changes = true},
	{"kill", handle_kill, .changes = false, .ends = true},
	{"ps", handle_ps, .changes = false},
	{"inspect", handle_ps, .changes = false},
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
		supervisor_leave(supervisor);
}

void request_handle(struct supervisor *supervisor, struct client *client, json_t *request)
{
	const struct request_type *type = type_of(request);
	struct err err = ERR_INIT;

	if (!type) {
		client_finish_error(client, EINVAL, "the supervisor does not know this request");
		return;
	}
	if (supervisor->down && type->handle == handle_down) {
		client_finish(client, json_pack("{s:s, s:i}", "result", "ok", "changes", 0));
		return;
	}
	if (supervisor->down && type->changes) {
		client_finish_error(client, EBUSY,
				    "the project is just being taken down; try again");
		return;
	}
	if (supervisor->operation && type->ends &&
	    operation_kind(supervisor->operation) != OPERATION_DOWN)
		operation_cancel(supervisor, "it was stopped by another command");
	if (supervisor->operation && type->changes) {
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
	while (!supervisor->operation) {
		json_t *request = NULL;
		struct client *client = server_next_parked(supervisor->server, &request);

		if (!client)
			return;
		request_handle(supervisor, client, request);
		json_decref(request);
	}
}
