// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * pull: this process reads what is the user's own (registries.conf, passwords), shows how it
 * goes, and carries lines from the one that downloads to the one that unpacks (roles.h).  So
 * a layer is unpacked while others still come in.
 */
#include "cmd/image/command.h"
#include "cmd/image/events.h"
#include "cmd/image/interrupt.h"
#include "cmd/image/process.h"
#include "cmd/image/roles.h"
#include "cmd/image/transfer_arguments.h"
#include "cmd/image/view.h"
#include "core/base/cleanup.h"
#include "core/base/fd.h"
#include "store/image.h"
#include "store/registry/blob.h"
#include "store/registry/registries.h"
#include "store/registry/source.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#define ROUNDS_MAX 3 /* somebody may remove what was just there; not for ever */

struct wish {
	char *reference; /* normalised */
	bool wanted;	 /* in the next round */
	bool settled;	 /* it is known what has become of it */
};

struct pulling {
	const struct paths *paths;
	struct view view;
	struct pull_options options;
	char platform[PLATFORM_TEXT_MAX];
	struct registries registries;
	bool ignore_failures;
	int unpack_in; /* to the one that unpacks; -1: closed */

	struct wish *wishes;
	size_t n, n_failed;
};

/* --- what is asked for --- */

static int add_references(struct pulling *pulling, char **texts, size_t n, struct err *err)
{
	pulling->wishes = calloc(n + 1, sizeof(*pulling->wishes));
	if (!pulling->wishes)
		return err_nomem(err);
	for (size_t i = 0; i < n; i++) {
		char normal[IMAGE_REFERENCE_SIZE];
		bool twice = false;
		int r = image_reference_normalize(texts[i], normal, sizeof(normal), err);

		if (r < 0)
			return r;
		for (size_t k = 0; k < pulling->n; k++)
			twice = twice || strcmp(pulling->wishes[k].reference, normal) == 0;
		if (twice)
			continue;
		pulling->wishes[pulling->n] = (struct wish){strdup(normal), true, false};
		if (!pulling->wishes[pulling->n++].reference)
			return err_nomem(err);
	}
	return 0;
}

