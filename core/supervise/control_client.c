// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/supervise/control.h"

#include "core/base/cleanup.h"
#include "core/base/fd.h"
#include "core/base/strbuf.h"
#include "core/supervise/frame.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int control_connect(const struct paths *paths, const char *project, int *ret_fd, struct err *err)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	CLEANUP_FD int dirfd = -1, fd = -1;
	char directory[sizeof(paths->run) + 64];
	int r;

	r = paths_join(directory, sizeof(directory), err, "%s/%s", paths->run, project);
	if (r < 0)
		return r;
	dirfd = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dirfd < 0)
		return err_sys(err, errno, "open '%s'", directory);
	/* By way of the descriptor: the directory's own path may be too long for sun_path. */
	snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/control.sock",
		 dirfd);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return err_sys(err, errno, "create a socket");
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
		return err_sys(err, errno, "connect to '%s/control.sock'", directory);
	*ret_fd = TAKE_FD(fd);
	return 0;
}

int control_send(int fd, const json_t *message, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf frame = STRBUF_INIT;
	size_t done = 0;
	int r;

	r = frame_encode(&frame, message, err);
	if (r < 0)
		return r;
	while (done < frame.len) {
		ssize_t n = send(fd, frame.text + done, frame.len - done, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(err, errno, "send a request to the supervisor");
		done += (size_t)n;
	}
	return 0;
}

/* Read exactly LEN bytes into READER: a byte more would belong to the next message. */
static int receive_bytes(int fd, size_t len, struct frame_reader *reader, struct err *err)
{
	char piece[16384];

	while (len > 0) {
		ssize_t n = fd_read_full(fd, piece, len < sizeof(piece) ? len : sizeof(piece));

		if (n < 0 && n != -ECONNRESET)
			return err_sys(err, (int)-n, "read the supervisor's answer");
		if (n <= 0)
			return err_set(err, ECONNRESET,
				       "the supervisor went away before it had answered");
		frame_reader_add(reader, piece, (size_t)n);
		len -= (size_t)n;
	}
	return 0;
}

int control_receive(int fd, json_t **ret_message, struct err *err)
{
	CLEANUP(frame_reader_release) struct frame_reader reader = FRAME_READER_INIT;
	int r;

	for (;;) {
		size_t missing = 0;

		r = frame_reader_next(&reader, ret_message, &missing, err);
		if (r != 0)
			return r < 0 ? err_wrap(err, "the supervisor's answer") : 0;
		r = receive_bytes(fd, missing, &reader, err);
		if (r < 0)
			return r;
	}
}
