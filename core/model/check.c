// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/model/check.h"

#include "core/base/arena.h"
#include "core/base/cleanup.h"
#include "core/base/text.h"
#include "core/model/bandwidth.h"
#include "core/model/build.h"
#include "core/model/graph.h"
#include "core/model/names.h"
#include "core/model/project.h"
#include "core/model/report.h"
#include "core/model/update.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SUGGESTIONS_MAX 200

/* What there is of one kind. */
struct known {
	struct names index;
	const char *names[SUGGESTIONS_MAX]; /* the first of them, for suggestions */
	size_t n;
};

struct check {
	const struct project *project;
	struct reporter *report;
	const struct names *inactive;
	struct known services, networks, volumes, secrets, configs;
};

static void check_release(struct check *check)
{
	names_release(&check->services.index);
	names_release(&check->networks.index);
	names_release(&check->volumes.index);
	names_release(&check->secrets.index);
	names_release(&check->configs.index);
}

static void add_known(struct known *known, const char *name)
{
	names_add(&known->index, name, known);
	if (known->n < SUGGESTIONS_MAX)
		known->names[known->n++] = name;
}

#define complain(check, pos, ...) report((check)->report, SEVERITY_ERROR, (pos), __VA_ARGS__)

/* NAME, said at POS by SERVICE below KEY, is no WHAT.  ADVICE: what to do when none was meant. */
struct missing {
	const struct service *service;
	struct position pos;
	const char *key, *what, *name, *advice;
};

static void complain_missing(const struct check *check, const struct known *known,
			     const struct missing *missing)
{
	const char *meant = text_suggest(missing->name, known->names, known->n);

	if (meant)
		complain(check, missing->pos,
			 "services.%s.%s: there is no %s '%s'; did you mean '%s'?",
			 missing->service->name, missing->key, missing->what, missing->name, meant);
	else
		complain(check, missing->pos, "services.%s.%s: there is no %s '%s'%s",
			 missing->service->name, missing->key, missing->what, missing->name,
			 missing->advice);
}

static void check_dependencies(const struct check *check, const struct service *service)
{
	for (size_t i = 0; i < service->n_depends_on; i++) {
		const struct dependency *dependency = &service->depends_on[i];
		const struct missing missing = {service,   dependency->pos,	"depends_on",
						"service", dependency->service, ""};

		if (!dependency->required || names_get(&check->services.index, dependency->service))
			continue;
		if (names_get(check->inactive, dependency->service))
			complain(check, dependency->pos,
				 "services.%s.depends_on: the service '%s' is not in an active "
				 "profile; add --profile, or say 'required: false'",
				 service->name, dependency->service);
		else
			complain_missing(check, &check->services, &missing);
	}
}

static void check_service_networks(const struct check *check, const struct service *service)
{
	if (service->network_mode && service->n_networks > 0)
		complain(check, service->networks[0].pos,
			 "services.%s.networks: not together with 'network_mode'; remove one",
			 service->name);
	for (size_t i = 0; i < service->n_networks; i++) {
		const struct service_network *network = &service->networks[i];
		const struct missing missing = {
			service,	  network->pos,
			"networks",	  "network",
			network->network, "; declare it below the top-level 'networks:'"};

		if (strcmp(network->network, "default") != 0 &&
		    !names_get(&check->networks.index, network->network))
			complain_missing(check, &check->networks, &missing);
	}
}

/* It comes and goes by the clock: nobody can wait for it, and no policy may start it. */
static void check_schedule(const struct check *check, const struct service *service)
{
	for (size_t i = 0; i < service->n_depends_on; i++) {
		const struct service *on =
			project_service(check->project, service->depends_on[i].service);

		if (on && on->schedule)
			complain(check, service->depends_on[i].pos,
				 "services.%s.depends_on: '%s' is started by its schedule; nothing "
				 "can wait for it",
				 service->name, on->name);
	}
	if (service->schedule &&
	    (service->restart == RESTART_ALWAYS || service->restart == RESTART_UNLESS_STOPPED))
		complain(check, service->schedule_pos,
			 "services.%s.x-stack.schedule: with 'restart: always' it would never end; "
			 "say 'no' or 'on-failure'",
			 service->name);
}

/* Who asks for two containers side by side must let them be. */
static void check_update(const struct check *check, const struct service *service)
{
	const char *obstacle = service_update_obstacle(service);

	if (obstacle && service->own_update.choice == OWN_UPDATE_ROLLING)
		complain(check, service->own_update.pos,
			 "services.%s.x-stack.update: with '%s' a new container cannot be beside "
			 "the old one; remove that, or say 'recreate'",
			 service->name, obstacle);
}

