// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * login, logout: the password for a registry, into the file that docker and podman have it in
 *
 * What the registry says to it is read by a process that has given up its rights; this one
 * keeps what was found to be right.
 */
#include "cmd/image/command.h"
#include "cmd/image/harden.h"
#include "cmd/image/process.h"
#include "core/base/cleanup.h"
#include "core/base/fd.h"
#include "core/base/text.h"
#include "store/registry/http.h"
#include "store/registry/page.h"
#include "store/registry/registries.h"
#include "store/registry/source.h"

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#define SECRET_MAX 4096
#define PAGE_MAX   ((size_t)64 << 10)

struct login {
	const char *registry;
	char user[SECRET_MAX], password[SECRET_MAX];
	bool has_user, has_password, from_stdin;
};

static int usage(const struct command *command)
{
	fprintf(stderr, "usage: stack %s %s\n%s\n", command->name, command->operands,
		command->help);
	return COMMAND_USAGE;
}

/* --- who, and where --- */

static int set_text(char ret[SECRET_MAX], bool *ret_has, const char *text, struct err *err)
{
	if (strlen(text) >= SECRET_MAX || strpbrk(text, "\r\n"))
		return err_set(err, EINVAL, "this is too long, or has a line end in it");
	memcpy(ret, text, strlen(text) + 1);
	*ret_has = true;
	return 0;
}

/* Ask on the terminal; with ECHO false nothing that is typed is shown. */
static int ask(const char *what, bool echo, char ret[SECRET_MAX], struct err *err)
{
	struct termios before, quiet;
	char *got;

	if (!isatty(STDIN_FILENO) || tcgetattr(STDIN_FILENO, &before) < 0)
		return err_set(err, EINVAL,
			       "there is no terminal to ask on; use -u and --password-stdin");
	fprintf(stderr, "%s: ", what);
	quiet = before;
	quiet.c_lflag &= ~(tcflag_t)ECHO;
	if (!echo)
		tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
	got = fgets(ret, SECRET_MAX, stdin);
	if (!echo) {
		tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
		fputc('\n', stderr);
	}
	if (!got)
		return err_set(err, EINVAL, "no %s was given", what);
	ret[strcspn(ret, "\r\n")] = '\0';
	return 0;
}

static int read_stdin(char ret[SECRET_MAX], struct err *err)
{
	ssize_t n = fd_read_full(STDIN_FILENO, ret, SECRET_MAX);

	if (n < 0)
		return err_sys(err, (int)-n, "read the password");
	if (n == SECRET_MAX)
		return err_set(err, EINVAL, "the password on standard input is too long");
	ret[n] = '\0';
	ret[strcspn(ret, "\r\n")] = '\0';
	return 0;
}

static int complete(struct login *login, struct err *err)
{
	int r = 0;

	if (login->from_stdin && (login->has_password || !login->has_user))
		return err_set(err, EINVAL, "--password-stdin goes with -u, and without -p");
	if (!login->has_user)
		r = ask("user", true, login->user, err);
	if (r == 0 && login->from_stdin)
		r = read_stdin(login->password, err);
	else if (r == 0 && !login->has_password)
		r = ask("password", false, login->password, err);
	if (r == 0 && (!login->user[0] || !login->password[0]))
		r = err_set(err, EINVAL, "user and password are not to be empty");
	if (r == 0 && strchr(login->user, ':'))
		r = err_set(err, EINVAL, "no user has a colon in the name");
	return r;
}

/* "https://host/v1/" as docker's users write it is the host. */
static int clean_registry(const char *text, char ret[ORIGIN_HOST_MAX], struct err *err)
{
	const char *start = strstr(text, "://");
	struct origin origin;
	char url[sizeof("https://") + ORIGIN_HOST_MAX];

	start = start ? start + 3 : text;
	snprintf(ret, ORIGIN_HOST_MAX, "%.*s", (int)strcspn(start, "/"), start);
	snprintf(url, sizeof(url), "https://%s", ret);
	if (origin_parse(url, &origin) < 0)
		return err_set(err, EINVAL, "'%.100s' is no registry; it looks like host:5000",
			       text);
	if (strcmp(ret, "index.docker.io") == 0 || strcmp(ret, "registry-1.docker.io") == 0)
		snprintf(ret, ORIGIN_HOST_MAX, "docker.io");
	return 0;
}

/* --- is it right? --- */

static void ignore_tick(void *data)
{
	(void)data;
}

static int ask_registry(struct source *source, const struct paths *paths, struct err *err)
{
	const struct transfer_policy policy = {.parallel = 1, .retries = 2, .delay_ms = 500};
	struct transfer *list[1];
	struct http http = {.multi = NULL};
	struct page page;
	int r = harden_network(paths, err);

	if (r == 0)
		r = http_init(&http, err);
	if (r < 0)
		return r;
	page_init(&page, source, "", NULL, NULL, PAGE_MAX);
	list[0] = &page.transfer;
	transfers_run(&http, &policy, list, 1, ignore_tick, NULL);
	r = page.transfer.result;
	if (r == -EACCES)
		err_set(err, EACCES, "the registry does not take this user and password");
	else if (r < 0)
		*err = page.transfer.err;
	page_release(&page);
	http_release(&http);
	return r;
}

