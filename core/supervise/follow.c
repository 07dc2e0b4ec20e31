// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Follow: a saved stack file is applied at once
 *
 * The command that said `up --follow-file` told which files it read and how it
 * was called.  Their directories are watched, since editors save by renaming over
 * them, and what comes in so short a time is one change.  Then that very command
 * is run again, without a terminal: it reads the files as the user would, finds
 * what is wrong with them as the user would see it, and asks for an `up` that
 * tells us which files count from now on.  A file that is not valid changes
 * nothing but to be told.  Reading files of users is so nothing that we do.
 */
#include "core/supervise/resume.h"

#include "core/base/cleanup.h"
#include "core/base/fd.h"
#include "core/base/jsontext.h"
#include "core/base/log.h"
#include "core/base/program.h"
#include "core/base/strbuf.h"
#include "core/supervise/watch.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FOLLOW_FILE "follow.json"
#define FOLLOW_MAX  ((size_t)4 << 20)

/* What is saved within this time is one change. */
#define COALESCE_MS 80

#define OUTPUT_MAX 8192

/* One watched directory. */
struct directory {
	struct follow *follow;
	uv_fs_event_t event;
	char *path;
};

/* A run of the command; it outlives its owner until libuv is done with it. */
struct command {
	struct follow *follow; /* NULL: nobody waits for it */
	uv_process_t process;
	uv_pipe_t errors;
	struct strbuf text;
	int64_t status;
	int open; /* handles that are not closed yet */
};

struct follow {
	struct supervisor *supervisor;
	json_t *options; /* files, argv, environ, directory */
	struct directory **directories;
	size_t n_directories;
	struct timer *timer;
	struct command *command; /* that is running */
	bool again;		 /* something changed meanwhile */
};

static void run_command(struct follow *follow);

/* --- watching --- */

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* Is NAME, in the directory DIRECTORY, one of ours?  Unknown names may be. */
static bool is_followed(const struct follow *follow, const char *directory, const char *name)
{
	const json_t *files = json_object_get(follow->options, "files");
	size_t len = strlen(directory);

	for (size_t i = 0; i < json_array_size(files); i++) {
		const char *path = json_string_value(json_array_get(files, i));

		if (path && strncmp(path, directory, len) == 0 && path[len] == '/' &&
		    (!name || strcmp(base_name(path), name) == 0))
			return true;
	}
	return false;
}

static void on_change(uv_fs_event_t *event, const char *name, int events, int status)
{
	struct directory *directory = event->data;

	(void)events;
	if (status == 0 && is_followed(directory->follow, directory->path, name))
		timer_arm(directory->follow->timer, COALESCE_MS);
}

static void on_directory_closed(uv_handle_t *handle)
{
	struct directory *directory = handle->data;

	free(directory->path);
	free(directory);
}

static bool is_watched(const struct follow *follow, const char *path, size_t len)
{
	for (size_t i = 0; i < follow->n_directories; i++)
		if (strlen(follow->directories[i]->path) == len &&
		    strncmp(follow->directories[i]->path, path, len) == 0)
			return true;
	return false;
}

static void watch_directory(struct follow *follow, const char *path, size_t len)
{
	struct directory *directory, **grown;
	int r;

	if (is_watched(follow, path, len))
		return;
	directory = calloc(1, sizeof(*directory));
	grown = realloc(follow->directories,
			(follow->n_directories + 1) * sizeof(struct directory *));
	if (!directory || !grown)
		abort();
	follow->directories = grown;
	directory->follow = follow;
	directory->path = strndup(path, len);
	directory->event.data = directory;
	uv_fs_event_init(follow->supervisor->loop, &directory->event);
	grown[follow->n_directories++] = directory;
	r = uv_fs_event_start(&directory->event, on_change, directory->path, 0);
	if (r < 0)
		log_warn("'%s' cannot be watched: %s", directory->path, uv_strerror(r));
}

