// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * net: the networks of projects, from their records and the kernel
 *
 * No supervisor is asked: what is looked at here may be what is wrong with one.
 */
#include "cmd/cli/cli.h"
#include "cmd/cli/commands.h"
#include "cmd/cli/output.h"
#include "cmd/cli/request.h"
#include "cmd/cli/table.h"
#include "core/base/cleanup.h"
#include "core/base/strbuf.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

struct net_args {
	bool all, quiet;
	const char *format;
};

static const struct option_spec net_options[] = {
	{'a', "all", OPTION_FLAG, offsetof(struct net_args, all), NULL,
	 "of all projects that are up"},
	{'q', "quiet", OPTION_FLAG, offsetof(struct net_args, quiet), NULL, "ls: only the names"},
	{0, "format", OPTION_STRING, offsetof(struct net_args, format), "table|json",
	 "how it is printed"},
};

/* --- records --- */

static int is_visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.' && !strstr(entry->d_name, ".tmp");
}

/* Call FN with the path of each entry of DIRECTORY.  There is no such directory: none. */
static int for_each(const char *directory, void (*fn)(const char *path, void *data), void *data,
		    struct err *err)
{
	struct dirent **entries = NULL;
	int n = scandir(directory, &entries, is_visible, alphasort);

	if (n < 0 && errno != ENOENT)
		return err_sys(err, errno, "read '%s'", directory);
	for (int i = 0; i < n; i++) {
		char path[PATH_MAX];

		if (paths_join(path, sizeof(path), NULL, "%s/%s", directory, entries[i]->d_name) ==
		    0)
			fn(path, data);
		free(entries[i]);
	}
	free(entries);
	return 0;
}

/* A record that is being written or removed this moment is passed over. */
static void add_record(const char *path, void *list)
{
	json_t *record = json_load_file(path, JSON_REJECT_DUPLICATES, NULL);

	if (json_is_object(record))
		json_array_append_new(list, record);
	else
		json_decref(record);
}

static void add_container(const char *directory, void *list)
{
	char path[PATH_MAX];

	if (paths_join(path, sizeof(path), NULL, "%s/record.json", directory) == 0)
		add_record(path, list);
}

/* --- the kernel --- */

/* "up", "down", or "missing" where there is no such link. */
static const char *link_state(const char *name)
{
	CLEANUP_FD int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq request = {.ifr_flags = 0};

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
	if (fd < 0 || ioctl(fd, SIOCGIFFLAGS, &request) < 0)
		return "missing";
	return request.ifr_flags & IFF_UP ? "up" : "down";
}

#define SUBNET_SIZE (INET6_ADDRSTRLEN + 4)

/* "10.1.2.1/24" is of "10.1.2.0/24"; "" is of none. */
static void subnet_of(const char *gateway, char ret[SUBNET_SIZE])
{
	int family = strchr(gateway, ':') ? AF_INET6 : AF_INET;
	unsigned char bytes[sizeof(struct in6_addr)];
	size_t len = family == AF_INET6 ? sizeof(struct in6_addr) : sizeof(struct in_addr);
	char address[INET6_ADDRSTRLEN];
	unsigned int bits;

	ret[0] = '\0';
	if (sscanf(gateway, "%45[0-9a-f.:]/%3u", address, &bits) != 2 || bits > len * 8 ||
	    inet_pton(family, address, bytes) != 1)
		return;
	for (size_t i = bits; i < len * 8; i++)
		bytes[i / 8] &= (unsigned char)~(0x80 >> i % 8);
	inet_ntop(family, bytes, address, sizeof(address));
	snprintf(ret, SUBNET_SIZE, "%s/%u", address, bits);
}

/* --- both together --- */

