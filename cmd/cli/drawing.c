// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd/cli/drawing.h"

#include "cmd/cli/output.h"
#include "core/base/arena.h"
#include "core/model/graph.h"
#include "core/model/project.h"

#include <stdlib.h>
#include <string.h>

#define PORTS_SHOWN 4

/* TEXT without what is not printable ASCII. */
static const char *plain(struct arena *arena, const char *text)
{
	char *copy = arena_strdup(arena, text ? text : "");

	for (char *p = copy; *p; p++)
		if (*p < ' ' || *p > '~')
			*p = '?';
	return copy;
}

/* --- how it is --- */

static bool is_well(const json_t *container)
{
	return strcmp(output_string(container, "state"), "running") == 0 &&
	       strcmp(output_string(container, "health"), "unhealthy") != 0;
}

static bool is_done(const json_t *container)
{
	return strcmp(output_string(container, "state"), "exited") == 0 &&
	       output_integer(container, "exit_code") == 0;
}

static void add_state(struct drawn_service *drawn, const json_t *containers, struct arena *arena)
{
	const char *problem = "not there";
	size_t i, n = 0, well = 0, done = 0;
	const json_t *container;

	drawn->status = "";
	if (!containers)
		return;
	json_array_foreach (containers, i, container) {
		if (strcmp(output_string(container, "service"), drawn->service->name) != 0)
			continue;
		n++;
		well += is_well(container);
		done += is_done(container);
		if (!is_well(container) &&
		    strcmp(output_string(container, "state"), "running") == 0)
			problem = output_string(container, "health");
		else if (!is_well(container))
			problem = output_string(container, "state");
	}
	drawn->state = n > 0 && well == n   ? DRAWN_WELL
		       : n > 0 && done == n ? DRAWN_DONE
		       : well > 0	    ? DRAWN_PARTLY
					    : DRAWN_BADLY;
	if (drawn->state == DRAWN_WELL)
		drawn->status = "running";
	else if (drawn->state == DRAWN_PARTLY)
		drawn->status = arena_printf(arena, "%zu/%zu running", well, n);
	else
		drawn->status = plain(arena, drawn->state == DRAWN_DONE ? "exited" : problem);
}

/* --- what is said of it --- */

static const char *port_text(struct arena *arena, const struct port *port)
{
	const char *protocol = strcmp(port->protocol, "tcp") == 0 ? "" : port->protocol;
	const char *host = port->host_ip ? port->host_ip : "";
	char published[32] = "any", target[32];
	unsigned int more = port->count > 0 ? port->count - 1u : 0;

	snprintf(target, sizeof(target), more ? "%u-%u" : "%u", port->target, port->target + more);
	if (port->published)
		snprintf(published, sizeof(published), more ? "%u-%u" : "%u", port->published,
			 port->published + more);
	return arena_printf(arena, "%s%s%s -> %s%s%s", plain(arena, host), *host ? ":" : "",
			    published, target, *protocol ? "/" : "", protocol);
}

static void add_lines(struct drawn_service *drawn, struct arena *arena)
{
	const struct service *service = drawn->service;
	size_t shown = service->n_ports < PORTS_SHOWN ? service->n_ports : PORTS_SHOWN;

	drawn->lines = ARENA_ARRAY(arena, const char *, shown + 3);
	drawn->lines[drawn->n_lines++] = plain(arena, service->image);
	for (size_t i = 0; i < shown; i++)
		drawn->lines[drawn->n_lines++] = port_text(arena, &service->ports[i]);
	if (shown < service->n_ports)
		drawn->lines[drawn->n_lines++] =
			arena_printf(arena, "and %zu ports more", service->n_ports - shown);
	if (service->network_mode)
		drawn->lines[drawn->n_lines++] =
			arena_printf(arena, "network: %s", plain(arena, service->network_mode));
}

static void add_network(struct drawn_network *drawn, const struct network *network,
			struct arena *arena)
{
	const char *key = plain(arena, network->key);

