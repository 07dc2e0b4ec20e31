// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CMD_CLI_BUILD_ARGV_H
#define STACK_CMD_CLI_BUILD_ARGV_H

#include "cmd/cli/options.h"

struct arena;
struct buildah;
struct project;
struct service;

/*
 * Build argv: `build:` of a stack file as a command line of buildah
 *
 * Nothing is read or changed here.  Of the files it names, in directories of one
 * build's own, the caller makes
 *
 *	<files>/Dockerfile	of dockerfile_inline
 *	<files>/secret-N	the Nth secret, where it is no file of the host
 *	<output>/id		written by buildah: "sha256:…" of the image
 */
struct build_request {
	const struct buildah *buildah;
	const struct project *project;
	const struct service *service;
	const struct string_list *args; /* --build-arg: go before those of the file */
	bool no_cache, pull;		/* besides what the file says */
	const char *files, *output;	/* directories */
};

/* The words, NULL-terminated, which live as long as ARENA. */
const char *const *build_argv(struct arena *arena, const struct build_request *request);

/* Is the build to be without a network by other means than buildah's? */
bool build_cuts_network(const struct build_request *request);

/* Path of the Dockerfile on this host; NULL: the context is somewhere else. */
const char *build_dockerfile(struct arena *arena, const struct build_request *request);

#endif
