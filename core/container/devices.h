// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CORE_CONTAINER_DEVICES_H
#define STACK_CORE_CONTAINER_DEVICES_H

#include <sys/types.h>

struct container_spec;
struct err;

/*
 * Devices: what a container finds in /dev
 *
 * DEV is a descriptor of the container's own, empty /dev.
 */

/* The nodes and links every container has. */
int devices_populate(int dev, struct err *err);

/* All device nodes of the host besides, for a privileged container. */
int devices_add_host(int dev, struct err *err);

/*
 * The nodes of SPEC: below /dev in DEV, others in ROOT.  A node that is there
 * already has to be the same device.
 */
int devices_add(int dev, int root, const struct container_spec *spec, struct err *err);

/* Give what devices_populate() made to user and group OWNER. */
int devices_give(int dev, uid_t owner, struct err *err);

/*
 * O_PATH descriptor of /dev/null in DEV, which is the null device for certain:
 * whatever is bound or opened through it cannot be a file that an image put there.
 */
int devices_open_null(int dev, struct err *err);

#endif
