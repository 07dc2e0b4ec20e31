// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd/cli/config_select.h"

#include "core/base/arena.h"
#include "core/base/cleanup.h"
#include "core/model/project.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* depends_on has no circles: the loader refuses them. */
static void mark(const struct project *project, const struct service *service, bool *wanted)
{
	size_t i = (size_t)(service - project->services);

	if (wanted[i])
		return;
	wanted[i] = true;
	for (size_t j = 0; j < service->n_depends_on; j++) {
		const struct service *other =
			project_service(project, service->depends_on[j].service);

		if (other)
			mark(project, other, wanted);
	}
}

int config_select(struct project *project, char **names, size_t n, struct err *err)
{
	CLEANUP_FREE bool *wanted = calloc(project->n_services + 1, sizeof(*wanted));
	struct service *services;
	size_t kept = 0;

	if (n == 0)
		return 0;
	if (!wanted)
		return err_nomem(err);
	for (size_t i = 0; i < n; i++) {
		const struct service *service = project_service(project, names[i]);

		if (!service)
			return err_set(err, ENOENT, "there is no service '%s'", names[i]);
		mark(project, service, wanted);
	}
	services = ARENA_ARRAY(project->arena, struct service, project->n_services);
	for (size_t i = 0; i < project->n_services; i++)
		if (wanted[i])
			services[kept++] = project->services[i];
	project->services = services;
	project->n_services = kept;
	return 0;
}
