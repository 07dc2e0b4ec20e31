// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/model/kinds.h"

#include "core/base/arena.h"
#include "core/base/cleanup.h"
#include "core/base/err.h"
#include "core/container/devices_cgroup.h"
#include "core/model/decode.h"
#include "core/model/node.h"
#include "core/model/pathname.h"
#include "core/model/writer.h"

#include <string.h>

/* Of /dev, these are made by us, and what is below the first three is made by the kernel. */
static const char *const own[] = {
	"/dev/pts",   "/dev/shm",    "/dev/mqueue", "/dev/console", "/dev/fd",
	"/dev/stdin", "/dev/stdout", "/dev/stderr", "/dev/ptmx",    "/dev/core",
};

static bool is_ours(const char *path)
{
	for (size_t i = 0; i < ARRAY_SIZE(own); i++) {
		size_t len = strlen(own[i]);

		if (strncmp(path, own[i], len) == 0 && (path[len] == '\0' || path[len] == '/'))
			return true;
	}
	return strcmp(path, "/") == 0 || strcmp(path, "/dev") == 0;
}

static void finish_device(struct decoder *decoder, const struct node *node, struct device *device)
{
	if (!device->target)
		device->target = device->source;
	if (!device->permissions)
		device->permissions = "rwm";
	if (!device->source || device->source[0] != '/' || device->target[0] != '/') {
		decode_error(decoder, node->pos,
			     "a device needs a 'source', an absolute path of the host, and its "
			     "'target' is an absolute path too");
		return;
	}
	device->source = pathname_resolve(decoder->arena, "/", NULL, device->source);
	device->target = pathname_resolve(decoder->arena, "/", NULL, device->target);
	if (is_ours(device->target) && strcmp(device->target, device->source) == 0)
		decode_error(decoder, node->pos, "every container has a '%s' of its own; remove it",
			     device->target);
	else if (is_ours(device->target))
		decode_error(decoder, node->pos, "'%s' is made for every container; choose another",
			     device->target);
	if (!*device->permissions || device->permissions[strspn(device->permissions, "rwm")])
		decode_error(
			decoder, node->pos,
			"the permissions '%s' are not made of r (read), w (write) and m (mknod)",
			device->permissions);
}

/* SOURCE[:TARGET[:PERMISSIONS]]; docker takes SOURCE:PERMISSIONS too. */
static void split_device(struct decoder *decoder, const char *text, struct device *device)
{
	char *copy = arena_strdup(decoder->arena, text), *next = strchr(copy, ':');

	device->source = copy;
	if (!next)
		return;
	*next++ = '\0';
	device->target = next;
	next = strchr(next, ':');
	if (next)
		*next++ = '\0';
	device->permissions = next;
	if (!next && device->target[0] != '/') {
		device->permissions = device->target;
		device->target = NULL;
	}
}

static void decode_device(struct decoder *decoder, const struct node *node, struct device *device)
{
	device->pos = node->pos;
	if (node->kind == NODE_MAPPING)
		schema_decode(decoder, &schema_device, node, device);
	else if (!decode_text(decoder, node, "a device such as \"/dev/fuse:/dev/fuse:rwm\""))
		return;
	else if (node->text[0] != '/' && strchr(node->text, '='))
		decode_error(
			decoder, node->pos,
			"'%s' is a name of the Container Device Interface, which is not there; "
			"write the path of the device",
			node->text);
	else
		split_device(decoder, node->text, device);
	if (device->source)
		finish_device(decoder, node, device);
	else if (node->kind == NODE_MAPPING)
		decode_error(decoder, node->pos, "a device needs a 'source', a path of the host");
}

static void decode_devices(struct decoder *decoder, const struct attribute *attribute,
			   const struct node *node, void *object)
{
	struct service *service = object;
	struct device *devices;

	(void)attribute;
	if (node->kind != NODE_SEQUENCE) {
		decode_mismatch(decoder, node, "a list of devices");
		return;
	}
	devices = ARENA_ARRAY(decoder->arena, struct device, node->n + 1);
	for (size_t i = 0; i < node->n; i++) {
		struct crumb crumb = {.up = decoder->at, .index = i};

		decoder->at = &crumb;
		decode_device(decoder, node->items[i], &devices[i]);
		decoder->at = crumb.up;
	}
	service->devices = devices;
	service->n_devices = node->n;
}

static bool present_devices(const struct attribute *attribute, const void *object)
{
	(void)attribute;
	return ((const struct service *)object)->n_devices > 0;
}

static void emit_devices(struct writer *writer, const struct attribute *attribute,
			 const void *object)
{
	const struct service *service = object;

	(void)attribute;
	writer_open_list(writer);
	for (size_t i = 0; i < service->n_devices; i++) {
		writer_open_map(writer);
		schema_emit(writer, &schema_device, &service->devices[i]);
		writer_close(writer);
	}
	writer_close(writer);
}

const struct kind kind_devices = {decode_devices, present_devices, emit_devices,
				  "a list of HOST[:CONTAINER[:rwm]], or of mappings"};

static void decode_device_rules(struct decoder *decoder, const struct attribute *attribute,
				const struct node *node, void *object)
{
	struct strings rules = decode_strings(decoder, node);
	struct device_rule rule;

	for (size_t i = 0; i < rules.n; i++)
		if (device_rule_parse(rules.items[i], &rule) < 0)
			decode_error(decoder,
				     node->kind == NODE_SEQUENCE ? node->items[i]->pos : node->pos,
				     "'%s' is no rule such as 'c 10:229 rwm': c, b or a, major and "
				     "minor number or '*', and some of r, w and m",
				     rules.items[i]);
	*SCHEMA_FIELD(struct strings, object, attribute) = rules;
}

static bool present_device_rules(const struct attribute *attribute, const void *object)
{
	return SCHEMA_VALUE(struct strings, object, attribute).n > 0;
}

static void emit_device_rules(struct writer *writer, const struct attribute *attribute,
			      const void *object)
{
	kind_strings.emit(writer, attribute, object);
}

const struct kind kind_device_rules = {decode_device_rules, present_device_rules, emit_device_rules,
				       "a list of rules such as \"c 1:3 rwm\""};