static void got_failure(void *data, json_t *event)
{
	const char *detail = json_string_value(json_object_get(event, "detail"));

	err_set(data, EACCES, "%s", detail ? detail : "it fails");
}

static int verify(struct source *source, const struct paths *paths, struct err *err)
{
	CLEANUP(process_release) struct process process = PROCESS_INIT;
	struct err failure = ERR_INIT;
	int out, r = process_start(&process, &out, err);

	if (r == 0) {
		r = ask_registry(source, paths, &failure);
		if (r < 0)
			events_send(out, json_pack("{s:s}", "detail", failure.msg));
		_exit(r < 0);
	}
	while (r > 0 && events_read(&process.events, got_failure, &failure))
		;
	if (r > 0)
		r = process_wait(&process, "asks the registry", err);
	if (r == 0 && failure.code)
		return err_set(err, failure.code, "%s", failure.msg);
	return r;
}

static int set_credentials(struct endpoint *endpoint, const struct login *login, struct err *err)
{
	credentials_release(&endpoint->credentials);
	endpoint->credentials.user = strdup(login->user);
	endpoint->credentials.password = strdup(login->password);
	return endpoint->credentials.user && endpoint->credentials.password ? 0 : err_nomem(err);
}

static int log_in(const struct paths *paths, const struct login *login, const char *host,
		  struct err *err)
{
	CLEANUP(registries_release) struct registries registries = {.n = 0};
	CLEANUP(source_release) struct source source = {.n_endpoints = 0};
	CLEANUP_FREE char *place = NULL;
	int r = registries_load(&registries, err);

	if (r == 0)
		r = source_init_host(&source, &registries, host, err);
	if (r == 0)
		r = set_credentials(&source.endpoints[0], login, err);
	if (r == 0)
		r = verify(&source, paths, err);
	if (r == 0)
		r = credentials_store(host, login->user, login->password, &place, err);
	if (r == 0)
		printf("logged in to %s; the password is in %s\n", host, place);
	return r < 0 ? err_wrap(err, "log in to '%s'", host) : 0;
}

static int run_login(const struct paths *paths, int argc, char **argv, struct err *err)
{
	static const struct option options[] = {{"username", required_argument, NULL, 'u'},
						{"password", required_argument, NULL, 'p'},
						{"password-stdin", no_argument, NULL, 's'},
						{NULL, 0, NULL, 0}};
	struct login login = {.has_user = false};
	char host[ORIGIN_HOST_MAX];
	int c, r = 0;

	while (r == 0 && (c = getopt_long(argc, argv, "u:p:", options, NULL)) != -1) {
		if (c == 'u')
			r = set_text(login.user, &login.has_user, optarg, err);
		else if (c == 'p')
			r = set_text(login.password, &login.has_password, optarg, err);
		else if (c == 's')
			login.from_stdin = true;
		else
			return usage(&command_login);
	}
	if (r == 0 && argc - optind > 1)
		return usage(&command_login);
	signal(SIGPIPE, SIG_IGN);
	if (r == 0)
		r = clean_registry(argv[optind] ? argv[optind] : "docker.io", host, err);
	if (r == 0)
		r = complete(&login, err);
	if (r == 0)
		r = log_in(paths, &login, host, err);
	explicit_bzero(&login, sizeof(login));
	return r;
}

static int run_logout(const struct paths *paths, int argc, char **argv, struct err *err)
{
	CLEANUP_FREE char *place = NULL;
	char host[ORIGIN_HOST_MAX];
	int r;

	(void)paths;
	if (argc > 2 || (argc == 2 && argv[1][0] == '-'))
		return usage(&command_logout);
	signal(SIGPIPE, SIG_IGN);
	r = clean_registry(argc == 2 ? argv[1] : "docker.io", host, err);
	if (r == 0)
		r = credentials_store(host, NULL, NULL, &place, err);
	if (r == 0)
		printf("logged out of %s\n", host);
	return r < 0 ? err_wrap(err, "log out of '%s'", host) : 0;
}

const struct command command_login = {
	.name = "login",
	.operands = "[-u USER] [-p PASSWORD|--password-stdin] [REGISTRY]",
	.help = "      Keep the password for a registry (docker.io), after it was found to be "
		"right,\n"
		"      where docker and podman look for it too.\n"
		"        -u, --username USER\n"
		"        -p, --password PASSWORD   others see it in the list of processes\n"
		"        --password-stdin          read it from standard input",
	.run = run_login,
};

const struct command command_logout = {
	.name = "logout",
	.operands = "[REGISTRY]",
	.help = "      Forget the password for a registry.",
	.run = run_logout,
};
