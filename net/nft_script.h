// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_NET_NFT_SCRIPT_H
#define STACK_NET_NFT_SCRIPT_H

#include "core/base/strbuf.h"
#include "net/firewall_plan.h"

/*
 * Script: a firewall plan in the language of nftables
 *
 * Pure.  A project has a table of its own in each family that it has rules of,
 * which the script makes anew in one transaction.  An accept in one table does not spare a packet
 * the others' drops, so projects need no chain that they share, as they do in iptables.
 */
#define NFT_TABLE_SIZE	32
#define NFT_COMMENT_MAX 127 /* what libnftables takes */

/* The administrator's: "inet stack", with the one chain "user". */
#define NFT_SHARED_FAMILY "inet"
#define NFT_SHARED_TABLE  "stack"
#define NFT_USER_CHAIN	  "user"
#define NFT_TABLE_PREFIX  "stack-"

/* AF_INET, AF_INET6: "ip", "ip6" */
const char *nft_family_name(uint8_t family);

void nft_table_name(const char *project_id, char ret[NFT_TABLE_SIZE]);

/* Make the administrator's table, if it is not there. */
#define NFT_SHARED_SCRIPT                                                                          \
	"add table " NFT_SHARED_FAMILY " " NFT_SHARED_TABLE "\n"                                   \
	"add chain " NFT_SHARED_FAMILY " " NFT_SHARED_TABLE " " NFT_USER_CHAIN                     \
	" { type filter hook forward priority -10; policy accept; }\n"

/*
 * Make the table of PROJECT for PLAN, which has rules, at the end of OUT.
 * RET_COMMENT is the table's: it has a hash of the script.
 *
 * -EINVAL: a link has a name that nftables has no word for.
 */
int nft_script(const struct firewall_plan *plan, const char *project_id, const char *project,
	       struct strbuf *out, char ret_comment[NFT_COMMENT_MAX + 1], struct err *err);

#endif
