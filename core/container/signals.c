// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/container/signals.h"

#include "core/base/cleanup.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
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

/* Where the value of KEY, which ends in a colon, stands; NULL: there is none. */
static const char *value_of(const char *status, const char *key)
{
	size_t len = strlen(key);

	for (const char *line = status; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, key, len) == 0)
			return line + len;
	}
	return NULL;
}

static bool has_signal(const char *status, const char *key, int signo)
{
	const char *mask = value_of(status, key);

	return mask && (strtoull(mask, NULL, 16) >> (signo - 1) & 1);
}

/* "NSpid:	4711	1": its numbers in the namespaces it is in, its own one last. */
static bool is_first_of_its_namespace(const char *status)
{
	const char *numbers = value_of(status, "NSpid:");
	size_t len = numbers ? strcspn(numbers, "\n") : 0;

	return len > 2 && numbers[len - 1] == '1' && numbers[len - 2] == '\t' &&
	       memchr(numbers + 1, '\t', len - 2);
}

bool signal_is_lost(const char *status, int signo)
{
	if (signo < 1 || signo > REALTIME_MAX || signo == SIGKILL || signo == SIGSTOP)
		return false;
	return is_first_of_its_namespace(status) && !has_signal(status, "SigCgt:", signo) &&
	       !has_signal(status, "SigBlk:", signo) && !has_signal(status, "SigIgn:", signo);
}
