// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_STORE_REGISTRY_TRANSFER_STEP_H
#define STACK_STORE_REGISTRY_TRANSFER_STEP_H

#include "store/registry/transfer.h"

struct endpoint;

/*
 * The steps of a transfer, for transfer.c and transfer_judge.c only
 */

/* The end, with what is in t->err where RESULT is negative. */
void transfer_done(struct transfer *t, int result);

/* Another request, in DELAY_MS. */
void transfer_again(struct transfer *t, int64_t delay_ms);

/* The request has ended with CODE: t->state and what goes with it are the next step. */
void transfer_judge(struct transfer *t, const struct transfer_policy *policy, CURLcode code);

/* Where it is asked for now. */
struct endpoint *transfer_endpoint(const struct transfer *t);

/* Is the origin of t->url that endpoint's, so that what is meant for it may be told? */
bool transfer_is_at_endpoint(const struct transfer *t);

#endif