static void check_references_to_files(const struct check *check, const struct service *service,
				      const struct file_references *references,
				      const struct known *known, const char *key)
{
	for (size_t i = 0; i < references->n; i++) {
		const struct file_reference *reference = &references->items[i];
		const struct missing missing = {
			service, reference->pos,    key,
			"file",	 reference->source, "; declare it at the top level"};

		if (!names_get(&known->index, reference->source))
			complain_missing(check, known, &missing);
	}
}

static void check_userns(const struct check *check, const struct service *service)
{
	if (service->userns.mode != USERNS_HOST && service->privileged)
		complain(check, service->userns.pos,
			 "services.%s.userns_mode: not together with 'privileged', which is about "
			 "power over the host; remove one",
			 service->name);
}

/* Limits are those of a container's own links. */
static void check_bandwidth(const struct check *check, const struct service *service)
{
	if (service->network_mode && bandwidth_is_said(service))
		complain(check, service->pos,
			 "services.%s.x-stack.bandwidth: with 'network_mode: %s' it has no link of "
			 "its own to limit; remove one",
			 service->name, service->network_mode);
}

static void check_mounts(const struct check *check, const struct service *service)
{
	for (size_t i = 0; i < service->n_mounts; i++) {
		const struct mount *mount = &service->mounts[i];
		const struct missing missing = {service,
						mount->pos,
						"volumes",
						"volume",
						mount->source,
						"; declare it below the top-level 'volumes:', or "
						"write a directory with './' in front"};

		if (mount->type == MOUNT_VOLUME && mount->source &&
		    !names_get(&check->volumes.index, mount->source))
			complain_missing(check, &check->volumes, &missing);
	}
}

static void check_build(const struct check *check, const struct service *service)
{
	static const char prefix[] = "service:";
	const struct build *build = service->build;

	if (!build)
		return;
	check_references_to_files(check, service, &build->secrets, &check->secrets,
				  "build.secrets");
	for (size_t i = 0; i < build->additional_contexts.n; i++) {
		const char *value = build->additional_contexts.items[i].value;
		const char *name = value + strlen(prefix);
		const struct service *other;

		if (!*value)
			complain(check, build->pos,
				 "services.%s.build.additional_contexts: '%s' has no directory or "
				 "URL; write NAME=PLACE",
				 service->name, build->additional_contexts.items[i].key);
		if (strncmp(value, prefix, strlen(prefix)) != 0)
			continue;
		other = project_service(check->project, name);
		if (!other || other == service)
			complain(check, build->pos,
				 "services.%s.build.additional_contexts: '%s' is no other service "
				 "of this file",
				 service->name, name);
		else if (!other->image)
			complain(check, build->pos,
				 "services.%s.build.additional_contexts: '%s' has no image, only a "
				 "rootfs; name its directory",
				 service->name, name);
	}
}

static void learn_names(struct check *check)
{
	const struct project *project = check->project;

	for (size_t i = 0; i < project->n_services; i++)
		add_known(&check->services, project->services[i].name);
	for (size_t i = 0; i < project->n_networks; i++)
		add_known(&check->networks, project->networks[i].key);
	for (size_t i = 0; i < project->n_volumes; i++)
		add_known(&check->volumes, project->volumes[i].key);
	for (size_t i = 0; i < project->n_secrets; i++)
		add_known(&check->secrets, project->secrets[i].key);
	for (size_t i = 0; i < project->n_configs; i++)
		add_known(&check->configs, project->configs[i].key);
}

void check_references(const struct project *project, const struct names *inactive,
		      struct reporter *reporter)
{
	CLEANUP(check_release)
	struct check check = {.project = project, .report = reporter, .inactive = inactive};

	learn_names(&check);
	for (size_t i = 0; i < project->n_services; i++) {
		const struct service *service = &project->services[i];

		check_dependencies(&check, service);
		check_update(&check, service);
		check_schedule(&check, service);
		check_service_networks(&check, service);
		check_mounts(&check, service);
		check_references_to_files(&check, service, &service->secrets, &check.secrets,
					  "secrets");
		check_references_to_files(&check, service, &service->configs, &check.configs,
					  "configs");
		check_userns(&check, service);
		check_build(&check, service);
		check_bandwidth(&check, service);
	}
}

void check_cycles(const struct project *project, struct reporter *reporter)
{
	CLEANUP_FREE size_t *order = calloc(project->n_services + 1, sizeof(*order));
	const struct service *service;
	const char *cycle, *first;

	if (!order || graph_order(project, order, reporter->arena, &cycle) != -ELOOP)
		return;
	first = arena_strndup(reporter->arena, cycle, strcspn(cycle, " "));
	service = project_service(project, first);
	report(reporter, SEVERITY_ERROR, service->depends_on[0].pos,
	       "services.%s.depends_on: in a circle, so none of these can be first: %s", first,
	       cycle);
}
