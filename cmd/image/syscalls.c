// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd/image/syscalls.h"

#include "core/base/cleanup.h"
#include "core/supervise/seccomp_profile.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/netlink.h>
#include <linux/seccomp.h>
#include <linux/sockios.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#define ALLOW .action = SECCOMP_RET_ALLOW
#define DENY  .action = SECCOMP_RET_ERRNO | EPERM

/* Argument INDEX, which the kernel takes as an int. */
#define IS(which, number)                                                                          \
	{                                                                                          \
		.test = SECCOMP_EQUAL, .index = (which), .half = true, .value = (number)           \
	}

#define CLONE_NAMESPACES                                                                           \
	(CLONE_NEWCGROUP | CLONE_NEWIPC | CLONE_NEWNET | CLONE_NEWNS | CLONE_NEWPID |              \
	 CLONE_NEWUSER | CLONE_NEWUTS)

static const struct seccomp_rule common[] = {
	/* Who owns a file descriptor gets signals from it, and may be any process of root's. */
	{DENY, .names = "fcntl", .args = {IS(1, F_SETOWN)}},
	{DENY, .names = "fcntl", .args = {IS(1, F_SETOWN_EX)}},
	/* memory */
	{ALLOW, .names = "brk madvise mmap mprotect mremap munmap"},
	/* threads, signals, the end */
	{ALLOW,
	 .names = "exit exit_group futex getcpu getpid gettid membarrier restart_syscall rseq "
		  "rt_sigaction rt_sigprocmask rt_sigreturn sched_getaffinity sched_yield "
		  "set_robust_list sigaltstack"},
	/* clone3() has its flags in memory, where no filter looks: no such call, use clone(). */
	{.names = "clone3", .action = SECCOMP_RET_ERRNO | ENOSYS},
	{ALLOW, .names = "clone",
	 .args = {{.test = SECCOMP_MASKED_EQUAL,
		   .half = true,
		   .value = CLONE_THREAD,
		   .mask = CLONE_THREAD | CLONE_NAMESPACES}}},
	/* time */
	{ALLOW, .names = "clock_getres clock_gettime clock_nanosleep gettimeofday nanosleep time"},
	/* descriptors */
	{ALLOW,
	 .names = "close close_range dup dup2 dup3 fadvise64 fallocate fcntl fdatasync flock fsync "
		  "ftruncate lseek pipe pipe2 poll ppoll pread64 preadv pwrite64 pwritev read "
		  "readv write writev"},
	/* files */
	{ALLOW,
	 .names = "access faccessat faccessat2 fstat fstatfs getcwd getdents64 lstat mkdir mkdirat "
		  "newfstatat open openat openat2 readlink readlinkat rename renameat renameat2 "
		  "rmdir stat statfs statx unlink unlinkat"},
	/* isatty(3) */
	{ALLOW, .names = "ioctl", .args = {IS(1, TCGETS)}},
	/* who and where one is */
	{ALLOW,
	 .names = "getegid geteuid getgid getrandom getresgid getresuid getrlimit getrusage getuid "
		  "sysinfo uname"},
	{ALLOW, .names = "prlimit64", .args = {IS(0, 0)}},
};

static const struct seccomp_rule unpack[] = {
	/* what a layer's files are made with */
	{ALLOW,
	 .names = "fchmod fchmodat fchmodat2 fchown fchownat fgetxattr flistxattr fsetxattr "
		  "lgetxattr linkat llistxattr lsetxattr mknodat symlinkat syncfs umask utimensat"},
};

static const struct seccomp_rule download[] = {
	{ALLOW, .names = "socket", .args = {IS(0, AF_INET)}},
	{ALLOW, .names = "socket", .args = {IS(0, AF_INET6)}},
	{ALLOW, .names = "socket", .args = {IS(0, AF_NETLINK), IS(2, NETLINK_ROUTE)}},
	/* by which libcurl's threads wake each other; it leads nowhere else */
	{ALLOW, .names = "socketpair", .args = {IS(0, AF_UNIX)}},
	/* bind() is for netlink; a server would need listen(). */
	{ALLOW, .names =
			"bind connect getpeername getsockname getsockopt recvfrom recvmmsg recvmsg "
			"sendmmsg sendmsg sendto setsockopt shutdown"},
	{ALLOW, .names = "epoll_create1 epoll_ctl epoll_pwait epoll_wait eventfd2 pselect6 select"},
	/* resolver(3): how much there is to read, the number of an interface's name */
	{ALLOW, .names = "ioctl", .args = {IS(1, FIONREAD)}},
	{ALLOW, .names = "ioctl", .args = {IS(1, SIOCGIFINDEX)}},
};

static const struct part {
	const struct seccomp_rule *rules;
	size_t n;
} parts[] = {[SYSCALLS_UNPACK] = {unpack, ARRAY_SIZE(unpack)},
	     [SYSCALLS_DOWNLOAD] = {download, ARRAY_SIZE(download)}};

#define RULES_MAX (ARRAY_SIZE(common) + ARRAY_SIZE(unpack) + ARRAY_SIZE(download) + 1)

static size_t make_rules(const struct part *part, struct seccomp_rule rules[RULES_MAX])
{
	size_t n = ARRAY_SIZE(common);

	memcpy(rules, common, sizeof(common));
	memcpy(rules + n, part->rules, part->n * sizeof(*rules));
	n += part->n;
	/* abort(3) signals itself; root may signal all that are root's. */
	rules[n++] = (struct seccomp_rule){ALLOW, .names = "tgkill",
					   .args = {IS(0, (uint32_t)getpid())}};
	return n;
}

int syscalls_restrict(enum syscalls_role role, struct err *err)
{
	CLEANUP_FREE struct sock_filter *filter = NULL;
	struct seccomp_rule rules[RULES_MAX];
	const struct seccomp_profile profile = {.rules = rules,
						.n_rules = make_rules(&parts[role], rules),
						.otherwise = SECCOMP_RET_ERRNO | EPERM,
						.native_only = true};
	struct sock_fprog program;
	size_t n = 0;
	int r = seccomp_compile(&profile, 0, &filter, &n, NULL);

	if (r == -EOPNOTSUPP)
		return 0;
	if (r < 0)
		return err_sys(err, -r, "restrict the system calls");
	program = (struct sock_fprog){.len = (unsigned short)n, .filter = filter};
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) < 0 && errno != ENOSYS)
		return err_sys(err, errno, "restrict the system calls");
	return 0;
}