static void watch_all(struct follow *follow)
{
	const json_t *files = json_object_get(follow->options, "files");

	for (size_t i = 0; i < json_array_size(files); i++) {
		const char *path = json_string_value(json_array_get(files, i));

		if (path && path[0] == '/')
			watch_directory(follow, path, (size_t)(base_name(path) - path) - 1);
	}
}

/* --- the command --- */

static void tell(struct follow *follow, const char *action, const char *detail)
{
	const char *file =
		json_string_value(json_array_get(json_object_get(follow->options, "files"), 0));

	emit(follow->supervisor, "file", file ? file : "", NULL, action, detail, -1);
}

static void on_command_closed(uv_handle_t *handle)
{
	struct command *command = handle->data;

	if (--command->open > 0)
		return;
	strbuf_release(&command->text);
	free(command);
}

static void close_handle(uv_handle_t *handle)
{
	/* A command that was not found has no process. */
	if (handle->type == UV_UNKNOWN_HANDLE)
		on_command_closed(handle);
	else if (!uv_is_closing(handle))
		uv_close(handle, on_command_closed);
}

/* As the command line has it: 2 is a file, or an option, that is wrong. */
static const char *outcome(int64_t status)
{
	return status == 0 ? "applied" : status == 2 ? "invalid" : "failed";
}

static void finish(struct command *command)
{
	struct follow *follow = command->follow;

	if (follow) {
		follow->command = NULL;
		/* One that was cut short by the next save is not worth a word. */
		if (follow->again)
			timer_arm(follow->timer, 0);
		else
			tell(follow, outcome(command->status),
			     command->status ? command->text.text : NULL);
		follow->again = false;
	}
	close_handle((uv_handle_t *)&command->process);
	close_handle((uv_handle_t *)&command->errors);
}

/* The end of its output comes after its own, or before: the later one of them counts. */
static void on_exit_status(uv_process_t *process, int64_t status, int signo)
{
	struct command *command = process->data;

	command->status = signo ? 128 + signo : status;
	if (!uv_is_readable((uv_stream_t *)&command->errors))
		finish(command);
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
	static char bytes[4096]; /* one loop, and each read is taken over at once */

	(void)handle;
	(void)suggested;
	*buffer = uv_buf_init(bytes, sizeof(bytes));
}

static void on_output(uv_stream_t *stream, ssize_t n, const uv_buf_t *buffer)
{
	struct command *command = stream->data;

	if (n > 0 && command->text.len < OUTPUT_MAX)
		strbuf_add(&command->text, buffer->base, (size_t)n);
	if (n >= 0)
		return;
	uv_read_stop(stream);
	if (uv_is_active((uv_handle_t *)&command->process))
		close_handle((uv_handle_t *)&command->errors);
	else
		finish(command);
}

/* A NULL-terminated array of the strings in LIST; malloc'ed, the strings are the list's. */
static char **strings_of(const json_t *list)
{
	size_t n = json_array_size(list);
	char **strings = calloc(n + 1, sizeof(char *));

	if (!strings)
		abort();
	for (size_t i = 0; i < n; i++)
		strings[i] = (char *)(uintptr_t)json_string_value(json_array_get(list, i));
	return strings;
}

static int spawn(struct follow *follow, struct command *command, struct err *err)
{
	CLEANUP_FREE char **argv = strings_of(json_object_get(follow->options, "argv"));
	CLEANUP_FREE char **environment = strings_of(json_object_get(follow->options, "environ"));
	char program[PATH_MAX];
	uv_stdio_container_t stdio[] = {
		{.flags = UV_IGNORE},
		{.flags = UV_IGNORE},
		{.flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE,
		 .data.stream = (uv_stream_t *)&command->errors},
	};
	uv_process_options_t options = {
		.exit_cb = on_exit_status,
		.file = program,
		.args = argv,
		.env = environment,
		.cwd = json_string_value(json_object_get(follow->options, "directory")),
		.stdio_count = 3,
		.stdio = stdio,
	};
	int r = program_find("stack", program, sizeof(program), err);

	if (r < 0)
		return r;
	r = uv_spawn(follow->supervisor->loop, &command->process, &options);
	return r < 0 ? err_set(err, -r, "run '%s': %s", program, uv_strerror(r)) : 0;
}

