// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Two writers: our commits against another program that replaces rules all the
 * time.  Neither loses one, and without the lock of iptables one does.
 *
 * STACK_TEST_LONG=1 in the environment: a thousand commits.
 */
#include "core/base/cleanup.h"
#include "netlab.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define UNLOCKED_COMMITS_MAX 20000

/* Until the file `stop` is there: replace a rule, and see that it is there. */
static const char legacy_writer[] =
	"i=0; while [ ! -e /run/stop ]; do i=$(((i + 1) % 250)); "
	"iptables-legacy -w 5 -R FORWARD 3 -s 192.0.2.$i; "
	"iptables-legacy -S FORWARD | grep -q 192.0.2.$i/32 || exit 1; done";
static const char nft_writer[] =
	"i=0; while [ ! -e /run/stop ]; do i=$(((i + 1) % 250)); "
	"nft replace rule ip mine forward handle 2 ip saddr 192.0.2.$i drop; "
	"nft list chain ip mine forward | grep -q 192.0.2.$i || exit 1; done";

static pid_t start_writer(const char *script)
{
	pid_t pid;

	unlink("/run/stop");
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		unsetenv("XTABLES_LOCKFILE");
		execl("/bin/sh", "sh", "-ec", script, NULL);
	}
	return pid;
}

static int end_writer(pid_t pid)
{
	int status;

	run("touch /run/stop");
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static bool has_ended(pid_t pid)
{
	siginfo_t info = {.si_pid = 0};

	return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
	       info.si_pid != 0;
}

static int commits(void)
{
	return getenv("STACK_TEST_LONG") ? 1000 : 300;
}

/* Commit number I changes rules, but not how many there are: the kernel would notice that. */
static int try_commit(const char *project_id, int i, bool *ret_intact, struct err *ret_err)
{
	struct firewall_port ports[ARRAY_SIZE(lab.shop_ports)];
	struct firewall_rules rules = lab.shop_rules;
	int r;

	memcpy(ports, lab.shop_ports, sizeof(ports));
	ports[0].host_port = (uint16_t)(8000 + i % 2);
	ports[0].port = (uint16_t)(80 + i % 2);
	rules.ports = ports;
	r = firewall_sync(lab.firewall, project_id, &rules, ret_err);
	return r < 0 ? r : firewall_check(lab.firewall, project_id, &rules, ret_intact, ret_err);
}

static bool commit(int i)
{
	bool intact = false;

	assert_ok(try_commit(SHOP, i, &intact, &err));
	return intact;
}

static bool commit_is_lost(const char *project_id, int i)
{
	bool intact = false;

	return try_commit(project_id, i, &intact, NULL) < 0 || !intact;
}

/* Another writer of our own kind, with a lock of its own. */
static pid_t start_careless_writer(void)
{
	pid_t pid;

	unlink("/run/stop");
	pid = fork();
	if (pid != 0)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	setenv("XTABLES_LOCKFILE", "/run/another.lock", 1);
	for (int i = 0; access("/run/stop", F_OK) < 0; i++)
		if (commit_is_lost(BLOG, i))
			_exit(1);
	_exit(0);
}

static void lose_nothing(const char *writer)
{
	pid_t pid = start_writer(writer);

	for (int i = 0; i < commits(); i++) {
		assert_true(commit(i));
		if (has_ended(pid))
			fail_msg("it lost a rule after commit %d", i);
	}
	assert_int_equal(end_writer(pid), 0);
}

static void test_legacy_loses_nothing(void **state)
{
	static const char others[] =
		"iptables-legacy -w 5 -R FORWARD 3 -s 192.0.2.0; "
		"for t in raw filter nat mangle; do iptables-legacy-save -t $t; done | "
		"grep -v -e '^#' -e STACK | sed 's/\\[[0-9]*:[0-9]*\\]//'";
	char *before, *after;

	run("iptables-legacy -A FORWARD -s 192.0.2.0; iptables-legacy -t nat -N MINE; "
	    "iptables-legacy -t nat -A POSTROUTING -s 192.0.2.0/24 -j MINE; "
	    "iptables-legacy -t mangle -A FORWARD -m limit --limit 5/min -j RETURN");
	before = output(others);
	assert_non_null(strstr(before, "-j MINE"));
	lose_nothing(legacy_writer);
	after = output(others);
	assert_string_equal(before, after);
	free(before);
	free(after);
}

/* The same with two locks: a rule of one or the other is lost, and seen to be. */
static void test_legacy_without_the_lock_loses(void **state)
{
	pid_t pid = start_careless_writer();
	bool lost = false;

	setenv("XTABLES_LOCKFILE", "/run/nobody-has.lock", 1);
	for (int i = 0; !lost && i < UNLOCKED_COMMITS_MAX; i++)
		lost = commit_is_lost(SHOP, i) || has_ended(pid);
	unsetenv("XTABLES_LOCKFILE");
	assert_true(end_writer(pid) != 0 || lost);
	assert_true(lost);
}

static void test_nft_loses_nothing(void **state)
{
	run("nft 'table ip mine { chain forward { type filter hook forward priority 5; "
	    "ip saddr 192.0.2.0 drop; }; }'");
	lose_nothing(nft_writer);
}

static int setup_legacy(void **state)
{
	setenv("STACK_FIREWALL", "legacy", 1);
	return lab_setup(state);
}

static int setup_nft(void **state)
{
	setenv("STACK_FIREWALL", "nft", 1);
	return lab_setup(state);
}

int main(void)
{
	const struct CMUnitTest legacy[] = {
		cmocka_unit_test(test_legacy_loses_nothing),
		cmocka_unit_test(test_legacy_without_the_lock_loses),
	};
	const struct CMUnitTest nft[] = {
		cmocka_unit_test(test_nft_loses_nothing),
	};
	int failed;

	if (geteuid() != 0) {
		print_message("needs root: skipped\n");
		return 0;
	}
	failed = cmocka_run_group_tests_name("legacy", legacy, setup_legacy, lab_teardown);
	return failed + cmocka_run_group_tests_name("nft", nft, setup_nft, lab_teardown);
}
