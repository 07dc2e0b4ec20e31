// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CORE_CONVERGE_CONFIGHASH_H
#define STACK_CORE_CONVERGE_CONFIGHASH_H

struct network;
struct service;

/*
 * Config hash: has a service changed since its container was made?
 *
 * Two hashes over the canonical form of a service, so that a change is known
 * by comparing strings; which attribute is in which says its apply class
 * (core/model/schema.h).  `config` covers what a running process cannot be given
 * any more (image, command, environment, mounts, …) together with the image's
 * id; `live` what it can: limits, policies, published ports, networks, labels.
 * What concerns `up` alone (depends_on, profiles, scale, attach) is in neither.
 */
#define CONFIG_HASH_SIZE 65

void config_hash(const struct service *service, const char *image_id,
		 char ret_config[CONFIG_HASH_SIZE], char ret_live[CONFIG_HASH_SIZE]);

/* The same for a network: driver, subnet, internal, options. */
void network_hash(const struct network *network, char ret_hash[CONFIG_HASH_SIZE]);

#endif
