// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/supervise/run.h"

#include "core/base/log.h"
#include "core/base/strbuf.h"
#include "core/supervise/internal.h"
#include "core/supervise/watch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define OUTPUT_MAX 4096 /* of one program, as docker keeps */
#define LAST_MAX   256

struct run {
	struct watch *process, *output;
	struct strbuf text;
	void (*done)(void *data, const struct run_result *result);
	void *data;
};

static void on_output(void *data)
{
	struct run *run = data;
	char buffer[1024];
	ssize_t n = read(watch_fd(run->output), buffer, sizeof(buffer));

	if (n > 0 && run->text.len < OUTPUT_MAX)
		strbuf_add(&run->text, buffer, (size_t)n);
	if (n == 0)
		watch_clear(&run->output);
}

static void keep_last_output(struct run *run, char ret_last[LAST_MAX])
{
	size_t len, from;

	while (run->output && run->text.len < OUTPUT_MAX) {
		size_t before = run->text.len;

		on_output(run);
		if (run->text.len == before)
			break;
	}
	len = run->text.len;
	while (len > 0 && strchr(" \n\r\t", run->text.text[len - 1]))
		len--;
	from = len > LAST_MAX - 1 ? len - (LAST_MAX - 1) : 0;
	memcpy(ret_last, run->text.text + from, len - from);
	ret_last[len - from] = '\0';
}

static void on_end(void *data)
{
	struct run *run = data;
	siginfo_t info = {.si_code = 0};
	char last[LAST_MAX];
	struct run_result result = {.last = last};
	void (*done)(void *, const struct run_result *) = run->done;
	void *owner = run->data;

	if (waitid(P_PIDFD, (id_t)watch_fd(run->process), &info, WEXITED | WNOHANG) < 0)
		log_debug("a program in a container: %s", strerror(errno));
	result.code = info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status;
	keep_last_output(run, last);
	/* Whoever hears of it may start the next one. */
	run_free(run);
	done(owner, &result);
}

struct run *run_start(struct unit *unit, const struct probe *probe,
		      void (*done)(void *data, const struct run_result *result), void *data,
		      struct err *err)
{
	struct driver *driver = &unit->supervisor->driver;
	uv_loop_t *loop = unit->supervisor->loop;
	int pidfd = -1, output = -1;
	struct run *run;

	if (driver->ops->probe_start(driver->ctx, unit->record.name, probe, &pidfd, &output, err) <
	    0)
		return NULL;
	run = calloc(1, sizeof(*run));
	if (!run)
		abort();
	run->text = (struct strbuf)STRBUF_INIT;
	run->done = done;
	run->data = data;
	run->output = watch_new(loop, output, on_output, run);
	run->process = watch_new(loop, pidfd, on_end, run);
	return run;
}

void run_free(struct run *run)
{
	if (!run)
		return;
	watch_free(run->process);
	watch_free(run->output);
	strbuf_release(&run->text);
	free(run);
}
