// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CORE_MODEL_SHARING_H
#define STACK_CORE_MODEL_SHARING_H

#include <stdbool.h>
#include <stddef.h>

struct project;
struct service;

/*
 * Sharing: containers in namespaces of others
 *
 * network_mode, pid and the like are words: "host", "service:NAME" or, in the
 * file only, "container:NAME", which becomes "service:NAME" when it is loaded.
 * NULL is a namespace of its own.
 */
bool sharing_is_host(const char *mode);

/* Is it service: or container:? */
bool sharing_names_other(const char *mode);

/* The NAME of "service:NAME"; NULL: none. */
const char *sharing_service(const char *mode);

/*
 * The services whose namespaces SERVICE is in, NULL-terminated; each is there
 * at most once.
 */
#define SHARING_MAX 2
void sharing_services(const struct service *service, const char *ret_names[SHARING_MAX + 1]);

#endif
