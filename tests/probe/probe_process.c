// SPDX-License-Identifier: GPL-2.0-or-later
/* What a process of the container is: credentials, descriptors, limits, names. */
#include "tests/probe/probe.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static void capability_set(const char *key, uint64_t wanted)
{
	uint64_t got = strtoull(line_of("/proc/self/status", key), NULL, 16);

	check(got == wanted, "%s %016" PRIx64 ": %016" PRIx64, key, wanted, got);
}

static void credentials(const struct expected *expected)
{
	uint64_t now = expected->uid ? 0 : expected->capabilities;
	const char *nnp;

	capability_set("CapBnd:", expected->capabilities);
	capability_set("CapPrm:", now);
	capability_set("CapEff:", now);
	capability_set("CapInh:", 0);
	capability_set("CapAmb:", 0);
	nnp = line_of("/proc/self/status", "NoNewPrivs:");
	check(!strcmp(nnp, expected->no_new_privs ? "1" : "0"), "NoNewPrivs: %d, %s",
	      expected->no_new_privs, nnp);
	check(getuid() == (uid_t)expected->uid && geteuid() == (uid_t)expected->uid, "user %ld: %u",
	      expected->uid, getuid());
}

static void descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		int fd = atoi(entry->d_name);

		if (entry->d_name[0] != '.' && fd > 2 && fd != dirfd(dir))
			check(false, "descriptor %d is open", fd);
	}
	check(dir != NULL, "no descriptor beyond 2 is open");
	if (dir)
		closedir(dir);
	for (int fd = 0; fd < 3; fd++) {
		struct stat st;

		check(fstat(fd, &st) == 0 && !S_ISDIR(st.st_mode), "descriptor %d is a stream", fd);
	}
}

static void terminal(const struct expected *expected)
{
	struct stat st;
	int code = open_error("/dev/tty", O_RDWR | O_NOCTTY);

	for (int i = 0; i < 3; i++)
		check(isatty(i) == expected->terminal, "descriptor %d is %sa terminal", i,
		      expected->terminal ? "" : "not ");
	check(!code == expected->terminal, "there is %s controlling terminal: %s",
	      expected->terminal ? "a" : "no", strerror(code));
	if (expected->console)
		check(stat("/dev/console", &st) == 0 && S_ISCHR(st.st_mode) &&
			      (st.st_rdev >> 8) == 136,
		      "/dev/console is a terminal of ours");
}

/* Nobody of the host, and no cgroup above ours. */
static void namespaces(const struct expected *expected)
{
	FILE *f = fopen("/proc/self/cgroup", "re");
	const char *map = line_of("/proc/self/uid_map", "");
	char line[512];

	while (f && fgets(line, sizeof(line), f)) {
		const char *path = strrchr(line, ':');

		check(path && !strncmp(path, ":/", 2) && !strstr(path, ".."),
		      "no cgroup above is seen: %.*s", (int)strcspn(line, "\n"), line);
	}
	if (f)
		fclose(f);
	check(strstr(map, "4294967295") ? !expected->user_namespace : expected->user_namespace,
	      "%s user namespace: %s", expected->user_namespace ? "an own" : "the host's", map);
	check(getppid() == 0 || getppid() == 1 || getpid() == 1,
	      "parent is outside or process 1: %d", getppid());
	check(kill(2147483, 0) < 0, "no process of the host can be signalled");
}

static void signals(void)
{
	static const char *const keys[] = {"SigBlk:", "SigIgn:"};
	int death = -1;

	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
		const char *got = line_of("/proc/self/status", keys[i]);

		check(strtoull(got, NULL, 16) == 0, "%s 0: %s", keys[i], got);
	}
	prctl(PR_GET_PDEATHSIG, &death);
	check(death == 0, "no signal comes when the parent dies: %d", death);
}

static void first_file(const char *const *paths, const char *wanted, const char *what)
{
	for (size_t i = 0; paths[i]; i++) {
		const char *got;

		if (access(paths[i], R_OK) < 0)
			continue;
		got = line_of(paths[i], "");
		check(!strcmp(got, wanted), "%s %s: %s", what, wanted, got);
		return;
	}
	skipped("%s: no file to read it from", what);
}

static void limits(const struct expected *expected)
{
	static const char *const pids[] = {"/sys/fs/cgroup/pids.max",
					   "/sys/fs/cgroup/pids/pids.max", NULL};
	const char *score = line_of("/proc/self/oom_score_adj", "");
	char wanted[32];
	mode_t mask = umask(022);

	check(mask == 022, "umask 022: %03o", mask);
	check(!strcmp(score, "0"), "oom_score_adj 0: %s", score);
	if (expected->pids) {
		snprintf(wanted, sizeof(wanted), "%ld", expected->pids);
		first_file(pids, wanted, "pids.max");
	}
}

/* With other ids the range is there, but nothing in it has a name inside. */
static void network(const struct expected *expected)
{
	static const char *const ping[] = {"/proc/sys/net/ipv4/ping_group_range", NULL};
	static const char *const ports[] = {"/proc/sys/net/ipv4/ip_unprivileged_port_start", NULL};

	int echo = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, IPPROTO_ICMP);

	check(echo >= 0, "ping needs no privilege");
	if (echo >= 0)
		close(echo);
	if (!expected->user_namespace)
		first_file(ping, "0\t2147483647", "ping_group_range");
	first_file(ports, "0", "ip_unprivileged_port_start");
}

static void place(void)
{
	char cwd[PATH_MAX], host[256] = "";

	check(getcwd(cwd, sizeof(cwd)) && cwd[0] == '/', "the working directory is inside");
	check(gethostname(host, sizeof(host)) == 0 && host[0], "there is a host name: %s", host);
	check(getenv("PATH") && getenv("PATH")[0], "PATH is set");
	check(getenv("HOME") && getenv("HOME")[0] == '/', "HOME is set");
}

/* The init of an engine, or its helper, must not be a way out (CVE-2019-5736). */
static void process_one(const struct expected *expected)
{
	int code;

	if (getpid() == 1 || expected->privileged)
		return;
	code = open_error("/proc/1/exe", O_WRONLY);
	check(code != 0, "the program of process 1 cannot be written: %s", strerror(code));
}

void probe_process(const struct expected *expected)
{
	descriptors();
	terminal(expected);
	credentials(expected);
	namespaces(expected);
	signals();
	limits(expected);
	if (!expected->host_network)
		network(expected);
	place();
	process_one(expected);
}
