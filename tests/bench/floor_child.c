// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/bench/floor.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

static void mount_or_die(const char *source, const char *target, const char *type,
			 unsigned long flags, const char *data)
{
	if (mount(source, target, type, flags, data) < 0)
		die(target);
}

static void mount_all(void)
{
	static const struct {
		const char *target, *type, *data;
		unsigned long flags;
	} mounts[] = {
		{"proc", "proc", NULL, MS_NOSUID | MS_NODEV | MS_NOEXEC},
		{"sys", "sysfs", NULL, MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_RDONLY},
		{"dev", "tmpfs", "mode=755,size=65536k", MS_NOSUID},
		{"dev/pts", "devpts", "newinstance,ptmxmode=0666,mode=0620,gid=5", MS_NOSUID},
		{"dev/shm", "tmpfs", "mode=1777,size=64m", MS_NOSUID | MS_NODEV | MS_NOEXEC},
		{"dev/mqueue", "mqueue", NULL, MS_NOSUID | MS_NODEV | MS_NOEXEC},
	};

	for (size_t i = 0; i < sizeof(mounts) / sizeof(mounts[0]); i++) {
		mkdir(mounts[i].target, 0755);
		mount_or_die("none", mounts[i].target, mounts[i].type, mounts[i].flags,
			     mounts[i].data);
	}
}

static void make_devices(void)
{
	static const struct {
		const char *path;
		unsigned minor_number;
	} devices[] = {{"dev/null", 3},
		       {"dev/zero", 5},
		       {"dev/full", 7},
		       {"dev/random", 8},
		       {"dev/urandom", 9}};

	for (size_t i = 0; i < sizeof(devices) / sizeof(devices[0]); i++)
		mknod(devices[i].path, S_IFCHR | 0666, makedev(1, devices[i].minor_number));
	mknod("dev/tty", S_IFCHR | 0666, makedev(5, 0));
	if (symlink("pts/ptmx", "dev/ptmx") < 0 || symlink("/proc/self/fd", "dev/fd") < 0 ||
	    symlink("/proc/self/fd/0", "dev/stdin") < 0 ||
	    symlink("/proc/self/fd/1", "dev/stdout") < 0 ||
	    symlink("/proc/self/fd/2", "dev/stderr") < 0)
		die("symlink");
}

/* What every engine hides of /proc and /sys: each is a mount, so each has its price. */
static void hide_paths(void)
{
	static const char *const masked[] = {"proc/kcore", "proc/keys", "proc/timer_list",
					     "proc/interrupts"};
	static const char *const read_only[] = {"proc/bus", "proc/fs", "proc/irq", "proc/sys",
						"proc/sysrq-trigger"};

	for (size_t i = 0; i < sizeof(masked) / sizeof(masked[0]); i++)
		mount("dev/null", masked[i], NULL, MS_BIND, NULL);
	mount("none", "sys/firmware", "tmpfs", MS_RDONLY, "nr_blocks=1,nr_inodes=2");
	for (size_t i = 0; i < sizeof(read_only) / sizeof(read_only[0]); i++) {
		mount(read_only[i], read_only[i], NULL, MS_BIND | MS_REC, NULL);
		mount(NULL, read_only[i], NULL, MS_BIND | MS_REMOUNT | MS_RDONLY, NULL);
	}
}

static void bind_files(const char *dir)
{
	static const char *const files[] = {"hosts", "hostname", "resolv.conf"};
	char source[512], target[64];
	int fd;

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		snprintf(source, sizeof(source), "%s/%s", dir, files[i]);
		snprintf(target, sizeof(target), "etc/%s", files[i]);
		fd = open(target, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
		close(fd);
		mount_or_die(source, target, NULL, MS_BIND, NULL);
	}
}

static void enter_root(const char *dir, const char *lower)
{
	char data[1024], root[512];

	mount_or_die(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL);
	snprintf(root, sizeof(root), "%s/root", dir);
	snprintf(data, sizeof(data), "lowerdir=%s,upperdir=%s/upper,workdir=%s/work", lower, dir,
		 dir);
	mount_or_die("overlay", root, "overlay", 0, data);
	if (chdir(root) < 0)
		die(root);
	mount_all();
	make_devices();
	hide_paths();
	bind_files(dir);
	if (syscall(SYS_pivot_root, ".", ".") < 0 || umount2(".", MNT_DETACH) < 0 || chdir("/") < 0)
		die("pivot_root");
}

static void give_up_rights(void)
{
	struct sock_filter allow = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	struct sock_fprog program = {.len = 1, .filter = &allow};
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct caps[2] = {
		{.effective = 0xa80425fb, .permitted = 0xa80425fb}};

	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) < 0)
		die("seccomp");
	for (int cap = 0; cap < 41; cap++)
		if (cap > 31 || !(0xa80425fb >> cap & 1))
			prctl(PR_CAPBSET_DROP, cap);
	if (syscall(SYS_capset, &head, caps) < 0)
		die("capset");
}

void child_run(const char *dir, const char *lower, int netns, int i)
{
	static char *const argv[] = {"busybox", "sleep", "100000", NULL};
	static char *const envp[] = {"PATH=/bin", NULL};
	char name[32];

	snprintf(name, sizeof(name), "floor-%d", i);
	if (setns(netns, CLONE_NEWNET) < 0 || unshare(CLONE_NEWCGROUP) < 0)
		die("namespaces");
	enter_root(dir, lower);
	if (sethostname(name, strlen(name)) < 0)
		die("sethostname");
	give_up_rights();
	execve("/bin/busybox", argv, envp);
	die("execve");
}
