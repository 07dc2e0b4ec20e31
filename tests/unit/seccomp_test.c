// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/supervise/seccomp.h"

#include "core/base/cleanup.h"
#include "core/base/err.h"
#include "core/container/caps.h"
#include "core/supervise/seccomp_profile.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sched.h>
#include <seccomp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include <cmocka.h>

#include "tests/unit/seccomp_run.h"

#define CAP_BIT(number) (UINT64_C(1) << (number))

static struct sock_filter *filter;
static size_t n_filter;

static int start(void **state)
{
	return seccomp_default(CAPS_DEFAULT, &filter, &n_filter, NULL);
}

static int finish(void **state)
{
	free(filter);
	return 0;
}

static uint32_t verdict(uint32_t arch, int number, uint64_t first_argument)
{
	const struct seccomp_data data = {.arch = arch, .nr = number, .args = {first_argument}};

	return run(filter, n_filter, &data);
}

#define DENIED(number) (SECCOMP_RET_ERRNO | (number))

static const char *const denied_names[] = {
	"_sysctl",
	"acct",
	"add_key",
	"afs_syscall",
	"bpf",
	"clock_settime",
	"create_module",
	"delete_module",
	"fanotify_init",
	"finit_module",
	"fsconfig",
	"fsmount",
	"fsopen",
	"fspick",
	"get_kernel_syms",
	"get_mempolicy",
	"getpmsg",
	"init_module",
	"io_uring_enter",
	"io_uring_register",
	"io_uring_setup",
	"ioperm",
	"iopl",
	"kcmp",
	"kexec_file_load",
	"kexec_load",
	"keyctl",
	"lookup_dcookie",
	"lsm_get_self_attr",
	"lsm_list_modules",
	"lsm_set_self_attr",
	"mbind",
	"migrate_pages",
	"mount",
	"mount_setattr",
	"move_mount",
	"move_pages",
	"nfsservctl",
	"open_by_handle_at",
	"open_tree",
	"perf_event_open",
	"pidfd_getfd",
	"pivot_root",
	"process_madvise",
	"putpmsg",
	"query_module",
	"quotactl",
	"quotactl_fd",
	"reboot",
	"request_key",
	"security",
	"set_mempolicy",
	"set_mempolicy_home_node",
	"setdomainname",
	"sethostname",
	"setns",
	"settimeofday",
	"swapoff",
	"swapon",
	"sysfs",
	"syslog",
	"tuxcall",
	"umount2",
	"unshare",
	"uselib",
	"userfaultfd",
	"ustat",
	"vhangup",
	"vserver",
};

static void the_denied_list_is_denied(void **state)
{
	size_t denied = 0;

	for (size_t i = 0; i < ARRAY_SIZE(denied_names); i++) {
		int number = seccomp_number(denied_names[i], SCMP_ARCH_X86_64);

		if (number < 0)
			fail_msg("%s has no number", denied_names[i]);
		if (verdict(AUDIT_ARCH_X86_64, number, 0) != DENIED(EPERM))
			fail_msg("%s is %x", denied_names[i],
				 verdict(AUDIT_ARCH_X86_64, number, 0));
		denied++;
	}
	assert_true(denied >= 60);
	/* open_tree_attr, file_getattr, file_setattr: known, and not in the profile */
	for (int number = 467; number <= 469; number++)
		assert_int_equal(verdict(AUDIT_ARCH_X86_64, number, 0), DENIED(EPERM));
}

