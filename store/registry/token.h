// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_STORE_REGISTRY_TOKEN_H
#define STACK_STORE_REGISTRY_TOKEN_H

#include "core/base/err.h"

#include <stddef.h>

struct challenge;
struct endpoint;
struct origin;

/*
 * Token: from a challenge to the Authorization header that answers it
 *
 * Basic is the password itself.  Bearer is a token that is asked for at the
 * realm, with the password where there is one (distribution: docs/spec/auth/token.md,
 * oauth.md).  The realm is some other host by design, so it has to be https, or
 * as plain as the registry is allowed to be.
 */

/*
 * Set ENDPOINT's authorization after ORIGIN, the registry, has answered with CHALLENGE.
 *
 * -EACCES: no password, or the realm does not take it.  -EPERM: not told for the realm is not
 * safe.  -EIO: the realm does not answer.
 * Blocks: for the network.
 */
int token_authorize(struct endpoint *endpoint, const struct origin *origin,
		    const struct challenge *challenge, struct err *err);

/* What the realm sent, as the token in it; to be freed.  -EINVAL: there is none. */
int token_parse(const char *text, size_t len, char **ret_token, struct err *err);

#endif