	*drawn = (struct drawn_network){.network = network, .label = key, .last = DRAWING_NONE};
	if (network->external || network->internal)
		drawn->label = arena_printf(arena, "%s (%s)", key,
					    network->external ? "external" : "internal");
}

/* --- where it is --- */

static size_t service_at(const struct drawing *drawing, const char *name)
{
	for (size_t i = 0; i < drawing->n_services; i++)
		if (strcmp(drawing->services[i].service->name, name) == 0)
			return i;
	return DRAWING_NONE;
}

static void connect_service(struct drawing *drawing, size_t at, struct arena *arena)
{
	struct drawn_service *drawn = &drawing->services[at];
	const struct service *service = drawn->service;
	size_t *needs = ARENA_ARRAY(arena, size_t, service->n_depends_on + 1);
	size_t *networks = ARENA_ARRAY(arena, size_t, drawing->n_networks + 1);

	for (size_t i = 0; i < service->n_depends_on; i++) {
		size_t other = service_at(drawing, service->depends_on[i].service);

		if (other == DRAWING_NONE || other == at)
			continue;
		needs[drawn->n_needs++] = other;
		if (at < drawing->services[other].first)
			drawing->services[other].first = at;
	}
	for (size_t i = 0; i < drawing->n_networks; i++)
		for (size_t j = 0; j < service->n_networks; j++)
			if (strcmp(drawing->networks[i].network->key,
				   service->networks[j].network) == 0) {
				networks[drawn->n_networks++] = i;
				drawing->networks[i].last = at;
				break;
			}
	drawn->needs = needs;
	drawn->networks = networks;
}

/* Is LANE empty between the services FIRST and LAST? */
static bool lane_is_free(const struct drawing *drawing, size_t lane, size_t first, size_t last)
{
	for (size_t i = 0; i < drawing->n_services; i++) {
		const struct drawn_service *other = &drawing->services[i];

		if (other->lane == lane && other->first <= last && i >= first)
			return false;
	}
	return true;
}

/* Short lines first, so that they are next to the boxes. */
static void choose_lanes(struct drawing *drawing)
{
	for (size_t length = 1; length < drawing->n_services; length++)
		for (size_t i = length; i < drawing->n_services; i++) {
			struct drawn_service *drawn = &drawing->services[i];
			size_t lane = 0;

			if (drawn->first == DRAWING_NONE || i - drawn->first != length)
				continue;
			while (!lane_is_free(drawing, lane, drawn->first, i))
				lane++;
			drawn->lane = lane;
			if (lane >= drawing->n_lanes)
				drawing->n_lanes = lane + 1;
		}
}

void drawing_make(const struct project *project, const json_t *containers, struct arena *arena,
		  struct drawing *ret_drawing)
{
	size_t n = project->n_services;
	size_t *order = ARENA_ARRAY(arena, size_t, n + 1);
	struct drawing drawing = {
		.title = plain(arena, project->name),
		.services = ARENA_ARRAY(arena, struct drawn_service, n + 1),
		.n_services = n,
		.networks = ARENA_ARRAY(arena, struct drawn_network, project->n_networks + 1),
		.n_networks = project->n_networks,
	};

	/* The loader has refused circles. */
	(void)graph_order(project, order, arena, NULL);
	for (size_t i = 0; i < n; i++) {
		struct drawn_service *drawn = &drawing.services[i];

		*drawn = (struct drawn_service){.service = &project->services[order[n - 1 - i]],
						.lane = DRAWING_NONE,
						.first = DRAWING_NONE};
		add_state(drawn, containers, arena);
		add_lines(drawn, arena);
	}
	for (size_t i = 0; i < drawing.n_networks; i++)
		add_network(&drawing.networks[i], &project->networks[i], arena);
	for (size_t i = 0; i < n; i++)
		connect_service(&drawing, i, arena);
	choose_lanes(&drawing);
	*ret_drawing = drawing;
}
