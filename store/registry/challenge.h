// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_STORE_REGISTRY_CHALLENGE_H
#define STACK_STORE_REGISTRY_CHALLENGE_H

#include <stddef.h>

/*
 * Challenge: what a registry wants to see before it answers
 *
 * The value of WWW-Authenticate, RFC 9110 section 11.6.1: schemes, each with
 * parameters, separated by the same commas.
 *
 *	Bearer realm="https://auth.example/token",service="registry.example"
 */
enum challenge_scheme { CHALLENGE_NONE, CHALLENGE_BASIC, CHALLENGE_BEARER };

#define CHALLENGE_VALUE_MAX 1024

struct challenge {
	enum challenge_scheme scheme;
	/* "" where it was not said; all are printable ASCII */
	char realm[CHALLENGE_VALUE_MAX], service[CHALLENGE_VALUE_MAX], scope[CHALLENGE_VALUE_MAX];
};

/*
 * The best of the challenges in the LEN bytes of TEXT: Bearer before Basic.  What is known
 * already in CHALLENGE stays unless this is better, so that a header may come in several
 * lines.
 *
 * -EBADMSG: it is none, or a value is too long; CHALLENGE is as it was.
 */
int challenge_parse(const char *text, size_t len, struct challenge *challenge);

#endif
