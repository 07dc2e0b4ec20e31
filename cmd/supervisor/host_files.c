// SPDX-License-Identifier: GPL-2.0-or-later
/* /etc/hosts, /etc/hostname and /etc/resolv.conf of a container. */
#include "cmd/supervisor/host_shared.h"

#include "core/base/cleanup.h"
#include "core/base/fd.h"
#include "core/base/strbuf.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

const char *host_hostname(const struct service *service, const struct container_record *record)
{
	return service->hostname ? service->hostname : record->name;
}

/* "host-gateway" is the host as the container sees it. */
static const char *extra_host_address(const struct key_value *entry,
				      const struct container_record *record)
{
	if (strcmp(entry->value, "host-gateway") != 0)
		return entry->value;
	return record->n_addresses ? record->addresses[0].gateway : "127.0.0.1";
}

static void host_line(const struct service *service, const char *address, const char *hostname,
		      struct strbuf *out)
{
	strbuf_printf(out, "%s\t", address);
	if (service->domainname)
		strbuf_printf(out, "%s.%s ", hostname, service->domainname);
	strbuf_printf(out, "%s\n", hostname);
}

static void hosts_text(const struct service *service, const struct container_record *record,
		       struct strbuf *out)
{
	const char *hostname = host_hostname(service, record);

	strbuf_puts(out, "127.0.0.1\tlocalhost\n"
			 "::1\tlocalhost ip6-localhost ip6-loopback\n"
			 "fe00::\tip6-localnet\nff00::\tip6-mcastprefix\n"
			 "ff02::1\tip6-allnodes\nff02::2\tip6-allrouters\n");
	for (size_t i = 0; i < record->n_addresses; i++) {
		host_line(service, record->addresses[i].address, hostname, out);
		if (record->addresses[i].address6[0])
			host_line(service, record->addresses[i].address6, hostname, out);
	}
	for (size_t i = 0; i < service->extra_hosts.n; i++)
		if (service->extra_hosts.items[i].value)
			strbuf_printf(out, "%s\t%s\n",
				      extra_host_address(&service->extra_hosts.items[i], record),
				      service->extra_hosts.items[i].key);
}

static void joined(struct strbuf *out, const char *keyword, const struct strings *words)
{
	if (words->n == 0)
		return;
	strbuf_puts(out, keyword);
	for (size_t i = 0; i < words->n; i++)
		strbuf_printf(out, " %s", words->items[i]);
	strbuf_putc(out, '\n');
}

/* 127.0.0.1 of `dns:` is a server in the container itself, which ours cannot ask. */
static bool asks_itself(const struct service *service)
{
	for (size_t i = 0; i < service->dns.n; i++)
		if (strncmp(service->dns.items[i], "127.", 4) == 0 ||
		    strcmp(service->dns.items[i], "::1") == 0)
			return true;
	return false;
}

/*
 * Our server, which knows the names of the project and passes on the others to
 * whom `dns:` says; that of another project, whose network it is in, does the
 * first.  Else those of `dns:` themselves, or the host's.
 */
static void resolv_text(struct host *host, const struct service *service,
			const struct container_record *record, struct strbuf *out)
{
	const struct record_address *server = host_name_server(host, record);
	CLEANUP_FREE char *of_host = NULL;
	bool ours = server && !asks_itself(service) &&
		    (service->dns.n == 0 || server->names == NAMES_OURS);

	if (ours)
		strbuf_printf(out, "nameserver %s\n", server->gateway);
	for (size_t i = 0; !ours && i < service->dns.n; i++)
		strbuf_printf(out, "nameserver %s\n", service->dns.items[i]);
	if (!ours && service->dns.n == 0 &&
	    fd_read_file(AT_FDCWD, "/etc/resolv.conf", 65536, &of_host, NULL, NULL) == 0)
		strbuf_puts(out, of_host);
	joined(out, "search", &service->dns_search);
	joined(out, "options", &service->dns_opt);
	if (service->dns_opt.n == 0 && server)
		strbuf_puts(out, "options ndots:0\n");
}

/* In place, not by rename: it may be mounted in a container that runs. */
static int write_file(int dirfd, const char *name, const struct strbuf *text, struct err *err)
{
	CLEANUP_FD int fd =
		openat(dirfd, name, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
	int r;

	if (fd < 0)
		return err_sys(err, errno, "create '%s'", name);
	/* Whatever umask the supervisor was started with, everybody inside may read it. */
	if (fchmod(fd, 0644) < 0)
		return err_sys(err, errno, "make '%s' readable", name);
	r = fd_write_all(fd, text->text, text->len);
	return r < 0 ? err_sys(err, -r, "write '%s'", name) : 0;
}

int host_write_files(struct host *host, const struct service *service,
		     const struct container_record *record, int dirfd, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf hosts = STRBUF_INIT;
	CLEANUP(strbuf_release) struct strbuf hostname = STRBUF_INIT;
	CLEANUP(strbuf_release) struct strbuf resolv = STRBUF_INIT;
	int r;

	hosts_text(service, record, &hosts);
	strbuf_printf(&hostname, "%s\n", host_hostname(service, record));
	resolv_text(host, service, record, &resolv);
	r = write_file(dirfd, "hosts", &hosts, err);
	if (r == 0)
		r = write_file(dirfd, "hostname", &hostname, err);
	return r < 0 ? r : write_file(dirfd, "resolv.conf", &resolv, err);
}