/* Every name of the rules that hold for CAPS_DEFAULT without a test is allowed, nothing else. */
static void what_is_allowed_is_what_the_profile_names(void **state)
{
	static const uint32_t arches[][2] = {{SCMP_ARCH_X86_64, AUDIT_ARCH_X86_64},
					     {SCMP_ARCH_X86, AUDIT_ARCH_I386}};

	for (size_t a = 0; a < ARRAY_SIZE(arches); a++) {
		bool allowed[SECCOMP_NEWEST + 1] = {false}, tested[SECCOMP_NEWEST + 1] = {false};

		for (size_t i = 0; i < seccomp_default_profile.n_rules; i++) {
			const struct seccomp_rule *rule = &seccomp_default_profile.rules[i];
			CLEANUP_FREE char *names = strdup(rule->names);
			char *save = NULL;

			if (rule->needs && !(rule->needs & CAPS_DEFAULT))
				continue;
			for (char *name = strtok_r(names, " ", &save); name;
			     name = strtok_r(NULL, " ", &save)) {
				int number = seccomp_number(name, arches[a][0]);

				if (number < 0)
					continue;
				if (rule->args[0].test != SECCOMP_ALWAYS ||
				    rule->action != SECCOMP_RET_ALLOW)
					tested[number] = true;
				else
					allowed[number] = true;
			}
		}
		for (int number = 0; number <= SECCOMP_NEWEST; number++) {
			uint32_t is = verdict(arches[a][1], number, 1);

			if (!tested[number] &&
			    is != (allowed[number] ? SECCOMP_RET_ALLOW : DENIED(EPERM)))
				fail_msg("arch %zu call %d: %x", a, number, is);
		}
	}
}

static void i386_numbers_are_i386s(void **state)
{
	assert_int_equal(verdict(AUDIT_ARCH_I386, 20, 0), SECCOMP_RET_ALLOW);  /* getpid */
	assert_int_equal(verdict(AUDIT_ARCH_I386, 21, 0), DENIED(EPERM));      /* mount */
	assert_int_equal(verdict(AUDIT_ARCH_I386, 102, 0), SECCOMP_RET_ALLOW); /* socketcall */
	assert_int_equal(verdict(AUDIT_ARCH_I386, 359, 2), SECCOMP_RET_ALLOW); /* socket */
	assert_int_equal(verdict(AUDIT_ARCH_I386, 359, 38), DENIED(EPERM));
	assert_int_equal(verdict(AUDIT_ARCH_I386, 310, 0), DENIED(EPERM));     /* unshare */
	assert_int_equal(verdict(AUDIT_ARCH_I386, 372, 0), SECCOMP_RET_ALLOW); /* recvmsg */
}

static void other_architectures_and_numbers_are_caught(void **state)
{
	static const uint32_t archs[] = {AUDIT_ARCH_X86_64, AUDIT_ARCH_I386};

	for (size_t i = 0; i < ARRAY_SIZE(archs); i++) {
		assert_int_equal(verdict(archs[i], SECCOMP_NEWEST + 1, 0), DENIED(ENOSYS));
		assert_int_equal(verdict(archs[i], 1000, 0), DENIED(ENOSYS));
		assert_int_equal(verdict(archs[i], 0x3fffffff, 0), DENIED(ENOSYS));
		assert_int_equal(verdict(archs[i], 0x40000000 | 39, 0), DENIED(ENOSYS));
		assert_int_equal(verdict(archs[i], -1, 0), DENIED(ENOSYS));
	}
	assert_int_equal(verdict(AUDIT_ARCH_AARCH64, 172, 0), SECCOMP_RET_KILL_PROCESS);
	assert_int_equal(verdict(0, 0, 0), SECCOMP_RET_KILL_PROCESS);
}

static void arguments_are_tested(void **state)
{
	static const struct {
		int number;
		uint64_t argument;
		bool allowed;
	} table[] = {
		{SYS_socket, AF_INET, true},
		{SYS_socket, AF_UNIX, true},
		{SYS_socket, AF_NETLINK, true},
		{SYS_socket, 37, true},
		{SYS_socket, 38, false},
		{SYS_socket, 39, true},
		{SYS_socket, 40, false},
		{SYS_socket, 41, true},
		{SYS_socket, UINT64_C(1) << 32 | 38, false}, /* the kernel takes the low half */
		{SYS_socket, UINT64_C(0xffffffff00000000) | 40, false},
		{SYS_personality, 0, true},
		{SYS_personality, 8, true},
		{SYS_personality, 0x20000, true},
		{SYS_personality, 0x20008, true},
		{SYS_personality, 0xffffffff, true},
		{SYS_personality, 0x40000, false}, /* ADDR_NO_RANDOMIZE */
		{SYS_personality, 1, false},
		{SYS_clone, SIGCHLD, true},
		{SYS_clone, CLONE_VM | CLONE_VFORK, true},
		{SYS_clone, CLONE_NEWNS, false},
		{SYS_clone, CLONE_NEWUSER | SIGCHLD, false},
		{SYS_clone, CLONE_NEWCGROUP, false},
		{SYS_clone, CLONE_NEWUTS, false},
		{SYS_clone, CLONE_NEWIPC, false},
		{SYS_clone, CLONE_NEWPID, false},
		{SYS_clone, CLONE_NEWNET, false},
		{SYS_chroot, 0, true}, /* CAP_SYS_CHROOT is one of docker's */
	};

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		uint32_t is = verdict(AUDIT_ARCH_X86_64, table[i].number, table[i].argument);

		if (is != (table[i].allowed ? SECCOMP_RET_ALLOW : DENIED(EPERM)))
			fail_msg("row %zu: %x", i, is);
	}
	assert_int_equal(verdict(AUDIT_ARCH_X86_64, SYS_clone3, 0), DENIED(ENOSYS));
}

