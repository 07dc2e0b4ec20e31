// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd/image/interrupt.h"

#include "core/base/cleanup.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>

static atomic_int caught; /* the signal, or 0 */

static const int signals[] = {SIGINT, SIGTERM, SIGHUP};

static void note(int signal)
{
	atomic_store(&caught, signal);
}

void interrupt_catch(void)
{
	const struct sigaction action = {.sa_handler = note, .sa_flags = (int)SA_RESETHAND};
	struct sigaction before;

	for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
		if (sigaction(signals[i], NULL, &before) == 0 && before.sa_handler != SIG_IGN)
			(void)sigaction(signals[i], &action, NULL);
}

bool interrupted(void *data)
{
	(void)data;
	return atomic_load(&caught) != 0;
}

int interrupt_poll(struct pollfd *fds, size_t n)
{
	sigset_t ours, before;
	int r, code;

	sigemptyset(&ours);
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
		sigaddset(&ours, signals[i]);
	sigprocmask(SIG_BLOCK, &ours, &before);
	if (interrupted(NULL)) {
		r = -1;
		code = EINTR;
	} else {
		r = ppoll(fds, n, NULL, &before);
		code = errno;
	}
	sigprocmask(SIG_SETMASK, &before, NULL);
	errno = code;
	return r;
}

void interrupt_end(void)
{
	int signal = atomic_load(&caught);

	if (signal)
		raise(signal);
}
