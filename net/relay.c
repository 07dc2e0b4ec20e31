// SPDX-License-Identifier: GPL-2.0-or-later
#include "net/relay.h"

#include "core/base/cleanup.h"
#include "core/base/log.h"
#include "net/relay_inside.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

void relays_ref(struct relays *relays)
{
	relays->refs++;
}

void relays_unref(struct relays *relays)
{
	if (--relays->refs == 0)
		free(relays);
}

struct relays *relays_new(struct uv_loop_s *loop)
{
	struct relays *relays = calloc(1, sizeof(*relays));

	if (!relays)
		abort();
	relays->refs = 1;
	relays->loop = loop;
	TAILQ_INIT(&relays->connections);
	return relays;
}

const struct relay_target *relay_choose(const struct relay *relay)
{
	uint32_t random = 0;

	/* Without randomness yet, it is the first one. */
	(void)!getrandom(&random, sizeof(random), GRND_NONBLOCK);
	return &relay->targets[random % relay->n_targets];
}

static void stop(struct relay *relay)
{
	if (!relay->server)
		return;
	if (relay->protocol == IPPROTO_TCP)
		relay_tcp_stop(relay->server);
	else
		relay_udp_stop(relay->server);
	relay->server = NULL;
}

static void start(struct relay *relay)
{
	struct err err = ERR_INIT;
	int r = relay->protocol == IPPROTO_TCP
			? relay_tcp_start(relay, relay->fd, &relay->server, &err)
			: relay_udp_start(relay, relay->fd, &relay->server, &err);

	if (r < 0)
		log_warn("port %u cannot be reached by IPv6: %s", relay->host_port, err.msg);
}

static void relay_free(struct relay *relay)
{
	stop(relay);
	free(relay->targets);
	free(relay->wanted);
	free(relay);
}

static bool is_same(const struct relay *relay, const struct relay_port *port)
{
	return relay->protocol == port->protocol && relay->host_port == port->host_port &&
	       relay->host_addr.len == port->host_addr.len &&
	       (!port->host_addr.len || cidr_same_address(&relay->host_addr, &port->host_addr));
}

static struct relay *add_relay(struct relays *relays, const struct relay_port *port)
{
	struct relay **grown = reallocarray(relays->items, relays->n + 1, sizeof(*relays->items));
	struct relay *relay = calloc(1, sizeof(*relay));

	if (!grown || !relay)
		abort();
	*relay = (struct relay){.owner = relays,
				.protocol = port->protocol,
				.host_addr = port->host_addr,
				.host_port = port->host_port};
	relays->items = grown;
	relays->items[relays->n++] = relay;
	return relay;
}

/* They come in the order of the last time, mostly: the search begins where the last one ended. */
static struct relay *find_relay(struct relays *relays, const struct relay_port *port)
{
	for (size_t i = 0; i < relays->n; i++) {
		size_t at = (relays->cursor + i) % relays->n;

		if (is_same(relays->items[at], port)) {
			relays->cursor = at + 1;
			return relays->items[at];
		}
	}
	return add_relay(relays, port);
}

static void add_name(struct relay_target *target, const struct cidr *addr, uint16_t port)
{
	union relay_name *name = &target->names[target->n];

	if (!addr->len)
		return;
	target->n++;
	if (cidr_is_v6(addr))
		name->in6 = (struct sockaddr_in6){.sin6_family = AF_INET6,
						  .sin6_port = htons(port),
						  .sin6_addr = addr->addr6};
	else
		name->in = (struct sockaddr_in){
			.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = addr->addr};
}

static void want(struct relays *relays, const struct relay_port *port)
{
	struct relay *relay = find_relay(relays, port);
	struct relay_target *grown =
		reallocarray(relay->wanted, relay->n_wanted + 1, sizeof(*relay->wanted));
	struct relay_target *target;

	if (!grown)
		abort();
	relay->wanted = grown;
	relay->fd = port->fd;
	target = &grown[relay->n_wanted++];
	memset(target, 0, sizeof(*target));
	add_name(target, &port->addr6, port->port);
	add_name(target, &port->addr, port->port);
}

/* False: nobody wants it any more. */
static bool settle(struct relay *relay)
{
	free(relay->targets);
	relay->targets = TAKE_PTR(relay->wanted);
	relay->n_targets = relay->n_wanted;
	relay->n_wanted = 0;
	if (relay->n_targets == 0)
		return false;
	if (!relay->server)
		start(relay);
	else if (relay->protocol == IPPROTO_UDP)
		relay_udp_retarget(relay->server);
	return true;
}

void relays_sync(struct relays *relays, const struct relay_port *ports, size_t n)
{
	size_t kept = 0;

	relays->cursor = 0;
	for (size_t i = 0; i < n; i++)
		want(relays, &ports[i]);
	for (size_t i = 0; i < relays->n; i++) {
		if (settle(relays->items[i]))
			relays->items[kept++] = relays->items[i];
		else
			relay_free(relays->items[i]);
	}
	relays->n = kept;
}

void relays_give_up(struct relays *relays, uint8_t protocol, const struct cidr *host_addr,
		    uint16_t host_port)
{
	const struct relay_port port = {
		.protocol = protocol, .host_addr = *host_addr, .host_port = host_port};

	for (size_t i = 0; i < relays->n; i++) {
		if (!is_same(relays->items[i], &port))
			continue;
		relay_free(relays->items[i]);
		memmove(&relays->items[i], &relays->items[i + 1],
			(--relays->n - i) * sizeof(*relays->items));
		return;
	}
}

void relays_free(struct relays *relays)
{
	if (!relays)
		return;
	for (size_t i = 0; i < relays->n; i++)
		relay_free(relays->items[i]);
	free(relays->items);
	relays->items = NULL;
	relays->n = 0;
	relay_tcp_close_all(relays);
	relays_unref(relays);
}
