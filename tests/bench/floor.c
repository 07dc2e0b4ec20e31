// SPDX-License-Identifier: GPL-2.0-or-later
/* Usage: floor N DIR LOWER: prints "up <ms> down <ms>" for N containers with the root file system
 * LOWER (it has /bin/busybox), their directories below DIR (best on the file system that `stack`
 * uses).  Root. */
#include "tests/bench/floor.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define CGROUPS 4
static const char *const hierarchies[CGROUPS] = {"unified", "memory", "cpu", "pids"};

struct container {
	char dir[256];
	int netns, pidfd, error_fd, log_fd;
	int cgroups[CGROUPS]; /* directories; -1: the host has no such hierarchy */
};

void die(const char *message)
{
	fprintf(stderr, "floor: %s: %s\n", message, strerror(errno));
	_exit(1);
}

static double now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

/* On a pure v2 host the one hierarchy is the root itself, and the others are missing. */
static void cgroup_path(char *path, size_t size, int hierarchy, int i)
{
	const char *name = hierarchies[hierarchy];
	char dir[128];

	snprintf(dir, sizeof(dir), "/sys/fs/cgroup/%s", name);
	if (hierarchy == 0 && access(dir, F_OK) < 0)
		snprintf(dir, sizeof(dir), "/sys/fs/cgroup");
	snprintf(path, size, "%s/floor-%d", dir, i);
}

static void make_cgroups(struct container *container, int i)
{
	char path[256];

	for (int h = 0; h < CGROUPS; h++) {
		cgroup_path(path, sizeof(path), h, i);
		container->cgroups[h] = -1;
		if (mkdir(path, 0755) == 0 || errno == EEXIST)
			container->cgroups[h] = open(path, O_DIRECTORY | O_RDONLY | O_CLOEXEC);
	}
}

/* The child does this for itself: a parent that writes cgroup.procs waits 10 ms (RCU). */
static void attach(const struct container *container)
{
	for (int h = 1; h < CGROUPS; h++) {
		int fd = container->cgroups[h] < 0
				 ? -1
				 : openat(container->cgroups[h], "tasks", O_WRONLY | O_CLOEXEC);

		if (fd >= 0 && write(fd, "0", 1) < 0)
			die("tasks");
	}
}

static void make_files(struct container *container, const char *base, int i)
{
	static const char *const dirs[] = {"", "/upper", "/work", "/root"};
	static const char *const files[] = {"hosts", "hostname", "resolv.conf", "log"};
	char path[512];

	snprintf(container->dir, sizeof(container->dir), "%s/%d", base, i);
	for (size_t d = 0; d < sizeof(dirs) / sizeof(dirs[0]); d++) {
		snprintf(path, sizeof(path), "%s%s", container->dir, dirs[d]);
		mkdir(path, 0755);
	}
	for (size_t f = 0; f < sizeof(files) / sizeof(files[0]); f++) {
		snprintf(path, sizeof(path), "%s/%s", container->dir, files[f]);
		container->log_fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
		if (container->log_fd < 0 || dprintf(container->log_fd, "127.0.0.1 x\n") < 0)
			die(path);
		if (f + 1 < sizeof(files) / sizeof(files[0]))
			close(container->log_fd);
	}
}

static void start(struct container *container, const char *lower, int i)
{
	int ends[2], pidfd = -1;
	struct clone_args args = {.flags = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWUTS |
					   CLONE_NEWIPC | CLONE_PIDFD |
					   (container->cgroups[0] >= 0 ? CLONE_INTO_CGROUP : 0),
				  .pidfd = (uint64_t)(uintptr_t)&pidfd,
				  .exit_signal = SIGCHLD,
				  .cgroup = (uint64_t)container->cgroups[0]};
	long pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		die("pipe2");
	pid = syscall(SYS_clone3, &args, sizeof(args));
	if (pid < 0)
		die("clone3");
	if (pid == 0) {
		attach(container);
		child_run(container->dir, lower, container->netns, i);
	}
	close(ends[1]);
	container->error_fd = ends[0];
	container->pidfd = pidfd;
}

static void up(struct container *containers, int n, int bridge, const char *base, const char *lower)
{
	char byte;

	for (int i = 0; i < n; i++) {
		make_cgroups(&containers[i], i);
		make_files(&containers[i], base, i);
		containers[i].netns = net_container(bridge, i);
		start(&containers[i], lower, i);
	}
	for (int i = 0; i < n; i++)
		if (read(containers[i].error_fd, &byte, 1) != 0)
			die("exec");
}

static void down(struct container *containers, int n, int bridge)
{
	char path[256];
	siginfo_t info;

	for (int i = 0; i < n; i++) {
		if (syscall(SYS_pidfd_send_signal, containers[i].pidfd, SIGKILL, NULL, 0) < 0)
			die("kill");
		close(containers[i].netns);
	}
	for (int i = 0; i < n; i++)
		if (waitid(P_PIDFD, (id_t)containers[i].pidfd, &info, WEXITED) < 0)
			die("waitid");
	for (int i = 0; i < n; i++)
		for (int h = 0; h < CGROUPS; h++) {
			if (containers[i].cgroups[h] < 0)
				continue;
			cgroup_path(path, sizeof(path), h, i);
			while (rmdir(path) < 0 && errno == EBUSY)
				usleep(500);
		}
	net_remove(bridge, n);
}

int main(int argc, char **argv)
{
	struct container *containers;
	double start_ms, up_ms;
	int n, bridge;

	if (argc != 4 || (n = atoi(argv[1])) < 1) {
		fprintf(stderr, "usage: floor N DIR LOWER\n");
		return 2;
	}
	containers = calloc((size_t)n, sizeof(*containers));
	if (!containers)
		die("calloc");
	mkdir(argv[2], 0755);
	mkdir("/run/netns", 0755);
	start_ms = now_ms();
	bridge = net_bridge();
	up(containers, n, bridge, argv[2], argv[3]);
	up_ms = now_ms() - start_ms;
	start_ms = now_ms();
	down(containers, n, bridge);
	printf("up %.1f down %.1f\n", up_ms, now_ms() - start_ms);
	free(containers);
	return 0;
}
