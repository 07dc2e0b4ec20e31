// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CORE_MODEL_DRAFT_H
#define STACK_CORE_MODEL_DRAFT_H

#include "core/model/project.h"

struct decoder;

/*
 * Drafts: what several keys say together
 *
 * While it is read, a service has more fields than in the end: some keys only
 * get their meaning from others.  The rows of schema_service see a struct
 * service, which is the first member; kinds that need more take the draft.
 */
struct link {
	const char *service;
	const char *word; /* behind the colon; NULL: none */
	struct position pos;
};

struct links {
	struct link *items;
	size_t n;
};

struct draft_service {
	struct service service;
	struct map env_file;   /* below environment */
	struct map label_file; /* below labels */
	struct links links, volumes_from;
	const char *mac_address; /* of the first network */
	struct position mac_position;
	int64_t cpu_quota_us, cpu_period_us; /* 0: not said */
	struct position cpu_position;
	bool restart_is_set;
	bool policy_is_set; /* deploy.restart_policy, where restart is not set */
	enum restart_policy policy;
	int64_t policy_attempts;
};

struct draft_port {
	struct port port;
	uint16_t published_count; /* 0: not published */
};

/*
 * Make SERVICE depend on those that LINKS name, unless it does already; with
 * RESTART it is started again with them.
 */
void draft_depend_on(struct decoder *decoder, struct service *service, const struct links *links,
		     bool restart);

/* Put the parts together.  POS is where the service's name stands. */
void draft_finish(struct decoder *decoder, struct draft_service *draft, const char *name,
		  struct position pos);

/* … and what they say about each other, when all N are finished: links and borrowed volumes … */
void draft_connect(struct decoder *decoder, struct draft_service *services, size_t n);

/* … and namespaces. */
void draft_share(struct decoder *decoder, struct draft_service *services, size_t n);

#endif
