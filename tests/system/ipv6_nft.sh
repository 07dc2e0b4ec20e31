#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# All of IPv6 with the rules in nftables.
export STACK_FIREWALL=nft
exec "$(dirname "$0")/ipv6.sh" "$@"
