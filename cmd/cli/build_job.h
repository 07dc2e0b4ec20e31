// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CMD_CLI_BUILD_JOB_H
#define STACK_CMD_CLI_BUILD_JOB_H

#include "cmd/cli/build_argv.h"
#include "cmd/cli/subprocess.h"
#include "core/base/err.h"
#include "core/base/strbuf.h"
#include "core/model/project.h"

#include <stdbool.h>
#include <stddef.h>

struct arena;
struct cli;

/*
 * Build job: one image, from its Dockerfile to the store
 *
 * A row of programs one after the other: buildah is given the base images that
 * the store has, builds, and writes the image down as an OCI layout, which
 * stack-image imports under all its names.  What they say is shown line by line
 * with the service's name in front.
 */
#define BUILD_NAMES_MAX 32
#define BUILD_STEPS_MAX 80
#define BUILD_ID_SIZE	80

struct build_step {
	struct subprocess_command command;
	bool shown; /* its output is for the user */
};

struct build_job {
	struct arena *arena;
	struct build_request request;
	const char *names[BUILD_NAMES_MAX]; /* of the image, normalised; the first one first */
	size_t n_names;
	struct strings bases; /* images it may start from, normalised */
	struct build_step steps[BUILD_STEPS_MAX];
	size_t n_steps, next;
	char id[BUILD_ID_SIZE]; /* in the steps behind the build: known when it is through */
	struct subprocess process;
	struct strbuf line;	 /* begun, its end is not there yet */
	struct strbuf said;	 /* of the step at work, where that is not shown */
	struct strbuf complaint; /* the last line that tells of an error */
	enum build_job_state { BUILD_WAITING, BUILD_RUNNING, BUILD_DONE, BUILD_FAILED } state;
};

/*
 * Make JOB, whose request has everything but the directories, ready: the files for
 * buildah, and what it starts from.  NUMBER tells the jobs of this process apart.
 * To be released in any case.
 *
 * -ENOENT: there is no Dockerfile, or another file that it needs.
 */
int build_job_prepare(struct build_job *job, struct arena *arena, size_t number, struct err *err);

/* Its steps: to be made when what it starts from is in the store. */
int build_job_plan(struct build_job *job, struct err *err);

/*
 * Run JOBS, at most BUILD_PARALLEL at a time, none before those it starts from.
 * QUIET: say nothing unless one fails.  The first failure ends them all, as
 * Ctrl-C and SIGTERM do (-EINTR).
 *
 * Blocks: until all are through.
 */
#define BUILD_PARALLEL 2
int build_jobs_run(struct build_job *jobs, size_t n, const struct cli *cli, bool quiet,
		   struct err *err);

/* Ends what still runs, removes its files. */
void build_job_release(struct build_job *job);

#endif
