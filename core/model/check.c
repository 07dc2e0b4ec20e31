// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/model/check.h"

#include "core/base/arena.h"
#include "core/base/cleanup.h"
#include "core/base/text.h"
#include "core/model/graph.h"
#include "core/model/names.h"
#include "core/model/project.h"
#include "core/model/report.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SUGGESTIONS_MAX 200

struct check {
	const struct project *project;
	struct reporter *report;
	const struct names *inactive;
	struct names services, networks, volumes;
};

static void check_release(struct check *check)
{
	names_release(&check->services);
	names_release(&check->networks);
	names_release(&check->volumes);
}

#define complain(check, pos, ...) report((check)->report, SEVERITY_ERROR, (pos), __VA_ARGS__)

static const char *suggest_service(const struct check *check, const char *word)
{
	const char *names[SUGGESTIONS_MAX];
	size_t n = 0;

	for (; n < check->project->n_services && n < SUGGESTIONS_MAX; n++)
		names[n] = check->project->services[n].name;
	return text_suggest(word, names, n);
}

static const char *suggest_network(const struct check *check, const char *word)
{
	const char *names[SUGGESTIONS_MAX];
	size_t n = 0;

	for (; n < check->project->n_networks && n < SUGGESTIONS_MAX; n++)
		names[n] = check->project->networks[n].key;
	return text_suggest(word, names, n);
}

static const char *suggest_volume(const struct check *check, const char *word)
{
	const char *names[SUGGESTIONS_MAX];
	size_t n = 0;

	for (; n < check->project->n_volumes && n < SUGGESTIONS_MAX; n++)
		names[n] = check->project->volumes[n].key;
	return text_suggest(word, names, n);
}

static void check_dependencies(const struct check *check, const struct service *service)
{
	for (size_t i = 0; i < service->n_depends_on; i++) {
		const struct dependency *dependency = &service->depends_on[i];
		const char *meant;

		if (!dependency->required || names_get(&check->services, dependency->service))
			continue;
		meant = suggest_service(check, dependency->service);
		if (names_get(check->inactive, dependency->service))
			complain(check, dependency->pos,
				 "services.%s.depends_on: the service '%s' is not in an active "
				 "profile; add --profile, or say 'required: false'",
				 service->name, dependency->service);
		else if (meant)
			complain(check, dependency->pos,
				 "services.%s.depends_on: there is no service '%s'; did you mean "
				 "'%s'?",
				 service->name, dependency->service, meant);
		else
			complain(check, dependency->pos,
				 "services.%s.depends_on: there is no service '%s'", service->name,
				 dependency->service);
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
		const char *meant;

		if (strcmp(network->network, "default") == 0 ||
		    names_get(&check->networks, network->network))
			continue;
		meant = suggest_network(check, network->network);
		if (meant)
			complain(check, network->pos,
				 "services.%s.networks: there is no network '%s'; did you mean "
				 "'%s'?",
				 service->name, network->network, meant);
		else
			complain(check, network->pos,
				 "services.%s.networks: the network '%s' is not declared; add it "
				 "below the top-level 'networks:'",
				 service->name, network->network);
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

static void check_mounts(const struct check *check, const struct service *service)
{
	for (size_t i = 0; i < service->n_mounts; i++) {
		const struct mount *mount = &service->mounts[i];
		const char *meant;

		if (mount->type != MOUNT_VOLUME || !mount->source ||
		    names_get(&check->volumes, mount->source))
			continue;
		meant = suggest_volume(check, mount->source);
		if (meant)
			complain(check, mount->pos,
				 "services.%s.volumes: there is no volume '%s'; did you mean '%s'?",
				 service->name, mount->source, meant);
		else
			complain(check, mount->pos,
				 "services.%s.volumes: the volume '%s' is not declared; add it "
				 "below "
				 "the top-level 'volumes:', or write './%s' for a directory",
				 service->name, mount->source, mount->source);
	}
}

void check_references(const struct project *project, const struct names *inactive,
		      struct reporter *reporter)
{
	CLEANUP(check_release)
	struct check check = {.project = project, .report = reporter, .inactive = inactive};

	for (size_t i = 0; i < project->n_services; i++)
		names_add(&check.services, project->services[i].name, &check);
	for (size_t i = 0; i < project->n_networks; i++)
		names_add(&check.networks, project->networks[i].key, &check);
	for (size_t i = 0; i < project->n_volumes; i++)
		names_add(&check.volumes, project->volumes[i].key, &check);
	for (size_t i = 0; i < project->n_services; i++) {
		check_dependencies(&check, &project->services[i]);
		check_service_networks(&check, &project->services[i]);
		check_mounts(&check, &project->services[i]);
		check_userns(&check, &project->services[i]);
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
