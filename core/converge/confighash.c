// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/converge/confighash.h"

#include "core/base/cleanup.h"
#include "core/base/hash.h"
#include "core/base/strbuf.h"
#include "core/model/apply_class.h"
#include "core/model/load.h"
#include "core/model/network_options.h"
#include "core/model/project.h"

#include <string.h>

void config_hash(const struct service *service, const char *image_id,
		 char ret_config[CONFIG_HASH_SIZE], char ret_live[CONFIG_HASH_SIZE])
{
	CLEANUP(strbuf_release) struct strbuf fixed = STRBUF_INIT;
	CLEANUP(strbuf_release) struct strbuf live = STRBUF_INIT;

	service_emit_classes(service, 1u << APPLY_ROLLING | 1u << APPLY_RECREATE, &fixed);
	service_emit_classes(service, 1u << APPLY_LIVE | 1u << APPLY_RELOAD, &live);
	/* The socket of this probe is mounted, and in the environment; all others are ours. */
	hash_name(ret_config, HASH_HEX_LEN, service->name, fixed.text, image_id,
		  service->probe.kind == PROBE_NOTIFY ? "notify" : "", NULL);
	hash_name(ret_live, HASH_HEX_LEN, service->name, live.text, NULL);
}

static const char *or_empty(const char *text)
{
	return text ? text : "";
}

static void add_map(struct strbuf *out, const struct map *map)
{
	for (size_t i = 0; i < map->n; i++)
		strbuf_printf(out, "%s=%s\n", map->items[i].key, or_empty(map->items[i].value));
}

static void add_subnet(struct strbuf *out, const struct ipam_subnet *subnet)
{
	strbuf_printf(out, "%s\n%s\n%s\n", or_empty(subnet->subnet), or_empty(subnet->ip_range),
		      or_empty(subnet->gateway));
	add_map(out, &subnet->aux);
}

void network_hash(const struct network *network, char ret_hash[CONFIG_HASH_SIZE])
{
	CLEANUP(strbuf_release) struct strbuf options = STRBUF_INIT;
	CLEANUP(strbuf_release) struct strbuf subnets = STRBUF_INIT;

	add_map(&options, &network->driver_opts);
	if (network->external)
		strbuf_puts(&options, "external\n");
	add_subnet(&subnets, &network->ipv4);
	if (network->enable_ipv6)
		add_subnet(&subnets, &network->ipv6);
	hash_name(ret_hash, HASH_HEX_LEN, network->name, network_driver_name(network), subnets.text,
		  network->enable_ipv6 ? "ipv6" : "", network->internal ? "internal" : "",
		  options.text, NULL);
}
