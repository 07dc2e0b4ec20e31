// SPDX-License-Identifier: GPL-2.0-or-later
#include "store/record.h"

#include "core/base/cleanup.h"
#include "core/base/err.h"
#include "core/base/fd.h"
#include "core/base/paths.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define RECORD_MAX ((size_t)1 << 20)

static void json_cleanup(json_t **json)
{
	json_decref(*json);
}

/* --- one JSON file --- */

static int save_json(int dirfd, const char *path, const json_t *json, struct err *err)
{
	CLEANUP_FREE char *text = json_dumps(json, JSON_COMPACT);

	if (!text)
		return err_set(err, EINVAL, "'%s': a name in it is not UTF-8", path);
	return fd_replace_file(dirfd, path, text, strlen(text), 0600, err);
}

static int load_json(int dirfd, const char *path, json_t **ret_json, struct err *err)
{
	CLEANUP_FREE char *text = NULL;
	json_error_t bad;
	int r = fd_read_file(dirfd, path, RECORD_MAX, &text, NULL, err);

	if (r < 0)
		return r;
	*ret_json = json_loads(text, 0, &bad);
	if (!*ret_json)
		return err_set(err, EBADMSG, "'%s' is damaged: %s", path, bad.text);
	return 0;
}

/* The string at KEY into RET; what is missing or too long makes the record damaged. */
static bool get_text(const json_t *json, const char *key, char *ret, size_t size)
{
	const char *text = json_string_value(json_object_get(json, key));
	int n = text ? snprintf(ret, size, "%s", text) : -1;

	return n >= 0 && (size_t)n < size;
}

#define GET(json, key, field) get_text(json, key, field, sizeof(field))

/* The same where a record of an older version has none: that is "". */
#define GET_NEW(json, key, field) (!json_object_get(json, key) || GET(json, key, field))

static json_int_t get_number(const json_t *json, const char *key)
{
	return json_integer_value(json_object_get(json, key));
}

/* --- container records --- */

static json_t *record_to_json(const struct container_record *record)
{
	json_t *volumes = json_array();

	for (char **v = record->anonymous_volumes; v && *v; v++)
		json_array_append_new(volumes, json_string(*v));
	return json_pack(
		"{s:s, s:s, s:i, s:s, s:s, s:s, s:s, s:I, s:o, s:o, s:o, s:b, s:i, s:b, s:s, s:b}",
		"name", record->name, "service", record->service, "index", (int)record->index,
		"image", record->image ? record->image : "", "image_id", record->image_id,
		"config_hash", record->config_hash, "live_hash", record->live_hash, "created_ns",
		(json_int_t)record->created_ns, "addresses", record_addresses_to_json(record),
		"ports", record_ports_to_json(record), "anonymous_volumes", volumes, "stopped",
		record->stopped, "restarts", (int)record->restarts, "unhealthy", record->unhealthy,
		"ready", record->ready, "candidate", record->candidate);
}

static bool is_true(const json_t *json, const char *key)
{
	return json_is_true(json_object_get(json, key));
}

static bool link_local_from_json(const json_t *array, struct record_address *ret)
{
	size_t n = json_array_size(array);

	if (n > RECORD_LINK_LOCAL_MAX)
		return false;
	for (size_t i = 0; i < n; i++) {
		const char *text = json_string_value(json_array_get(array, i));

		if (!text || strlen(text) >= sizeof(ret->link_local[i]))
			return false;
		snprintf(ret->link_local[i], sizeof(ret->link_local[i]), "%s", text);
	}
	return true;
}