/* Who is in the network KEY. */
static json_t *members(const json_t *containers, const char *key)
{
	json_t *list = json_array();
	const json_t *container, *address;
	size_t i, j;

	json_array_foreach (containers, i, container) {
		json_array_foreach (json_object_get(container, "addresses"), j, address) {
			if (strcmp(output_string(address, "network"), key) != 0)
				continue;
			json_array_append_new(
				list, json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:O*}", "name",
						output_string(container, "name"), "service",
						output_string(container, "service"), "address",
						output_string(address, "address"), "mac",
						output_string(address, "mac"), "interface",
						output_string(address, "interface"), "host_link",
						output_string(address, "host_link"), "address6",
						json_object_get(address, "address6")));
		}
	}
	return list;
}

/* A network without IPv6 has nothing of these. */
static void add_ipv6(json_t *network, const char *gateway)
{
	char subnet[SUBNET_SIZE];

	subnet_of(gateway, subnet);
	if (!subnet[0])
		return;
	json_object_set_new(network, "subnet6", json_string(subnet));
	json_object_set_new(network, "gateway6", json_stringn(gateway, strcspn(gateway, "/")));
}

static json_t *describe(const char *project, const json_t *record, const json_t *containers)
{
	const char *gateway = output_string(record, "gateway"),
		   *bridge = output_string(record, "link"),
		   *driver = output_string(record, "driver");
	char subnet[SUBNET_SIZE];
	json_t *network;

	subnet_of(gateway, subnet);
	network =
		json_pack("{s:s, s:s, s:s, s:s, s:b, s:b, s:s, s:s#, s:s, s:s, s:i, s:o}", "name",
			  output_string(record, "name"), "project", project, "key",
			  output_string(record, "key"), "driver", driver[0] ? driver : "bridge",
			  "internal", json_is_true(json_object_get(record, "internal")), "isolated",
			  json_is_true(json_object_get(record, "isolated")), "subnet", subnet,
			  "gateway", gateway, (int)strcspn(gateway, "/"), "bridge", bridge, "state",
			  link_state(bridge), "ifindex", (int)if_nametoindex(bridge), "containers",
			  members(containers, output_string(record, "key")));
	add_ipv6(network, output_string(record, "gateway6"));
	return network;
}

struct gathering {
	json_t *networks;
	struct err err;
};

/* PATH is the directory of one project in <run>. */
static void add_project(const char *path, void *data)
{
	CLEANUP(request_json_cleanup) json_t *records = json_array(), *containers = json_array();
	struct gathering *gathering = data;
	const char *project = strrchr(path, '/') + 1;
	char directory[PATH_MAX];
	const json_t *record;
	size_t i;
	int r;

	r = paths_join(directory, sizeof(directory), &gathering->err, "%s/networks", path);
	if (r == 0)
		r = for_each(directory, add_record, records, &gathering->err);
	if (r == 0)
		r = paths_join(directory, sizeof(directory), &gathering->err, "%s/containers",
			       path);
	if (r == 0)
		(void)for_each(directory, add_container, containers, &gathering->err);
	json_array_foreach (records, i, record)
		json_array_append_new(gathering->networks, describe(project, record, containers));
}

/* Networks of the project that is meant, or of all. */
static int gather(struct cli *cli, bool all, struct gathering *gathering, struct err *err)
{
	char project[TEXT_NAME_MAX + 1], path[PATH_MAX];
	int r = cli_need_root(err);

	if (r == 0 && all) {
		r = for_each(cli->paths.run, add_project, gathering, err);
	} else if (r == 0) {
		r = cli_project_name(cli, project, err);
		if (r == 0)
			r = paths_join(path, sizeof(path), err, "%s/%s", cli->paths.run, project);
		if (r == 0 && access(path, F_OK) < 0)
			r = err_set(err, ENOENT, "project '%s' is not up", project);
		if (r == 0)
			add_project(path, gathering);
	}
	if (r == 0 && gathering->err.code)
		r = err_set(err, gathering->err.code, "%s", gathering->err.msg);
	return r;
}

