// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/container/channel.h"

#include "core/base/cleanup.h"
#include "core/base/err.h"
#include "core/container/program.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

enum message_type { TERMINAL, READY, FAILURE };

struct message {
	enum message_type type;
	int exit_code;
	uint64_t set_up_ns;
	struct err err;
};

union control {
	struct cmsghdr align;
	char space[CMSG_SPACE(sizeof(int))];
};

int channel_open(int *ret_parent, int *ret_child, struct err *err)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return err_sys(err, errno, "make a pair of sockets");
	*ret_parent = pair[0];
	*ret_child = pair[1];
	return 0;
}

static int send_message(int channel, const struct message *message, int fd)
{
	struct iovec iov = {(void *)(uintptr_t)message, sizeof(*message)};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
	union control control = {{0}};

	if (fd >= 0) {
		struct cmsghdr *cmsg;

		msg.msg_control = control.space;
		msg.msg_controllen = sizeof(control.space);
		cmsg = CMSG_FIRSTHDR(&msg);
		cmsg->cmsg_level = SOL_SOCKET;
		cmsg->cmsg_type = SCM_RIGHTS;
		cmsg->cmsg_len = CMSG_LEN(sizeof(fd));
		memcpy(CMSG_DATA(cmsg), &fd, sizeof(fd));
	}
	return sendmsg(channel, &msg, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

int channel_send_terminal(int channel, int master, struct err *err)
{
	struct message message = {.type = TERMINAL};
	int r = send_message(channel, &message, master);

	return r < 0 ? err_sys(err, -r, "hand over the terminal") : 0;
}

int channel_send_ready(int channel, uint64_t set_up_ns, struct err *err)
{
	struct message message = {.type = READY, .set_up_ns = set_up_ns};
	int r = send_message(channel, &message, -1);

	return r < 0 ? err_sys(err, -r, "tell that the program starts") : 0;
}

void channel_send_failure(int channel, int exit_code, const struct err *failure)
{
	struct message message = {.type = FAILURE, .exit_code = exit_code, .err = *failure};

	send_message(channel, &message, -1);
}

static ssize_t receive(int channel, struct message *ret_message, int *ret_fd)
{
	struct iovec iov = {ret_message, sizeof(*ret_message)};
	union control control;
	struct msghdr msg = {.msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = control.space,
			     .msg_controllen = sizeof(control.space)};
	struct cmsghdr *cmsg;
	ssize_t n;

	do
		n = recvmsg(channel, &msg, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	cmsg = n > 0 ? CMSG_FIRSTHDR(&msg) : NULL;
	if (cmsg && cmsg->cmsg_type == SCM_RIGHTS)
		memcpy(ret_fd, CMSG_DATA(cmsg), sizeof(*ret_fd));
	return n < 0 ? -errno : n;
}

int channel_wait(int channel, int *ret_master, int *ret_exit_code, uint64_t *ret_set_up_ns,
		 struct err *err)
{
	CLEANUP_FD int master = -1;
	struct message message;
	bool ready = false;

	*ret_exit_code = PROGRAM_OURS_FAILED;
	for (;;) {
		ssize_t n = receive(channel, &message, &master);

		/* A child that dies with our messages unread resets the connection. */
		if (n < 0 && n != -ECONNRESET)
			return err_sys(err, (int)-n, "wait for the program to start");
		if (n <= 0)
			break;
		if (message.type == FAILURE) {
			*ret_exit_code = message.exit_code;
			return err_set(err, message.err.code, "%s", message.err.msg);
		}
		if (message.type == READY)
			*ret_set_up_ns = message.set_up_ns;
		ready = ready || message.type == READY;
	}
	if (!ready)
		return err_set(err, ECHILD, "the container was killed while it was being set up");
	*ret_master = TAKE_FD(master);
	return 0;
}
