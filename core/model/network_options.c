// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/model/network_options.h"

#include "core/base/cleanup.h"
#include "core/base/text.h"
#include "core/model/units.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stddef.h>
#include <string.h>

#define LINK_NAME_SIZE 16 /* IFNAMSIZ */
#define MTU_MIN	       68 /* RFC 791 */
#define MTU_MAX	       65535

enum option_kind { OPTION_LINK, OPTION_ADDRESS, OPTION_MTU, OPTION_BOOL, OPTION_WORD };

#define ON(driver) (1u << (driver))
#define BESIDE	   (ON(NETWORK_MACVLAN) | ON(NETWORK_IPVLAN))
#define AT(field)  offsetof(struct network_options, field)

static const struct option {
	const char *key;
	unsigned int drivers;
	enum option_kind kind;
	size_t offset;
	bool inverted;	   /* true is what there is without it */
	const char *words; /* OPTION_WORD: with blanks around each */
} options[] = {
	{"com.docker.network.bridge.name", ON(NETWORK_BRIDGE), OPTION_LINK, AT(bridge),
	 .inverted = false},
	{"com.docker.network.bridge.host_binding_ipv4", ON(NETWORK_BRIDGE), OPTION_ADDRESS,
	 AT(host_binding), .inverted = false},
	{"com.docker.network.bridge.enable_icc", ON(NETWORK_BRIDGE), OPTION_BOOL, AT(isolated),
	 .inverted = true},
	{"com.docker.network.bridge.enable_ip_masquerade", ON(NETWORK_BRIDGE), OPTION_BOOL,
	 AT(keeps_source), .inverted = true},
	{"com.docker.network.driver.mtu", ON(NETWORK_BRIDGE) | BESIDE, OPTION_MTU, AT(mtu),
	 .inverted = false},
	{"mtu", ON(NETWORK_BRIDGE) | BESIDE, OPTION_MTU, AT(mtu), .inverted = false},
	{"parent", BESIDE, OPTION_LINK, AT(parent), .inverted = false},
	{"macvlan_mode", ON(NETWORK_MACVLAN), OPTION_WORD, AT(mode),
	 .words = " bridge private vepa passthru "},
	{"ipvlan_mode", ON(NETWORK_IPVLAN), OPTION_WORD, AT(mode), .words = " l2 l3 l3s "},
};

static const struct {
	const char *name;
	enum network_driver driver;
} drivers[] = {
	[NETWORK_DRIVER_NONE] = {"bridge", NETWORK_BRIDGE},
	[NETWORK_BRIDGE] = {"bridge", NETWORK_BRIDGE},
	[NETWORK_DEFAULT] = {"bridge", NETWORK_BRIDGE},
	[NETWORK_MACVLAN] = {"macvlan", NETWORK_MACVLAN},
	[NETWORK_IPVLAN] = {"ipvlan", NETWORK_IPVLAN},
	[NETWORK_HOST] = {"host", NETWORK_HOST},
	[NETWORK_NULL] = {"none", NETWORK_NULL},
};

const char *network_driver_name(const struct network *network)
{
	return drivers[network->driver].name;
}

bool network_is_beside(const struct network *network)
{
	return network->driver == NETWORK_MACVLAN || network->driver == NETWORK_IPVLAN;
}

static bool is_link_name(const char *text)
{
	size_t len = strlen(text);

	return len > 0 && len < LINK_NAME_SIZE && !strpbrk(text, "/: \t\n") &&
	       strcmp(text, ".") != 0 && strcmp(text, "..") != 0;
}

static int err_value(struct err *err, const struct key_value *option, const char *expected)
{
	return err_set(err, EINVAL, "driver_opts: %s: '%s' is not %s", option->key,
		       option->value ? option->value : "", expected);
}

static bool is_one_of(const char *words, const char *value)
{
	const char *at = strstr(words, value);

	return *value && !strchr(value, ' ') && at && at[-1] == ' ' && at[strlen(value)] == ' ';
}

static int read_number(const struct key_value *item, int64_t *ret, struct err *err)
{
	if (!item->value || units_integer(item->value, ret) < 0 || *ret < MTU_MIN || *ret > MTU_MAX)
		return err_value(err, item, "a number from 68 to 65535");
	return 0;
}

