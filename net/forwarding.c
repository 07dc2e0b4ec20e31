// SPDX-License-Identifier: GPL-2.0-or-later
#include "net/forwarding.h"

#include "core/base/cleanup.h"
#include "core/base/err.h"
#include "net/sysctl.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>

#define LINKS_DIR "/proc/sys/net/ipv6/conf"

/* "default" is for the links to come, "all" for none of its own. */
static bool is_link(const char *name)
{
	return name[0] != '.' && strcmp(name, "all") != 0 && strcmp(name, "default") != 0 &&
	       strcmp(name, "lo") != 0;
}

int forwarding_enable(struct err *err)
{
	return sysctl_net("1", err, "ipv4/ip_forward");
}

int forwarding_enable6(struct err *err)
{
	const struct dirent *entry;
	int r = 0;
	DIR *dir;

	if (sysctl_net_is("1", "ipv6/conf/all/forwarding"))
		return 0;
	dir = opendir(LINKS_DIR);
	if (!dir)
		return err_set(err, EOPNOTSUPP,
			       "this kernel has no IPv6, which 'enable_ipv6: true' asks for");
	while (r == 0 && (entry = readdir(dir)))
		if (is_link(entry->d_name) &&
		    sysctl_net_is("1", "ipv6/conf/%s/accept_ra", entry->d_name) &&
		    sysctl_net_is("0", "ipv6/conf/%s/forwarding", entry->d_name))
			r = sysctl_net("2", err, "ipv6/conf/%s/accept_ra", entry->d_name);
	closedir(dir);
	return r < 0 ? r : sysctl_net("1", err, "ipv6/conf/all/forwarding");
}
