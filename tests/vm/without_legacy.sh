#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Run COMMAND on a kernel that has no legacy iptables: its modules are taken away from this throw-away machine.
rm -f /lib/modules/*/kernel/net/ipv4/netfilter/ip_tables.ko* /lib/modules/*/kernel/net/ipv6/netfilter/ip6_tables.ko*
exec "$@"
