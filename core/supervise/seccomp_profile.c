// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/supervise/seccomp_profile.h"

#include "core/base/cleanup.h"

#include <errno.h>
#include <linux/capability.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <string.h>

#define CAP(name) (UINT64_C(1) << CAP_##name)
#define ALLOW	  .action = SECCOMP_RET_ALLOW

/*
 * clone() that makes a namespace: NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER,
 * NEWPID, NEWNET.
 */
#define CLONE_NAMESPACES 0x7e020000u

/* What docker's profile permits on Linux 4.8 and later, by the capability it takes. */
static const struct seccomp_rule default_rules[] = {
	{ALLOW,
	 .names = "accept accept4 access adjtimex alarm bind brk cachestat capget capset chdir "
		  "chmod chown chown32 clock_adjtime clock_adjtime64 clock_getres "
		  "clock_getres_time64 clock_gettime clock_gettime64 clock_nanosleep "
		  "clock_nanosleep_time64 close close_range connect copy_file_range creat dup "
		  "dup2 dup3 epoll_create epoll_create1 epoll_ctl epoll_ctl_old epoll_pwait "
		  "epoll_pwait2 epoll_wait epoll_wait_old eventfd eventfd2 execve execveat exit "
		  "exit_group faccessat faccessat2 fadvise64 fadvise64_64 fallocate "
		  "fanotify_mark fchdir fchmod fchmodat fchmodat2 fchown fchown32 fchownat "
		  "fcntl fcntl64 fdatasync fgetxattr flistxattr flock fork fremovexattr "
		  "fsetxattr fstat fstat64 fstatat64 fstatfs fstatfs64 fsync ftruncate "
		  "ftruncate64 futex futex_requeue futex_time64 futex_wait futex_waitv "
		  "futex_wake futimesat get_robust_list get_thread_area getcpu getcwd getdents "
		  "getdents64 getegid getegid32 geteuid geteuid32 getgid getgid32 getgroups "
		  "getgroups32 getitimer getpeername getpgid getpgrp getpid getppid getpriority "
		  "getrandom getresgid getresgid32 getresuid getresuid32 getrlimit getrusage "
		  "getsid getsockname getsockopt gettid gettimeofday getuid getuid32 getxattr "
		  "getxattrat inotify_add_watch inotify_init inotify_init1 inotify_rm_watch "
		  "io_cancel io_destroy io_getevents io_pgetevents io_pgetevents_time64 "
		  "io_setup io_submit ioctl ioprio_get ioprio_set ipc kill landlock_add_rule "
		  "landlock_create_ruleset landlock_restrict_self lchown lchown32 lgetxattr "
		  "link linkat listen listmount listxattr listxattrat llistxattr _llseek "
		  "lremovexattr lseek lsetxattr lstat lstat64"},
	{ALLOW,
	 .names = "madvise map_shadow_stack membarrier memfd_create memfd_secret mincore mkdir "
		  "mkdirat mknod mknodat mlock mlock2 mlockall mmap mmap2 mprotect "
		  "mq_getsetattr mq_notify mq_open mq_timedreceive mq_timedreceive_time64 "
		  "mq_timedsend mq_timedsend_time64 mq_unlink mremap mseal msgctl msgget msgrcv "
		  "msgsnd msync munlock munlockall munmap name_to_handle_at nanosleep "
		  "newfstatat _newselect open openat openat2 pause pidfd_open pidfd_send_signal "
		  "pipe pipe2 pkey_alloc pkey_free pkey_mprotect poll ppoll ppoll_time64 prctl "
		  "pread64 preadv preadv2 prlimit64 process_mrelease pselect6 pselect6_time64 "
		  "pwrite64 pwritev pwritev2 read readahead readlink readlinkat readv recv "
		  "recvfrom recvmmsg recvmmsg_time64 recvmsg remap_file_pages removexattr "
		  "removexattrat rename renameat renameat2 restart_syscall riscv_hwprobe rmdir "
		  "rseq rt_sigaction rt_sigpending rt_sigprocmask rt_sigqueueinfo rt_sigreturn "
		  "rt_sigsuspend rt_sigtimedwait rt_sigtimedwait_time64 rt_tgsigqueueinfo "
		  "sched_get_priority_max sched_get_priority_min sched_getaffinity "
		  "sched_getattr sched_getparam sched_getscheduler sched_rr_get_interval "
		  "sched_rr_get_interval_time64 sched_setaffinity sched_setattr sched_setparam "
		  "sched_setscheduler sched_yield seccomp select semctl semget semop semtimedop "
		  "semtimedop_time64 send sendfile sendfile64 sendmmsg sendmsg sendto "
		  "set_robust_list set_thread_area set_tid_address setfsgid setfsgid32 setfsuid "
		  "setfsuid32 setgid setgid32 setgroups setgroups32 setitimer setpgid "
		  "setpriority setregid setregid32 setresgid setresgid32 setresuid setresuid32 "
		  "setreuid setreuid32 setrlimit setsid setsockopt setuid setuid32 setxattr "
		  "setxattrat shmat shmctl shmdt shmget shutdown sigaltstack signalfd signalfd4 "
		  "sigprocmask sigreturn socketcall socketpair splice stat stat64 statfs "
		  "statfs64 statmount statx symlink symlinkat sync sync_file_range syncfs "
		  "sysinfo tee tgkill time timer_create timer_delete timer_getoverrun "
		  "timer_gettime timer_gettime64 timer_settime timer_settime64 timerfd_create "
		  "timerfd_gettime timerfd_gettime64 timerfd_settime timerfd_settime64 times "
		  "tkill truncate truncate64 ugetrlimit umask uname unlink unlinkat uretprobe "
		  "utime utimensat utimensat_time64 utimes vfork vmsplice wait4 waitid waitpid "
		  "write writev"},
	{ALLOW, .names = "arch_prctl modify_ldt process_vm_readv process_vm_writev ptrace"},

	/* AF_VSOCK (40) reaches past the network namespace; AF_ALG (38) has been a way to write
	   into the page cache that containers share. */
	{.names = "socket", ALLOW, .args = {{.test = SECCOMP_LESS, .half = true, .value = 38}}},
	{.names = "socket", ALLOW, .args = {{.test = SECCOMP_EQUAL, .half = true, .value = 39}}},
	{.names = "socket", ALLOW, .args = {{.test = SECCOMP_GREATER, .half = true, .value = 40}}},

	/* PER_LINUX, PER_LINUX32, each also with UNAME26, and asking for the current one */
	{.names = "personality",
	 ALLOW,
	 .args = {{.test = SECCOMP_EQUAL, .half = true, .value = 0x0}}},
	{.names = "personality",
	 ALLOW,
	 .args = {{.test = SECCOMP_EQUAL, .half = true, .value = 0x8}}},
	{.names = "personality",
	 ALLOW,
	 .args = {{.test = SECCOMP_EQUAL, .half = true, .value = 0x20000}}},
	{.names = "personality",
	 ALLOW,
	 .args = {{.test = SECCOMP_EQUAL, .half = true, .value = 0x20008}}},
	{.names = "personality",
	 ALLOW,
	 .args = {{.test = SECCOMP_EQUAL, .half = true, .value = 0xffffffff}}},

	{.needs = CAP(SYS_ADMIN),
	 ALLOW,
	 .names = "bpf clone clone3 fanotify_init fsconfig fsmount fsopen fspick lookup_dcookie "
		  "lsm_get_self_attr lsm_list_modules lsm_set_self_attr mount mount_setattr "
		  "move_mount open_tree perf_event_open quotactl quotactl_fd setdomainname "
		  "sethostname setns syslog umount umount2 unshare"},
	/* The flags of clone3() are in memory, out of reach: no such call, use clone(). */
	{.names = "clone3", .action = SECCOMP_RET_ERRNO | ENOSYS},
	{.names = "clone",
	 ALLOW,
	 .args = {{.test = SECCOMP_MASKED_EQUAL, .half = true, .mask = CLONE_NAMESPACES}}},

	{.needs = CAP(BPF), ALLOW, .names = "bpf"},
	{.needs = CAP(DAC_READ_SEARCH), ALLOW, .names = "open_by_handle_at"},
	{.needs = CAP(PERFMON), ALLOW, .names = "perf_event_open"},
	{.needs = CAP(SYS_BOOT), ALLOW, .names = "reboot"},
	{.needs = CAP(SYS_CHROOT), ALLOW, .names = "chroot"},
	{.needs = CAP(SYS_MODULE), ALLOW, .names = "delete_module finit_module init_module"},
	{.needs = CAP(SYS_NICE),
	 ALLOW,
	 .names = "get_mempolicy mbind set_mempolicy set_mempolicy_home_node"},
	{.needs = CAP(SYS_PACCT), ALLOW, .names = "acct"},
	{.needs = CAP(SYS_PTRACE), ALLOW, .names = "kcmp pidfd_getfd process_madvise"},
	{.needs = CAP(SYS_RAWIO), ALLOW, .names = "ioperm iopl"},
	{.needs = CAP(SYS_TIME),
	 ALLOW,
	 .names = "clock_settime clock_settime64 settimeofday stime"},
	{.needs = CAP(SYS_TTY_CONFIG), ALLOW, .names = "vhangup"},
	{.needs = CAP(SYSLOG), ALLOW, .names = "syslog"},
};

