// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a process may still ask of the kernel once it reads foreign bytes, in a child for each
 * role.  All that is forbidden is asked for without the filter as well, where none of it fails
 * with EPERM: so it is the filter that forbids it.
 */
#include "cmd/image/syscalls.h"

#include "core/base/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <linux/sched.h>
#include <netdb.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cmocka.h>

#define BOTH	 ((1u << SYSCALLS_UNPACK) | (1u << SYSCALLS_DOWNLOAD))
#define UNPACK	 (1u << SYSCALLS_UNPACK)
#define DOWNLOAD (1u << SYSCALLS_DOWNLOAD)
#define NOWHERE	 1 /* no address: a call that gets so far fails with EFAULT */

static const struct denied {
	const char *what;
	unsigned int roles;
	long number, args[5];
} denied[] = {
	{"run a program", BOTH, SYS_execve, {NOWHERE}},
	{"run an open program", BOTH, SYS_execveat, {-1, NOWHERE}},
	{"start a process", BOTH, SYS_clone, {SIGCHLD}},
	{"start a process by its old name", BOTH, SYS_fork},
	{"start a thread in a namespace", BOTH, SYS_clone, {CLONE_THREAD | CLONE_NEWNET}},
	{"trace", BOTH, SYS_ptrace, {PTRACE_PEEKDATA}},
	{"read a process's memory", BOTH, SYS_process_vm_readv},
	{"mount", BOTH, SYS_mount, {NOWHERE, NOWHERE, NOWHERE}},
	{"mount in the new way", BOTH, SYS_fsopen, {NOWHERE}},
	{"take a mount along", BOTH, SYS_open_tree, {-1, NOWHERE}},
	{"unmount", BOTH, SYS_umount2, {NOWHERE}},
	{"change the root", BOTH, SYS_pivot_root, {NOWHERE, NOWHERE}},
	{"change the root in the old way", BOTH, SYS_chroot, {NOWHERE}},
	{"leave a namespace", BOTH, SYS_unshare, {0}},
	{"enter a namespace", BOTH, SYS_setns, {-1}},
	{"load a program into the kernel", BOTH, SYS_bpf, {-1}},
	{"watch the kernel", BOTH, SYS_perf_event_open, {NOWHERE}},
	{"use a ring", BOTH, SYS_io_uring_setup, {1, NOWHERE}},
	{"handle page faults", BOTH, SYS_userfaultfd, {-1}},
	{"use keys", BOTH, SYS_keyctl, {-1}},
	{"open what no path leads to", BOTH, SYS_open_by_handle_at, {-1, NOWHERE}},
	{"signal a process", BOTH, SYS_kill, {1, 0}},
	{"signal another's thread", BOTH, SYS_tgkill, {1, 1, 0}},
	{"signal through a descriptor", BOTH, SYS_pidfd_open, {1}},
	{"have another signalled", BOTH, SYS_fcntl, {0, F_SETOWN, 1}},
	{"change another's limits", BOTH, SYS_prlimit64, {1}},
	{"type into a terminal", BOTH, SYS_ioctl, {-1, 0x5412}},
	{"speak with another daemon", BOTH, SYS_socket, {AF_UNIX, SOCK_STREAM}},
	{"speak with the kernel's cryptography", BOTH, SYS_socket, {38, SOCK_SEQPACKET}},
	{"hear of events", BOTH, SYS_socket, {AF_NETLINK, SOCK_RAW, 15}},
	{"serve", BOTH, SYS_listen, {-1}},
	{"use the network", UNPACK, SYS_socket, {AF_INET, SOCK_STREAM}},
	{"connect", UNPACK, SYS_connect, {-1}},
	{"make a device", DOWNLOAD, SYS_mknodat, {-1, NOWHERE}},
	{"give a file away", DOWNLOAD, SYS_fchown, {-1}},
	{"make a link", DOWNLOAD, SYS_symlinkat, {NOWHERE, -1, NOWHERE}},
};

static long attempt(const struct denied *call)
{
	const long *a = call->args;
	long r = syscall(call->number, a[0], a[1], a[2], a[3], a[4]);

	if (r == 0 && (call->number == SYS_clone || call->number == SYS_fork))
		_exit(0); /* the child */
	return r;
}

/* Returns how many are as they should not be. */
static int check_denied(unsigned int role, bool filtered)
{
	int wrong = 0;

	for (size_t i = 0; i < ARRAY_SIZE(denied); i++) {
		bool refused;

		if (!(denied[i].roles & role))
			continue;
		refused = attempt(&denied[i]) < 0 && errno == EPERM;
		if (refused == filtered)
			continue;
		fprintf(stderr, "%s: %s\n", denied[i].what,
			filtered ? "is possible" : "is refused without the filter");
		wrong++;
	}
	return wrong;
}

static void *answer(void *data)
{
	return data;
}

