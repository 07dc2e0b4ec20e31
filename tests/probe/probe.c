// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Usage: probe [ARGUMENT...]
 *
 *	caps=HEX  the bounding set, as CapBnd of /proc/self/status (a80425fb)
 *	uid=N     who we are (0)
 *	pids=N    pids.max (2048; 0: do not look)
 *	shm=N     bytes of /dev/shm (67108864)
 *	out=FILE  print there, FILE being complete once FILE.done exists
 *	only=bad  leave the good lines out
 *	privileged unconfined nnp readonly tty console userns hostnet
 *
 * The lines are kept until the end: a file opened for them would be a
 * descriptor too many.
 *
 * Exit status 0: all as expected; 1: not; 2: usage.
 */
#include "tests/probe/probe.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static unsigned int n_good, n_bad, n_skipped;
static bool only_bad;
static FILE *report;

bool check(bool good, const char *what, ...)
{
	va_list ap;

	if (good)
		n_good++;
	else
		n_bad++;
	if (good && only_bad)
		return good;
	va_start(ap, what);
	fputs(good ? "ok " : "not ok ", report);
	vfprintf(report, what, ap);
	fputc('\n', report);
	va_end(ap);
	return good;
}

void skipped(const char *what, ...)
{
	va_list ap;

	n_skipped++;
	va_start(ap, what);
	fputs("skipped ", report);
	vfprintf(report, what, ap);
	fputc('\n', report);
	va_end(ap);
}

const char *line_of(const char *file, const char *key)
{
	static char line[4096];
	FILE *f = fopen(file, "re");
	char *found = NULL;

	while (f && !found && fgets(line, sizeof(line), f))
		if (!strncmp(line, key, strlen(key)))
			found = line + strlen(key);
	if (f)
		fclose(f);
	if (!found)
		return "";
	found[strcspn(found, "\n")] = '\0';
	return found + strspn(found, " \t");
}

int open_error(const char *file, int flags)
{
	int fd = open(file, flags | O_CLOEXEC);

	if (fd < 0)
		return errno;
	close(fd);
	return 0;
}

static bool set_flag(struct expected *expected, const char *name)
{
	const struct {
		const char *name;
		bool *flag, value;
	} flags[] = {
		{"privileged", &expected->privileged, true},
		{"unconfined", &expected->seccomp, false},
		{"nnp", &expected->no_new_privs, true},
		{"readonly", &expected->read_only, true},
		{"tty", &expected->terminal, true},
		{"console", &expected->console, true},
		{"userns", &expected->user_namespace, true},
		{"hostnet", &expected->host_network, true},
		{"only=bad", &only_bad, true},
	};

	for (unsigned int i = 0; i < sizeof(flags) / sizeof(*flags); i++) {
		if (strcmp(flags[i].name, name) != 0)
			continue;
		*flags[i].flag = flags[i].value;
		return true;
	}
	return false;
}

static bool parse(struct expected *expected, const char *argument, const char **ret_out)
{
	if (!strncmp(argument, "caps=", 5))
		expected->capabilities = strtoull(argument + 5, NULL, 16);
	else if (!strncmp(argument, "uid=", 4))
		expected->uid = strtol(argument + 4, NULL, 10);
	else if (!strncmp(argument, "pids=", 5))
		expected->pids = strtol(argument + 5, NULL, 10);
	else if (!strncmp(argument, "shm=", 4))
		expected->shm_size = strtol(argument + 4, NULL, 10);
	else if (!strncmp(argument, "out=", 4))
		*ret_out = argument + 4;
	else
		return set_flag(expected, argument);
	return true;
}

/* To OUT, or standard output.  A health probe is run again: what is there stays. */
static int write_report(const char *out, const char *text)
{
	char done[512];
	FILE *f;

	if (!out)
		return fputs(text, stdout) < 0 || fflush(stdout) ? -1 : 0;
	snprintf(done, sizeof(done), "%s.done", out);
	f = fopen(out, "wxe");
	if (!f)
		return errno == EEXIST ? 0 : -1;
	fputs(text, f);
	if (fclose(f))
		return -1;
	f = fopen(done, "we");
	return f ? fclose(f) : -1;
}

int main(int argc, char **argv)
{
	struct expected expected = {
		.capabilities = 0xa80425fb,
		.seccomp = true,
		.pids = 2048,
		.shm_size = 64L << 20,
	};
	const char *out = NULL;
	char *text = NULL;
	size_t len;

	report = open_memstream(&text, &len);
	for (int i = 1; report && i < argc; i++)
		if (!parse(&expected, argv[i], &out)) {
			fprintf(stderr, "probe: what is '%s'?\n", argv[i]);
			return 2;
		}
	if (!report)
		return 2;
	probe_process(&expected);
	probe_calls(&expected);
	probe_paths(&expected);
	probe_mounts(&expected);
	probe_devices(&expected);
	fprintf(report, "%s: %u as expected, %u not, %u skipped\n", n_bad ? "BAD" : "GOOD", n_good,
		n_bad, n_skipped);
	if (fclose(report) || write_report(out, text) < 0)
		return 2;
	return n_bad ? 1 : 0;
}
