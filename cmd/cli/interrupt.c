// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd/cli/interrupt.h"

#include "cmd/cli/cli.h"
#include "cmd/cli/launch.h"
#include "cmd/cli/request.h"
#include "core/base/cleanup.h"
#include "core/supervise/control.h"

#include <errno.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

static void signals(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGINT);
	sigaddset(set, SIGTERM);
}

int interrupt_init(struct interrupt *interrupt, struct err *err)
{
	sigset_t set;

	signals(&set);
	interrupt->fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (interrupt->fd < 0)
		return err_sys(err, errno, "create a signal descriptor");
	sigprocmask(SIG_BLOCK, &set, NULL);
	return 0;
}

void interrupt_release(struct interrupt *interrupt)
{
	sigset_t set;

	cleanup_close(&interrupt->stop_fd);
	if (interrupt->fd < 0)
		return;
	close(interrupt->fd);
	interrupt->fd = -1;
	signals(&set);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
}

/* Send OP on a connection of its own; RET_FD is where its answer will come. */
static int ask(const struct interrupt *interrupt, const char *op, int *ret_fd, struct err *err)
{
	CLEANUP(request_json_cleanup)
	json_t *message = request_new(op, interrupt->services, interrupt->n_services);
	CLEANUP_FD int fd = -1;
	int r;

	if (!message)
		return err_nomem(err);
	if (interrupt->timeout_s >= 0)
		json_object_set_new(message, "timeout", json_integer(interrupt->timeout_s));
	r = launch_connect(interrupt->paths, interrupt->project, false, &fd, err);
	if (r == 0)
		r = control_send(fd, message, err);
	if (r == 0)
		*ret_fd = TAKE_FD(fd);
	return r;
}

void interrupt_stop(struct interrupt *interrupt)
{
	CLEANUP_FD int kill_fd = -1;
	struct err err = ERR_INIT;
	int r = 0;

	interrupt->count++;
	if (interrupt->count == 1) {
		cli_say("stopping in order; Ctrl-C again kills");
		r = ask(interrupt, "stop", &interrupt->stop_fd, &err);
	} else {
		r = ask(interrupt, "kill", &kill_fd, &err);
	}
	if (r < 0)
		cli_say("%s", err.msg);
}

void interrupt_serve(struct interrupt *interrupt)
{
	struct signalfd_siginfo info;

	while (read(interrupt->fd, &info, sizeof(info)) == (ssize_t)sizeof(info))
		interrupt_stop(interrupt);
}
