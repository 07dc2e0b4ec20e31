// SPDX-License-Identifier: GPL-2.0-or-later
/* Requests for another desired state: up, scale, plan, and the way back. */
#include "core/supervise/requests.h"
#include "core/supervise/resume.h"

#include "core/base/arena.h"
#include "core/base/cleanup.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct plan_options plan_options(const json_t *request)
{
	return (struct plan_options){.force_recreate = request_flag(request, "force_recreate"),
				     .no_recreate = request_flag(request, "no_recreate"),
				     .remove_orphans = request_flag(request, "remove_orphans"),
				     .no_start = request_flag(request, "no_start"),
				     .wait = request_flag(request, "wait")};
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
		      json_object_get(request, "services"), request_flag(request, "no_deps"), err);
	if (r == 0)
		r = request_observe(supervisor, arena, &actual, err);
	if (r == 0)
		r = plan_up(&wish->desired, &actual, &options, ret_plan, err);
	return r;
}

int request_up(struct supervisor *supervisor, struct client *client, const json_t *request,
	       struct err *err)
{
	CLEANUP(wish_release) struct wish wish = WISH_INIT;
	CLEANUP(plan_release) struct plan plan = PLAN_INIT;
	json_t *previous = json_incref(supervisor->project_json);
	int r = compute_up(supervisor, request, &wish, &plan, err);

	if (r == 0)
		r = wish_adopt(&wish, supervisor, err);
	/* One for a part of the project leaves that as it is. */
	if (r == 0 && client && json_array_size(json_object_get(request, "services")) == 0)
		follow_changed(supervisor, json_object_get(request, "follow"));
	if (r == 0)
		request_begin(supervisor, client, request, OPERATION_UP, previous, &plan);
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
int request_scale(struct supervisor *supervisor, struct client *client, const json_t *request,
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
		r = request_up(supervisor, client, up, err);
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

int request_plan(struct supervisor *supervisor, struct client *client, const json_t *request,
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
