// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/converge/confighash.h"

#include "core/base/cleanup.h"
#include "core/base/hash.h"
#include "core/base/strbuf.h"
#include "core/model/load.h"
#include "core/model/project.h"

#include <string.h>

/* SERVICE without what neither hash covers. */
static struct service without_order(const struct service *service)
{
	struct service s = *service;

	s.depends_on = NULL;
	s.n_depends_on = 0;
	s.profiles = (struct strings){.items = NULL};
	s.scale = 1;
	s.attach = true;
	s.build = NULL;
	s.platform = NULL;
	s.pull_policy = NULL;
	s.kept = NULL;
	s.logging.kept = NULL;
	return s;
}

/* Move every live field from FROM to TO, leaving FROM with the fields' defaults. */
static void split_live(struct service *from, struct service *to)
{
	to->limits = from->limits;
	to->restart = from->restart;
	to->restart_max_attempts = from->restart_max_attempts;
	to->restart_delay_ms = from->restart_delay_ms;
	to->restart_window_ms = from->restart_window_ms;
	to->healthcheck = from->healthcheck;
	to->probe = from->probe;
	to->on_unhealthy = from->on_unhealthy;
	to->stop_signal = from->stop_signal;
	to->stop_grace_period_ms = from->stop_grace_period_ms;
	to->post_start = from->post_start;
	to->pre_stop = from->pre_stop;
	to->ports = from->ports;
	to->n_ports = from->n_ports;
	to->expose = from->expose;
	to->labels = from->labels;
	to->annotations = from->annotations;

	from->limits = (struct limits){.memory = 0};
	from->restart = RESTART_NO;
	from->restart_max_attempts = 0;
	from->restart_delay_ms = -1;
	from->restart_window_ms = -1;
	from->healthcheck = (struct healthcheck){.is_set = false};
	/* The socket is mounted, and in the environment: all else of a probe is ours alone. */
	if (from->probe.kind != PROBE_NOTIFY)
		from->probe = (struct health_probe){.kind = PROBE_EXEC};
	from->on_unhealthy = ON_UNHEALTHY_NONE;
	from->stop_signal = NULL;
	from->stop_grace_period_ms = 0;
	from->post_start = (struct hooks){.items = NULL};
	from->pre_stop = (struct hooks){.items = NULL};
	from->ports = NULL;
	from->n_ports = 0;
	from->expose = (struct strings){.items = NULL};
	from->labels = (struct map){.items = NULL};
	from->annotations = (struct map){.items = NULL};
}

static void hash_service(const struct service *service, const char *salt,
			 char ret_hash[CONFIG_HASH_SIZE])
{
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;

	service_emit_json(service, &text);
	hash_name(ret_hash, HASH_HEX_LEN, text.text, salt, NULL);
}

void config_hash(const struct service *service, const char *image_id,
		 char ret_config[CONFIG_HASH_SIZE], char ret_live[CONFIG_HASH_SIZE])
{
	struct service fixed = without_order(service);
	struct service live = {.name = service->name, .attach = true, .scale = 1};

	split_live(&fixed, &live);
	hash_service(&fixed, image_id, ret_config);
	hash_service(&live, "live", ret_live);
}

static const char *or_empty(const char *text)
{
	return text ? text : "";
}

void network_hash(const struct network *network, char ret_hash[CONFIG_HASH_SIZE])
{
	CLEANUP(strbuf_release) struct strbuf options = STRBUF_INIT;

	for (size_t i = 0; i < network->driver_opts.n; i++)
		strbuf_printf(&options, "%s=%s\n", network->driver_opts.items[i].key,
			      or_empty(network->driver_opts.items[i].value));
	hash_name(ret_hash, HASH_HEX_LEN, network->name, or_empty(network->driver),
		  or_empty(network->subnet), or_empty(network->ip_range),
		  or_empty(network->gateway), network->internal ? "internal" : "", options.text,
		  NULL);
}