const struct seccomp_profile seccomp_default_profile = {
	.rules = default_rules,
	.n_rules = ARRAY_SIZE(default_rules),
	.otherwise = SECCOMP_RET_ERRNO | EPERM,
};

/*
 * Numbers that libseccomp 2.5 does not know, or hides: it takes the socket and
 * IPC calls of i386 for parts of socketcall() and ipc(), which they are not only.
 */
#define ANY_ARCH 0u

static const struct {
	const char *name;
	uint32_t arch; /* ANY_ARCH: the number is the same on all, as all since 424 are */
	int number;
} numbers[] = {
	{"cachestat", ANY_ARCH, 451},	      {"fchmodat2", ANY_ARCH, 452},
	{"map_shadow_stack", ANY_ARCH, 453},  {"futex_wake", ANY_ARCH, 454},
	{"futex_wait", ANY_ARCH, 455},	      {"futex_requeue", ANY_ARCH, 456},
	{"statmount", ANY_ARCH, 457},	      {"listmount", ANY_ARCH, 458},
	{"lsm_get_self_attr", ANY_ARCH, 459}, {"lsm_set_self_attr", ANY_ARCH, 460},
	{"lsm_list_modules", ANY_ARCH, 461},  {"mseal", ANY_ARCH, 462},
	{"setxattrat", ANY_ARCH, 463},	      {"getxattrat", ANY_ARCH, 464},
	{"listxattrat", ANY_ARCH, 465},	      {"removexattrat", ANY_ARCH, 466},
	{"uretprobe", SCMP_ARCH_X86_64, 335}, {"socket", SCMP_ARCH_X86, 359},
	{"socketpair", SCMP_ARCH_X86, 360},   {"bind", SCMP_ARCH_X86, 361},
	{"connect", SCMP_ARCH_X86, 362},      {"listen", SCMP_ARCH_X86, 363},
	{"accept4", SCMP_ARCH_X86, 364},      {"getsockopt", SCMP_ARCH_X86, 365},
	{"setsockopt", SCMP_ARCH_X86, 366},   {"getsockname", SCMP_ARCH_X86, 367},
	{"getpeername", SCMP_ARCH_X86, 368},  {"sendto", SCMP_ARCH_X86, 369},
	{"sendmsg", SCMP_ARCH_X86, 370},      {"recvfrom", SCMP_ARCH_X86, 371},
	{"recvmsg", SCMP_ARCH_X86, 372},      {"shutdown", SCMP_ARCH_X86, 373},
	{"semget", SCMP_ARCH_X86, 393},	      {"semctl", SCMP_ARCH_X86, 394},
	{"shmget", SCMP_ARCH_X86, 395},	      {"shmctl", SCMP_ARCH_X86, 396},
	{"shmat", SCMP_ARCH_X86, 397},	      {"shmdt", SCMP_ARCH_X86, 398},
	{"msgget", SCMP_ARCH_X86, 399},	      {"msgsnd", SCMP_ARCH_X86, 400},
	{"msgrcv", SCMP_ARCH_X86, 401},	      {"msgctl", SCMP_ARCH_X86, 402},
};

int seccomp_number(const char *name, uint32_t arch)
{
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		if ((numbers[i].arch == ANY_ARCH || numbers[i].arch == arch) &&
		    !strcmp(numbers[i].name, name))
			return numbers[i].number;
	return seccomp_syscall_resolve_name_arch(arch, name);
}
