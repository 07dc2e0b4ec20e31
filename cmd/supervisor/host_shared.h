// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CMD_SUPERVISOR_HOST_SHARED_H
#define STACK_CMD_SUPERVISOR_HOST_SHARED_H

#include "cmd/supervisor/host.h"

struct cidr_list;
struct strbuf;

/*
 * Networks with several projects in them, and the names that are answered there:
 * host_shared.c, host_names.c
 */

/* Add what other projects, or neighbours, have in NETWORK. */
int host_shared_addresses(struct host *host, const struct host_network *network,
			  struct cidr_list *ret, struct err *err);

/* The other projects in our own NETWORK, "'app', 'blog'"; false: there are none. */
bool host_shared_guests(const struct host *host, const struct host_network *network,
			struct strbuf *ret);

/* Be found by the others in NETWORK, from before its first address is chosen. */
int host_shared_join(struct host *host, struct host_network *network, struct err *err);
void host_shared_leave(struct host *host, struct host_network *network);

/* Call host_names_again() when the others' names change. */
void host_shared_watch(struct host *host, struct host_network *network);
void host_shared_unwatch(struct host_network *network);

/* Names of others, borrowed from `texts`. */
struct shared_names {
	struct name_entry *entries;
	size_t n;
	char **texts;
	size_t n_texts;
};

void host_shared_read(const struct host *host, struct shared_names *ret);
void shared_names_release(struct shared_names *names);

/* Tell the others these names; those of networks that nobody else is in are left out. */
int host_shared_publish(struct host *host, const struct name_entry *entries, size_t n,
			struct err *err);

/* Where a container asks for names; NULL: nowhere of ours. */
const struct record_address *host_name_server(struct host *host,
					      const struct container_record *record);

/* The last names once more, with those that others have now. */
void host_names_again(struct host *host);
void host_names_forget(struct host *host);

#endif
