// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CMD_CLI_BUILDAH_H
#define STACK_CMD_CLI_BUILDAH_H

#include "cmd/cli/subprocess.h"
#include "core/base/err.h"
#include "core/base/paths.h"

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

/*
 * Buildah: the program that reads Dockerfiles, and its own storage
 *
 *	<root>/build/storage/	its images and layers, which are the build cache
 *	<root>/build/work/<n>/	what one build leaves for the import
 *	<root>/build/lock	shared by builds, taken alone by who cleans up
 *	<root>/build/isolation	what was found out, and the boot it was in
 *	<run>/.build/		its state while builds are at work
 *	<run>/.build/files/<n>/	what one build is given: secrets, a Dockerfile
 *
 * So nobody else's buildah or podman is met.  What works on this host is tried
 * once per boot: containers with cgroups of their own where there is a runtime
 * for them, else a chroot, whose RUN has the host's network and process limits.
 */
struct buildah {
	const struct paths *paths;
	char program[PATH_MAX];
	char storage[PATH_MAX], work[PATH_MAX];
	char state[PATH_MAX], files[PATH_MAX], registries[PATH_MAX];
	const char *driver;    /* "overlay" or "vfs" */
	const char *isolation; /* "oci", "chroot" or what BUILDAH_ISOLATION says */
	int dir_fd, lock_fd;
};

#define BUILDAH_INIT                                                                               \
	{                                                                                          \
		.dir_fd = -1, .lock_fd = -1                                                        \
	}

/*
 * Find it, make its directories, remove what a build that died has left.
 *
 * -ENOENT: it is not installed; the sentence says what to install.
 * Blocks: for about a second on its first use after a boot.
 */
int buildah_open(struct buildah *buildah, const struct paths *paths, struct err *err);

/* Remove what builds that were broken off left, unless others are at work. */
void buildah_release(struct buildah *buildah);

/* How each of its command lines begins, in ARGV; returns how many words that are. */
#define BUILDAH_WORDS_MAX 8
size_t buildah_words(const struct buildah *buildah, const char **argv);

/* ARGV, which begins so, as it is to be run. */
struct subprocess_command buildah_command(const struct buildah *buildah, const char *const *argv);

#endif
