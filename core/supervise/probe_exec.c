// SPDX-License-Identifier: GPL-2.0-or-later
/* Probe: a program in the container, healthcheck.test. */
#include "core/supervise/health.h"

#include "core/supervise/run.h"

#include <stdlib.h>

struct exec_probe {
	struct health *health;
	struct run *run; /* that is under way */
};

static void *exec_open(struct health *health)
{
	struct exec_probe *probe = calloc(1, sizeof(*probe));

	if (!probe)
		abort();
	probe->health = health;
	return probe;
}

static void on_end(void *data, const struct run_result *result)
{
	struct exec_probe *probe = data;

	probe->run = NULL;
	health_answer(probe->health, result->code == 0, result->last);
}

static void exec_look(void *probing)
{
	struct exec_probe *probe = probing;
	struct health *health = probe->health;
	const struct probe program = {.argv = health->check.test.items,
				      .timeout_ms = health->check.timeout_ms};
	struct err err = ERR_INIT;

	probe->run = run_start(health->unit, &program, on_end, probe, &err);
	if (!probe->run)
		health_answer(health, false, err.msg);
}

static void exec_close(void *probing)
{
	struct exec_probe *probe = probing;

	run_free(probe->run);
	free(probe);
}

const struct prober probe_exec = {exec_open, exec_look, exec_close, .once = false};
