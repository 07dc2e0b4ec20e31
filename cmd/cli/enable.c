// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * enable, disable: the project comes back when the host is booted
 *
 * A systemd unit of its own for each project, made from the template below, and
 * the link that multi-user.target wants it by; what comes back is kept by the
 * supervisor (core/supervise/boot.c).  With KillMode=process a supervisor that
 * dies leaves the containers alone; asked to end, it stops them itself, in order.
 *
 * It is followed by another one below our own guard (cmd/shim/guard.c), not by
 * systemd: on cgroup v2 no process may join the unit's cgroup as long as the
 * containers below it have controllers, so that a start of the unit then fails
 * with status 219/CGROUP.  systemd 254 knows DelegateSubgroup= for that; those
 * before it ignore the line.
 */
#include "cmd/cli/cli.h"
#include "cmd/cli/commands.h"
#include "cmd/cli/control.h"
#include "cmd/cli/request.h"
#include "core/base/cleanup.h"
#include "core/base/fd.h"
#include "core/base/program.h"
#include "core/base/strbuf.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#define UNIT_DIRECTORY	"/etc/systemd/system"
#define SYSTEMD_RUNNING "/run/systemd/system"
#define WANTS_DIRECTORY "multi-user.target.wants"

static const char template[] = "# Made by `stack enable`, removed by `stack disable`\n"
			       "[Unit]\n"
			       "Description=stack project %s\n"
			       "Documentation=man:stack(1)\n"
			       "After=network-online.target local-fs.target\n"
			       "Wants=network-online.target\n"
			       "\n"
			       "[Service]\n"
			       "Type=notify\n"
			       "NotifyAccess=all\n"
			       "ExecStart=%s guard -- %s --project %s --root %s --run %s --boot\n"
			       "Delegate=yes\n"
			       "DelegateSubgroup=supervisor\n"
			       "KillMode=process\n"
			       "Restart=on-failure\n"
			       "RestartPreventExitStatus=78\n"
			       "RestartSec=100ms\n"
			       "TimeoutStartSec=infinity\n"
			       "TimeoutStopSec=5min\n"
			       "OOMPolicy=continue\n"
			       "\n"
			       "[Install]\n"
			       "WantedBy=multi-user.target\n";

struct enable_args {
	bool now;
};

static const struct option_spec enable_options[] = {
	{0, "now", OPTION_FLAG, offsetof(struct enable_args, now), NULL,
	 "have systemd start it at once; what runs goes on"},
};

static const struct option_spec disable_options[] = {
	{0, "now", OPTION_FLAG, offsetof(struct enable_args, now), NULL, "also stop it"},
};

/* Where everything of one project's unit is. */
struct unit_files {
	char name[TEXT_NAME_MAX + 32];
	char unit[PATH_MAX], wants[PATH_MAX], link[PATH_MAX];
};

static int unit_files(const char *project, struct unit_files *ret, struct err *err)
{
	const char *directory = getenv("STACK_SYSTEMD_DIR");
	int r;

	directory = directory && directory[0] ? directory : UNIT_DIRECTORY;
	snprintf(ret->name, sizeof(ret->name), "stack-%s.service", project);
	r = paths_join(ret->unit, sizeof(ret->unit), err, "%s/%s", directory, ret->name);
	if (r == 0)
		r = paths_join(ret->wants, sizeof(ret->wants), err, "%s/%s", directory,
			       WANTS_DIRECTORY);
	return r < 0 ? r
		     : paths_join(ret->link, sizeof(ret->link), err, "%s/%s", ret->wants,
				  ret->name);
}

/* systemd reads % and blanks in its own way. */
static int check_path(const char *path, struct err *err)
{
	if (strpbrk(path, "%\"'\\ \t\n$"))
		return err_set(err, EINVAL, "'%s' has characters that a systemd unit cannot name",
			       path);
	return 0;
}

static int write_unit(const struct cli *cli, const char *project, const struct unit_files *files,
		      struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;
	char shim[PATH_MAX], supervisor[PATH_MAX], target[TEXT_NAME_MAX + 64];
	int r = program_find("stack-shim", shim, sizeof(shim), err);

	if (r == 0)
		r = program_find("stack-supervisor", supervisor, sizeof(supervisor), err);
	if (r == 0)
		r = check_path(shim, err);
	if (r == 0)
		r = check_path(supervisor, err);
	if (r == 0)
		r = check_path(cli->paths.root, err);
	if (r == 0)
		r = check_path(cli->paths.run, err);
	if (r < 0)
		return r;
	strbuf_printf(&text, template, project, shim, supervisor, project, cli->paths.root,
		      cli->paths.run);
	r = fd_mkdir_p(files->wants, 0755, err);
	if (r == 0)
		r = fd_replace_file(AT_FDCWD, files->unit, text.text, text.len, 0644, err);
	if (r < 0)
		return r;
	snprintf(target, sizeof(target), "../%s", files->name);
	if (symlink(target, files->link) < 0 && errno != EEXIST)
		return err_sys(err, errno, "link '%s'", files->link);
	return 0;
}

