// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * capture: enter the container's network namespace, then become tcpdump
 *
 * tcpdump is the host's: the container needs no program and no capability for
 * it.  It gets rid of root by itself, as its packager chose.  The file is opened
 * here, since the user that it becomes may not write to it; and names are not
 * looked up, since that would be done by the host's rules in the container's
 * network.
 */
#include "cmd/cli/cli.h"
#include "cmd/cli/commands.h"
#include "cmd/cli/containers.h"
#include "cmd/cli/output.h"
#include "cmd/cli/request.h"
#include "core/base/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct capture_args {
	const char *file, *interface;
	int64_t count, index;
};

#define ARG(field) offsetof(struct capture_args, field)

static const struct option_spec capture_options[] = {
	{'w', "write", OPTION_STRING, ARG(file), "FILE",
	 "write packets there as pcap; - is standard output, for wireshark -k -i -"},
	{'c', "count", OPTION_NUMBER, ARG(count), "N", "end after so many packets"},
	{'i', "interface", OPTION_STRING, ARG(interface), "NAME",
	 "on this interface of the container; all of them when not said"},
	{0, "index", OPTION_NUMBER, ARG(index), "N", "which container of the service"},
};

static int find_process(struct cli *cli, const char *service, int64_t index, json_int_t *ret_pid,
			struct err *err)
{
	CLEANUP(request_json_cleanup) json_t *list = NULL;
	char project[TEXT_NAME_MAX + 1];
	const json_t *container;
	int r;

	r = containers_find(cli, service, index, project, &list, &container, err);
	if (r != 0)
		return r;
	*ret_pid = output_integer(container, "pid");
	if (*ret_pid <= 0)
		return err_set(err, ESRCH, "container '%s' is not running, it is %s",
			       output_string(container, "name"), output_string(container, "state"));
	return 0;
}

static int enter_network(json_int_t pid, struct err *err)
{
	CLEANUP_FD int fd = -1;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%lld/ns/net", (long long)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_sys(err, errno, "open the container's network namespace");
	if (setns(fd, CLONE_NEWNET) < 0)
		return err_sys(err, errno, "enter the container's network namespace");
	return 0;
}

/* Where packets go becomes standard output. */
static int open_file(const char *file, struct err *err)
{
	CLEANUP_FD int fd = -1;

	if (strcmp(file, "-") == 0)
		return isatty(STDOUT_FILENO)
			       ? err_set(err, EINVAL,
					 "'-w -' writes bytes that are not for a terminal; pipe it "
					 "somewhere, or name a file")
			       : 0;
	fd = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (fd < 0)
		return err_sys(err, errno, "create '%s'", file);
	if (dup2(fd, STDOUT_FILENO) < 0)
		return err_sys(err, errno, "write to '%s'", file);
	return 0;
}

static void add_pair(struct string_list *argv, const char *option, const char *value)
{
	string_list_add(argv, option);
	string_list_add(argv, value);
}

static int become_tcpdump(const struct capture_args *args, char **filter, size_t n, struct err *err)
{
	CLEANUP(string_list_release) struct string_list argv = {.items = NULL};
	char count[32];

	snprintf(count, sizeof(count), "%lld", (long long)args->count);
	string_list_add(&argv, "tcpdump");
	string_list_add(&argv, "-n");
	add_pair(&argv, "-i", args->interface ? args->interface : "any");
	if (args->count > 0)
		add_pair(&argv, "-c", count);
	if (args->file) {
		string_list_add(&argv, "-U");
		add_pair(&argv, "-w", "-");
	} else {
		string_list_add(&argv, "-l");
	}
	string_list_add(&argv, "--");
	for (size_t i = 0; i < n; i++)
		string_list_add(&argv, filter[i]);
	string_list_add(&argv, NULL);
	execvp(argv.items[0], (char *const *)argv.items);
	if (errno == ENOENT)
		return err_set(err, ENOENT,
			       "tcpdump, which does the work, is not installed; on Debian it is in "
			       "the package 'tcpdump'");
	return err_sys(err, errno, "run 'tcpdump'");
}

static int capture_run(struct cli *cli, const void *values, char **words, size_t n, struct err *err)
{
	const struct capture_args *args = values;
	json_int_t pid = 0;
	int r = cli_need_root(err);

	if (r == 0)
		r = find_process(cli, words[0], args->index, &pid, err);
	if (r == 0 && args->file)
		r = open_file(args->file, err);
	if (r == 0)
		r = enter_network(pid, err);
	return r != 0 ? r : become_tcpdump(args, words + 1, n - 1, err);
}

const struct command command_capture = {
	.name = "capture",
	.operands = "SERVICE [FILTER…]",
	.help = "Show or write the packets of a container, by tcpdump",
	.options = capture_options,
	.n_options = ARRAY_SIZE(capture_options),
	.args_size = sizeof(struct capture_args),
	.min_operands = 1,
	.max_operands = COMMAND_ANY,
	.run = capture_run,
};
