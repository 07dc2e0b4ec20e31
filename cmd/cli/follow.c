// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd/cli/follow.h"

#include "cmd/cli/again.h"
#include "cmd/cli/cli.h"
#include "cmd/cli/request.h"
#include "core/base/cleanup.h"
#include "core/model/uses.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

/* What is not UTF-8 cannot be sent, and is left out: no stack file can name it either. */
static void add(json_t *list, const char *text)
{
	json_t *json = json_string(text);

	if (json)
		json_array_append_new(list, json);
}

static bool is_standard_input(const struct cli *cli)
{
	for (size_t i = 0; i < cli->globals.files.n; i++)
		if (strcmp(cli->globals.files.items[i], "-") == 0)
			return true;
	return false;
}

static json_t *arguments(const struct cli *cli, const char *project, const char *const *options,
			 size_t n)
{
	CLEANUP(string_list_release) struct string_list list = {.items = NULL};
	json_t *argv = json_array();

	again_arguments(cli, project, &list);
	string_list_add(&list, "--progress");
	string_list_add(&list, "quiet");
	string_list_add(&list, "up");
	string_list_add(&list, "-d");
	string_list_add(&list, "--follow-file");
	for (size_t i = 0; i < n; i++)
		string_list_add(&list, options[i]);
	for (size_t i = 0; i < list.n; i++)
		add(argv, list.items[i]);
	return argv;
}

int follow_options(const struct cli *cli, const struct uses *uses, const char *project,
		   const char *const *options, size_t n, json_t **ret_follow, struct err *err)
{
	json_t *files = json_array(), *environment = json_array();
	char directory[PATH_MAX];

	for (size_t i = 0; i < uses->n_files; i++)
		add(files, uses->files[i]);
	for (char **variable = environ; *variable; variable++)
		add(environment, *variable);
	*ret_follow = json_pack("{s:o, s:o, s:o}", "files", files, "environ", environment, "argv",
				arguments(cli, project, options, n));
	if (!getcwd(directory, sizeof(directory)) || is_standard_input(cli)) {
		json_decref(*ret_follow);
		return err_set(err, EINVAL,
			       "there is no file to follow: the stack file is standard input, or "
			       "the working directory is gone");
	}
	json_object_set_new(*ret_follow, "directory", json_string(directory));
	return 0;
}
