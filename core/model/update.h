// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CORE_MODEL_UPDATE_H
#define STACK_CORE_MODEL_UPDATE_H

#include <stdint.h>

#include "core/model/project.h"

/*
 * Update: how the containers of a service are replaced by new ones
 *
 * x-stack.update decides, else deploy.update_config; a service with neither is
 * replaced as docker compose does it, all at once, the old containers first.
 */

/* UPDATE_ORDER_NONE: all at once, nothing is watched. */
enum update_order service_update_order(const struct service *service);

/* How many containers at a time; 0: all. */
int64_t service_update_parallelism(const struct service *service);

/* Never UPDATE_FAILURE_NONE. */
enum update_failure service_update_failure(const struct service *service);

/* The attribute that keeps two containers of SERVICE from being there together; NULL: none. */
const char *service_update_obstacle(const struct service *service);

#endif