static void capabilities_permit_more(void **state)
{
	static const struct {
		int cap, number;
	} table[] = {
		{21, SYS_mount},
		{21, SYS_clone3},
		{21, SYS_unshare},
		{21, SYS_setns},
		{2, SYS_open_by_handle_at},
		{22, SYS_reboot},
		{16, SYS_init_module},
		{20, SYS_acct},
		{19, SYS_kcmp},
		{19, SYS_pidfd_getfd},
		{17, SYS_iopl},
		{25, SYS_clock_settime},
		{26, SYS_vhangup},
		{23, SYS_mbind},
		{34, SYS_syslog},
		{39, SYS_bpf},
		{38, SYS_perf_event_open},
	};

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		CLEANUP_FREE struct sock_filter *more = NULL;
		struct seccomp_data data = {.arch = AUDIT_ARCH_X86_64, .nr = table[i].number};
		size_t n;

		assert_int_equal(seccomp_default(CAP_BIT(table[i].cap), &more, &n, NULL), 0);
		if (run(more, n, &data) != SECCOMP_RET_ALLOW)
			fail_msg("row %zu", i);
		data.nr = SYS_chroot;
		assert_int_equal(run(more, n, &data), DENIED(EPERM));
		data.nr = SYS_clone;
		data.args[0] = CLONE_NEWNS;
		assert_int_equal(run(more, n, &data),
				 table[i].cap == 21 ? SECCOMP_RET_ALLOW : DENIED(EPERM));
	}
}

/* From here on, the real kernel. */

static void enforce(void)
{
	struct sock_fprog program = {.len = (unsigned short)n_filter, .filter = filter};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
	    syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) < 0)
		_exit(100);
}

/* Exit status of CHECK, run in a child under the filter; 128 + signal when it was killed. */
static int inside(int (*check)(void))
{
	siginfo_t info;
	pid_t pid = fork();

	if (pid == 0) {
		enforce();
		_exit(check());
	}
	assert_true(pid > 0);
	assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED), 0);
	return info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status;
}

static int try_denied(void)
{
	/* Harmless if it was let through; vhangup() and its like below are not. */
	if (syscall(SYS_mount, NULL, NULL, NULL, 0, NULL) != -1 || errno != EPERM)
		return 1;
	for (size_t i = 0; i < ARRAY_SIZE(denied_names); i++) {
		errno = 0;
		if (syscall(seccomp_number(denied_names[i], SCMP_ARCH_X86_64), -1, -1, -1, -1, -1,
			    -1) != -1 ||
		    errno != EPERM) {
			fprintf(stderr, "%s: %s\n", denied_names[i], strerror(errno));
			return 2;
		}
	}
	if (syscall(SYS_clone3, NULL, 0) != -1 || errno != ENOSYS)
		return 3;
	if (syscall(0x40000000 | SYS_getpid) != -1 || errno != ENOSYS)
		return 4;
	if (syscall(1000) != -1 || errno != ENOSYS)
		return 5;
	if (socket(AF_ALG, SOCK_SEQPACKET, 0) != -1 || errno != EPERM)
		return 6;
	if (socket(AF_VSOCK, SOCK_STREAM, 0) != -1 || errno != EPERM)
		return 7;
	return 0;
}

