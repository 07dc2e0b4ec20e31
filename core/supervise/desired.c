// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Desired: from the project of a request to what plan_up() wants
 *
 * `up web` must not touch what else runs.  So a service that was not asked for
 * keeps the definition it was last brought up with, and the two are put
 * together before the model is loaded: there is always one project, and one
 * file that holds it.
 */
#include "core/supervise/internal.h"
#include "core/supervise/resume.h"

#include "core/base/arena.h"
#include "core/base/cleanup.h"
#include "core/base/fd.h"
#include "core/base/jsontext.h"
#include "core/base/strbuf.h"
#include "core/converge/confighash.h"
#include "core/model/diagnostics.h"
#include "core/model/graph.h"
#include "core/model/load.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define DESIRED_FILE "desired.json"

static int load_json(const json_t *json, struct project **ret_project, struct err *err)
{
	CLEANUP(diagnostics_release) struct diagnostics diag = DIAGNOSTICS_INIT;
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;
	int r;

	if (jsontext_add(&text, json, JSON_COMPACT) < 0)
		return err_set(err, EBADMSG, "the project is no JSON object");
	r = load_canonical(text.text, text.len, "project", &diag, ret_project, err);
	if (r == -EINVAL) {
		diagnostics_sort(&diag);
		return err_set(err, EINVAL, "%s", diag.n ? diag.items[0].text : "invalid project");
	}
	return r;
}

/* What `stack run` made is meant only when it is named. */
static void leave_oneoffs(const struct project *project, size_t n_named, bool *wanted)
{
	for (size_t i = 0; n_named == 0 && i < project->n_services; i++)
		if (project->services[i].oneoff)
			wanted[i] = false;
}

int wanted_mark(const struct project *project, const json_t *services, bool with_dependencies,
		bool *ret_wanted, struct err *err)
{
	size_t n = json_array_size(services), unknown = 0;
	CLEANUP_FREE const char **names = calloc(n + 1, sizeof(*names));

	if (!names)
		return err_nomem(err);
	for (size_t i = 0; i < n; i++) {
		names[i] = json_string_value(json_array_get(services, i));
		if (!names[i])
			return err_set(err, EINVAL, "services: a name is no string");
		if (!project_service(project, names[i]))
			return err_set(err, ENOENT, "no such service: %s", names[i]);
	}
	if (with_dependencies || n == 0) {
		int r = graph_closure(project, names, n, ret_wanted, &unknown);

		leave_oneoffs(project, n, ret_wanted);
		return r;
	}
	for (size_t i = 0; i < project->n_services; i++)
		ret_wanted[i] = false;
	for (size_t i = 0; i < n; i++)
		ret_wanted[project_service(project, names[i]) - project->services] = true;
	return 0;
}

static bool service_has_units(const struct supervisor *supervisor, const char *service)
{
	for (const struct unit *unit = supervisor->units; unit; unit = unit->next)
		if (strcmp(unit->record.service, service) == 0)
			return true;
	return false;
}

static bool is_oneoff(const json_t *definition)
{
	return json_object_get(json_object_get(definition, "x-stack"), "oneoff") != NULL;
}

/*
 * What `stack run` made is in no file: as long as its containers are there it
 * stays in the project, with what it stands on.
 */
static void keep_oneoffs(const struct supervisor *supervisor, json_t *json)
{
	static const char *const grounds[] = {"networks", "volumes", "secrets", "configs"};
	json_t *services = json_object_get(json, "services"), *definition;
	const char *name;
	bool any = false;

	json_object_foreach (json_object_get(supervisor->project_json, "services"), name,
			     definition) {
		if (!is_oneoff(definition) || !service_has_units(supervisor, name) ||
		    json_object_get(services, name))
			continue;
		json_object_set(services, name, definition);
		any = true;
	}
	for (size_t i = 0; any && i < ARRAY_SIZE(grounds); i++) {
		json_t *before = json_object_get(supervisor->project_json, grounds[i]);

		if (before && !json_object_get(json, grounds[i]))
			json_object_set_new(json, grounds[i], json_object());
		if (before)
			json_object_update_missing(json_object_get(json, grounds[i]), before);
	}
}

/* Put the old definition of every service that exists and is not wanted back into JSON. */
static void keep_unwanted(const struct supervisor *supervisor, const struct project *project,
			  const bool *wanted, json_t *json)
{
	json_t *services = json_object_get(json, "services");
	const json_t *old = json_object_get(supervisor->project_json, "services");

	for (size_t i = 0; i < project->n_services; i++) {
		const char *name = project->services[i].name;
		json_t *definition = json_object_get(old, name);

		if (!wanted[i] && definition && service_has_units(supervisor, name))
			json_object_set(services, name, definition);
	}
}

/* One service's image and hashes.  What is not wanted stays as its records say. */
static int wish_service(struct wish *wish, struct supervisor *supervisor,
			const struct service *service, struct desired_service *ret, struct err *err)
{
	struct driver *driver = &supervisor->driver;
	struct image_info image = {.stop_signal = 0};
	struct err inner = ERR_INIT;
	char *hashes;
	int r;

	r = driver->ops->image_info(driver->ctx, service_image(service), wish->arena, &image,
				    &inner);
	if (r < 0 && ret->wanted) {
		if (err)
			*err = inner;
		return err_wrap(err, "service '%s'", service->name);
	}
	hashes = arena_alloc(wish->arena, (size_t)2 * CONFIG_HASH_SIZE);
	config_hash(service, image.id, hashes, hashes + CONFIG_HASH_SIZE);
	ret->config_hash = hashes;
	ret->live_hash = hashes + CONFIG_HASH_SIZE;
	ret->image_id = arena_strdup(wish->arena, image.id);
	ret->has_healthcheck = health_effective(service, &image).is_set;
	return 0;
}

