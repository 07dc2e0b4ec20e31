// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * push: this process reads what is the user's own (registries.conf, passwords) and shows how
 * it goes; the one that sends has given up its rights before it speaks with anybody (roles.h).
 */
#include "cmd/image/command.h"
#include "cmd/image/events.h"
#include "cmd/image/interrupt.h"
#include "cmd/image/process.h"
#include "cmd/image/roles.h"
#include "cmd/image/transfer_arguments.h"
#include "cmd/image/view.h"
#include "core/base/cleanup.h"
#include "store/digest.h"
#include "store/image.h"
#include "store/registry/registries.h"
#include "store/registry/source.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

struct pushing {
	const struct paths *paths;
	struct view view;
	struct push_options options;
	struct registries registries;
	bool ignore_failures;

	/* What is sent, `n` of each. */
	struct source *sources;
	char **hex; /* of the images' ids */
	bool *settled;
	size_t n, n_failed;
};

static void pushing_release(struct pushing *pushing)
{
	for (size_t i = 0; i < pushing->n; i++) {
		source_release(&pushing->sources[i]);
		free(pushing->hex[i]);
	}
	free(pushing->sources);
	free(pushing->hex);
	free(pushing->settled);
	registries_release(&pushing->registries);
	view_release(&pushing->view);
	cleanup_close(&pushing->options.blobs_fd);
}

/* --- how it goes --- */

static void say_failure(struct pushing *pushing, const char *name, const char *why)
{
	pushing->n_failed++;
	view_failure(&pushing->view, "push", name, why, pushing->ignore_failures);
}

static void fail(struct pushing *pushing, const char *name, const char *why)
{
	json_t *event = events_image(name, "error", why);

	view_event(&pushing->view, event);
	json_decref(event);
	say_failure(pushing, name, why);
}

static void settle(struct pushing *pushing, const char *name)
{
	for (size_t i = 0; i < pushing->n; i++)
		if (strcmp(pushing->sources[i].name, name) == 0)
			pushing->settled[i] = true;
}

/* The other process is foreign enough that its words are only shown. */
static void got(void *data, json_t *event)
{
	struct pushing *pushing = data;
	const char *name = events_text(event, "name"), *action = events_text(event, "action");

	view_event(&pushing->view, event);
	if (strcmp(events_text(event, "event"), "image") != 0 || strcmp(action, "pushing") == 0)
		return;
	settle(pushing, name);
	if (strcmp(action, "error") == 0)
		say_failure(pushing, name, events_text(event, "detail"));
}

/* --- what is asked for --- */

static bool is_added(const struct pushing *pushing, const char *reference)
{
	for (size_t i = 0; i < pushing->n; i++)
		if (strcmp(pushing->sources[i].reference, reference) == 0)
			return true;
	return false;
}

/* NAME, normalised to REFERENCE, has to be one that the store has the image under. */
static int find_image(const struct pushing *pushing, const char *name, const char *reference,
		      char **ret_hex, struct err *err)
{
	CLEANUP(image_release) struct image image = {.id = NULL};
	int r = image_find(pushing->paths, name, &image, err);

	if (r < 0)
		return r;
	if (strcmp(image.reference, reference) != 0 && !strchr(reference, '@'))
		return err_set(err, EINVAL,
			       "this is an id; where to push to is said by a name, which "
			       "'stack image tag %s NAME' gives",
			       name);
	*ret_hex = strdup(digest_hex(image.id));
	return *ret_hex ? 0 : err_nomem(err);
}

static int add_image(struct pushing *pushing, const char *name, struct err *err)
{
	char reference[IMAGE_REFERENCE_SIZE];
	CLEANUP_FREE char *hex = NULL;
	int r = image_reference_normalize(name, reference, sizeof(reference), err);

	if (r < 0 || is_added(pushing, reference))
		return r;
	r = find_image(pushing, name, reference, &hex, err);
	if (r == 0)
		r = source_init_push(&pushing->sources[pushing->n], &pushing->registries, reference,
				     err);
	if (r == 0)
		pushing->hex[pushing->n++] = TAKE_PTR(hex);
	return r;
}

