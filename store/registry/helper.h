// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_STORE_REGISTRY_HELPER_H
#define STACK_STORE_REGISTRY_HELPER_H

#include "core/base/err.h"

#include <stddef.h>

/*
 * Helper: docker-credential-<name>, a program that keeps passwords
 *
 * github.com/docker/docker-credential-helpers: the verb is its argument, the
 * question its standard input, the answer its standard output.
 */
#define HELPER_ANSWER_MAX ((size_t)64 << 10)

/*
 * Run docker-credential-NAME VERB, found in PATH, with INPUT.  RET_ANSWER is text, to be freed.
 *
 * -EINVAL: NAME is none.  -ENOENT: it knows no such registry.  -EIO: it is not there, or failed;
 * its own words are in the sentence.
 * Blocks: until it is done.
 */
int helper_run(const char *name, const char *verb, const char *input, char **ret_answer,
	       struct err *err);

#endif
