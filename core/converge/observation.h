// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CORE_CONVERGE_OBSERVATION_H
#define STACK_CORE_CONVERGE_OBSERVATION_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Observation: what there is of a project, as values
 *
 * Read from the kernel and the records by driver->observe(), compared with the
 * project by plan_compute().  Strings are borrowed from the arena it was made in.
 */
enum observed_state {
	OBSERVED_CREATED, /* made, never started */
	OBSERVED_RUNNING,
	OBSERVED_EXITED,
};

struct observed_container {
	const char *name, *service;
	unsigned int index;
	const char *config_hash, *live_hash;
	const char *image_id;
	enum observed_state state;
	int exit_code;	/* OBSERVED_EXITED */
	bool broken;	/* a part of it is missing: only making it anew helps */
	bool candidate; /* it was to take another one's place, and has not */
};

struct observed_network {
	const char *key;
	const char *hash; /* network_hash() of what it was made from */
	bool broken;
	const char *guests; /* other projects that are in it, "'app', 'blog'"; NULL: none */
};

struct observation {
	const struct observed_container *containers;
	size_t n_containers;
	const struct observed_network *networks;
	size_t n_networks;
	const char *const *volumes; /* names of those that exist */
	size_t n_volumes;
};

/* NULL when there is none. */
const struct observed_container *observation_container(const struct observation *obs,
						       const char *name);
const struct observed_network *observation_network(const struct observation *obs, const char *key);
bool observation_has_volume(const struct observation *obs, const char *name);

#endif