static bool addresses_from_json(const json_t *array, struct container_record *record)
{
	size_t n = json_array_size(array);

	if (n > RECORD_NETWORKS_MAX)
		return false;
	for (size_t i = 0; i < n; i++) {
		const json_t *json = json_array_get(array, i);
		struct record_address *a = &record->addresses[i];

		if (!GET(json, "network", a->network) || !GET(json, "address", a->address) ||
		    !GET(json, "gateway", a->gateway) || !GET(json, "mac", a->mac) ||
		    !GET(json, "interface", a->interface) || !GET(json, "host_link", a->host_link))
			return false;
		a->prefix = (uint8_t)get_number(json, "prefix");
		a->gw_priority = (int)get_number(json, "gw_priority");
		a->names = (enum record_names)get_number(json, "names");
		if (!link_local_from_json(json_object_get(json, "link_local"), a))
			return false;
		if (!GET_NEW(json, "address6", a->address6) ||
		    !GET_NEW(json, "gateway6", a->gateway6))
			return false;
		a->prefix6 = (uint8_t)get_number(json, "prefix6");
	}
	record->n_addresses = n;
	return true;
}

static bool ports_from_json(const json_t *array, struct container_record *record)
{
	size_t n = json_array_size(array);

	record->ports = calloc(n + 1, sizeof(*record->ports));
	if (!record->ports)
		return false;
	for (size_t i = 0; i < n; i++) {
		const json_t *json = json_array_get(array, i);
		struct record_port *p = &record->ports[i];

		if (!GET(json, "protocol", p->protocol) || !GET(json, "host_ip", p->host_ip))
			return false;
		p->published = (uint16_t)get_number(json, "published");
		p->target = (uint16_t)get_number(json, "target");
		p->count = (uint16_t)get_number(json, "count");
	}
	record->n_ports = n;
	return true;
}

static bool volumes_from_json(const json_t *array, struct container_record *record)
{
	size_t n = json_array_size(array);

	record->anonymous_volumes = calloc(n + 1, sizeof(*record->anonymous_volumes));
	for (size_t i = 0; record->anonymous_volumes && i < n; i++) {
		const char *name = json_string_value(json_array_get(array, i));

		record->anonymous_volumes[i] = name ? strdup(name) : NULL;
		if (!record->anonymous_volumes[i])
			return false;
	}
	return record->anonymous_volumes != NULL;
}

static bool record_from_json(const json_t *json, struct container_record *record)
{
	const char *image = json_string_value(json_object_get(json, "image"));

	if (!GET(json, "name", record->name) || !GET(json, "service", record->service) ||
	    !GET(json, "image_id", record->image_id) ||
	    !GET(json, "config_hash", record->config_hash) ||
	    !GET(json, "live_hash", record->live_hash) || !image)
		return false;
	record->image = strdup(image);
	record->index = (unsigned int)get_number(json, "index");
	record->created_ns = (uint64_t)get_number(json, "created_ns");
	record->candidate = json_is_true(json_object_get(json, "candidate"));
	record->stopped = json_is_true(json_object_get(json, "stopped"));
	record->restarts = (unsigned int)get_number(json, "restarts");
	record->unhealthy = json_is_true(json_object_get(json, "unhealthy"));
	if (!GET(json, "ready", record->ready))
		record->ready[0] = '\0';
	return record->image && addresses_from_json(json_object_get(json, "addresses"), record) &&
	       ports_from_json(json_object_get(json, "ports"), record) &&
	       volumes_from_json(json_object_get(json, "anonymous_volumes"), record);
}

static int make_directories(int run_fd, const char *parent, const char *path, struct err *err)
{
	if ((mkdirat(run_fd, parent, 0700) < 0 && errno != EEXIST) ||
	    (path && mkdirat(run_fd, path, 0700) < 0 && errno != EEXIST))
		return err_sys(err, errno, "create directory '%s'", path ? path : parent);
	return 0;
}

int record_save(int run_fd, const struct container_record *record, struct err *err)
{
	CLEANUP(json_cleanup) json_t *json = record_to_json(record);
	char path[PATH_MAX];
	int r;

	r = paths_join(path, sizeof(path), err, "containers/%s", record->name);
	if (r == 0)
		r = make_directories(run_fd, "containers", path, err);
	if (r == 0)
		r = paths_join(path, sizeof(path), err, "containers/%s/record.json", record->name);
	return r < 0 ? r : save_json(run_fd, path, json, err);
}

