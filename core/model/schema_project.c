// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/model/kinds.h"
#include "core/model/project.h"
#include "core/model/schema.h"

/*
 * The top level, and networks.<name> and volumes.<name>
 */

// clang-format off
#define AT(field) offsetof(struct ipam_subnet, field)
static const struct attribute ipam_config[] = {
	{"subnet", &kind_string, AT(subnet), MERGE_REPLACE, APPLY_RECREATE,
	 .doc = "its addresses, such as 10.1.2.0/24 or fd00:1:2:3::/64"},
	{"ip_range", &kind_string, AT(ip_range), MERGE_REPLACE, APPLY_RECREATE,
	 .doc = "the part of them that containers get"},
	{"gateway", &kind_string, AT(gateway), MERGE_REPLACE, APPLY_RECREATE,
	 .doc = "the host's own address in it"},
	{"aux_addresses", &kind_map, AT(aux), MERGE_MAP, APPLY_RECREATE,
	 .doc = "addresses that no container gets, each with a name"},
};
#undef AT
static const struct schema schema_ipam_config = SCHEMA_OF(ipam_config);

#define AT(field) offsetof(struct network, field)
static const struct attribute ipam[] = {
	{"config", &kind_ipam_config, 0, MERGE_REPLACE, APPLY_RECREATE,
	 .schema = &schema_ipam_config, .doc = "its subnets, one of IPv4 and one of IPv6"},
	{.key = "driver", .kind = &kind_refused, .accepts = "default",
	 .sentence = "only the driver 'default' is there; remove it", .doc = "default"},
	ATTRIBUTE_REFUSED("options", "the driver 'default' has no options; remove it"),
};
static const struct schema schema_ipam = SCHEMA_OF(ipam);

static const struct attribute network_external[] = {
	{"name", &kind_name, AT(name), MERGE_REPLACE, APPLY_NONE, .doc = "an old form"},
};
static const struct schema schema_network_external = SCHEMA_OF(network_external);

static const struct attribute network[] = {
	{"name", &kind_name, AT(name), MERGE_REPLACE, APPLY_RECREATE,
	 .doc = "instead of <project>_<key>"},
	{"driver", &kind_choice, AT(driver), MERGE_REPLACE, APPLY_RECREATE,
	 .accepts = "bridge default macvlan ipvlan host none",
	 .doc = "bridge when not said; macvlan and ipvlan: in the network of a link of the host"},
	{"driver_opts", &kind_map, AT(driver_opts), MERGE_MAP, APPLY_RECREATE,
	 .doc = "mtu, parent, com.docker.network.bridge.name and others: see stack-file(5)"},
	{"ipam", &kind_group, 0, MERGE_SCHEMA, APPLY_RECREATE, .schema = &schema_ipam,
	 .doc = "its addresses"},
	{"external", &kind_external, AT(external), MERGE_REPLACE, APPLY_RECREATE,
	 .schema = &schema_network_external, .doc = "it is there already, and stays"},
	{"internal", &kind_bool, AT(internal), MERGE_REPLACE, APPLY_RECREATE,
	 .doc = "no way out of it"},
	{"attachable", &kind_bool, AT(attachable), MERGE_REPLACE, APPLY_NONE,
	 .doc = "others may join; on one host they may anyway"},
	{"labels", &kind_map, AT(labels), MERGE_MAP, APPLY_LIVE, .doc = "notes for other programs"},
	{.key = "enable_ipv4", .kind = &kind_refused, .accepts = "true yes",
	 .sentence = "networks have IPv4 addresses; remove it", .doc = "always"},
	{"enable_ipv6", &kind_bool, AT(enable_ipv6), MERGE_REPLACE, APPLY_RECREATE,
	 .doc = "IPv6 addresses besides"},
};
#undef AT

#define AT(field) offsetof(struct volume, field)
static const struct attribute volume_external[] = {
	{"name", &kind_name, AT(name), MERGE_REPLACE, APPLY_NONE, .doc = "an old form"},
};
static const struct schema schema_volume_external = SCHEMA_OF(volume_external);

static const struct attribute volume[] = {
	{"name", &kind_name, AT(name), MERGE_REPLACE, APPLY_RECREATE,
	 .doc = "instead of <project>_<key>"},
	{.key = "driver", .kind = &kind_refused, .accepts = "local default",
	 .sentence = "only volumes of the driver 'local' are there; remove it", .doc = "local"},
	{"driver_opts", &kind_map, AT(driver_opts), MERGE_MAP, APPLY_RECREATE,
	 .doc = "type, device and o of a mount(8)"},
	{"external", &kind_external, AT(external), MERGE_REPLACE, APPLY_RECREATE,
	 .schema = &schema_volume_external, .doc = "it is there already, and stays"},
	{"labels", &kind_map, AT(labels), MERGE_MAP, APPLY_LIVE, .doc = "notes for other programs"},
};
#undef AT

