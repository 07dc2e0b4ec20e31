// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a hostile program tries from inside of a container
 *
 *	attack swap A B    exchange the two names, for ever
 *	attack exe         write to every /proc/N/exe and /proc/N/fd/M, 2,000 times around; tell
 *	                   where it was possible
 *	attack sockets     connect to every abstract socket of the network namespace; tell which
 *took it attack escapes     mounts, namespaces, cgroups, devices: tell what was possible
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <unistd.h>

#define EXCHANGE 2 /* RENAME_EXCHANGE */

static void swap(const char *a, const char *b)
{
	printf("swapping\n");
	fflush(stdout);
	for (;;)
		syscall(SYS_renameat2, AT_FDCWD, a, AT_FDCWD, b, EXCHANGE);
}

/* Descriptors 0 to 2 lead to our own output. */
static void write_to_fds(const char *pid)
{
	char path[600];
	struct dirent *entry;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%s/fd", pid);
	dir = opendir(path);
	while (dir && (entry = readdir(dir))) {
		if (atoi(entry->d_name) <= 2)
			continue;
		snprintf(path, sizeof(path), "/proc/%s/fd/%s", pid, entry->d_name);
		if (atoi(pid) != getpid() && open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC) >= 0)
			printf("WRITABLE %s\n", path);
	}
	if (dir)
		closedir(dir);
}

static void exe(void)
{
	for (int round = 0; round < 2000; round++) {
		DIR *dir = opendir("/proc");
		struct dirent *entry;

		while (dir && (entry = readdir(dir))) {
			char path[600];

			if (atoi(entry->d_name) <= 0)
				continue;
			snprintf(path, sizeof(path), "/proc/%s/exe", entry->d_name);
			for (int flags = O_WRONLY; flags <= O_RDWR; flags++)
				if (open(path, flags | O_CLOEXEC) >= 0)
					printf("WRITABLE %s\n", path);
			write_to_fds(entry->d_name);
		}
		if (dir)
			closedir(dir);
	}
	puts("done");
}

static void sockets(void)
{
	FILE *f = fopen("/proc/net/unix", "re");
	char line[512];

	while (f && fgets(line, sizeof(line), f)) {
		struct sockaddr_un addr = {.sun_family = AF_UNIX};
		char *name = strstr(line, " @");
		int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
		size_t len;

		line[strcspn(line, "\n")] = '\0';
		len = name ? strlen(name + 2) : 0;
		if (name && len < sizeof(addr.sun_path)) {
			memcpy(addr.sun_path + 1, name + 2, len);
			if (connect(fd, (struct sockaddr *)&addr,
				    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 +
						len)) == 0)
				printf("CONNECTED %s\n", name + 1);
		}
		close(fd);
	}
	puts("done");
}

static void tell(const char *what, int result)
{
	if (result >= 0)
		printf("POSSIBLE %s\n", what);
}

static void try_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	if (write(fd, text, strlen(text)) > 0)
		printf("POSSIBLE write %s\n", path);
	close(fd);
}

static void escapes(void)
{
	static const struct {
		const char *path, *text;
	} files[] = {
		{"/sys/fs/cgroup/memory/release_agent", "/escape"},
		{"/sys/fs/cgroup/rdma/release_agent", "/escape"},
		{"/sys/fs/cgroup/release_agent", "/escape"},
		{"/sys/fs/cgroup/notify_on_release", "1"},
		{"/sys/fs/cgroup/memory/notify_on_release", "1"},
		{"/sys/fs/cgroup/cgroup.procs", "0"},
		{"/sys/fs/cgroup/devices/devices.allow", "a"},
		{"/sys/kernel/uevent_helper", "/escape"},
		{"/proc/sys/kernel/core_pattern", "|/escape"},
		{"/proc/sys/kernel/modprobe", "/escape"},
		{"/proc/sys/vm/overcommit_memory", "0"},
		{"/proc/sysrq-trigger", "h"},
		{"/proc/1/oom_score_adj", "-1000"},
		{"/proc/self/uid_map", "0 0 1"},
	};

	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++)
		try_file(files[i].path, files[i].text);
	mkdir("/tmp/m", 0700);
	tell("mount tmpfs", mount("none", "/tmp/m", "tmpfs", 0, NULL));
	tell("mount proc", mount("none", "/tmp/m", "proc", 0, NULL));
	tell("mount cgroup", mount("none", "/tmp/m", "cgroup", 0, "rdma"));
	tell("mount cgroup2", mount("none", "/tmp/m", "cgroup2", 0, NULL));
	tell("bind", mount("/", "/tmp/m", NULL, MS_BIND, NULL));
	tell("remount /proc/sys", mount(NULL, "/proc/sys", NULL, MS_REMOUNT | MS_BIND, NULL));
	tell("umount /proc/sys", umount("/proc/sys"));
	tell("umount /proc/kcore", umount("/proc/kcore"));
	tell("unshare user, mount and cgroup",
	     unshare(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWCGROUP));
	tell("unshare mount", unshare(CLONE_NEWNS));
	tell("setns to process 1", setns(open("/proc/1/ns/mnt", O_RDONLY | O_CLOEXEC), 0));
	tell("pivot_root", (int)syscall(SYS_pivot_root, "/tmp/m", "/tmp/m"));
	tell("open_by_handle_at", (int)syscall(SYS_open_by_handle_at, 0, "", O_RDONLY));
	mknod("/tmp/disk", S_IFBLK | 0600, makedev(7, 0));
	tell("open a disk", open("/tmp/disk", O_RDONLY | O_CLOEXEC));
	mknod("/tmp/mem", S_IFCHR | 0600, makedev(1, 1));
	tell("open memory", open("/tmp/mem", O_RDONLY | O_CLOEXEC));
	tell("chroot out", chroot("/tmp/m") | chdir("../../../../..") |
				   open("etc/stack-canary", O_RDONLY | O_CLOEXEC));
	puts("done");
}

int main(int argc, char **argv)
{
	const char *mode = argc > 1 ? argv[1] : "";

	if (!strcmp(mode, "swap") && argc > 3)
		swap(argv[2], argv[3]);
	else if (!strcmp(mode, "exe"))
		exe();
	else if (!strcmp(mode, "sockets"))
		sockets();
	else if (!strcmp(mode, "escapes"))
		escapes();
	else
		return 2;
	return 0;
}
