// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/model/kinds.h"

#include "core/base/arena.h"
#include "core/model/decode.h"
#include "core/model/draft.h"
#include "core/model/node.h"
#include "core/model/shortform.h"
#include "core/model/writer.h"

#include <stdio.h>
#include <string.h>

/* Each is compared with all before it. */
#define PORTS_MAX 2000

static void decode_range(struct decoder *decoder, const struct node *node, uint16_t *first,
			 uint16_t *count)
{
	const char *text = decode_text(decoder, node, "a port or a range of ports");
	struct err err = ERR_INIT;

	if (text && shortform_port_range(text, first, count, &err) < 0)
		decode_error(decoder, node->pos, "%s", err.msg);
}

static void emit_range(struct writer *writer, uint16_t first, uint16_t count, bool as_text)
{
	char text[16];

	if (count > 1)
		snprintf(text, sizeof(text), "%u-%u", first, first + count - 1u);
	else
		snprintf(text, sizeof(text), "%u", first);
	if (count > 1 || as_text)
		writer_string(writer, text);
	else
		writer_number(writer, text);
}

static void decode_target(struct decoder *decoder, const struct attribute *attribute,
			  const struct node *node, void *object)
{
	struct port *port = object;

	(void)attribute;
	decode_range(decoder, node, &port->target, &port->count);
}

static bool present_target(const struct attribute *attribute, const void *object)
{
	(void)attribute;
	return ((const struct port *)object)->target > 0;
}

static void emit_target(struct writer *writer, const struct attribute *attribute,
			const void *object)
{
	const struct port *port = object;

	(void)attribute;
	emit_range(writer, port->target, port->count, false);
}

const struct kind kind_port_target = {decode_target, present_target, emit_target,
				      "a port, or a range such as 80-82"};

static void decode_published(struct decoder *decoder, const struct attribute *attribute,
			     const struct node *node, void *object)
{
	struct draft_port *draft = object;

	(void)attribute;
	/* "" and 0 are how others write "an ephemeral port". */
	if (node->kind == NODE_SCALAR && (*node->text == '\0' || strcmp(node->text, "0") == 0))
		return;
	decode_range(decoder, node, &draft->port.published, &draft->published_count);
}

static bool present_published(const struct attribute *attribute, const void *object)
{
	(void)attribute;
	return ((const struct port *)object)->published > 0;
}

static void emit_published(struct writer *writer, const struct attribute *attribute,
			   const void *object)
{
	const struct port *port = object;

	(void)attribute;
	emit_range(writer, port->published, port->choices ? port->choices : port->count, true);
}

const struct kind kind_port_published = {decode_published, present_published, emit_published,
					 "a port, or a range such as 8080-8082"};

static void decode_port_object(struct decoder *decoder, const struct node *node, struct port *ret)
{
	struct draft_port draft = {.port = {.protocol = "tcp", .count = 1}};
	struct err err = ERR_INIT;

	schema_decode(decoder, &schema_port, node, &draft);
	if (!node_get(node, "target"))
		decode_error(decoder, node->pos,
			     "the port has no 'target', the port in the "
			     "container");
	else if (shortform_port_check(&draft.port, draft.published_count, &err) < 0)
		decode_error(decoder, node->pos, "%s", err.msg);
	*ret = draft.port;
}

static bool decode_port(struct decoder *decoder, const struct node *node, struct port *ret)
{
	struct err err = ERR_INIT;

	if (node->kind == NODE_MAPPING) {
		decode_port_object(decoder, node, ret);
	} else if (!decode_text(decoder, node, "a port such as \"8080:80\"")) {
		return false;
	} else if (shortform_port(decoder->arena, node->text, ret, &err) < 0) {
		decode_error(decoder, node->pos, "%s", err.msg);
		return false;
	}
	ret->pos = node->pos;
	return true;
}

static bool same_address(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

/* Two files, or an anchor, may well say the same twice. */
static bool has_port(const struct port *ports, size_t n, const struct port *port)
{
	for (size_t i = 0; i < n; i++)
		if (ports[i].target == port->target && ports[i].published == port->published &&
		    ports[i].count == port->count && ports[i].choices == port->choices &&
		    strcmp(ports[i].protocol, port->protocol) == 0 &&
		    same_address(ports[i].host_ip, port->host_ip))
			return true;
	return false;
}

static void decode_ports(struct decoder *decoder, const struct attribute *attribute,
			 const struct node *node, void *object)
{
	struct service *service = object;
	struct port *ports;
	size_t n = 0;

	(void)attribute;
	if (node->kind != NODE_SEQUENCE) {
		decode_mismatch(decoder, node, "a list of ports");
		return;
	}
	if (node->n > PORTS_MAX) {
		decode_error(decoder, node->pos, "more than %d entries; use ranges", PORTS_MAX);
		return;
	}
	ports = ARENA_ARRAY(decoder->arena, struct port, node->n);
	for (size_t i = 0; i < node->n; i++) {
		struct crumb crumb = {.up = decoder->at, .index = i};

		decoder->at = &crumb;
		if (decode_port(decoder, node->items[i], &ports[n]) &&
		    !has_port(ports, n, &ports[n]))
			n++;
		decoder->at = crumb.up;
	}
	service->ports = ports;
	service->n_ports = n;
}

static bool present_ports(const struct attribute *attribute, const void *object)
{
	(void)attribute;
	return ((const struct service *)object)->n_ports > 0;
}

static void emit_ports(struct writer *writer, const struct attribute *attribute, const void *object)
{
	const struct service *service = object;

	(void)attribute;
	writer_open_list(writer);
	for (size_t i = 0; i < service->n_ports; i++) {
		writer_open_map(writer);
		schema_emit(writer, &schema_port, &service->ports[i]);
		writer_close(writer);
	}
	writer_close(writer);
}

const struct kind kind_ports = {
	decode_ports, present_ports, emit_ports,
	"a list of [ADDRESS:][PUBLISHED:]TARGET[/PROTOCOL], or of mappings"};
