// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/container/program.h"

#include "core/base/cleanup.h"
#include "core/base/err.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

int program_enter_dir(const char *cwd, struct err *err)
{
	char path[PATH_MAX];

	if (chdir(cwd ? cwd : "/") < 0)
		return err_sys(err, errno, "enter the working directory '%s'", cwd);
	if (!getcwd(path, sizeof(path)) || path[0] != '/')
		return err_set(err, EPERM, "the working directory '%s' is outside of the container",
			       cwd);
	return 0;
}

static const char *find_variable(spec_strings envp, const char *name)
{
	size_t len = strlen(name);

	for (size_t i = 0; envp && envp[i]; i++)
		if (!strncmp(envp[i], name, len) && envp[i][len] == '=')
			return envp[i] + len + 1;
	return NULL;
}

int program_environment(spec_strings envp, const char *home, const char *hostname, bool tty,
			spec_strings *ret_envp, struct err *err)
{
	const struct {
		const char *name, *value;
	} defaults[] = {
		{"PATH", DEFAULT_PATH},
		{"HOME", home},
		{"HOSTNAME", hostname},
		{"TERM", tty ? "xterm" : NULL},
	};
	size_t n = 0;
	spec_strings all;

	while (envp && envp[n])
		n++;
	all = calloc(n + ARRAY_SIZE(defaults) + 1, sizeof(*all));
	if (!all)
		return err_nomem(err);
	if (n)
		memcpy(all, envp, n * sizeof(*all));
	for (size_t i = 0; i < ARRAY_SIZE(defaults); i++) {
		char *text;

		if (!defaults[i].value || find_variable(envp, defaults[i].name))
			continue;
		if (asprintf(&text, "%s=%s", defaults[i].name, defaults[i].value) < 0)
			return err_nomem(err);
		all[n++] = text;
	}
	*ret_envp = all;
	return 0;
}

static void try_exec(const char *path, spec_strings argv, spec_strings envp)
{
	execve(path, (char *const *)(uintptr_t)argv, (char *const *)(uintptr_t)envp);
}

/* Why execve() of PATH failed with CODE. */
static int explain(const char *path, int code, struct err *err)
{
	struct stat st;

	if (code == ENOENT && stat(path, &st) == 0) {
		err_set(err, ENOENT, "exec '%s': its interpreter or loader is not in the image",
			path);
		return PROGRAM_NOT_FOUND;
	}
	if (code == ENOEXEC) {
		err_set(err, ENOEXEC,
			"exec '%s': not a program for this machine, nor a script with #!", path);
		return PROGRAM_NOT_EXECUTABLE;
	}
	if (code == EACCES && stat(path, &st) == 0 && S_ISDIR(st.st_mode))
		code = EISDIR;
	err_sys(err, code, "exec '%s'", path);
	return code == ENOENT || code == ENOTDIR ? PROGRAM_NOT_FOUND : PROGRAM_NOT_EXECUTABLE;
}

int program_exec(spec_strings argv, spec_strings envp, struct err *err)
{
	const char *search = find_variable(envp, "PATH");
	const char *name = argv && argv[0] ? argv[0] : "";
	char path[PATH_MAX], denied[PATH_MAX] = "";
	int code = 0;

	if (strchr(name, '/')) {
		try_exec(name, argv, envp);
		return explain(name, errno, err);
	}
	for (const char *dir = search && *name ? search : ""; *dir;) {
		int len = (int)strcspn(dir, ":");

		/* An empty element is the working directory, as for a shell. */
		if (snprintf(path, sizeof(path), "%.*s%s%s", len, dir, len ? "/" : "./", name) <
		    (int)sizeof(path)) {
			int failed;

			try_exec(path, argv, envp);
			failed = errno;
			if (failed != ENOENT && failed != ENOTDIR && failed != EACCES)
				return explain(path, failed, err);
			/* There, but not for us; the next one may be. */
			if (access(path, F_OK) == 0) {
				code = failed;
				memcpy(denied, path, sizeof(denied));
			}
		}
		dir += len + (dir[len] == ':');
	}
	if (denied[0])
		return explain(denied, code, err);
	err_set(err, ENOENT, "exec '%s': no such program in the container's PATH", name);
	return PROGRAM_NOT_FOUND;
}
