// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CMD_CLI_PULLING_H
#define STACK_CMD_CLI_PULLING_H

#include "core/base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cli;
struct project;

/*
 * Pulling: images come from their registries before a service needs them
 *
 * `up` and `run` do it by the pull_policy of each service, in front of the
 * request to the supervisor, which only ever looks into the store.  So whoever
 * waits sees what he waits for, and what starts at boot needs no network.
 */
enum pulling_need {
	PULL_NOT,
	PULL_IF_POSSIBLE, /* the image that is there would do as well */
	PULL_REQUIRED,
};

/*
 * What POLICY (NULL: missing) means for an image that the store has, or not, and that was
 * looked at AGE_S seconds ago.  A service that is BUILT has its image from there, unless a
 * policy says otherwise.
 */
enum pulling_need pulling_need(const char *policy, bool built, bool present, int64_t age_s);

/* Is it "always", "missing", "never", …? */
bool pulling_policy_is_known(const char *policy);

struct pulling_options {
	const char *policy; /* instead of the services' own; NULL */
	bool always;	    /* whatever no policy forbids: the command `pull` */
	bool without_dependencies;
	bool quiet, ignore_failures;
};

/*
 * Pull what the N SERVICES (0: all) of PROJECT need.  RET_STATUS is the exit status of what
 * did it, which has said what was wrong; 0 where nothing was to be done.
 *
 * -ENOENT: there is no such service.  Blocks: for registries.
 */
int pulling_run(struct cli *cli, const struct project *project, char *const *services, size_t n,
		const struct pulling_options *options, int *ret_status, struct err *err);

#endif