static int read_bool(const struct option *option, const struct key_value *item, bool *ret,
		     struct err *err)
{
	if (!item->value || units_bool(item->value, ret) < 0)
		return err_value(err, item, "true or false");
	*ret ^= option->inverted;
	return 0;
}

static int read_text(const struct option *option, const struct key_value *item, const char **ret,
		     struct err *err)
{
	const char *value = item->value ? item->value : "";
	struct in_addr addr;

	if (option->kind == OPTION_LINK && !is_link_name(value))
		return err_value(err, item, "the name of a network link");
	if (option->kind == OPTION_ADDRESS && inet_pton(AF_INET, value, &addr) != 1)
		return err_value(err, item, "an IPv4 address");
	if (option->kind == OPTION_WORD && (!*value || !is_one_of(option->words, value)))
		return err_set(err, EINVAL, "driver_opts: %s: '%s' is none of:%s", item->key, value,
			       option->words);
	*ret = value;
	return 0;
}

static int err_unknown(struct err *err, enum network_driver driver, const char *key)
{
	const char *known[ARRAY_SIZE(options)], *meant;
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(options); i++)
		if (options[i].drivers & ON(driver))
			known[n++] = options[i].key;
	meant = text_suggest(key, known, n);
	if (meant)
		return err_set(err, EINVAL, "driver_opts: there is no '%s'; did you mean '%s'?",
			       key, meant);
	return err_set(err, EINVAL,
		       "driver_opts: '%s' is not there for the driver '%s'; remove it, or see "
		       "stack-file(5) for those that are",
		       key, drivers[driver].name);
}

int network_option_read(const struct network *network, const struct key_value *item,
			struct network_options *ret, struct err *err)
{
	enum network_driver driver = drivers[network->driver].driver;

	for (size_t i = 0; i < ARRAY_SIZE(options); i++) {
		const struct option *option = &options[i];
		char *field = (char *)ret + option->offset;

		if (strcmp(option->key, item->key) != 0 || !(option->drivers & ON(driver)))
			continue;
		if (option->kind == OPTION_MTU)
			return read_number(item, (int64_t *)(void *)field, err);
		if (option->kind == OPTION_BOOL)
			return read_bool(option, item, (bool *)(void *)field, err);
		return read_text(option, item, (const char **)(void *)field, err);
	}
	return err_unknown(err, driver, item->key);
}

struct network_options network_options(const struct network *network)
{
	struct network_options ret = {.bridge = NULL};

	for (size_t i = 0; i < network->driver_opts.n; i++)
		(void)network_option_read(network, &network->driver_opts.items[i], &ret, NULL);
	return ret;
}

/* Each key has to be one of the interface's own: others are the service's `sysctls`. */
static bool are_sysctls(const char *text)
{
	static const char ipv4[] = "net.ipv4.", ipv6[] = "net.ipv6.";

	for (const char *next = text; next; text = next + 1) {
		const char *equals = strchr(text, '='), *name = strstr(text, NETWORK_SYSCTL_IFNAME);

		next = strchr(text, ',');
		if (strncmp(text, ipv4, strlen(ipv4)) != 0 &&
		    strncmp(text, ipv6, strlen(ipv6)) != 0)
			return false;
		if (!equals || !name || name > equals || (next && equals > next) ||
		    memchr(text, '/', (size_t)(equals - text)))
			return false;
		if (!next)
			break;
	}
	return true;
}

int endpoint_option_check(const struct key_value *option, struct err *err)
{
	static const char *const known[] = {NETWORK_OPTION_IFNAME, NETWORK_OPTION_SYSCTLS};
	const char *value = option->value ? option->value : "";
	const char *meant;

	if (strcmp(option->key, NETWORK_OPTION_IFNAME) == 0)
		return is_link_name(value) ? 0 : err_value(err, option, "a name for an interface");
	if (strcmp(option->key, NETWORK_OPTION_SYSCTLS) == 0)
		return are_sysctls(value)
			       ? 0
			       : err_value(err, option, "a list of net.ipv4.conf.IFNAME.KEY=VALUE");
	meant = text_suggest(option->key, known, ARRAY_SIZE(known));
	return err_set(err, EINVAL, "driver_opts: there is no '%s'; %s '%s'?", option->key,
		       meant ? "did you mean" : "is it", meant ? meant : known[0]);
}
