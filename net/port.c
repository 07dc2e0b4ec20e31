// SPDX-License-Identifier: GPL-2.0-or-later
#include "net/port.h"

#include "core/base/cleanup.h"
#include "core/base/err.h"
#include "net/cidr.h"
#include "net/port_owner.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

/* How often somebody else may be faster. */
#define FREE_PORT_TRIES 16

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

union name {
	struct sockaddr any;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
};

static socklen_t name_of(const struct cidr *addr, uint16_t port, union name *ret_name)
{
	*ret_name = (union name){.any = {.sa_family = cidr_family(addr)}};
	if (cidr_is_v6(addr)) {
		ret_name->in6.sin6_port = htons(port);
		if (addr->len)
			ret_name->in6.sin6_addr = addr->addr6;
		return sizeof(ret_name->in6);
	}
	ret_name->in.sin_port = htons(port);
	if (addr->len)
		ret_name->in.sin_addr = addr->addr;
	return sizeof(ret_name->in);
}

static uint16_t port_of(const union name *name)
{
	return ntohs(name->any.sa_family == AF_INET6 ? name->in6.sin6_port : name->in.sin_port);
}

/* A socket bound to PORT of ADDR, or -errno. */
static int bind_socket(uint8_t protocol, const struct cidr *addr, uint16_t port, int reuse)
{
	CLEANUP_FD int fd =
		socket(cidr_family(addr), SOCK_CLOEXEC | socket_type(protocol), protocol);
	const int on = 1;
	union name name;
	socklen_t len = name_of(addr, port, &name);

	if (fd < 0)
		return -errno;
	if (cidr_is_v6(addr) && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) < 0)
		return -errno;
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &reuse, sizeof(reuse)) < 0 ||
	    bind(fd, &name.any, len) < 0)
		return -errno;
	return TAKE_FD(fd);
}

/*
 * Bind over connections that are still closing.  SO_REUSEADDR allows that, but
 * also lets others bind beside us who say it too.  So the option is only set
 * while binding; whether somebody else has the port this way, the kernel says
 * when asked to listen, which is taken back at once.
 */
static int bind_over_closing(const struct cidr *addr, uint16_t port)
{
	CLEANUP_FD int fd = bind_socket(IPPROTO_TCP, addr, port, 1);
	int off = 0;

	if (fd < 0)
		return TAKE_FD(fd);
	if (listen(fd, 0) < 0 || shutdown(fd, SHUT_RDWR) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &off, sizeof(off)) < 0)
		return -errno;
	return TAKE_FD(fd);
}

static int err_bind(struct err *err, int code, uint8_t protocol, const struct cidr *addr,
		    uint16_t port)
{
	const char *name = port_protocol_name(protocol);
	char owner[160], text[INET6_ADDRSTRLEN];

	cidr_format_address(addr, text);
	switch (code) {
	case EADDRINUSE:
		port_owner_describe(protocol, addr, port, owner, sizeof(owner));
		return err_set(err, code, "port %d/%s is taken %s", port, name, owner);
	case EADDRNOTAVAIL:
		return err_set(err, code, "port %d/%s: this host has no address %s", port, name,
			       text);
	case EAFNOSUPPORT:
		return err_set(err, code, "port %d/%s: this kernel has no IPv6", port, name);
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
	union name name = {.any = {.sa_family = AF_UNSPEC}};
	socklen_t len = sizeof(name);

	if (getsockname(fd, &name.any, &len) < 0)
		return -errno;
	*ret_port = port_of(&name);
	return 0;
}

/* A number that is free now, or -errno. */
static int free_port(uint8_t protocol, const struct cidr *addr, uint16_t *ret_port)
{
	CLEANUP_FD int fd = bind_socket(protocol, addr, 0, 0);

	return fd < 0 ? TAKE_FD(fd) : bound_port(fd, ret_port);
}

/*
 * A socket on a port of the kernel's choice, or -errno.  It is asked for by its
 * number, as a socket that did not ask for any loses it once it has listened.
 */
static int bind_any(uint8_t protocol, const struct cidr *addr, uint16_t *ret_port)
{
	int r = -EADDRINUSE;

	for (int i = 0; r == -EADDRINUSE && i < FREE_PORT_TRIES; i++) {
		r = free_port(protocol, addr, ret_port);
		if (r == 0)
			r = bind_socket(protocol, addr, *ret_port, 0);
	}
	return r;
}

int port_reserve(uint8_t protocol, const struct cidr *addr, uint16_t port, int *ret_fd,
		 uint16_t *ret_port, struct err *err)
{
	uint16_t got = port;
	int fd = port ? bind_socket(protocol, addr, port, 0) : bind_any(protocol, addr, &got);

	if (fd == -EADDRINUSE && protocol == IPPROTO_TCP && port != 0)
		fd = bind_over_closing(addr, port);
	if (fd < 0)
		return err_bind(err, -fd, protocol, addr, port);
	*ret_fd = fd;
	if (ret_port)
		*ret_port = got;
	return 0;
}
