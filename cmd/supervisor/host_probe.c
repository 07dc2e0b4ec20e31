// SPDX-License-Identifier: GPL-2.0-or-later
/* How the supervisor looks at a container's health itself: its ports, and its NOTIFY_SOCKET. */
#include "cmd/supervisor/host.h"

#include "core/base/cleanup.h"
#include "core/container/state.h"
#include "net/netns.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

struct connecting {
	uint16_t port;
	int fd;
};

/* In the container's network namespace. */
static int start_connecting(void *data, struct err *err)
{
	struct connecting *connecting = data;
	struct sockaddr_in addr = {.sin_family = AF_INET,
				   .sin_port = htons(connecting->port),
				   .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	CLEANUP_FD int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return err_sys(err, errno, "make a socket");
	if (connect(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0 && errno != EINPROGRESS)
		return err_sys(err, errno, "port %u: connect", connecting->port);
	connecting->fd = TAKE_FD(fd);
	return 0;
}

int host_probe_connect(void *ctx, const char *name, uint16_t port, int *ret_fd, struct err *err)
{
	struct connecting connecting = {.port = port, .fd = -1};
	struct container_view view = CONTAINER_VIEW_INIT;
	CLEANUP_FD int pidfd = -1, shim = -1;
	int r = host_container_look(ctx, name, &view, err);

	if (r < 0)
		return r;
	shim = view.shim_pidfd;
	if (view.has_state) {
		CLEANUP_FD int again = -1;

		state_open(&view.state, &pidfd, &again);
	}
	if (pidfd < 0)
		return err_set(err, ESRCH, "container '%s' has ended", name);
	/* The process knows best in which network it is: its own, another's or the host's. */
	r = netns_call(pidfd, start_connecting, &connecting, err);
	if (r == 0)
		*ret_fd = connecting.fd;
	return r;
}

int host_notify_make(int dirfd, struct err *err)
{
	if (mkdirat(dirfd, HOST_NOTIFY_DIR, 0755) < 0 && errno != EEXIST)
		return err_sys(err, errno, "create directory '%s'", HOST_NOTIFY_DIR);
	/* Whatever umask we have: who is in the container must be able to pass. */
	if (fchmodat(dirfd, HOST_NOTIFY_DIR, 0755, 0) < 0)
		return err_sys(err, errno, "make '%s' accessible", HOST_NOTIFY_DIR);
	return 0;
}

/* Named by its directory's descriptor: our paths may be longer than an address can be. */
static int bind_there(int dir, int fd, struct err *err)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};

	snprintf(addr.sun_path, sizeof(addr.sun_path), "/proc/self/fd/%d/%s", dir,
		 HOST_NOTIFY_SOCKET);
	if (unlinkat(dir, HOST_NOTIFY_SOCKET, 0) < 0 && errno != ENOENT)
		return err_sys(err, errno, "remove '%s'", HOST_NOTIFY_SOCKET);
	if (bind(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0)
		return err_sys(err, errno, "make '%s'", HOST_NOTIFY_SOCKET);
	/* Whoever the program runs as; nobody outside gets through to it. */
	if (fchmodat(dir, HOST_NOTIFY_SOCKET, 0666, 0) < 0)
		return err_sys(err, errno, "make '%s' writable", HOST_NOTIFY_SOCKET);
	return 0;
}

int host_notify_open(void *ctx, const char *name, int *ret_fd, struct err *err)
{
	struct host *host = ctx;
	CLEANUP_FD int dir = -1, fd = -1;
	char path[PATH_MAX];
	int r = paths_join(path, sizeof(path), err, "containers/%s/%s", name, HOST_NOTIFY_DIR);

	if (r < 0)
		return r;
	dir = openat(host->run_fd, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir < 0)
		return err_sys(err, errno, "open '%s'", path);
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return err_sys(err, errno, "make a socket");
	r = bind_there(dir, fd, err);
	if (r == 0)
		*ret_fd = TAKE_FD(fd);
	return r;
}
