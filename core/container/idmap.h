// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CORE_CONTAINER_IDMAP_H
#define STACK_CORE_CONTAINER_IDMAP_H

#include <stdint.h>
#include <sys/types.h>

struct container_spec;
struct err;

/*
 * Id map: a container whose user and group ids are others on the host
 *
 * With spec->id_count, ids 0 … id_count-1 of the container are id_host … of the
 * host, and its processes are in a user namespace of their own: whoever breaks
 * out is nobody.  Everything of the container is set up by the host's root
 * beforehand, who keeps owning its namespaces but the network's; so capabilities
 * hold over its processes, its files and its network, and mounts are as they are.
 *
 * Files: layers and volumes are seen through idmapped mounts and keep their
 * owners on disk, whatever the range is; the upper directory belongs to the
 * range.  user_namespaces(7), mount_setattr(2).
 */

/*
 * A user namespace whose ids 0 … COUNT-1 are FIRST … outside, and a network
 * namespace that belongs to it unless RET_NETNS is NULL.  Both are the
 * caller's; they are there as long as somebody has them open.
 *
 * -ENOSPC: the host allows no more of them (user.max_user_namespaces).
 *
 * Blocks: for the child that makes them, some 100 µs.
 */
int idmap_create(uint32_t first, uint32_t count, int *ret_userns, int *ret_netns, struct err *err);

/*
 * The user namespace for the processes of SPEC: the owner of its network
 * namespace, so that capabilities hold there, or where that is the host's a
 * new one.  RET_USERNS is the caller's; -1 when SPEC has the host's ids.
 */
int idmap_open(const struct container_spec *spec, int *ret_userns, struct err *err);

/* The host's id of the container's ID; -1 when it has none. */
uid_t idmap_host_id(const struct container_spec *spec, uid_t id);

/*
 * Let the detached MOUNT and all below it show the owners on disk as ids of
 * the container.  No-op with USERNS -1.
 *
 * -EINVAL: its file system has no idmapped mounts.
 */
int idmap_mount(int mount, int userns, struct err *err);

/*
 * Enter the namespace USERNS: itself, or a pidfd of a process in it.  All
 * capabilities in it are the caller's then, none outside.  -ESRCH: that process
 * has ended.
 */
int idmap_enter(int userns, struct err *err);

#endif