static int check_conditions(const struct wish *wish, struct err *err)
{
	const struct project *project = wish->project;

	for (size_t i = 0; i < project->n_services; i++) {
		for (size_t j = 0; j < project->services[i].n_depends_on; j++) {
			const struct dependency *dep = &project->services[i].depends_on[j];
			const struct service *on = project_service(project, dep->service);

			if (wish->desired.services[i].wanted && on &&
			    dep->condition == DEPENDS_HEALTHY &&
			    wish->desired.services[on - project->services].wanted &&
			    !wish->desired.services[on - project->services].has_healthcheck)
				return err_set(err, EINVAL,
					       "service '%s' waits until '%s' is healthy, but "
					       "neither '%s' nor its image has a healthcheck",
					       project->services[i].name, on->name, on->name);
		}
	}
	return 0;
}

static int wish_work_out(struct wish *wish, struct supervisor *supervisor, const bool *wanted,
			 struct err *err)
{
	const struct project *project = wish->project;
	struct desired_service *services =
		ARENA_ARRAY(wish->arena, struct desired_service, project->n_services + 1);
	const char **networks = ARENA_ARRAY(wish->arena, const char *, project->n_networks + 1);
	int r = 0;

	for (size_t i = 0; r == 0 && i < project->n_services; i++) {
		services[i].wanted = wanted[i];
		r = wish_service(wish, supervisor, &project->services[i], &services[i], err);
	}
	for (size_t i = 0; i < project->n_networks; i++) {
		char *hash = arena_alloc(wish->arena, CONFIG_HASH_SIZE);

		network_hash(&project->networks[i], hash);
		networks[i] = hash;
	}
	if (r < 0)
		return r;
	wish->desired = (struct desired){.project = project,
					 .previous = supervisor->project,
					 .services = services,
					 .network_hashes = networks};
	return check_conditions(wish, err);
}

static int wish_load(struct wish *wish, struct supervisor *supervisor, const json_t *requested,
		     const json_t *services, bool no_deps, struct err *err)
{
	bool *wanted;
	int r;

	wish->json = json_deep_copy(requested);
	if (supervisor->project_json)
		keep_oneoffs(supervisor, wish->json);
	r = load_json(wish->json, &wish->project, err);
	if (r < 0)
		return r;
	if (strcmp(wish->project->name, supervisor->project_name) != 0)
		return err_set(err, EINVAL, "this is the supervisor of project '%s', not of '%s'",
			       supervisor->project_name, wish->project->name);
	wanted = ARENA_ARRAY(wish->arena, bool, wish->project->n_services + 1);
	r = wanted_mark(wish->project, services, !no_deps, wanted, err);
	if (r == 0 && json_array_size(services) > 0 && supervisor->project_json) {
		keep_unwanted(supervisor, wish->project, wanted, wish->json);
		project_free(TAKE_PTR(wish->project));
		r = load_json(wish->json, &wish->project, err);
		if (r == 0)
			r = wanted_mark(wish->project, services, !no_deps, wanted, err);
	}
	return r < 0 ? r : wish_work_out(wish, supervisor, wanted, err);
}

int wish_init(struct wish *ret_wish, struct supervisor *supervisor, const json_t *requested,
	      const json_t *services, bool no_deps, struct err *err)
{
	struct wish wish = {.arena = arena_new()};
	int r;

	if (!json_is_object(requested)) {
		wish_release(&wish);
		return err_set(err, EINVAL, "the request has no project");
	}
	r = wish_load(&wish, supervisor, requested, services, no_deps, err);
	if (r < 0)
		wish_release(&wish);
	else
		*ret_wish = wish;
	return r;
}

void wish_release(struct wish *wish)
{
	json_decref(wish->json);
	project_free(wish->project);
	arena_free(wish->arena);
	*wish = (struct wish)WISH_INIT;
}

static void set_project(struct supervisor *supervisor, struct project *project, json_t *json)
{
	struct project *old = supervisor->project;

	supervisor->project = project;
	units_attach(supervisor);
	project_free(old);
	json_decref(supervisor->project_json);
	supervisor->project_json = json;
}

int wish_adopt(struct wish *wish, struct supervisor *supervisor, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;
	int r;

	if (jsontext_add(&text, wish->json, JSON_COMPACT) < 0)
		return err_nomem(err);
	r = fd_replace_file(supervisor->run_fd, DESIRED_FILE, text.text, text.len, 0600, err);
	if (r < 0)
		return r;
	set_project(supervisor, TAKE_PTR(wish->project), TAKE_PTR(wish->json));
	boot_changed(supervisor);
	return 0;
}

int desired_load(struct supervisor *supervisor, struct err *err)
{
	CLEANUP_FREE char *text = NULL;
	struct project *project = NULL;
	json_error_t bad;
	json_t *json;
	int r;

	r = fd_read_file(supervisor->run_fd, DESIRED_FILE, 64u << 20, &text, NULL, err);
	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return r;
	json = json_loads(text, 0, &bad);
	if (!json || load_json(json, &project, err) < 0) {
		json_decref(json);
		return err_set(err, EBADMSG,
			       "%s/%s/" DESIRED_FILE " is damaged; run `stack up` again or remove "
			       "it",
			       supervisor->paths->run, supervisor->project_name);
	}
	set_project(supervisor, project, json);
	return 0;
}
