// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CORE_MODEL_NETWORK_OPTIONS_H
#define STACK_CORE_MODEL_NETWORK_OPTIONS_H

#include "core/base/err.h"
#include "core/model/project.h"

/*
 * Network options: what the driver_opts of networks, and of services in them, mean
 *
 * They are docker's, by docker's names.  Strings are borrowed from the network.
 */
struct network_options {
	const char *bridge;	  /* name of the link; NULL: derived */
	const char *parent;	  /* macvlan, ipvlan: the link of the host; NULL: not said */
	const char *mode;	  /* likewise, "bridge", "l2" and the like; NULL: not said */
	const char *host_binding; /* where ports are published; NULL: on every address */
	int64_t mtu;		  /* 0: the kernel's */
	bool isolated;		  /* containers may not talk to each other */
	bool keeps_source;	  /* containers leave under their own addresses */
};

/* "bridge" for those that say none, or "default". */
const char *network_driver_name(const struct network *network);

/* Is it a link beside one of the host's (macvlan, ipvlan), and no bridge? */
bool network_is_beside(const struct network *network);

/*
 * What the option KEY of NETWORK with VALUE says, into OPTIONS.
 *
 * -EINVAL: its driver has no such option, or the value is none of it; the sentence
 * says what was meant.
 */
int network_option_read(const struct network *network, const struct key_value *option,
			struct network_options *options, struct err *err);

/* All of them, which check_networks() has found to be right. */
struct network_options network_options(const struct network *network);

/*
 * A service's own: com.docker.network.endpoint.ifname, and .sysctls, which is
 * KEY=VALUE[,…] with IFNAME in each key where the interface's name goes.
 */
#define NETWORK_OPTION_IFNAME  "com.docker.network.endpoint.ifname"
#define NETWORK_OPTION_SYSCTLS "com.docker.network.endpoint.sysctls"
#define NETWORK_SYSCTL_IFNAME  "IFNAME"

/* -EINVAL: there is no such option, or the value is none of it. */
int endpoint_option_check(const struct key_value *option, struct err *err);

#endif
