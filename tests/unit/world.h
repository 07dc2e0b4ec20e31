// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_TESTS_UNIT_WORLD_H
#define STACK_TESTS_UNIT_WORLD_H

#include "core/base/paths.h"
#include "core/supervise/supervisor.h"
#include "fake_driver.h"

#include <jansson.h>
#include <stdbool.h>
#include <uv.h>

/*
 * World: a supervisor of the project "shop" over a host in memory, and its clients
 *
 * Clients talk to it over its real socket; the loop turns while they wait.
 */
struct world {
	struct fake fake;
	struct paths paths;
	char dir[64], project_dir[128];
	int run_fd;
	uv_loop_t loop;
	struct supervisor *supervisor;
};

/* How often the loop is turned, 100 µs apart, before something is said never to happen. */
#define TURNS_MAX 100000

/* For cmocka: *STATE is a struct world. */
int world_setup(void **state);
int world_teardown(void **state);

/* A supervisor ends without a word, as if it were killed; another one comes. */
void world_stop(struct world *w);
void world_start(struct world *w);

/* Send REQUEST, which is taken, and turn the loop until its result is there. */
json_t *world_ask(struct world *w, json_t *request);

/* The same, but the connection stays open. */
json_t *world_keep(struct world *w, json_t *request, int *ret_fd);

/* {"op":"up","project":…} from the canonical text PROJECT. */
json_t *world_up_request(const char *project);

/* Takes RESULT. */
bool world_succeeded(json_t *result);

/* Turn the loop until FLAG is VALUE, which has to be so some time. */
void world_turn_until(struct world *w, const bool *flag, bool value);

#endif
