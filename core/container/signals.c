// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/container/signals.h"

#include "core/base/cleanup.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define REALTIME_MIN 34
#define REALTIME_MAX 64

/* A signal of two names is printed by the first one that is listed. */
static const struct {
	const char *name;
	int signo;
} signals[] = {
	{"HUP", SIGHUP},       {"INT", SIGINT},		{"QUIT", SIGQUIT},
	{"ILL", SIGILL},       {"TRAP", SIGTRAP},	{"ABRT", SIGABRT},
	{"IOT", SIGABRT},      {"BUS", SIGBUS},		{"FPE", SIGFPE},
	{"KILL", SIGKILL},     {"USR1", SIGUSR1},	{"SEGV", SIGSEGV},
	{"USR2", SIGUSR2},     {"PIPE", SIGPIPE},	{"ALRM", SIGALRM},
	{"TERM", SIGTERM},     {"STKFLT", SIGSTKFLT},	{"CHLD", SIGCHLD},
	{"CLD", SIGCHLD},      {"CONT", SIGCONT},	{"STOP", SIGSTOP},
	{"TSTP", SIGTSTP},     {"TTIN", SIGTTIN},	{"TTOU", SIGTTOU},
	{"URG", SIGURG},       {"XCPU", SIGXCPU},	{"XFSZ", SIGXFSZ},
	{"VTALRM", SIGVTALRM}, {"PROF", SIGPROF},	{"WINCH", SIGWINCH},
	{"IO", SIGIO},	       {"POLL", SIGIO},		{"PWR", SIGPWR},
	{"SYS", SIGSYS},       {"RTMIN", REALTIME_MIN}, {"RTMAX", REALTIME_MAX},
};

/* "15": one or two digits and nothing else; -EINVAL. */
static int parse_number(const char *text)
{
	size_t len = strspn(text, "0123456789");
	int value = 0;

	if (len == 0 || len > 2 || text[len])
		return -EINVAL;
	for (; *text; text++)
		value = value * 10 + (*text - '0');
	return value;
}

static int in_range(int signo, int min)
{
	return signo >= min && signo <= REALTIME_MAX ? signo : -EINVAL;
}

int signal_parse(const char *text)
{
	int offset;

	if (text[0] >= '0' && text[0] <= '9')
		return in_range(parse_number(text), 1);
	if (!strncasecmp(text, "SIG", 3))
		text += 3;
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
		if (!strcasecmp(text, signals[i].name))
			return signals[i].signo;
	if (strncasecmp(text, "RTMIN+", 6) && strncasecmp(text, "RTMAX-", 6))
		return -EINVAL;
	offset = parse_number(text + 6);
	if (offset < 0)
		return -EINVAL;
	return in_range(text[5] == '+' ? REALTIME_MIN + offset : REALTIME_MAX - offset,
			REALTIME_MIN);
}

void signal_name(int signo, char ret_name[SIGNAL_NAME_MAX])
{
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++) {
		if (signals[i].signo == signo) {
			snprintf(ret_name, SIGNAL_NAME_MAX, "SIG%s", signals[i].name);
			return;
		}
	}
	if (signo > REALTIME_MIN && signo < REALTIME_MAX)
		snprintf(ret_name, SIGNAL_NAME_MAX, "SIGRTMIN+%d", signo - REALTIME_MIN);
	else
		snprintf(ret_name, SIGNAL_NAME_MAX, "signal %d", signo);
}
