// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CORE_CONTAINER_MOUNTS_H
#define STACK_CORE_CONTAINER_MOUNTS_H

#include "core/container/spec.h"

struct err;

/*
 * Mounts: the user's volumes, binds and tmpfs
 *
 * In two steps, because sources are paths of the host and targets are paths of
 * the container.  First, while the host's root is still the root and its
 * mounts still propagate as the host has them:
 */
int mounts_open_sources(const struct container_spec *spec, int **ret_sources, struct err *err);

/*
 * Then, below ROOT and in order: fill an empty volume from the image, make the
 * target, attach, with the ids of USERNS (idmap.h) unless that is -1.  Nothing
 * is mounted on the root itself, nor in /proc.
 *
 * Blocks: for the disk, while a volume is filled.
 */
int mounts_attach(int root, const struct container_spec *spec, int userns, const int *sources,
		  struct err *err);

/* Close N SOURCES and free the array.  NULL is fine. */
void mounts_close_sources(int *sources, uint32_t n);

#endif
