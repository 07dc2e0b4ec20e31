// SPDX-License-Identifier: GPL-2.0-or-later
/* login, logout: as `image`, for stack-image is who speaks with registries. */
#include "cmd/cli/cli.h"
#include "cmd/cli/commands.h"
#include "cmd/cli/imageprogram.h"
#include "core/base/cleanup.h"

static int become(struct cli *cli, const char *verb, char **operands, size_t n, struct err *err)
{
	CLEANUP(string_list_release) struct string_list words = {.items = NULL};

	string_list_add(&words, verb);
	for (size_t i = 0; i < n; i++)
		string_list_add(&words, operands[i]);
	return imageprogram_exec(cli, (char *const *)words.items, words.n, err);
}

static int login_run(struct cli *cli, const void *args, char **operands, size_t n, struct err *err)
{
	(void)args;
	return become(cli, "login", operands, n, err);
}

static int logout_run(struct cli *cli, const void *args, char **operands, size_t n, struct err *err)
{
	(void)args;
	return become(cli, "logout", operands, n, err);
}

const struct command command_login = {
	.name = "login",
	.operands = "[-u USER] [-p PASSWORD|--password-stdin] [REGISTRY]",
	.help = "Keep the password for a registry",
	.max_operands = COMMAND_ANY,
	.foreign_options = true,
	.run = login_run,
};

const struct command command_logout = {
	.name = "logout",
	.operands = "[REGISTRY]",
	.help = "Forget the password for a registry",
	.max_operands = COMMAND_ANY,
	.foreign_options = true,
	.run = logout_run,
};
