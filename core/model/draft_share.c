// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/model/draft.h"

#include "core/base/arena.h"
#include "core/base/text.h"
#include "core/model/decode.h"
#include "core/model/sharing.h"

#include <string.h>

/*
 * Whose namespaces a service is in: does it fit together, and who is first?
 */

#define SUGGESTIONS_MAX 200

struct sharing {
	struct decoder *decoder;
	struct draft_service *services;
	size_t n;
	struct service *service; /* the one in work */
};

#define complain(s, ...) decode_error((s)->decoder, (s)->service->pos, __VA_ARGS__)

static const struct service *find_service(const struct sharing *s, const char *name)
{
	for (size_t i = 0; i < s->n; i++)
		if (strcmp(s->services[i].service.name, name) == 0)
			return &s->services[i].service;
	return NULL;
}

static const struct service *find_container(const struct sharing *s, const char *name)
{
	for (size_t i = 0; i < s->n; i++) {
		const struct service *service = &s->services[i].service;

		if (service->container_name && strcmp(service->container_name, name) == 0)
			return service;
	}
	return NULL;
}

static void no_such_service(struct sharing *s, const char *key, const char *name)
{
	const char *names[SUGGESTIONS_MAX], *meant;
	size_t n = 0;

	for (; n < s->n && n < SUGGESTIONS_MAX; n++)
		names[n] = s->services[n].service.name;
	meant = text_suggest(name, names, n);
	if (meant)
		complain(s, "%s: there is no service '%s'; did you mean '%s'?", key, name, meant);
	else
		complain(s, "%s: there is no service '%s'", key, name);
}

/* The other's container is one, is not this one, and has the namespace itself. */
static bool can_share(struct sharing *s, const char *key, const struct service *other,
		      const char *others_mode)
{
	if (other == s->service)
		complain(s, "%s: it cannot share its own", key);
	else if (other->scale != 1)
		complain(s, "%s: '%s' has %d containers, and only one can be shared", key,
			 other->name, (int)other->scale);
	else if (sharing_is_host(others_mode) || sharing_names_other(others_mode))
		complain(s, "%s: '%s' has none of its own; say '%s' here as well", key, other->name,
			 others_mode);
	else
		return true;
	return false;
}

/* MODE of KEY as "service:NAME"; the other service has to be there and come first. */
static void resolve(struct sharing *s, const char *key, const char **mode, size_t offset)
{
	const char *name = sharing_service(*mode), *others_mode;
	const struct service *other;
	struct link link;

	if (!sharing_names_other(*mode))
		return;
	other = name ? find_service(s, name) : find_container(s, strchr(*mode, ':') + 1);
	if (!other && name)
		no_such_service(s, key, name);
	else if (!other)
		complain(s,
			 "%s: there is no container '%s' in this project; name a service with "
			 "'service:'",
			 key, strchr(*mode, ':') + 1);
	if (!other)
		return;
	others_mode = *(const char *const *)((const char *)other + offset);
	if (!can_share(s, key, other, others_mode))
		return;
	link = (struct link){.service = other->name, .pos = s->service->pos};
	draft_depend_on(s->decoder, s->service, &(struct links){&link, 1}, true);
	*mode = arena_printf(s->decoder->arena, "service:%s", other->name);
}

/* What belongs to the network is said by the service whose network it is. */
static void check_network(struct sharing *s)
{
	const struct service *service = s->service;
	const char *other = sharing_service(service->network_mode);
	const struct {
		const char *key;
		bool said;
	} keys[] = {
		{"ports", service->n_ports > 0},
		{"hostname", service->hostname != NULL},
		{"domainname", service->domainname != NULL},
		{"extra_hosts", service->extra_hosts.n > 0},
		{"dns", service->dns.n + service->dns_search.n + service->dns_opt.n > 0},
	};

	for (size_t i = 0; other && i < sizeof(keys) / sizeof(keys[0]); i++)
		if (keys[i].said)
			complain(s, "%s: the network is that of '%s'; say it there", keys[i].key,
				 other);
}

/* "bridge" is what there is without any mode: a network of its own. */
static void normalise_network(struct sharing *s)
{
	struct service *service = s->service;
	const char *mode = service->network_mode;

	if (mode && strcmp(mode, "bridge") == 0) {
		service->network_mode = NULL;
	} else if (mode && service->n_ports > 0 && !sharing_names_other(mode)) {
		decode_note(s->decoder, service->ports[0].pos,
			    "ports are not published with 'network_mode: %s': this has no effect",
			    mode);
		service->n_ports = 0;
	}
}

static void check_together(struct sharing *s)
{
	const struct service *service = s->service;
	bool shares = sharing_names_other(service->network_mode) || service->pid || service->ipc ||
		      service->uts;

	if (shares && service->userns.mode != USERNS_HOST)
		complain(s, "userns_mode: not together with namespaces of others; remove one");
	if (service->pid && service->init)
		complain(s, "init: not together with 'pid', as it is process 1 of nothing then");
	if (service->uts && (service->hostname || service->domainname))
		complain(s, "uts: the host's name cannot be changed from a container; remove "
			    "'hostname' and 'domainname'");
}

void draft_share(struct decoder *decoder, struct draft_service *services, size_t n)
{
	struct sharing s = {decoder, services, n, NULL};

	for (size_t i = 0; i < n; i++) {
		struct crumb crumb = {.up = decoder->at, .key = services[i].service.name};

		decoder->at = &crumb;
		s.service = &services[i].service;
		normalise_network(&s);
		resolve(&s, "network_mode", &s.service->network_mode,
			offsetof(struct service, network_mode));
		resolve(&s, "pid", &s.service->pid, offsetof(struct service, pid));
		check_network(&s);
		check_together(&s);
		decoder->at = crumb.up;
	}
}
