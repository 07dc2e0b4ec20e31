// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CORE_MODEL_SHORTFORM_H
#define STACK_CORE_MODEL_SHORTFORM_H

#include "core/base/err.h"
#include "core/model/project.h"

struct arena;

/*
 * Short forms: "8080:80/udp" and "./src:/app:ro"
 *
 * Each sets all of RET but its position.  Strings are in ARENA.
 * -EINVAL: ERR says which part is wrong.
 */

/* [[ip:]published:]target[/protocol], both with ranges; an IPv6 address in brackets. */
int shortform_port(struct arena *arena, const char *text, struct port *ret_port, struct err *err);

/* "80" or "80-82" into the first of them and how many they are. */
int shortform_port_range(const char *text, uint16_t *ret_first, uint16_t *ret_count,
			 struct err *err);

/*
 * Is PORT, whose published ports are PUBLISHED_COUNT (0: none), one that can be
 * had?  Its protocol and address are checked too.  Several for one port of the
 * container are its choices.
 */
int shortform_port_check(struct port *port, uint16_t published_count, struct err *err);

/*
 * [source:]target[:options].  A source that begins with '.', '/' or '~' is a
 * path, left as it is, another one a volume.
 */
int shortform_mount(struct arena *arena, const char *text, struct mount *ret_mount,
		    struct err *err);

/* target[:options] of services.<name>.tmpfs */
int shortform_tmpfs(struct arena *arena, const char *text, struct mount *ret_mount,
		    struct err *err);

/* A mount of TYPE with nothing said but the defaults. */
struct mount shortform_mount_default(enum mount_type type);

#endif