int record_load(int run_fd, const char *name, struct container_record *ret_record, struct err *err)
{
	CLEANUP(json_cleanup) json_t *json = NULL;
	struct container_record record = {.index = 0};
	char path[PATH_MAX];
	int r;

	r = paths_join(path, sizeof(path), err, "containers/%s/record.json", name);
	if (r == 0)
		r = load_json(run_fd, path, &json, err);
	if (r < 0)
		return r;
	if (!record_from_json(json, &record)) {
		record_release(&record);
		return err_set(err, EBADMSG, "'%s' is damaged", path);
	}
	*ret_record = record;
	return 0;
}

static void close_dir(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

/* Call EACH with every name in the directory PATH below RUN_FD; none there: none. */
static int for_each_name(int run_fd, const char *path,
			 int (*each)(int run_fd, const char *name, void *data, struct err *err),
			 void *data, struct err *err)
{
	CLEANUP(close_dir) DIR *dir = NULL;
	const struct dirent *entry;
	int fd = openat(run_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r = 0;

	if (fd < 0)
		return errno == ENOENT ? 0 : err_sys(err, errno, "open '%s'", path);
	dir = fdopendir(fd);
	if (!dir) {
		close(fd);
		return err_sys(err, errno, "read '%s'", path);
	}
	while (r == 0 && (entry = readdir(dir)))
		if (entry->d_name[0] != '.')
			r = each(run_fd, entry->d_name, data, err);
	return r;
}

struct record_list {
	struct container_record *items;
	size_t n;
};

static int add_record(int run_fd, const char *name, void *data, struct err *err)
{
	struct record_list *list = data;
	struct container_record *grown = realloc(list->items, (list->n + 1) * sizeof(*list->items));
	struct err inner = ERR_INIT;
	int r;

	if (!grown)
		return err_nomem(err);
	list->items = grown;
	r = record_load(run_fd, name, &list->items[list->n], &inner);
	/* A directory without a record: an interrupted create or remove, nothing is in it. */
	if (r == -ENOENT)
		return record_remove(run_fd, name, err);
	if (r < 0)
		return err_set(err, -r, "%s", inner.msg);
	list->n++;
	return 0;
}

static int by_created(const void *a, const void *b)
{
	const struct container_record *x = a, *y = b;

	return x->created_ns < y->created_ns ? -1 : x->created_ns > y->created_ns;
}

int record_load_all(int run_fd, struct container_record **ret_records, size_t *ret_n,
		    struct err *err)
{
	struct record_list list = {.items = NULL};
	int r = for_each_name(run_fd, "containers", add_record, &list, err);

	if (r < 0) {
		while (list.n > 0)
			record_release(&list.items[--list.n]);
		free(list.items);
		return r;
	}
	if (list.n > 0)
		qsort(list.items, list.n, sizeof(*list.items), by_created);
	*ret_records = list.items;
	*ret_n = list.n;
	return 0;
}

int record_remove(int run_fd, const char *name, struct err *err)
{
	char path[PATH_MAX];
	int r = paths_join(path, sizeof(path), err, "containers/%s", name);

	return r < 0 ? r : fd_remove_tree(run_fd, path, err);
}

/* --- network records --- */

static json_t *reserved_to_json(const struct network_record *record)
{
	json_t *array = json_array();

	for (size_t i = 0; i < record->n_reserved; i++)
		json_array_append_new(array, json_string(record->reserved[i]));
	return array;
}

static bool reserved_from_json(const json_t *array, struct network_record *record)
{
	record->n_reserved = json_array_size(array);
	if (record->n_reserved > NETWORK_AUX_MAX)
		return false;
	for (size_t i = 0; i < record->n_reserved; i++) {
		const char *text = json_string_value(json_array_get(array, i));

		if (!text || strlen(text) >= sizeof(record->reserved[i]))
			return false;
		snprintf(record->reserved[i], sizeof(record->reserved[i]), "%s", text);
	}
	return true;
}

int network_record_save(int run_fd, const struct network_record *record, struct err *err)
{
	CLEANUP(json_cleanup)
	json_t *json = json_pack(
		"{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:o, s:s, s:s, s:s, s:s, s:s, s:i, s:b, s:b, "
		"s:b, s:b}",
		"key", record->key, "name", record->name, "hash", record->hash, "gateway",
		record->gateway, "range", record->range, "gateway6", record->gateway6, "range6",
		record->range6, "reserved", reserved_to_json(record), "driver", record->driver,
		"link", record->link, "mode", record->mode, "binding", record->binding, "owner",
		record->owner, "mtu", (int)record->mtu, "external", record->external, "internal",
		record->internal, "isolated", record->isolated, "keeps_source",
		record->keeps_source);
	char path[PATH_MAX];
	int r = paths_join(path, sizeof(path), err, "networks/%s.json", record->key);

	if (r == 0)
		r = make_directories(run_fd, "networks", NULL, err);
	return r < 0 ? r : save_json(run_fd, path, json, err);
}

struct network_list {
	struct network_record *items;
	size_t n;
};

static bool read_network(const json_t *json, struct network_record *record)
{
	*record = (struct network_record){
		.mtu = (unsigned int)json_integer_value(json_object_get(json, "mtu")),
		.external = is_true(json, "external"),
		.internal = is_true(json, "internal"),
		.isolated = is_true(json, "isolated"),
		.keeps_source = is_true(json, "keeps_source"),
	};
	return GET(json, "key", record->key) && GET(json, "name", record->name) &&
	       GET(json, "hash", record->hash) && GET(json, "gateway", record->gateway) &&
	       GET_NEW(json, "driver", record->driver) && GET_NEW(json, "link", record->link) &&
	       GET_NEW(json, "mode", record->mode) && GET_NEW(json, "range", record->range) &&
	       GET_NEW(json, "gateway6", record->gateway6) &&
	       GET_NEW(json, "range6", record->range6) &&
	       reserved_from_json(json_object_get(json, "reserved"), record) &&
	       GET_NEW(json, "binding", record->binding) && GET_NEW(json, "owner", record->owner);
}

static int add_network(int run_fd, const char *name, void *data, struct err *err)
{
	CLEANUP(json_cleanup) json_t *json = NULL;
	struct network_list *list = data;
	struct network_record *grown;
	char path[PATH_MAX];
	int r;

	/* A temporary file of a writer that was killed. */
	if (strstr(name, ".json.tmp"))
		return 0;
	r = paths_join(path, sizeof(path), err, "networks/%s", name);
	if (r == 0)
		r = load_json(run_fd, path, &json, err);
	if (r < 0)
		return r;
	grown = realloc(list->items, (list->n + 1) * sizeof(*list->items));
	if (!grown)
		return err_nomem(err);
	list->items = grown;
	if (!read_network(json, &list->items[list->n]))
		return err_set(err, EBADMSG, "'%s' is damaged", path);
	list->n++;
	return 0;
}

int network_record_load_all(int run_fd, struct network_record **ret_records, size_t *ret_n,
			    struct err *err)
{
	struct network_list list = {.items = NULL};
	int r = for_each_name(run_fd, "networks", add_network, &list, err);

	if (r < 0) {
		free(list.items);
		return r;
	}
	*ret_records = list.items;
	*ret_n = list.n;
	return 0;
}

int network_record_remove(int run_fd, const char *key, struct err *err)
{
	char path[PATH_MAX];
	int r = paths_join(path, sizeof(path), err, "networks/%s.json", key);

	if (r == 0 && unlinkat(run_fd, path, 0) < 0 && errno != ENOENT)
		return err_sys(err, errno, "remove '%s'", path);
	return r;
}