static bool thread_runs(void)
{
	pthread_t thread;
	void *result;
	int word;

	return pthread_create(&thread, NULL, answer, &word) == 0 &&
	       pthread_join(thread, &result) == 0 && result == &word;
}

static bool file_is_written(int dirfd)
{
	CLEANUP_FD int fd = openat(dirfd, "part", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	return fd >= 0 && write(fd, "x", 1) == 1 && fsync(fd) == 0 &&
	       renameat(dirfd, "part", dirfd, "whole") == 0 && unlinkat(dirfd, "whole", 0) == 0;
}

static bool tree_is_made(int dirfd)
{
	return mkdirat(dirfd, "d", 0700) == 0 && symlinkat("d", dirfd, "l") == 0 &&
	       fchownat(dirfd, "l", 1, 1, AT_SYMLINK_NOFOLLOW) == 0 &&
	       mknodat(dirfd, "d/p", S_IFIFO | 0600, 0) == 0 &&
	       linkat(dirfd, "d/p", dirfd, "p", 0) == 0 && fchmodat(dirfd, "p", 0640, 0) == 0 &&
	       utimensat(dirfd, "p", NULL, 0) == 0 && syncfs(dirfd) == 0 &&
	       unlinkat(dirfd, "d/p", 0) == 0 && unlinkat(dirfd, "d", AT_REMOVEDIR) == 0 &&
	       unlinkat(dirfd, "p", 0) == 0 && unlinkat(dirfd, "l", 0) == 0;
}

static bool names_are_found(int dirfd)
{
	struct addrinfo *found = NULL;
	struct ifaddrs *addresses = NULL;
	bool good;

	(void)dirfd;
	good = getaddrinfo("localhost", "80", NULL, &found) == 0 && getifaddrs(&addresses) == 0;
	if (found)
		freeaddrinfo(found);
	freeifaddrs(addresses);
	return good;
}

static bool sockets_are_made(int dirfd)
{
	CLEANUP_FD int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int pair[2];

	(void)dirfd;
	if (fd < 0 || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return false;
	close(pair[0]);
	close(pair[1]);
	return true;
}

static bool threads_run(int dirfd)
{
	(void)dirfd;
	return thread_runs() && thread_runs();
}

static const struct usual {
	const char *what;
	unsigned int roles;
	bool (*works)(int dirfd);
} usual[] = {
	{"threads", BOTH, threads_run},		 {"a file", BOTH, file_is_written},
	{"a tree", UNPACK, tree_is_made},	 {"names", DOWNLOAD, names_are_found},
	{"sockets", DOWNLOAD, sockets_are_made},
};

static int check_usual(unsigned int role, int dirfd)
{
	int wrong = 0;

	for (size_t i = 0; i < ARRAY_SIZE(usual); i++) {
		errno = 0;
		if (!(usual[i].roles & role) || usual[i].works(dirfd))
			continue;
		fprintf(stderr, "%s: %s\n", usual[i].what, strerror(errno));
		wrong++;
	}
	return wrong;
}

static int in_child(enum syscalls_role role, int dirfd)
{
	unsigned int bit = 1u << role;
	struct err err = ERR_INIT;
	int wrong = check_denied(bit, false);

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || syscalls_restrict(role, &err) < 0) {
		fprintf(stderr, "%s\n", err.msg);
		return 1;
	}
	wrong += check_denied(bit, true);
	return wrong + check_usual(bit, dirfd);
}

/* How the child ended, as of waitpid(2). */
static int run_child(enum syscalls_role role, int (*child)(enum syscalls_role role, int dirfd))
{
	char path[] = "/tmp/syscalls-test-XXXXXX";
	int status = -1, dirfd;
	pid_t pid;

	assert_non_null(mkdtemp(path));
	dirfd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	pid = fork();
	if (pid == 0)
		_exit(child(role, dirfd) != 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	close(dirfd);
	assert_int_equal(rmdir(path), 0);
	return status;
}

static void test_unpack(void **state)
{
	if (geteuid() != 0) /* many a call would fail with EPERM anyway */
		skip();
	assert_int_equal(run_child(SYSCALLS_UNPACK, in_child), 0);
}

static void test_download(void **state)
{
	if (geteuid() != 0)
		skip();
	assert_int_equal(run_child(SYSCALLS_DOWNLOAD, in_child), 0);
}

static int aborts(enum syscalls_role role, int dirfd)
{
	(void)dirfd;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || syscalls_restrict(role, NULL) < 0)
		return 1;
	signal(SIGABRT, SIG_DFL);
	abort();
}

static void test_abort(void **state)
{
	int status = run_child(SYSCALLS_DOWNLOAD, aborts);

	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGABRT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_unpack),
		cmocka_unit_test(test_download),
		cmocka_unit_test(test_abort),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
