// SPDX-License-Identifier: GPL-2.0-or-later
/* What is mounted, and with which flags (proc_pid_mountinfo(5)). */
#include "tests/probe/probe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define N_MOUNTS 256

struct mounted {
	char target[256], type[32], flags[256], options[1024], tags[128];
};

static struct mounted mounts[N_MOUNTS];
static size_t n_mounts;

static const struct {
	const char *target, *type;
	const char *flags;   /* of the mount, all of these */
	const char *options; /* of the file system, all of these */
} wanted[] = {
	{"/proc", "proc", "rw nosuid nodev noexec", ""},
	{"/dev", "tmpfs", "rw nosuid", "mode=755 size=65536k"},
	{"/dev/pts", "devpts", "rw nosuid noexec", "mode=620 ptmxmode=666"},
	{"/dev/shm", "tmpfs", "rw nosuid nodev noexec", ""},
	{"/dev/mqueue", "mqueue", "rw nosuid nodev noexec", ""},
	{"/etc/hostname", "", "", ""},
	{"/etc/hosts", "", "", ""},
	{"/etc/resolv.conf", "", "", ""},
};

/* Is WORD in LIST, whose words are separated by commas? */
static bool has(const char *list, const char *word)
{
	size_t len = strlen(word);

	for (const char *p = list; (p = strstr(p, word)); p += len)
		if ((p == list || p[-1] == ',') && (p[len] == ',' || !p[len]))
			return true;
	return false;
}

static void read_mounts(void)
{
	FILE *f = fopen("/proc/self/mountinfo", "re");
	char line[8192];

	while (f && n_mounts < N_MOUNTS && fgets(line, sizeof(line), f)) {
		struct mounted *m = &mounts[n_mounts];
		const char *rest = strstr(line, " - ");
		int end = 0;

		if (!rest ||
		    sscanf(line, "%*s %*s %*s %*s %255s %255s %n", m->target, m->flags, &end) < 2)
			continue;
		snprintf(m->tags, sizeof(m->tags), "%.*s",
			 rest > line + end ? (int)(rest - line - end) : 0, line + end);
		m->options[0] = '\0';
		if (sscanf(rest, " - %31s %*s %1023s", m->type, m->options) >= 1)
			n_mounts++;
	}
	if (f)
		fclose(f);
}

/* The last one there is on top. */
static const struct mounted *find(const char *target)
{
	const struct mounted *found = NULL;

	for (size_t i = 0; i < n_mounts; i++)
		if (!strcmp(mounts[i].target, target))
			found = &mounts[i];
	return found;
}

static void has_all(const struct mounted *m, const char *list, const char *words)
{
	char copy[256], *save = NULL;

	snprintf(copy, sizeof(copy), "%s", words);
	for (char *w = strtok_r(copy, " ", &save); w; w = strtok_r(NULL, " ", &save))
		check(has(list, w), "%s is mounted %s: %s", m->target, w, list);
}

static void shm(const struct expected *expected)
{
	const struct mounted *m = find("/dev/shm");
	char size[64];

	snprintf(size, sizeof(size), "size=%ldk", expected->shm_size / 1024);
	if (m)
		check(has(m->options, size), "/dev/shm has %s: %s", size, m->options);
}

static void system_files(const struct expected *expected)
{
	const char *rw = expected->privileged ? "rw" : "ro";

	for (size_t i = 0; i < n_mounts; i++) {
		const struct mounted *m = &mounts[i];

		if (strcmp(m->target, "/sys") != 0 && strncmp(m->target, "/sys/fs/cgroup", 14) != 0)
			continue;
		check(has(m->flags, rw), "%s is mounted %s: %s", m->target, rw, m->flags);
		has_all(m, m->flags, "nosuid nodev noexec");
	}
	check(find("/sys") && find("/sys/fs/cgroup"), "/sys and /sys/fs/cgroup are mounts");
}

static void root(const struct expected *expected)
{
	const struct mounted *m = find("/");

	if (!check(m && !strcmp(m->type, "overlay"), "/ is an overlay"))
		return;
	check(has(m->flags, expected->read_only ? "ro" : "rw"), "/ is mounted %s: %s",
	      expected->read_only ? "ro" : "rw", m->flags);
	check(has(m->options, "redirect_dir=nofollow"), "/ follows no redirects of the image");
}

void probe_mounts(const struct expected *expected)
{
	read_mounts();
	for (size_t i = 0; i < sizeof(wanted) / sizeof(*wanted); i++) {
		const struct mounted *m = find(wanted[i].target);

		if (!check(m != NULL, "%s is a mount", wanted[i].target))
			continue;
		if (*wanted[i].type)
			check(!strcmp(m->type, wanted[i].type), "%s is a %s: %s", m->target,
			      wanted[i].type, m->type);
		has_all(m, m->flags, wanted[i].flags);
		has_all(m, m->options, wanted[i].options);
	}
	for (size_t i = 0; i < n_mounts; i++)
		check(!strstr(mounts[i].tags, "shared:"), "%s propagates nowhere: %s",
		      mounts[i].target, mounts[i].tags);
	shm(expected);
	system_files(expected);
	root(expected);
}