static void run_command(struct follow *follow)
{
	struct command *command = calloc(1, sizeof(*command));
	struct err err = ERR_INIT;

	if (!command)
		abort();
	command->follow = follow;
	command->text = (struct strbuf)STRBUF_INIT;
	command->process.data = command->errors.data = command;
	command->open = 2;
	follow->command = command;
	uv_pipe_init(follow->supervisor->loop, &command->errors, 0);
	if (spawn(follow, command, &err) < 0) {
		log_error("the stack file cannot be followed: %s", err.msg);
		command->status = 1;
		strbuf_puts(&command->text, err.msg);
		finish(command);
		return;
	}
	uv_read_start((uv_stream_t *)&command->errors, on_alloc, on_output);
}

static void on_timer(void *data)
{
	struct follow *follow = data;

	if (!follow->command) {
		run_command(follow);
		return;
	}
	/* It may wait for something that the file says differently now. */
	follow->again = true;
	if (follow->supervisor->operation &&
	    operation_kind(follow->supervisor->operation) == OPERATION_UP)
		operation_cancel(follow->supervisor, "the stack file was saved again");
}

/* --- birth and end --- */

static void follow_free(struct follow *follow)
{
	for (size_t i = 0; i < follow->n_directories; i++)
		uv_close((uv_handle_t *)&follow->directories[i]->event, on_directory_closed);
	free(follow->directories);
	timer_free(follow->timer);
	json_decref(follow->options);
	free(follow);
}

void follow_stop(struct supervisor *supervisor)
{
	struct follow *follow = supervisor->follow;

	if (!follow)
		return;
	supervisor->follow = NULL;
	if (follow->command) {
		follow->command->follow = NULL;
		(void)uv_process_kill(&follow->command->process, SIGTERM);
	}
	follow_free(follow);
}

static void start(struct supervisor *supervisor, const json_t *options)
{
	struct follow *before = supervisor->follow;
	struct follow *follow = calloc(1, sizeof(*follow));

	if (!follow)
		abort();
	follow->supervisor = supervisor;
	follow->options = json_deep_copy(options);
	follow->timer = timer_new(supervisor->loop, on_timer, follow);
	watch_all(follow);
	/* It is our own command that asks: it goes on under the new rule. */
	if (before && before->command) {
		follow->command = before->command;
		follow->command->follow = follow;
		follow->again = before->again;
	}
	if (before)
		follow_free(before);
	supervisor->follow = follow;
}

void follow_changed(struct supervisor *supervisor, const json_t *options)
{
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;
	struct err err = ERR_INIT;

	if (!json_is_object(options)) {
		(void)unlinkat(supervisor->run_fd, FOLLOW_FILE, 0);
		follow_stop(supervisor);
		return;
	}
	start(supervisor, options);
	if (jsontext_add(&text, options, JSON_COMPACT) < 0 ||
	    fd_replace_file(supervisor->run_fd, FOLLOW_FILE, text.text, text.len, 0600, &err) < 0)
		log_warn("the next supervisor will not follow the file: %s", err.msg);
}

void follow_resume(struct supervisor *supervisor)
{
	CLEANUP_FREE char *text = NULL;
	json_error_t bad;
	json_t *options;

	if (fd_read_file(supervisor->run_fd, FOLLOW_FILE, FOLLOW_MAX, &text, NULL, NULL) < 0)
		return;
	options = json_loads(text, 0, &bad);
	if (!options)
		return;
	start(supervisor, options);
	json_decref(options);
	/* What was saved while nobody watched. */
	timer_arm(supervisor->follow->timer, COALESCE_MS);
}
