// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_STORE_RECORD_H
#define STACK_STORE_RECORD_H

#include "core/converge/record.h"
#include "core/model/project.h"

#include <stddef.h>

struct err;

/*
 * Records: what a supervisor leaves for the next one, as files
 *
 *	<run>/<project>/containers/<name>/record.json
 *	<run>/<project>/networks/<key>.json
 *
 * RUN_FD is the directory <run>/<project>.  Files are replaced by rename, so a
 * reader never meets half a record.
 */

/* Writes the record, making the container's directory if need be. */
int record_save(int run_fd, const struct container_record *record, struct err *err);

/*
 * -ENOENT: no such container.  -EBADMSG: the file is damaged.
 */
int record_load(int run_fd, const char *name, struct container_record *ret_record, struct err *err);

/* All of them, malloc'ed; a damaged one is an error that names it. */
int record_load_all(int run_fd, struct container_record **ret_records, size_t *ret_n,
		    struct err *err);

/* The container's directory with everything in it.  Gone already is success. */
int record_remove(int run_fd, const char *name, struct err *err);

/* A network that was made. */
struct network_record {
	char key[64];
	char name[128];
	char hash[65];	  /* confighash.h */
	char gateway[52]; /* "10.192.3.1/24" */
	char range[52];	  /* that containers get addresses of, "10.192.3.128/25"; "": all */
	char gateway6[52], range6[52];	    /* "": there is no IPv6 */
	char reserved[NETWORK_AUX_MAX][46]; /* addresses of both that no container gets */
	size_t n_reserved;
	char driver[8];	  /* "bridge", "macvlan", "ipvlan" */
	char link[16];	  /* its bridge, or what it is beside */
	char mode[12];	  /* of macvlan and ipvlan; "": the default */
	char binding[16]; /* ports are published on, where they say nothing; "": all addresses */
	char owner[64];	  /* external: the project whose it is; "": no stack's */
	unsigned int mtu; /* 0: the kernel's */
	bool external;	  /* others made it, and remove it */
	bool internal;
	bool isolated;	   /* its containers may not talk to each other */
	bool keeps_source; /* they leave under their own addresses */
};

int network_record_save(int run_fd, const struct network_record *record, struct err *err);
int network_record_load_all(int run_fd, struct network_record **ret_records, size_t *ret_n,
			    struct err *err);
int network_record_remove(int run_fd, const char *key, struct err *err);

#endif
