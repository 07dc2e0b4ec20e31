// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CMD_CLI_CONTAINERS_H
#define STACK_CMD_CLI_CONTAINERS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "core/base/err.h"
#include "core/base/paths.h"
#include "core/base/text.h"

struct cli;

/*
 * Containers: what a project consists of, as its supervisor says
 *
 * A "container" here is a JSON object as control.h describes it.
 */

/*
 * All containers of PROJECT: an array, owned by the caller.  Its supervisor is
 * brought back when it died.
 *
 * -ENOENT: the project is not up.
 */
int containers_list(const struct paths *paths, const char *project, json_t **ret_list,
		    struct err *err);

/*
 * Keep those of LIST that belong to one of the N SERVICES (0: all), in the
 * order of LIST; the array returned is the caller's.
 *
 * -ENOENT: a service has no container; the sentence may suggest another.
 */
int containers_of(json_t *list, char *const *services, size_t n, json_t **ret_list,
		  struct err *err);

/* Is NAME one of the N names?  N 0: yes. */
bool containers_selected(const char *name, char *const *names, size_t n);

/* The INDEXth (from 1; -1: the first) container of SERVICE, borrowed from LIST.  As above. */
int containers_pick(const json_t *list, const char *service, json_int_t index,
		    const json_t **ret_container, struct err *err);

/* Where the shim finds CONTAINER, of PROJECT: <run>/PROJECT/containers/NAME. */
int container_directory(const struct paths *paths, const char *project, const json_t *container,
			char *ret, size_t size, struct err *err);

/*
 * The same in the project that the command line means, whose name goes to
 * RET_PROJECT; the container is borrowed from RET_LIST, which is the caller's.
 * Returns like cli_load().
 */
int containers_find(const struct cli *cli, const char *service, json_int_t index,
		    char ret_project[TEXT_NAME_MAX + 1], json_t **ret_list,
		    const json_t **ret_container, struct err *err);

/* Is there a process in it, or about to be one again? */
bool container_is_alive(const json_t *container);

#endif
