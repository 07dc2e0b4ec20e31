// SPDX-License-Identifier: GPL-2.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "world.h"

#include "core/base/cleanup.h"
#include "core/supervise/control.h"
#include "core/supervise/frame.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void world_start(struct world *w)
{
	struct supervisor_options options = {.project = "shop",
					     .paths = &w->paths,
					     .loop = &w->loop,
					     .driver = {&fake_driver_ops, &w->fake},
					     .run_fd = w->run_fd};
	struct err err = ERR_INIT;

	uv_loop_init(&w->loop);
	if (supervisor_new(&options, &w->supervisor, &err) < 0)
		fail_msg("%s", err.msg);
}

void world_stop(struct world *w)
{
	supervisor_free(w->supervisor);
	while (uv_run(&w->loop, UV_RUN_DEFAULT) != 0)
		;
	assert_int_equal(uv_loop_close(&w->loop), 0);
}

int world_setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	snprintf(w->dir, sizeof(w->dir), "/tmp/supervisor-test-XXXXXX");
	assert_non_null(mkdtemp(w->dir));
	snprintf(w->project_dir, sizeof(w->project_dir), "%s/shop", w->dir);
	assert_int_equal(mkdir(w->project_dir, 0700), 0);
	assert_int_equal(paths_init(&w->paths, w->dir, w->dir, NULL), 0);
	w->run_fd = open(w->project_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	world_start(w);
	*state = w;
	return 0;
}

int world_teardown(void **state)
{
	struct world *w = *state;
	char path[256];

	world_stop(w);
	fake_release(&w->fake);
	snprintf(path, sizeof(path), "%s/desired.json", w->project_dir);
	unlink(path);
	rmdir(w->project_dir);
	rmdir(w->dir);
	close(w->run_fd);
	free(w);
	return 0;
}

json_t *world_keep(struct world *w, json_t *request, int *ret_fd)
{
	CLEANUP(frame_reader_release) struct frame_reader reader = FRAME_READER_INIT;
	struct err err = ERR_INIT;
	json_t *message = NULL;
	CLEANUP_FD int fd = -1;
	char bytes[4096];

	assert_int_equal(control_connect(&w->paths, "shop", &fd, &err), 0);
	assert_int_equal(control_send(fd, request, &err), 0);
	json_decref(request);
	assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
	for (int turn = 0; turn < TURNS_MAX; turn++) {
		ssize_t n;

		uv_run(&w->loop, UV_RUN_NOWAIT);
		n = read(fd, bytes, sizeof(bytes));
		if (n > 0)
			frame_reader_add(&reader, bytes, (size_t)n);
		else
			usleep(100); /* the pool's thread has its turn */
		while (frame_reader_next(&reader, &message, NULL, &err) > 0) {
			if (json_object_get(message, "result")) {
				*ret_fd = TAKE_FD(fd);
				return message;
			}
			json_decref(message);
		}
	}
	fail_msg("no result");
	return NULL;
}

json_t *world_ask(struct world *w, json_t *request)
{
	CLEANUP_FD int fd = -1;

	return world_keep(w, request, &fd);
}

json_t *world_up_request(const char *project)
{
	return json_pack("{s:s, s:o}", "op", "up", "project", json_loads(project, 0, NULL));
}

bool world_succeeded(json_t *result)
{
	bool good = strcmp(json_string_value(json_object_get(result, "result")), "ok") == 0;

	json_decref(result);
	return good;
}

void world_turn_until(struct world *w, const bool *flag, bool value)
{
	for (int turn = 0; turn < TURNS_MAX && *flag != value; turn++) {
		uv_run(&w->loop, UV_RUN_NOWAIT);
		usleep(100);
	}
	assert_int_equal(*flag, value);
}
