// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CORE_CONTAINER_COPYUP_H
#define STACK_CORE_CONTAINER_COPYUP_H

#include <sys/types.h>

struct err;

/*
 * Copy-up: an empty volume starts with what the image has in its place
 *
 * Copy the directory IMAGE to the directory VOLUME, if that is empty: content,
 * owner, mode, times, extended attributes, links of both kinds, FIFOs and
 * device nodes; no link is followed.  A lock on VOLUME keeps two containers
 * from doing it at once, and a mark on it tells a copy that was interrupted:
 * that one is completed.  ID_HOST is what IMAGE shows as the owner of files that
 * are root's: 0, or the first id of the container's range (idmap.h).
 *
 * Blocks: for the disk, and for another container that is filling VOLUME.
 */
int copyup_fill(int image, int volume, uid_t id_host, struct err *err);

#endif
