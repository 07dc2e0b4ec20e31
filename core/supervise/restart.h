// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CORE_SUPERVISE_RESTART_H
#define STACK_CORE_SUPERVISE_RESTART_H

#include <stdbool.h>
#include <stdint.h>

#include "core/model/project.h"

/*
 * Restart: docker's restart manager, number for number
 *
 * The first delay is 100 ms; each further one doubles, up to one minute; a run
 * of at least ten seconds sets it back to the first.  (moby,
 * daemon/internal/restartmanager.)
 *
 * With deploy.restart_policy the delay is always the same, and `window` says
 * how long a run must be to count as a success, after which the attempts are
 * counted anew (Compose Deploy Specification, "restart_policy").
 */
#define RESTART_DELAY_FIRST_MS 100
#define RESTART_DELAY_MAX_MS   60000
#define RESTART_RESET_MS       10000

/* Does a container that ended with EXIT_CODE after ATTEMPTS attempts start again? */
bool restart_wanted(const struct service *service, int exit_code, unsigned int attempts);

/* Was a run of RAN_MS a success, after which attempts are counted anew? */
bool restart_succeeded(const struct service *service, uint64_t ran_ms);

/*
 * How long to wait before the next start, in ms.  PREVIOUS_MS: what this
 * function said last time; 0: nothing yet.  RAN_MS: how long the program ran.
 * SERVICE NULL: it is in no file any more.
 */
int64_t restart_delay(const struct service *service, int64_t previous_ms, uint64_t ran_ms);

/*
 * Does a service of an enabled project come back after a reboot?  As in docker
 * `always` does even when it was STOPPED by hand; the others do not then.
 */
bool restart_at_boot(bool always, bool stopped);

#endif
