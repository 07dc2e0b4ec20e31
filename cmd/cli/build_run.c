// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The loop over build jobs: each has at most one program at work, whose output
 * is awaited together with Ctrl-C
 */
#include "cmd/cli/build_job.h"
#include "cmd/cli/build_line.h"
#include "cmd/cli/buildah.h"
#include "cmd/cli/cli.h"
#include "core/base/cleanup.h"
#include "core/base/fd.h"
#include "core/base/jsontext.h"
#include "core/model/project.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#define SAID_MAX ((size_t)64 << 10)

struct run {
	struct build_job *jobs;
	size_t n;
	const struct cli *cli;
	bool quiet;
};

static void show_line(const struct run *run, const struct build_job *job, const char *text,
		      size_t len)
{
	CLEANUP(strbuf_release) struct strbuf line = STRBUF_INIT, out = STRBUF_INIT;
	const char *service = job->request.service->name;

	if (run->cli->progress == PROGRESS_JSON) {
		json_t *event = json_pack("{s:s, s:s, s:s%}", "event", "build", "name", service,
					  "line", text, len);

		if (event && jsontext_add(&line, event, JSON_COMPACT) == 0)
			strbuf_printf(&out, "%s\n", line.text);
		json_decref(event);
	} else {
		text_escape(&line, text, len);
		strbuf_printf(&out, "%s | %s\n", service, line.text);
	}
	(void)fd_write_all(STDERR_FILENO, out.text, out.len);
}

/* buildah's last word on what went wrong: "Error: building at STEP …". */
static void note_complaint(struct build_job *job, const char *text, size_t len)
{
	static const char *const prefixes[] = {"Error: ", "error: ", "stack: "};

	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++) {
		size_t skip = strlen(prefixes[i]);

		if (len < skip || strncmp(text, prefixes[i], skip) != 0)
			continue;
		strbuf_reset(&job->complaint);
		text_escape(&job->complaint, text + skip, len - skip);
	}
}

static void take_line(const struct run *run, struct build_job *job, const char *text, size_t len)
{
	CLEANUP(strbuf_release) struct strbuf line = STRBUF_INIT;

	while (len > 0 && text[len - 1] == '\r')
		len--;
	build_line_add(&line, text, len);
	note_complaint(job, line.text, line.len);
	if (job->steps[job->next].shown && !run->quiet) {
		show_line(run, job, line.text, line.len);
	} else if (job->said.len + line.len < SAID_MAX) {
		strbuf_add(&job->said, line.text, line.len);
		strbuf_putc(&job->said, '\n');
	}
}

static void take_output(const struct run *run, struct build_job *job, const char *data, size_t len)
{
	while (len > 0) {
		const char *end = memchr(data, '\n', len);
		size_t piece = end ? (size_t)(end - data) : len;

		strbuf_add(&job->line, data, piece);
		if (end || job->line.len > SAID_MAX) {
			take_line(run, job, job->line.text, job->line.len);
			strbuf_reset(&job->line);
		}
		piece += end != NULL;
		data += piece;
		len -= piece;
	}
}

static int failed(const struct run *run, struct build_job *job, int status, struct err *err)
{
	const char *service = job->request.service->name;
	const char *line = job->said.text, *end;

	job->state = BUILD_FAILED;
	for (; (end = strchr(line, '\n')); line = end + 1)
		show_line(run, job, line, (size_t)(end - line));
	if (job->complaint.len > 0)
		return err_set(err, EIO, "service '%s': the build failed: %.400s", service,
			       job->complaint.text);
	return err_set(err, EIO, "service '%s': the build failed: '%s' ended with status %d",
		       service, job->steps[job->next].command.argv[0], status);
}

/* The build has written down which image it made. */
static int read_id(struct build_job *job, struct err *err)
{
	CLEANUP_FREE char *text = NULL;
	char path[PATH_MAX];
	int r;

	if (job->id[0])
		return 0;
	r = paths_join(path, sizeof(path), err, "%s/id", job->request.output);
	if (r == 0)
		r = fd_read_file(AT_FDCWD, path, sizeof(job->id) - 1, &text, NULL, NULL);
	if (r == 0)
		snprintf(job->id, sizeof(job->id), "%.*s", (int)strcspn(text, "\n"), text);
	return r == -ENOENT ? 0 : r;
}