static int open_store(struct pulling *pulling, struct err *err)
{
	char pull[PATH_MAX], blobs[PATH_MAX];
	int r = fd_mkdir_p(pulling->paths->root, 0711, err);

	if (r == 0)
		r = paths_join(pull, sizeof(pull), err, "%s/images/pull", pulling->paths->root);
	if (r == 0)
		r = paths_join(blobs, sizeof(blobs), err, "%s/images/blobs/sha256",
			       pulling->paths->root);
	if (r == 0)
		r = fd_mkdir_p(pull, 0700, err);
	if (r == 0)
		r = fd_mkdir_p(blobs, 0700, err);
	if (r < 0)
		return r;
	pulling->options.pull_fd = open(pull, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	pulling->options.blobs_fd = open(blobs, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (pulling->options.pull_fd < 0 || pulling->options.blobs_fd < 0)
		return err_sys(err, errno, "open the image store");
	return 0;
}

static void close_store(struct pulling *pulling)
{
	cleanup_close(&pulling->options.pull_fd);
	cleanup_close(&pulling->options.blobs_fd);
}

/* --- how it goes --- */

static size_t index_of(const struct pulling *pulling, const json_t *event)
{
	const char *name = events_text(event, "name");
	size_t i = 0;

	while (i < pulling->n &&
	       strcmp(image_reference_familiar(pulling->wishes[i].reference), name) != 0)
		i++;
	return i;
}

static void say_failure(struct pulling *pulling, const json_t *event)
{
	pulling->n_failed++;
	view_failure(&pulling->view, "pull", events_text(event, "name"),
		     events_text(event, "detail"), pulling->ignore_failures);
}

/* Both processes are foreign enough that their words are only shown. */
static void got(void *data, json_t *event)
{
	struct pulling *pulling = data;
	const char *action = events_text(event, "action");
	size_t i = index_of(pulling, event);

	if (strcmp(events_text(event, "event"), "image") != 0) {
		view_event(&pulling->view, event);
		return;
	}
	if (i == pulling->n)
		return;
	pulling->wishes[i].settled = strcmp(action, "unpacking") != 0;
	if (strcmp(action, "stale") == 0) {
		pulling->wishes[i].wanted = true;
	} else if (strcmp(action, "error") == 0) {
		json_object_del(event, "blobs");
		view_event(&pulling->view, event);
		say_failure(pulling, event);
	} else {
		view_event(&pulling->view, event);
	}
}

static void got_download(void *data, json_t *event)
{
	struct pulling *pulling = data;
	const char *action = events_text(event, "action");
	bool image = strcmp(events_text(event, "event"), "image") == 0;
	bool failed = strcmp(action, "error") == 0;
	bool there = strcmp(action, "downloaded") == 0 || strcmp(action, "exists") == 0;

	if (image ? !failed : there)
		events_send(pulling->unpack_in, json_incref(event));
	if (!image || failed)
		got(data, event);
}

/* --- the processes --- */

static int start_unpack(struct pulling *pulling, struct process *process, struct err *err)
{
	int in[2], out = -1, r = process_pipe(in, err);

	if (r < 0)
		return r;
	r = process_start(process, &out, err);
	if (r == 0) {
		close(in[1]);
		close_store(pulling);
		_exit(role_unpack(pulling->paths, in[0], out));
	}
	close(in[0]);
	pulling->unpack_in = in[1];
	return r;
}

static int start_download(struct pulling *pulling, struct source *sources, size_t n,
			  const char *const *known, struct process *process, struct err *err)
{
	const struct download_role role = {pulling->paths, sources, known, n, pulling->options};
	int out = -1, r = process_start(process, &out, err);

	if (r == 0) {
		close(TAKE_FD(pulling->unpack_in));
		_exit(role_download(&role, out));
	}
	return r;
}

/* Nothing more comes; what is half-made is removed by who made it. */
static void stop(struct pulling *pulling, struct process *download, struct process *unpack)
{
	process_signal(download, SIGKILL);
	process_signal(unpack, SIGTERM);
	cleanup_close(&pulling->unpack_in);
	pulling->unpack_in = -1;
}

/* Until both have closed their pipes. */
static void carry(struct pulling *pulling, struct process *download, struct process *unpack)
{
	while (unpack->events.fd >= 0) {
		struct pollfd fds[] = {{.fd = unpack->events.fd, .events = POLLIN},
				       {.fd = download->events.fd, .events = POLLIN}};

		if (interrupt_poll(fds, ARRAY_SIZE(fds)) < 0) {
			stop(pulling, download, unpack);
			return;
		}
		if (fds[0].revents && !events_read(&unpack->events, got, pulling))
			events_release(&unpack->events);
		if (fds[1].revents && !events_read(&download->events, got_download, pulling)) {
			events_release(&download->events);
			close(TAKE_FD(pulling->unpack_in));
		}
		view_draw(&pulling->view);
	}
}

static int wait_for_both(struct process *download, struct process *unpack, struct err *err)
{
	int first = process_wait(download, "downloads", err);
	int second = process_wait(unpack, "unpacks", first < 0 ? NULL : err);

	return first < 0 ? first : second;
}

/* --- a round --- */

static void sources_release(struct source *sources, size_t n)
{
	for (size_t i = 0; i < n; i++)
		source_release(&sources[i]);
	free(sources);
}

static void fail_reference(struct pulling *pulling, const char *reference, const struct err *err)
{
	json_t *event = events_image(image_reference_familiar(reference), "error", err->msg);

	got(pulling, event);
	json_decref(event);
}

/* The sources of what is wanted, and which image each name means by now. */
static size_t make_sources(struct pulling *pulling, struct source *sources, const char **known)
{
	size_t n = 0;

	for (size_t i = 0; i < pulling->n; i++) {
		struct image image = {.id = NULL};
		struct err err = ERR_INIT;

		if (!pulling->wishes[i].wanted)
			continue;
		pulling->wishes[i].wanted = false;
		if (source_init(&sources[n], &pulling->registries, pulling->wishes[i].reference,
				&err) < 0) {
			fail_reference(pulling, pulling->wishes[i].reference, &err);
			continue;
		}
		if (image_find(pulling->paths, pulling->wishes[i].reference, &image, NULL) == 0)
			known[n] = strdup(image.id);
		image_release(&image);
		n++;
	}
	return n;
}

static int run_round(struct pulling *pulling, struct err *err)
{
	struct process download = {.pidfd = -1, .events = EVENTS_INIT},
		       unpack = {.pidfd = -1, .events = EVENTS_INIT};
	struct source *sources = calloc(pulling->n, sizeof(*sources));
	const char **known = calloc(pulling->n, sizeof(*known));
	size_t n;
	int r;

	if (!sources || !known)
		abort();
	/* The one that unpacks is started before there is a password in memory. */
	r = start_unpack(pulling, &unpack, err);
	n = r < 0 ? 0 : make_sources(pulling, sources, known);
	if (r >= 0)
		r = start_download(pulling, sources, n, known, &download, err);
	if (r >= 0)
		carry(pulling, &download, &unpack);
	cleanup_close(&pulling->unpack_in);
	pulling->unpack_in = -1;
	if (r >= 0)
		r = wait_for_both(&download, &unpack, err);
	if (interrupted(NULL))
		r = err_set(err, EINTR, "interrupted");
	process_release(&download);
	process_release(&unpack);
	for (size_t i = 0; i < n; i++)
		free((char *)(uintptr_t)known[i]);
	free(known);
	sources_release(sources, n);
	return r;
}

static bool any_wanted(const struct pulling *pulling)
{
	for (size_t i = 0; i < pulling->n; i++)
		if (pulling->wishes[i].wanted)
			return true;
	return false;
}

static int pull(struct pulling *pulling, struct err *err)
{
	const struct err lost = {EIO, "what loads it ended before it was there"};
	int r = 0;

	for (int round = 0; r >= 0 && any_wanted(pulling); round++) {
		if (round == ROUNDS_MAX)
			return err_set(err, EAGAIN,
				       "somebody removes images as fast as they come; try again");
		r = run_round(pulling, err);
	}
	for (size_t i = 0; r >= 0 && i < pulling->n; i++)
		if (!pulling->wishes[i].settled)
			fail_reference(pulling, pulling->wishes[i].reference, &lost);
	view_end(&pulling->view);
	blob_sweep(pulling->options.pull_fd);
	if (r < 0)
		return r;
	return pulling->n_failed > 0 && !pulling->ignore_failures;
}

static void pulling_release(struct pulling *pulling)
{
	for (size_t i = 0; i < pulling->n; i++)
		free(pulling->wishes[i].reference);
	free(pulling->wishes);
	registries_release(&pulling->registries);
	view_release(&pulling->view);
	close_store(pulling);
}

static int run(const struct paths *paths, int argc, char **argv, struct err *err)
{
	CLEANUP(pulling_release)
	struct pulling pulling = {
		.paths = paths, .options = {.pull_fd = -1, .blobs_fd = -1}, .unpack_in = -1};
	struct transfer_arguments arguments;
	int r;

	/* A process that is gone is found out by what it returned. */
	signal(SIGPIPE, SIG_IGN);
	interrupt_catch();
	r = transfer_arguments_parse(&arguments, &command_pull, argc, argv, err);
	if (r != 0)
		return r;
	view_init(&pulling.view, arguments.kind);
	pulling.options.policy = arguments.policy;
	pulling.ignore_failures = arguments.ignore_failures;
	r = platform_parse(arguments.platform, pulling.platform, &pulling.options.platform, err);
	if (r == 0)
		r = add_references(&pulling, arguments.names, arguments.n, err);
	if (r == 0 && geteuid() != 0)
		r = err_set(err, EPERM,
			    "pulling an image takes root: its files belong to many users");
	if (r == 0)
		r = registries_load(&pulling.registries, err);
	if (r == 0)
		r = open_store(&pulling, err);
	return r < 0 ? r : pull(&pulling, err);
}

const struct command command_pull = {
	.name = "pull",
	.operands = "[--platform OS/ARCH] NAME…",
	.help = "      Get images from their registries.\n"
		"        --platform OS/ARCH[/VARIANT]  instead of this machine's\n"
		"        --parallel NUMBER         blobs at once (4)\n"
		"        --retry NUMBER            times to try again without any progress (4)\n"
		"        --retry-delay DURATION    before the first of them, then doubled (500ms)\n"
		"        --progress auto|tty|plain|json|quiet\n"
		"        --ignore-failures         succeed although some could not be had\n"
		"        -q, --quiet               show no progress",
	.run = run,
};
