// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/converge/record.h"

#include <jansson.h>
#include <stdlib.h>

/* What few have is left out where it is not said. */
static void put_rarities(json_t *json, const struct record_address *a)
{
	json_t *link_local = json_array();

	for (size_t i = 0; i < RECORD_LINK_LOCAL_MAX && a->link_local[i][0]; i++)
		json_array_append_new(link_local, json_string(a->link_local[i]));
	if (json_array_size(link_local) > 0)
		json_object_set(json, "link_local", link_local);
	json_decref(link_local);
	if (a->gw_priority != 0)
		json_object_set_new(json, "gw_priority", json_integer(a->gw_priority));
	if (a->names != NAMES_OURS)
		json_object_set_new(json, "names", json_integer(a->names));
}

static json_t *address_to_json(const struct record_address *a)
{
	json_t *json =
		json_pack("{s:s, s:s, s:i, s:s, s:s, s:s, s:s}", "network", a->network, "address",
			  a->address, "prefix", a->prefix, "gateway", a->gateway, "mac", a->mac,
			  "interface", a->interface, "host_link", a->host_link);

	if (a->address6[0]) {
		json_object_set_new(json, "address6", json_string(a->address6));
		json_object_set_new(json, "prefix6", json_integer(a->prefix6));
		json_object_set_new(json, "gateway6", json_string(a->gateway6));
	}
	put_rarities(json, a);
	return json;
}

json_t *record_addresses_to_json(const struct container_record *record)
{
	json_t *array = json_array();

	for (size_t i = 0; i < record->n_addresses; i++)
		json_array_append_new(array, address_to_json(&record->addresses[i]));
	return array;
}

json_t *record_ports_to_json(const struct container_record *record)
{
	json_t *array = json_array();

	for (size_t i = 0; i < record->n_ports; i++) {
		const struct record_port *p = &record->ports[i];

		json_array_append_new(array, json_pack("{s:s, s:s, s:i, s:i, s:i}", "protocol",
						       p->protocol, "host_ip", p->host_ip,
						       "published", p->published, "target",
						       p->target, "count", p->count));
	}
	return array;
}

void record_release(struct container_record *record)
{
	free(record->image);
	free(record->ports);
	if (record->anonymous_volumes)
		for (char **v = record->anonymous_volumes; *v; v++)
			free(*v);
	free(record->anonymous_volumes);
	*record = (struct container_record){.index = 0};
}
