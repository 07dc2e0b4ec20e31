// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CORE_MODEL_BANDWIDTH_H
#define STACK_CORE_MODEL_BANDWIDTH_H

#include "core/model/project.h"

/*
 * Bandwidth: how quickly a service's containers may talk to a network
 *
 * What an attachment to a network says goes before what the service says, key
 * by key; "unlimited" is how it takes a limit of the service away.
 */

/* What counts in the network KEY.  Rates are 0 where there is no limit. */
struct bandwidth bandwidth_in_network(const struct service *service, const char *key);

/* Is there anything to do about it? */
bool bandwidth_is_limited(const struct bandwidth *bandwidth);

/* Does SERVICE say anything of it, for all networks or for one? */
bool bandwidth_is_said(const struct service *service);

#endif
