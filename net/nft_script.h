// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_NET_NFT_SCRIPT_H
#define STACK_NET_NFT_SCRIPT_H

#include "core/base/strbuf.h"
#include "net/firewall_plan.h"

/*
 * Script: a firewall plan in the language of nftables
 *
 * Pure.  A project has a table of its own, which the script makes anew in one
 * transaction.  An accept in one table does not spare a packet the others'
 * drops, so projects need no chain that they share, as they do in iptables.
 */
#define NFT_FAMILY	"ip"
#define NFT_TABLE_SIZE	32
#define NFT_COMMENT_MAX 127 /* what libnftables takes */

/* The administrator's: "inet stack", with the one chain "user". */
#define NFT_SHARED_FAMILY "inet"
#define NFT_SHARED_TABLE  "stack"
#define NFT_USER_CHAIN	  "user"
#define NFT_TABLE_PREFIX  "stack-"

void nft_table_name(const char *project_id, char ret[NFT_TABLE_SIZE]);

/*
 * PLAN as a script into OUT, which was empty.  It is of PROJECT.  RET_COMMENT is
 * the table's: it has a hash of the script.
 *
 * -EINVAL: a link has a name that nftables has no word for.
 */
int nft_script(const struct firewall_plan *plan, const char *project_id, const char *project,
	       struct strbuf *out, char ret_comment[NFT_COMMENT_MAX + 1], struct err *err);

#endif
