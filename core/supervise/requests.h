// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CORE_SUPERVISE_REQUESTS_H
#define STACK_CORE_SUPERVISE_REQUESTS_H

#include "core/supervise/internal.h"

/*
 * Requests: what control.h promises, one function each
 *
 *	requests.c	the table of them, and whose turn it is; those about what is there
 *	requests_up.c	those about what shall be there
 *	pause.c		the one that lasts as long as its client
 */

/* Is KEY true in REQUEST? */
bool request_flag(const json_t *request, const char *key);

/* What there is, with what only the units know worked in. */
int request_observe(struct supervisor *supervisor, struct arena *arena, struct observation *ret,
		    struct err *err);

/*
 * Carry PLAN, which is taken over, out for CLIENT, who hears of its progress.
 * PREVIOUS (may be NULL): what was desired before.
 */
void request_begin(struct supervisor *supervisor, struct client *client, const json_t *request,
		   enum operation_kind kind, json_t *previous, struct plan *plan);

int request_up(struct supervisor *supervisor, struct client *client, const json_t *request,
	       struct err *err);
int request_scale(struct supervisor *supervisor, struct client *client, const json_t *request,
		  struct err *err);
int request_plan(struct supervisor *supervisor, struct client *client, const json_t *request,
		 struct err *err);
int request_pause(struct supervisor *supervisor, struct client *client, const json_t *request,
		  struct err *err);

#endif
