// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CMD_IMAGE_HARDEN_H
#define STACK_CMD_IMAGE_HARDEN_H

#include "core/base/err.h"
#include "core/base/paths.h"

/*
 * Harden: give up what unpacking does not need, before foreign bytes are read
 */

/*
 * Go where no device can be opened, no program run and no set-ID bit counts: a mount namespace
 * of our own, all of it nodev, noexec and nosuid (mount_setattr(2), Linux 5.12).  An image's
 * devices are made for containers; who makes them gets no other use of them.
 *
 * What is open already stays with its old mount, so this comes before the store is opened, and
 * is left out as below.
 */
int harden_mounts(struct err *err);

/*
 * Afterwards the process has no network, bounded memory, no core dumps, no way
 * to gain privileges, the eight capabilities that making a layer's files takes,
 * the system calls that it needs (syscalls.h), and, where the kernel has
 * Landlock (ABI 2, Linux 5.19), no files but the store (read, write), the run
 * directory and DIRECTORY (read).  The last is the directory that is imported,
 * or -1; what is open already stays usable.
 *
 * Where the kernel lacks a part, or root lacks the right to it, that part is
 * left out; capabilities and limits are never.
 */
int harden(const struct paths *paths, int directory, struct err *err);

/*
 * The same for who speaks with a registry: it keeps the network and has no capability at all.
 * It writes to images/pull and reads images/blobs and what speaking to a server
 * takes: certificates, resolver configuration, libraries.
 */
int harden_network(const struct paths *paths, struct err *err);

#endif