#define AT(field) offsetof(struct file_object, field)
static const struct attribute file_external[] = {
	{"name", &kind_name, AT(name), MERGE_REPLACE, APPLY_NONE, .doc = "an old form"},
};
static const struct schema schema_file_external = SCHEMA_OF(file_external);

static const char cluster_driver[] = "drivers are for clusters; remove it";

#define FILE_SOURCES                                                                              \
	{"file", &kind_path, AT(file), MERGE_REPLACE, APPLY_ROLLING,                               \
	 .doc = "the file it is"},                                                                \
	{"environment", &kind_string, AT(environment), MERGE_REPLACE, APPLY_ROLLING,               \
	 .doc = "the variable whose value it is"},                                                \
	{"content", &kind_content, AT(content), MERGE_REPLACE, APPLY_ROLLING,                      \
	 .doc = "the text it is"},                                                                \
	{"external", &kind_external, AT(external), MERGE_REPLACE, APPLY_ROLLING,                   \
	 .schema = &schema_file_external, .doc = "it lies below /etc/stack"},                     \
	{"name", &kind_name, AT(name), MERGE_REPLACE, APPLY_ROLLING,                               \
	 .doc = "its name there, instead of the key"},                                            \
	{"labels", &kind_map, AT(labels), MERGE_MAP, APPLY_NONE,                                   \
	 .doc = "notes for other programs"},                                                      \
	{"x-value", &kind_own_content, AT(value), MERGE_REPLACE, APPLY_ROLLING,                    \
	 .doc = "our own: what is in it"},                                                        \
	ATTRIBUTE_REFUSED("template_driver", cluster_driver)

static const struct attribute secret[] = {
	FILE_SOURCES,
	ATTRIBUTE_REFUSED("driver", cluster_driver),
	ATTRIBUTE_REFUSED("driver_opts", cluster_driver),
};

static const struct attribute config[] = {
	FILE_SOURCES,
};
#undef AT

#define AT(field) offsetof(struct project, field)
static const struct attribute own[] = {
	{"working_dir", &kind_own_text, AT(working_dir), MERGE_REPLACE, APPLY_NONE,
	 .doc = "where the file lay that this was made from"},
	{"follow", &kind_bool, AT(follow), MERGE_REPLACE, APPLY_NONE,
	 .doc = "the stack file, and what it is made of, is applied when it is saved"},
	{"heal", &kind_bool, AT(heal), MERGE_REPLACE, APPLY_NONE, .absent = true,
	 .doc = "links, rules and limits that others change are put right at once"},
};
static const struct schema schema_own = SCHEMA_OF(own);

static const struct attribute project[] = {
	{"name", &kind_name, AT(name), MERGE_REPLACE, APPLY_RECREATE,
	 .doc = "the project's name, where -p does not say another one"},
	{"services", &kind_services, 0, MERGE_NAMED, APPLY_NONE, .schema = &schema_service,
	 .doc = "what is run"},
	{"networks", &kind_collection, AT(networks), MERGE_NAMED, APPLY_NONE,
	 .schema = &schema_network, .doc = "networks between them"},
	{"volumes", &kind_collection, AT(volumes), MERGE_NAMED, APPLY_NONE,
	 .schema = &schema_volume, .doc = "directories that outlive the containers"},
	{"secrets", &kind_collection, AT(secrets), MERGE_NAMED, APPLY_NONE,
	 .schema = &schema_secret, .doc = "files with passwords and keys"},
	{"configs", &kind_collection, AT(configs), MERGE_NAMED, APPLY_NONE,
	 .schema = &schema_config, .doc = "files of configuration"},
	{"x-stack", &kind_group, 0, MERGE_SCHEMA, APPLY_NONE, .schema = &schema_own,
	 .doc = "our own"},
	ATTRIBUTE_NOTED("version", "this is obsolete and has no effect; remove it"),
	{"include", &kind_comment, .merge = MERGE_APPEND, .schema = &schema_include,
	 .doc = "files whose services belong to this project too"},
	ATTRIBUTE_KEPT("models", AT(kept),
		       "models are run by Docker's own products: this has no effect"),
};
#undef AT
// clang-format on

const struct schema schema_project = SCHEMA_OF(project);
const struct schema schema_network = SCHEMA_OF(network);
const struct schema schema_volume = SCHEMA_OF(volume);
const struct schema schema_secret = SCHEMA_OF(secret);
const struct schema schema_config = SCHEMA_OF(config);