static int print_networks(const json_t *networks, const struct net_args *args, struct err *err)
{
	static const char *const columns[] = {"NAME",	"DRIVER", "SUBNET",
					      "BRIDGE", "STATE",  "CONTAINERS"};
	CLEANUP(table_release)
	struct table table = TABLE_INIT(args->quiet ? 1 : ARRAY_SIZE(columns));
	CLEANUP(strbuf_release) struct strbuf out = STRBUF_INIT;
	const json_t *network;
	size_t i;

	for (i = 0; !args->quiet && i < ARRAY_SIZE(columns); i++)
		table_add(&table, columns[i]);
	json_array_foreach (networks, i, network) {
		const char *subnet6 = output_string(network, "subnet6");
		char count[16], subnets[2 * SUBNET_SIZE + 2];

		snprintf(subnets, sizeof(subnets), "%s%s%s", output_string(network, "subnet"),
			 subnet6[0] ? ", " : "", subnet6);
		snprintf(count, sizeof(count), "%zu",
			 json_array_size(json_object_get(network, "containers")));
		table_add(&table, output_string(network, "name"));
		if (args->quiet)
			continue;
		table_add(&table, output_string(network, "driver"));
		table_add(&table, subnets);
		table_add(&table, output_string(network, "bridge"));
		table_add(&table, output_string(network, "state"));
		table_add(&table, count);
	}
	table_render(&table, &out);
	return cli_output(&out, err);
}

/* Those that are called NAME, in the file or on the host, into LIST. */
static int pick(const json_t *networks, const char *name, json_t *list, struct err *err)
{
	size_t before = json_array_size(list), i;
	const char **names = calloc(json_array_size(networks) + 1, sizeof(*names)), *meant;
	json_t *network;

	if (!names)
		return err_nomem(err);
	json_array_foreach (networks, i, network) {
		names[i] = output_string(network, "key");
		if (strcmp(output_string(network, "name"), name) == 0 ||
		    strcmp(names[i], name) == 0)
			json_array_append(list, network);
	}
	meant = text_suggest(name, names, json_array_size(networks));
	free(names);
	if (json_array_size(list) > before)
		return 0;
	if (meant)
		return err_set(err, ENOENT, "there is no network '%s'; did you mean '%s'?", name,
			       meant);
	return err_set(err, ENOENT, "there is no network '%s'", name);
}

static int inspect(const json_t *networks, char **names, size_t n, int format, struct err *err)
{
	CLEANUP(request_json_cleanup) json_t *list = json_array();
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++)
		r = pick(networks, names[i], list, err);
	if (r < 0)
		return r;
	if (n == 0)
		json_array_extend(list, (json_t *)networks);
	return format == 1 ? output_json(list, err) : output_pretty(list, err);
}

static int net_run(struct cli *cli, const void *values, char **words, size_t n, struct err *err)
{
	static const char *const formats[] = {"table", "json"};
	CLEANUP(request_json_cleanup) json_t *networks = json_array();
	struct gathering gathering = {.networks = networks, .err = ERR_INIT};
	const struct net_args *args = values;
	int r, format = output_format(args->format, formats, ARRAY_SIZE(formats));
	bool is_ls = strcmp(words[0], "ls") == 0;

	if (format < 0)
		return CLI_USAGE;
	if (!is_ls && strcmp(words[0], "inspect") != 0)
		return cli_usage_error("net: it is 'ls' or 'inspect', not '%s'", words[0]);
	if (is_ls && n > 1)
		return cli_usage_error("net ls: unexpected '%s'", words[1]);
	r = gather(cli, args->all, &gathering, err);
	if (r != 0)
		return r;
	if (!is_ls)
		return inspect(networks, words + 1, n - 1, format, err);
	return format == 1 ? output_json(networks, err) : print_networks(networks, args, err);
}

const struct command command_net = {
	.name = "net",
	.operands = "ls|inspect [NETWORK…]",
	.help = "List networks, or show all there is to know about some",
	.options = net_options,
	.n_options = ARRAY_SIZE(net_options),
	.args_size = sizeof(struct net_args),
	.min_operands = 1,
	.max_operands = COMMAND_ANY,
	.run = net_run,
};
