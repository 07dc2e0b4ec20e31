// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CORE_CONVERGE_RECORD_H
#define STACK_CORE_CONVERGE_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Container record: what the kernel cannot remember for us
 *
 * One per container, kept in <run>/<project>/containers/<name>/record.json from
 * before the first kernel object of the container is made until after the last
 * one is gone.  A supervisor that finds a record knows what may be there and
 * whose it is.  The process itself is not in here: see core/container/state.h.
 */
#define RECORD_NETWORKS_MAX   16
#define RECORD_NAME_MAX	      256
#define RECORD_LINK_LOCAL_MAX 4 /* LINK_LOCAL_IPS_MAX */

/* Who answers names in a network. */
enum record_names {
	NAMES_OURS,   /* the project's supervisor */
	NAMES_OWNERS, /* that of the project whose network it is */
	NAMES_NONE,
};

/* One attachment to a network. */
struct record_address {
	char network[64]; /* key in the project */
	char address[16]; /* "10.192.3.7" */
	uint8_t prefix;
	char gateway[16];
	char address6[46]; /* "fd00:1:2:3::7"; "": the network has no IPv6 */
	uint8_t prefix6;
	char gateway6[46];
	char mac[18];
	char interface[16];			    /* in the container */
	char host_link[16];			    /* the other end, on the host */
	char link_local[RECORD_LINK_LOCAL_MAX][16]; /* further addresses, up to a "" */
	int gw_priority;			    /* the highest has the default route */
	enum record_names names;		    /* who answers names at `gateway` */
};

/* One published port or range as it really is: `published` is never 0. */
struct record_port {
	char protocol[8];
	char host_ip[46]; /* "" is every address */
	uint16_t published, target, count;
};

struct container_record {
	char name[RECORD_NAME_MAX];
	char service[64];
	unsigned int index; /* from 1 */
	char *image;	    /* as the stack file says */
	char image_id[72];
	char config_hash[65]; /* what cannot change while it runs: see confighash.h */
	char live_hash[65];   /* what can */
	uint64_t created_ns;  /* CLOCK_REALTIME */

	struct record_address addresses[RECORD_NETWORKS_MAX];
	size_t n_addresses;
	struct record_port *ports;
	size_t n_ports;
	char **anonymous_volumes; /* removed with the container; NULL-terminated or NULL */

	bool candidate;	       /* it is to take another one's place, and has no traffic yet */
	bool stopped;	       /* by hand: restart policies leave it alone */
	bool unhealthy;	       /* that is why it is being, or was, stopped; until it starts again */
	unsigned int restarts; /* by its policies, since the last manual start */
	char ready[17];	       /* what its probe waited for has come: core/supervise/health.h */
};

void record_release(struct container_record *record);

struct json_t;

/* Addresses and ports as JSON arrays, for the record's file and for control.h alike. */
struct json_t *record_addresses_to_json(const struct container_record *record);
struct json_t *record_ports_to_json(const struct container_record *record);

#endif
