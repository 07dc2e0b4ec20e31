// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CORE_MODEL_NORMALISE_H
#define STACK_CORE_MODEL_NORMALISE_H

#include "core/model/project.h"

#include <stdbool.h>
#include <stddef.h>

struct names;
struct reporter;

/*
 * Normalise: what the specification implies
 */

/* TEXT as a project's name: lower case, and without what [a-z0-9][a-z0-9_-]* does not have. */
const char *normalise_name(struct arena *arena, const char *text);

/* Is TEXT such a name already? */
bool normalise_is_name(const char *text);

/*
 * Drop the services none of whose profiles is in ACTIVE ("*" is all of them);
 * their names go into RET_INACTIVE.
 */
void normalise_profiles(struct project *project, const struct strings *active,
			struct names *ret_inactive);

/* Put SERVICE, which says no network, into `default`, as if it said so at POS. */
void normalise_join_default(struct arena *arena, struct service *service, struct position pos);

/*
 * Put services without networks into `default`, drop networks that nobody
 * uses, and name networks and volumes after the project.
 */
void normalise_networks(struct project *project);
void normalise_volumes(struct project *project);

/* Services that are built and have no image named get <project>-<service>, as in docker compose. */
void normalise_images(struct project *project);

#endif
