// SPDX-License-Identifier: GPL-2.0-or-later
#include "net/port.h"

#include "core/base/cleanup.h"
#include "core/base/err.h"
#include "net/cidr.h"
#include "net/port_owner.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

static const struct {
	const char *name;
	uint8_t protocol;
	int type;
} protocols[] = {
	{"tcp", IPPROTO_TCP, SOCK_STREAM},
	{"udp", IPPROTO_UDP, SOCK_DGRAM},
	{"sctp", IPPROTO_SCTP, SOCK_STREAM},
};

uint8_t port_protocol(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(protocols); i++)
		if (strcmp(protocols[i].name, name) == 0)
			return protocols[i].protocol;
	return 0;
}

const char *port_protocol_name(uint8_t protocol)
{
	for (size_t i = 0; i < ARRAY_SIZE(protocols); i++)
		if (protocols[i].protocol == protocol)
			return protocols[i].name;
	return "?";
}

static int socket_type(uint8_t protocol)
{
	for (size_t i = 0; i < ARRAY_SIZE(protocols); i++)
		if (protocols[i].protocol == protocol)
			return protocols[i].type;
	return 0; /* no type: socket(2) refuses it */
}

/* A socket bound to ADDR, or -errno. */
static int bind_socket(uint8_t protocol, const struct sockaddr_in *addr, int reuse)
{
	CLEANUP_FD int fd = socket(AF_INET, SOCK_CLOEXEC | socket_type(protocol), protocol);

	if (fd < 0)
		return -errno;
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &reuse, sizeof(reuse)) < 0 ||
	    bind(fd, (const struct sockaddr *)addr, sizeof(*addr)) < 0)
		return -errno;
	return TAKE_FD(fd);
}

/*
 * Bind over connections that are still closing.  SO_REUSEADDR allows that, but
 * also lets others bind beside us who say it too.  So the option is only set
 * while binding; whether somebody else has the port this way, the kernel says
 * when asked to listen, which is taken back at once.
 */
static int bind_over_closing(const struct sockaddr_in *addr)
{
	CLEANUP_FD int fd = bind_socket(IPPROTO_TCP, addr, 1);
	int off = 0;

	if (fd < 0)
		return TAKE_FD(fd);
	if (listen(fd, 0) < 0 || shutdown(fd, SHUT_RDWR) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &off, sizeof(off)) < 0)
		return -errno;
	return TAKE_FD(fd);
}

static int err_bind(struct err *err, int code, uint8_t protocol, const struct sockaddr_in *addr)
{
	const char *name = port_protocol_name(protocol);
	char owner[160], text[INET_ADDRSTRLEN];
	uint16_t port = ntohs(addr->sin_port);

	addr_format(addr->sin_addr, text);
	switch (code) {
	case EADDRINUSE:
		port_owner_describe(protocol, addr->sin_addr, port, owner, sizeof(owner));
		return err_set(err, code, "port %d/%s is taken %s", port, name, owner);
	case EADDRNOTAVAIL:
		return err_set(err, code, "port %d/%s: this host has no address %s", port, name,
			       text);
	case EPROTONOSUPPORT:
	case ESOCKTNOSUPPORT:
		return err_set(err, EPROTONOSUPPORT, "port %d/%s: this kernel has no %s", port,
			       name, name);
	default:
		return err_sys(err, code, "reserve port %d/%s on %s", port, name, text);
	}
}

static int bound_port(int fd, uint16_t *ret_port)
{
	struct sockaddr_in addr;
	socklen_t len = sizeof(addr);

	if (getsockname(fd, (struct sockaddr *)&addr, &len) < 0)
		return -errno;
	*ret_port = ntohs(addr.sin_port);
	return 0;
}

int port_reserve(uint8_t protocol, struct in_addr addr, uint16_t port, int *ret_fd,
		 uint16_t *ret_port, struct err *err)
{
	const struct sockaddr_in name = {
		.sin_family = AF_INET,
		.sin_addr = addr,
		.sin_port = htons(port),
	};
	CLEANUP_FD int fd = -1;
	uint16_t got = 0;
	int r;

	fd = bind_socket(protocol, &name, 0);
	if (fd == -EADDRINUSE && protocol == IPPROTO_TCP && port != 0)
		fd = bind_over_closing(&name);
	if (fd < 0)
		return err_bind(err, -fd, protocol, &name);
	r = bound_port(fd, &got);
	if (r < 0)
		return err_sys(err, -r, "ask for the number of a port");
	*ret_fd = TAKE_FD(fd);
	if (ret_port)
		*ret_port = got;
	return 0;
}