static int start_step(struct build_job *job, struct err *err)
{
	int r = read_id(job, err);

	strbuf_reset(&job->said);
	strbuf_reset(&job->complaint);
	if (r == 0)
		r = subprocess_start(&job->steps[job->next].command, &job->process, err);
	job->state = r < 0 ? BUILD_FAILED : BUILD_RUNNING;
	return r;
}

static int end_step(const struct run *run, struct build_job *job, struct err *err)
{
	int status;

	if (job->line.len > 0)
		take_line(run, job, job->line.text, job->line.len);
	strbuf_reset(&job->line);
	status = subprocess_wait(&job->process);
	if (status != 0)
		return failed(run, job, status, err);
	if (++job->next < job->n_steps)
		return start_step(job, err);
	job->state = BUILD_DONE;
	return 0;
}

static int serve(const struct run *run, struct build_job *job, struct err *err)
{
	char data[16384];
	ssize_t len = read(job->process.output, data, sizeof(data));

	if (len > 0)
		take_output(run, job, data, (size_t)len);
	return len == 0 ? end_step(run, job, err) : 0;
}

/* Is an image that JOB starts from being made, or about to be? */
static bool has_to_wait(const struct run *run, const struct build_job *job)
{
	for (size_t i = 0; i < run->n; i++) {
		const struct build_job *other = &run->jobs[i];

		if (other == job || other->state == BUILD_DONE)
			continue;
		for (size_t k = 0; k < job->bases.n * other->n_names; k++)
			if (strcmp(job->bases.items[k / other->n_names],
				   other->names[k % other->n_names]) == 0)
				return true;
	}
	return false;
}

static int start_some(const struct run *run, struct err *err)
{
	size_t running = 0, waiting = 0;
	struct build_job *first = NULL;

	for (size_t i = 0; i < run->n; i++)
		running += run->jobs[i].state == BUILD_RUNNING;
	for (size_t i = 0; i < run->n; i++) {
		struct build_job *job = &run->jobs[i];
		int r;

		if (job->state != BUILD_WAITING)
			continue;
		waiting++;
		first = first ? first : job;
		if (running >= BUILD_PARALLEL || has_to_wait(run, job))
			continue;
		r = build_job_plan(job, err);
		if (r == 0)
			r = start_step(job, err);
		if (r < 0)
			return r;
		running++;
	}
	if (running == 0 && waiting > 0)
		return err_set(err, ELOOP,
			       "service '%s': its image starts from one that starts from it",
			       first->request.service->name);
	return 0;
}

static bool is_through(const struct run *run)
{
	for (size_t i = 0; i < run->n; i++)
		if (run->jobs[i].state != BUILD_DONE)
			return false;
	return true;
}

static int loop(const struct run *run, int signals, struct err *err)
{
	struct pollfd polled[1 + BUILD_PARALLEL];
	struct build_job *owners[1 + BUILD_PARALLEL];

	while (!is_through(run)) {
		nfds_t n = 1;
		int r = start_some(run, err);

		if (r < 0)
			return r;
		polled[0] = (struct pollfd){.fd = signals, .events = POLLIN};
		for (size_t i = 0; i < run->n; i++) {
			if (run->jobs[i].state != BUILD_RUNNING)
				continue;
			owners[n] = &run->jobs[i];
			polled[n++] = (struct pollfd){.fd = run->jobs[i].process.output,
						      .events = POLLIN};
		}
		if (poll(polled, n, -1) < 0 && errno != EINTR)
			return err_sys(err, errno, "wait for the build");
		if (polled[0].revents)
			return err_set(err, EINTR, "the build was interrupted");
		for (nfds_t i = 1; i < n; i++) {
			r = polled[i].revents ? serve(run, owners[i], err) : 0;
			if (r < 0)
				return r;
		}
	}
	return 0;
}

int build_jobs_run(struct build_job *jobs, size_t n, const struct cli *cli, bool quiet,
		   struct err *err)
{
	const struct run run = {jobs, n, cli, quiet || cli->progress == PROGRESS_QUIET};
	CLEANUP_FD int signals = -1;
	sigset_t set, before;
	int r;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	signals = signalfd(-1, &set, SFD_CLOEXEC);
	if (signals < 0)
		return err_sys(err, errno, "create a signal descriptor");
	sigprocmask(SIG_BLOCK, &set, &before);
	r = loop(&run, signals, err);
	for (size_t i = 0; i < n; i++)
		subprocess_release(&jobs[i].process);
	sigprocmask(SIG_SETMASK, &before, NULL);
	return r;
}
