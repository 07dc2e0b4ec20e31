// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CORE_MODEL_NETWORK_DRIVER_H
#define STACK_CORE_MODEL_NETWORK_DRIVER_H

/* networks.<name>.driver; services in the last two have a network_mode once they are loaded */
enum network_driver {
	NETWORK_DRIVER_NONE, /* not said, as NETWORK_DEFAULT: a bridge */
	NETWORK_BRIDGE,
	NETWORK_DEFAULT,
	NETWORK_MACVLAN,
	NETWORK_IPVLAN,
	NETWORK_HOST,
	NETWORK_NULL,
};

#endif
