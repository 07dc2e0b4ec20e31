// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CORE_MODEL_CHECK_H
#define STACK_CORE_MODEL_CHECK_H

struct names;
struct project;
struct reporter;

/*
 * Check: what is wrong between the parts of a project, each of which is right
 *
 * All go to REPORT.  check_references() has to come before the networks that
 * nobody uses are dropped; INACTIVE are the services that the profiles leave
 * out.
 */
void check_references(const struct project *project, const struct names *inactive,
		      struct reporter *report);

/* depends_on in a circle */
void check_cycles(const struct project *project, struct reporter *report);

/* Two services with one container_name, or with one port of the host. */
void check_clashes(const struct project *project, struct reporter *report);

/* Subnets, and the addresses in them. */
void check_addresses(const struct project *project, struct reporter *report);

/* Drivers and what they are told. */
void check_networks(const struct project *project, struct reporter *report);

/*
 * Services whose only network is the host's, or none, have that as their
 * network_mode from here on; ports that nothing can be done about are dropped
 * with a note.
 */
void settle_networks(const struct project *project, struct reporter *report);

#endif
