// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * System calls that the default profile denies
 *
 * The arguments are such that the kernel itself would fail the call, and
 * where it can be with another error than the filter's, so that a missing
 * filter shows and does no harm.
 */
#include "tests/probe/probe.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define NEWEST 469

static const struct {
	const char *name;
	long number;
} denied[] = {
	{"_sysctl", 156},
	{"acct", 163},
	{"add_key", 248},
	{"afs_syscall", 183},
	{"bpf", 321},
	{"clock_settime", 227},
	{"create_module", 174},
	{"delete_module", 176},
	{"fanotify_init", 300},
	{"file_getattr", 468},
	{"file_setattr", 469},
	{"finit_module", 313},
	{"fsconfig", 431},
	{"fsmount", 432},
	{"fsopen", 430},
	{"fspick", 433},
	{"get_kernel_syms", 177},
	{"get_mempolicy", 239},
	{"getpmsg", 181},
	{"init_module", 175},
	{"io_uring_enter", 426},
	{"io_uring_register", 427},
	{"io_uring_setup", 425},
	{"ioperm", 173},
	{"iopl", 172},
	{"kcmp", 312},
	{"kexec_file_load", 320},
	{"kexec_load", 246},
	{"keyctl", 250},
	{"lookup_dcookie", 212},
	{"lsm_get_self_attr", 459},
	{"lsm_list_modules", 461},
	{"lsm_set_self_attr", 460},
	{"mbind", 237},
	{"migrate_pages", 256},
	{"mount", 165},
	{"mount_setattr", 442},
	{"move_mount", 429},
	{"move_pages", 279},
	{"nfsservctl", 180},
	{"open_by_handle_at", 304},
	{"open_tree", 428},
	{"open_tree_attr", 467},
	{"perf_event_open", 298},
	{"pidfd_getfd", 438},
	{"pivot_root", 155},
	{"process_madvise", 440},
	{"putpmsg", 182},
	{"query_module", 178},
	{"quotactl", 179},
	{"quotactl_fd", 443},
	{"reboot", 169},
	{"request_key", 249},
	{"security", 185},
	{"set_mempolicy", 238},
	{"set_mempolicy_home_node", 450},
	{"setdomainname", 171},
	{"sethostname", 170},
	{"setns", 308},
	{"settimeofday", 164},
	{"swapoff", 168},
	{"swapon", 167},
	{"sysfs", 139},
	{"syslog", 103},
	{"tuxcall", 184},
	{"umount2", 166},
	{"unshare", 272},
	{"uselib", 134},
	{"userfaultfd", 323},
	{"ustat", 136},
	{"vhangup", 153},
	{"vserver", 236},
};

static void gives(const char *what, int got, int wanted)
{
	check(got == wanted, "%s: %s, %s", what, strerror(wanted), strerror(got));
}

static int call(long number, long a, long b, long c)
{
	errno = 0;
	return syscall(number, a, b, c, -1L, -1L, -1L) < 0 ? errno : 0;
}

/* A namespace flag in a child that must not come to life. */
static int clone_with(unsigned long flags)
{
	long pid = syscall(SYS_clone, flags | SIGCHLD, 0L, 0L, 0L, 0L);

	if (pid == 0)
		_exit(0);
	if (pid < 0)
		return errno;
	waitpid((pid_t)pid, NULL, 0);
	return 0;
}

