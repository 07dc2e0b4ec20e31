// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CMD_CLI_CHECK_RULES_H
#define STACK_CMD_CLI_CHECK_RULES_H

#include "core/base/err.h"
#include "core/model/project.h"

#include <stddef.h>
#include <stdint.h>

/*
 * Check rules: what a service could do without
 *
 *	struct check_report report = {.run_dir = paths.run};
 *	check_service(&project->services[0], &report, &err);
 *	…
 *	check_report_release(&report);
 *
 * Section 5 (container runtime) of the CIS Docker Benchmark 1.6, which
 * docker-bench-security goes through, asked of a stack file.  Its numbers are
 * kept, so that a report of the one can be laid beside a report of the other.
 * What every container gets here (a pids limit, a seccomp filter, namespaces
 * of its own) is only found where a service takes it away, and what the loader
 * refuses (pid, ipc and uts namespaces of the host) has no rule.
 */
enum check_level { CHECK_INFO, CHECK_LOW, CHECK_MEDIUM, CHECK_HIGH };

/* "info", "low", "medium", "high" */
extern const char *const check_level_names[];
extern const size_t check_n_levels;

struct check_report;

struct check_rule {
	const char *id;	  /* in the benchmark: "5.4"; several rules may share it */
	const char *name; /* "cap-add", unique */
	enum check_level level;
	void (*look)(const struct service *service, struct check_report *report);
	const char *sentence; /* what is wrong; the finding adds where or which */
	const char *fix;      /* what to write in the stack file */
};

/* By level, the highest first. */
extern const struct check_rule check_rules[];
extern const size_t check_n_rules;

struct check_finding {
	const struct check_rule *rule;
	const struct service *service;
	struct position pos; /* the port, the mount, or else the service */
	const char *detail;  /* "/etc", "8080/tcp"; NULL when the sentence says it all */
};

struct check_report {
	const char *run_dir; /* <run> of paths.h: a control socket of ours is in there */
	struct check_finding *items;
	size_t n, size;
	struct arena *arena;

	/* What is being looked at. */
	const struct check_rule *rule;
	uint64_t capabilities; /* that the service gets, as in caps.h */
};

/*
 * Add to REPORT what the rules find in SERVICE, in the order of the rules.
 * SERVICE is borrowed as long as REPORT lives.  Symbolic links of the host are
 * followed to see what is mounted.
 *
 * -EINVAL: cap_add or cap_drop name a capability that there is not.
 */
int check_service(const struct service *service, struct check_report *report, struct err *err);

/* For the rules: what the current rule looks for is there.  DETAIL is copied; NULL is fine. */
void check_found(struct check_report *report, const struct service *service, struct position pos,
		 const char *detail);

void check_report_release(struct check_report *report);

/* Rules about bind mounts, in check_mounts.c. */
void check_sensitive_mounts(const struct service *service, struct check_report *report);
void check_control_sockets(const struct service *service, struct check_report *report);
void check_propagation(const struct service *service, struct check_report *report);

#endif
