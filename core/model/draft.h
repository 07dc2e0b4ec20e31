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
struct draft_service {
	struct service service;
	struct map env_file; /* below environment */
	struct strings links;
	bool has_build;
	struct position build;
	bool restart_is_set;
	bool policy_is_set; /* deploy.restart_policy, where restart is not set */
	enum restart_policy policy;
	int64_t policy_attempts;
};

struct draft_port {
	struct port port;
	uint16_t published_count; /* 0: not published */
};

/* Put the parts together.  POS is where the service's name stands. */
struct service draft_finish(struct decoder *decoder, struct draft_service *draft, const char *name,
			    struct position pos);

#endif