static void arguments(void)
{
	static const struct {
		const char *what;
		unsigned long flags;
		int wanted;
	} clones[] = {
		{"clone of a mount namespace", CLONE_NEWNS, EPERM},
		{"clone of a cgroup namespace", CLONE_NEWCGROUP, EPERM},
		{"clone of a uts namespace", CLONE_NEWUTS, EPERM},
		{"clone of an ipc namespace", CLONE_NEWIPC, EPERM},
		{"clone of a user namespace", CLONE_NEWUSER, EPERM},
		{"clone of a pid namespace", CLONE_NEWPID, EPERM},
		{"clone of a network namespace", CLONE_NEWNET, EPERM},
		{"clone of a process", 0, 0},
	};
	static const struct {
		const char *what;
		long number, first, second;
		int wanted;
	} calls[] = {
		{"socket of AF_ALG", SYS_socket, 38, SOCK_SEQPACKET, EPERM},
		{"socket of AF_VSOCK", SYS_socket, 40, SOCK_STREAM, EPERM},
		{"socket of AF_ALG and high bits", SYS_socket, 0x100000026, SOCK_SEQPACKET, EPERM},
		{"socket of no known family", SYS_socket, 200, SOCK_STREAM, EAFNOSUPPORT},
		{"personality ADDR_NO_RANDOMIZE", SYS_personality, 0x40000, 0, EPERM},
		{"personality READ_IMPLIES_EXEC", SYS_personality, 0x400000, 0, EPERM},
		{"personality PER_LINUX32", SYS_personality, 0x8, 0, 0},
		{"personality UNAME26", SYS_personality, 0x20000, 0, 0},
		{"personality UNAME26 | PER_LINUX32", SYS_personality, 0x20008, 0, 0},
		{"personality PER_LINUX", SYS_personality, 0, 0, 0},
		{"reading the personality", SYS_personality, 0xffffffff, 0, 0},
	};

	for (size_t i = 0; i < sizeof(clones) / sizeof(*clones); i++)
		gives(clones[i].what, clone_with(clones[i].flags), clones[i].wanted);
	for (size_t i = 0; i < sizeof(calls) / sizeof(*calls); i++)
		gives(calls[i].what, call(calls[i].number, calls[i].first, calls[i].second, 0),
		      calls[i].wanted);
}

#if defined(__x86_64__)
static int call_32(int number, int argument)
{
	int result;

	__asm__ volatile("int $0x80"
			 : "=a"(result)
			 : "a"(number), "b"(argument), "c"(0), "d"(0), "S"(0), "D"(0)
			 : "memory", "r8", "r9", "r10", "r11");
	return result;
}

/* In a child: a kernel without 32-bit calls answers with a signal. */
static int try_32(int number, int argument)
{
	pid_t pid = fork();
	int status;

	if (pid == 0)
		_exit(-call_32(number, argument) & 0xff);
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void entry_points(void)
{
	static const struct {
		const char *name;
		int number, argument, wanted;
	} calls[] = {
		{"32-bit mount", 21, 0, EPERM},
		{"32-bit unshare", 310, 0, EPERM},
		{"32-bit keyctl", 288, 0, EPERM},
		{"32-bit clone3", 435, 0, ENOSYS},
		{"32-bit socket of AF_VSOCK", 359, 40, EPERM},
	};

	gives("x32 getpid", call(0x40000000 | 39, 0, 0, 0), ENOSYS);
	gives("x32 mount", call(0x40000000 | 165, 0, 0, 0), ENOSYS);
	if (try_32(199 /* getuid32 */, 0) < 0) {
		skipped("32-bit calls: the kernel has none");
		return;
	}
	for (size_t i = 0; i < sizeof(calls) / sizeof(*calls); i++)
		gives(calls[i].name, try_32(calls[i].number, calls[i].argument), calls[i].wanted);
}
#else
static void entry_points(void)
{
	skipped("x32 and 32-bit calls: not this architecture");
}
#endif

static void numbers_of_this_architecture(void)
{
#if defined(__x86_64__)
	for (size_t i = 0; i < sizeof(denied) / sizeof(*denied); i++)
		gives(denied[i].name, call(denied[i].number, -1, -1, -1), EPERM);
#else
	skipped("%zu denied calls: their numbers are x86_64's", sizeof(denied) / sizeof(*denied));
#endif
}

void probe_calls(const struct expected *expected)
{
	const char *mode = line_of("/proc/self/status", "Seccomp:");

	check(strcmp(mode, expected->seccomp ? "2" : "0") == 0, "Seccomp of us: %d, %s",
	      expected->seccomp ? 2 : 0, mode);
	mode = line_of("/proc/1/status", "Seccomp:");
	if (*mode)
		check(!expected->seccomp || strcmp(mode, "2") == 0 || getpid() != 1,
		      "Seccomp of process 1: 2, %s", mode);
	if (!expected->seccomp) {
		gives("unshare, no filter", call(SYS_unshare, -1, 0, 0), EINVAL);
		return;
	}
	numbers_of_this_architecture();
	gives("clone3", call(435, 0, 0, 0), ENOSYS);
	for (long number = NEWEST + 1; number < NEWEST + 4; number++)
		gives("a call newer than the profile", call(number, -1, -1, -1), ENOSYS);
	gives("a call that is far off", call(100000, -1, -1, -1), ENOSYS);
	arguments();
	entry_points();
}