static int remove_file(const char *path, bool *ret_was_there, struct err *err)
{
	if (unlink(path) == 0)
		*ret_was_there = true;
	else if (errno != ENOENT)
		return err_sys(err, errno, "remove '%s'", path);
	return 0;
}

static int systemctl(const char *verb, const char *unit, struct err *err)
{
	char *argv[] = {(char[]){"systemctl"}, (char *)(uintptr_t)verb, (char *)(uintptr_t)unit,
			NULL};
	CLEANUP_FD int pidfd = -1;
	siginfo_t info;
	pid_t pid;
	int r = posix_spawnp(&pid, argv[0], NULL, NULL, argv, environ);

	if (r != 0)
		return err_sys(err, r, "run systemctl");
	pidfd = pidfd_open(pid, 0);
	while (waitid(P_PIDFD, (id_t)pidfd, &info, WEXITED) < 0)
		if (errno != EINTR)
			return err_sys(err, errno, "wait for systemctl");
	if (info.si_code != CLD_EXITED || info.si_status != 0)
		return err_set(err, EIO, "`systemctl %s%s%s` failed", verb, unit ? " " : "",
			       unit ? unit : "");
	return 0;
}

static bool systemd_runs(void)
{
	return access(SYSTEMD_RUNNING, F_OK) == 0 && !getenv("STACK_SYSTEMD_DIR");
}

/* Have the supervisor keep, or forget, what is to come back. */
static int tell_supervisor(struct cli *cli, const char *project, bool enable, struct err *err)
{
	CLEANUP(request_json_cleanup) json_t *request = request_new("enable", NULL, 0);
	const struct request_peer peer = {.paths = &cli->paths, .project = project};

	if (!request)
		return err_nomem(err);
	json_object_set_new(request, "enable", json_boolean(enable));
	return request_ask(&peer, request, NULL, err);
}

static bool has_boot_file(const struct cli *cli, const char *project)
{
	char path[PATH_MAX];

	return paths_join(path, sizeof(path), NULL, "%s/projects/%s/boot.json", cli->paths.root,
			  project) == 0 &&
	       access(path, F_OK) == 0;
}

static int enable_run(struct cli *cli, const void *values, char **operands, size_t n,
		      struct err *err)
{
	const struct enable_args *args = values;
	char project[TEXT_NAME_MAX + 1];
	struct unit_files files;
	int r = cli_project_name(cli, project, err);

	(void)operands;
	(void)n;
	if (r != 0)
		return r;
	r = tell_supervisor(cli, project, true, err);
	if (r == -ENOENT && has_boot_file(cli, project))
		r = 0;
	else if (r == -ENOENT)
		err_set(err, ENOENT, "project '%s' is not up: `stack up -d` first", project);
	if (r == 0)
		r = unit_files(project, &files, err);
	if (r == 0)
		r = write_unit(cli, project, &files, err);
	if (r == 0 && systemd_runs())
		r = systemctl("daemon-reload", NULL, err);
	if (r == 0 && args->now && systemd_runs())
		r = systemctl("start", files.name, err);
	if (r == 0)
		cli_say("project '%s' comes back after a reboot, by %s%s", project, files.unit,
			systemd_runs() ? "" : "; systemd does not run now");
	return r;
}

static int disable_run(struct cli *cli, const void *values, char **operands, size_t n,
		       struct err *err)
{
	const struct enable_args *args = values;
	char project[TEXT_NAME_MAX + 1], path[PATH_MAX];
	struct unit_files files;
	bool was_there = false;
	int r = cli_project_name(cli, project, err);

	(void)operands;
	(void)n;
	if (r == 0)
		r = cli_need_root(err);
	if (r == 0)
		r = unit_files(project, &files, err);
	if (r == 0 && args->now && systemd_runs() && access(files.unit, F_OK) == 0)
		r = systemctl("stop", files.name, err);
	if (r == 0)
		r = remove_file(files.link, &was_there, err);
	if (r == 0)
		r = remove_file(files.unit, &was_there, err);
	if (r == 0 && was_there && systemd_runs())
		r = systemctl("daemon-reload", NULL, err);
	if (r == 0)
		r = paths_join(path, sizeof(path), err, "%s/projects/%s/boot.json", cli->paths.root,
			       project);
	if (r == 0)
		r = remove_file(path, &was_there, err);
	if (r == 0)
		cli_say(was_there ? "project '%s' does not come back after a reboot"
				  : "nothing to do: project '%s' was not enabled",
			project);
	return r;
}

const struct command command_enable = {
	.name = "enable",
	.help = "Have the project come back after a reboot",
	.options = enable_options,
	.n_options = ARRAY_SIZE(enable_options),
	.args_size = sizeof(struct enable_args),
	.run = enable_run,
};

const struct command command_disable = {
	.name = "disable",
	.help = "Undo 'enable'",
	.options = disable_options,
	.n_options = ARRAY_SIZE(disable_options),
	.args_size = sizeof(struct enable_args),
	.run = disable_run,
};
