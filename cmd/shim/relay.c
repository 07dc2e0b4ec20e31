// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd/shim/relay.h"

#include "core/base/cleanup.h"
#include "core/base/clock.h"
#include "core/base/fd.h"
#include "core/container/sys.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <termios.h>

static const int handled[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGWINCH, SIGUSR1, SIGUSR2};

enum { PROGRAM, SIGNALS, MASTER, INPUT, N_POLLS };

/* End of file as a terminal knows it. */
#define CTRL_D 4

struct session {
	const struct relay *relay;
	int signals;
	struct termios saved;
	bool raw;
	bool input_open;
	char pending[4096]; /* typed, but the terminal has no room for it yet */
	size_t pending_len;
	bool master_open;
};

static void handled_set(sigset_t *ret_set)
{
	sigemptyset(ret_set);
	for (size_t i = 0; i < ARRAY_SIZE(handled); i++)
		sigaddset(ret_set, handled[i]);
}

void relay_block_signals(sigset_t *ret_old)
{
	sigset_t set;

	handled_set(&set);
	sigprocmask(SIG_BLOCK, &set, ret_old);
	/* A reader of our output that goes away must not cost the caller his terminal. */
	signal(SIGPIPE, SIG_IGN);
}

static void copy_window_size(int master)
{
	struct winsize size;

	for (int fd = 0; fd < 3; fd++)
		if (ioctl(fd, TIOCGWINSZ, &size) == 0) {
			ioctl(master, TIOCSWINSZ, &size);
			return;
		}
}

static void set_raw(struct session *session)
{
	struct termios raw;

	if (!session->relay->interactive || tcgetattr(0, &session->saved) < 0)
		return;
	raw = session->saved;
	cfmakeraw(&raw);
	session->raw = tcsetattr(0, TCSADRAIN, &raw) == 0;
}

static void take_signal(struct session *session)
{
	struct signalfd_siginfo info;

	if (read(session->signals, &info, sizeof(info)) != sizeof(info))
		return;
	if (info.ssi_signo != SIGWINCH)
		sys_pidfd_send_signal(session->relay->pidfd, (int)info.ssi_signo);
	else if (session->master_open)
		copy_window_size(session->relay->master);
}

/* false: there is nothing at the moment. */
static bool show_output(struct session *session)
{
	char buffer[4096];
	ssize_t n = read(session->relay->master, buffer, sizeof(buffer));

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	/* EIO: nobody has the other side open any more. */
	if (n <= 0 || fd_write_all(1, buffer, (size_t)n) < 0)
		session->master_open = false;
	return session->master_open;
}

static void take_input(struct session *session)
{
	ssize_t n = read(0, session->pending, sizeof(session->pending));

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		session->input_open = false;
		session->pending[0] = CTRL_D;
		n = 1;
	}
	session->pending_len = (size_t)n;
}

static void pass_input(struct session *session)
{
	ssize_t n = write(session->relay->master, session->pending, session->pending_len);

	if (n <= 0)
		return;
	session->pending_len -= (size_t)n;
	memmove(session->pending, session->pending + n, session->pending_len);
}

/* One turn; false: the program has ended. */
static bool turn(struct session *session, int timeout_ms)
{
	bool pending = session->pending_len > 0;
	struct pollfd polls[N_POLLS] = {
		[PROGRAM] = {session->relay->pidfd, POLLIN, 0},
		[SIGNALS] = {session->signals, POLLIN, 0},
		[MASTER] = {session->master_open ? session->relay->master : -1,
			    (short)(POLLIN | (pending ? POLLOUT : 0)), 0},
		[INPUT] = {session->master_open && session->input_open && !pending ? 0 : -1, POLLIN,
			   0},
	};

	if (poll(polls, N_POLLS, timeout_ms) <= 0)
		return true;
	if (polls[SIGNALS].revents)
		take_signal(session);
	if (polls[MASTER].revents & ~POLLOUT)
		show_output(session);
	if (polls[MASTER].revents & POLLOUT)
		pass_input(session);
	if (polls[INPUT].revents)
		take_input(session);
	return !polls[PROGRAM].revents;
}

bool relay_run(const struct relay *relay)
{
	struct session session = {.relay = relay,
				  .input_open = relay->interactive,
				  .master_open = relay->master >= 0};
	int64_t deadline = clock_ms() + relay->timeout_ms;
	bool running = true, in_time = true;
	sigset_t set;

	handled_set(&set);
	session.signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (session.master_open) {
		fcntl(relay->master, F_SETFL, O_RDWR | O_NONBLOCK);
		copy_window_size(relay->master);
		set_raw(&session);
	}
	while (running && in_time) {
		int64_t left = relay->timeout_ms < 0 ? -1 : deadline - clock_ms();

		running = turn(&session, left < 0 ? -1 : (int)left);
		in_time = relay->timeout_ms < 0 || clock_ms() < deadline;
	}
	while (!running && session.master_open && show_output(&session))
		;
	if (session.raw)
		tcsetattr(0, TCSADRAIN, &session.saved);
	cleanup_close(&session.signals);
	return !running;
}