static int add_images(struct pushing *pushing, char **names, size_t n, struct err *err)
{
	pushing->sources = calloc(n, sizeof(*pushing->sources));
	pushing->hex = calloc(n, sizeof(*pushing->hex));
	pushing->settled = calloc(n, sizeof(*pushing->settled));
	if (!pushing->sources || !pushing->hex || !pushing->settled)
		return err_nomem(err);
	for (size_t i = 0; i < n; i++) {
		struct err failure = ERR_INIT;

		if (add_image(pushing, names[i], &failure) < 0)
			fail(pushing, names[i], failure.msg);
	}
	return 0;
}

/* An absent store is an empty one: then no image is found, and nothing is read. */
static int open_store(struct pushing *pushing, struct err *err)
{
	char path[PATH_MAX];
	int r = paths_join(path, sizeof(path), err, "%s/images/blobs/sha256", pushing->paths->root);

	if (r < 0)
		return r;
	pushing->options.blobs_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (pushing->options.blobs_fd < 0 && errno != ENOENT)
		return err_sys(err, errno, "open '%s'", path);
	return 0;
}

/* --- the process --- */

static void watch(struct pushing *pushing, struct process *process)
{
	bool open = true;

	while (open) {
		struct pollfd ready = {.fd = process->events.fd, .events = POLLIN};

		if (interrupt_poll(&ready, 1) < 0) {
			process_signal(process, SIGKILL);
			return;
		}
		open = events_read(&process->events, got, pushing);
		view_draw(&pushing->view);
	}
}

static int send_all(struct pushing *pushing, struct err *err)
{
	CLEANUP(process_release) struct process process = PROCESS_INIT;
	const struct upload_role role = {pushing->paths, pushing->sources,
					 (const char *const *)pushing->hex, pushing->n,
					 pushing->options};
	int out, r = process_start(&process, &out, err);

	if (r == 0)
		_exit(role_upload(&role, out));
	if (r < 0)
		return r;
	watch(pushing, &process);
	r = process_wait(&process, "uploads", err);
	return interrupted(NULL) ? err_set(err, EINTR, "interrupted") : r;
}

static int push(struct pushing *pushing, struct err *err)
{
	int r = pushing->n > 0 ? send_all(pushing, err) : 0;

	for (size_t i = 0; r == 0 && i < pushing->n; i++)
		if (!pushing->settled[i])
			fail(pushing, pushing->sources[i].name,
			     "what sends it ended before all was there");
	view_end(&pushing->view);
	if (r < 0)
		return r;
	return pushing->n_failed > 0 && !pushing->ignore_failures;
}

static int run(const struct paths *paths, int argc, char **argv, struct err *err)
{
	CLEANUP(pushing_release)
	struct pushing pushing = {.paths = paths, .options = {.blobs_fd = -1}};
	struct transfer_arguments arguments;
	int r;

	/* A process that is gone is found out by what it returned. */
	signal(SIGPIPE, SIG_IGN);
	interrupt_catch();
	r = transfer_arguments_parse(&arguments, &command_push, argc, argv, err);
	if (r != 0)
		return r;
	if (arguments.platform)
		return err_set(err, EINVAL, "an image of the store is for one platform already");
	view_init(&pushing.view, arguments.kind);
	pushing.options.policy = arguments.policy;
	pushing.ignore_failures = arguments.ignore_failures;
	if (geteuid() != 0)
		return err_set(err, EPERM,
			       "pushing an image takes root: only root reads the store");
	r = registries_load(&pushing.registries, err);
	if (r == 0)
		r = open_store(&pushing, err);
	if (r == 0)
		r = add_images(&pushing, arguments.names, arguments.n, err);
	return r < 0 ? r : push(&pushing, err);
}

const struct command command_push = {
	.name = "push",
	.operands = "NAME…",
	.help = "      Send images to the registries that their names say.\n"
		"        --parallel NUMBER         blobs at once (4)\n"
		"        --retry NUMBER            times to try again (4)\n"
		"        --retry-delay DURATION    before the first of them, then doubled (500ms)\n"
		"        --progress auto|tty|plain|json|quiet\n"
		"        --ignore-failures         succeed although some could not be sent\n"
		"        -q, --quiet               show no progress",
	.run = run,
};