static void the_kernel_denies_them(void **state)
{
	assert_int_equal(inside(try_denied), 0);
}

static void *thread_main(void *data)
{
	*(int *)data = 1;
	return NULL;
}

static int try_ordinary(void)
{
	static const int families[] = {AF_UNIX, AF_INET, AF_INET6, AF_NETLINK};
	int ran = 0, status;
	pthread_t thread;
	pid_t pid;
	void *memory;

	if (pthread_create(&thread, NULL, thread_main, &ran) || pthread_join(thread, NULL) || !ran)
		return 1;
	for (size_t i = 0; i < ARRAY_SIZE(families); i++) {
		CLEANUP_FD int fd = socket(families[i], SOCK_DGRAM | SOCK_CLOEXEC, 0);

		if (fd < 0 && errno == EPERM)
			return 2;
	}
	memory = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED || mprotect(memory, 4096, PROT_READ) < 0)
		return 3;
	pid = fork();
	if (pid == 0) {
		execl("/bin/sh", "sh", "-c",
		      "/bin/true && echo x | cat >/dev/null && ls / >/dev/null", (char *)NULL);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0)
		return 4;
	return 0;
}

static void ordinary_programs_work(void **state)
{
	assert_int_equal(inside(try_ordinary), 0);
}

#if defined(__x86_64__)
static long i386_call(long number, long argument)
{
	long result;

	__asm__ volatile("int $0x80"
			 : "=a"(result)
			 : "a"(number), "b"(argument), "c"(0), "d"(0), "S"(0), "D"(0)
			 : "memory", "r8", "r9", "r10", "r11");
	return (int)result;
}

static int try_i386(void)
{
	if (i386_call(20, 0) != getpid())
		return 1;
	if (i386_call(310, 0) != -EPERM) /* unshare */
		return 2;
	if (i386_call(359, 38) != -EPERM) /* socket(AF_ALG) */
		return 3;
	return i386_call(1000, 0) == -ENOSYS ? 0 : 4;
}

static void i386_programs_have_the_same_profile(void **state)
{
	pid_t pid = fork();
	int status;

	if (pid == 0)
		_exit(i386_call(20, 0) == getpid() ? 0 : 1);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (status != 0)
		skip(); /* a kernel without CONFIG_IA32_EMULATION */
	assert_int_equal(inside(try_i386), 0);
}
#endif

static void the_program_is_small_and_quick_to_make(void **state)
{
	struct timespec from, to;
	double us;

	assert_true(n_filter <= BPF_MAXINSNS / 4);
	clock_gettime(CLOCK_MONOTONIC, &from);
	for (int i = 0; i < 20; i++) {
		CLEANUP_FREE struct sock_filter *again = NULL;
		size_t n;

		assert_int_equal(seccomp_default(CAPS_DEFAULT, &again, &n, NULL), 0);
		assert_int_equal(n, n_filter);
		assert_memory_equal(again, filter, n * sizeof(*again));
	}
	clock_gettime(CLOCK_MONOTONIC, &to);
	us = ((double)(to.tv_sec - from.tv_sec) * 1e9 + (double)(to.tv_nsec - from.tv_nsec)) / 20e3;
	print_message("%zu instructions, made in %.0f us\n", n_filter, us);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_denied_list_is_denied),
		cmocka_unit_test(what_is_allowed_is_what_the_profile_names),
		cmocka_unit_test(i386_numbers_are_i386s),
		cmocka_unit_test(other_architectures_and_numbers_are_caught),
		cmocka_unit_test(arguments_are_tested),
		cmocka_unit_test(capabilities_permit_more),
		cmocka_unit_test(the_kernel_denies_them),
		cmocka_unit_test(ordinary_programs_work),
#if defined(__x86_64__)
		cmocka_unit_test(i386_programs_have_the_same_profile),
#endif
		cmocka_unit_test(the_program_is_small_and_quick_to_make),
	};

	return cmocka_run_group_tests(tests, start, finish);
}
