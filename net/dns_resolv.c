// SPDX-License-Identifier: GPL-2.0-or-later
#include "net/dns_resolv.h"

#include "core/base/cleanup.h"
#include "core/base/fd.h"
#include "core/base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <string.h>
#include <uv.h>

#define RESOLV_CONF	"/etc/resolv.conf"
#define RESOLV_CONF_MAX (64 * 1024)
#define BLANK		" \t"

int dns_endpoint_parse(const char *addr, union dns_endpoint *ret_endpoint)
{
	return uv_ip4_addr(addr, DNS_PORT, &ret_endpoint->in) == 0 ||
			       uv_ip6_addr(addr, DNS_PORT, &ret_endpoint->in6) == 0
		       ? 0
		       : -EINVAL;
}

/* LINE is behind the keyword and LEN bytes long. */
static void nameserver_parse(const char *line, size_t len, struct dns_upstreams *upstreams)
{
	union dns_endpoint *next = &upstreams->list[upstreams->n];
	size_t blank = strspn(line, BLANK);
	char addr[INET6_ADDRSTRLEN + IF_NAMESIZE + 1];
	size_t addr_len;

	if (blank == 0 || blank >= len)
		return;
	line += blank;
	addr_len = strcspn(line, BLANK "\r\n");
	if (addr_len >= sizeof(addr))
		return;
	memcpy(addr, line, addr_len);
	addr[addr_len] = '\0';
	if (dns_endpoint_parse(addr, next) == 0)
		upstreams->n++;
}

void dns_resolv_parse(const char *text, struct dns_upstreams *ret_upstreams)
{
	static const char keyword[] = "nameserver";

	*ret_upstreams = (struct dns_upstreams){.n = 0};
	while (*text && ret_upstreams->n < DNS_UPSTREAMS_MAX) {
		size_t len = strcspn(text, "\n");

		if (strncmp(text, keyword, strlen(keyword)) == 0)
			nameserver_parse(text + strlen(keyword), len - strlen(keyword),
					 ret_upstreams);
		text += len;
		text += *text == '\n';
	}
}

int dns_resolv_init(struct dns_resolv *ret_resolv, const struct dns_config *config, struct err *err)
{
	struct dns_resolv resolv = {.seen.st_size = -1};

	if (config->n_upstreams > DNS_UPSTREAMS_MAX)
		return err_set(err, EINVAL, "more than %d DNS servers to forward to",
			       DNS_UPSTREAMS_MAX);
	if (config->n_upstreams > 0) {
		resolv.upstreams.n = config->n_upstreams;
		memcpy(resolv.upstreams.list, config->upstreams,
		       config->n_upstreams * sizeof(*config->upstreams));
	} else {
		resolv.path = strdup(config->resolv_conf ? config->resolv_conf : RESOLV_CONF);
		if (!resolv.path)
			return err_nomem(err);
	}
	*ret_resolv = resolv;
	return 0;
}

void dns_resolv_release(struct dns_resolv *resolv)
{
	free(resolv->path);
	resolv->path = NULL;
}

static bool same_file(const struct stat *a, const struct stat *b)
{
	return a->st_ino == b->st_ino && a->st_dev == b->st_dev && a->st_size == b->st_size &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

const struct dns_upstreams *dns_resolv_get(struct dns_resolv *resolv)
{
	CLEANUP_FREE char *text = NULL;
	struct err err = ERR_INIT;
	struct stat now = {0};

	if (!resolv->path)
		return &resolv->upstreams;
	/* A file that is not there looks like all zeros, so its absence is reported once too. */
	if (stat(resolv->path, &now) < 0)
		now = (struct stat){.st_size = 0};
	if (same_file(&now, &resolv->seen))
		return &resolv->upstreams;
	resolv->upstreams.n = 0;
	resolv->seen = now;
	if (fd_read_file(AT_FDCWD, resolv->path, RESOLV_CONF_MAX, &text, NULL, &err) < 0)
		log_warn("names outside the project cannot be resolved: %s", err.msg);
	else
		dns_resolv_parse(text, &resolv->upstreams);
	return &resolv->upstreams;
}
