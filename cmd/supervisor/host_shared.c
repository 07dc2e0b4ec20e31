// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Networks that more than one project is in
 *
 * The project that made a network is its owner; others name it as `external`, and are
 * its guests.  What they have to know of each other lies with the owner:
 *
 *	<run>/<owner>/shared/<network>/<project>	"name address" lines
 *
 * Each guest has such a file from the moment it joins, under the lock of ipam_lock(),
 * until it leaves, so the owner sees that it has guests.  Addresses are chosen under
 * that lock too, around those in the records of all who are in the network; where
 * nobody of us made it, around those of all projects and the host's neighbours there.
 *
 * The owner's DNS server answers for the names of all: it reads the files again when
 * the directory tells of a new one.  The guests do the same for their containers that
 * ask a server of another network of theirs.  A file of a project that is not there
 * any more, which a kill can leave, counts for nothing.
 */
#include "cmd/supervisor/host_shared.h"

#include "core/base/cleanup.h"
#include "core/base/fd.h"
#include "core/base/strbuf.h"
#include "core/base/text.h"
#include "net/ipam.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NAMES_SIZE_MAX (1 << 20)

/* <run>/<owner>/shared/<network>; false: it is no network of a project of ours. */
static bool shared_dir(const struct host *host, const struct host_network *network, char *ret,
		       size_t size)
{
	const char *owner = network->record.external ? network->record.owner : host->project;

	return *owner && !host_is_beside(network) &&
	       paths_join(ret, size, NULL, "%s/%s/shared/%s", host->paths->run, owner,
			  network->record.name) == 0;
}

static bool project_is_there(const struct host *host, const char *project)
{
	char path[PATH_MAX];

	return text_is_name(project, TEXT_NAME_MAX) &&
	       paths_join(path, sizeof(path), NULL, "%s/%s/lock", host->paths->run, project) == 0 &&
	       access(path, F_OK) == 0;
}

/* Call FN for each project but this one that has an entry in the directory PATH. */
static int for_each_other(const struct host *host, const char *path,
			  int (*fn)(const struct host *host, const char *project, void *data,
				    struct err *err),
			  void *data, struct err *err)
{
	DIR *dir = opendir(path);
	const struct dirent *entry;
	int r = 0;

	while (dir && r == 0 && (entry = readdir(dir)))
		if (strcmp(entry->d_name, host->project) != 0 &&
		    project_is_there(host, entry->d_name))
			r = fn(host, entry->d_name, data, err);
	if (dir)
		closedir(dir);
	return r;
}

/* --- addresses --- */

struct taken {
	struct cidr subnet;
	struct cidr_list *list;
};

static void add_record(const struct container_record *record, const struct taken *taken)
{
	for (size_t i = 0; i < record->n_addresses; i++) {
		struct cidr address;

		if (cidr_parse_address(record->addresses[i].address, &address, NULL) == 0 &&
		    cidr_contains(&taken->subnet, &address))
			cidr_list_add(taken->list, address);
	}
}

/* What PROJECT's records have in the subnet: no two networks of a host have one subnet. */
static int add_project(const struct host *host, const char *project, void *data, struct err *err)
{
	struct container_record *records = NULL;
	char path[PATH_MAX];
	size_t n = 0;
	CLEANUP_FD int fd = -1;
	int r = paths_join(path, sizeof(path), err, "%s/%s", host->paths->run, project);

	if (r < 0)
		return r;
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return 0; /* it has just gone */
	r = record_load_all(fd, &records, &n, err);
	for (size_t i = 0; r == 0 && i < n; i++) {
		add_record(&records[i], data);
		record_release(&records[i]);
	}
	free(records);
	return r < 0 ? err_wrap(err, "records of the project '%s'", project) : 0;
}

int host_shared_addresses(struct host *host, const struct host_network *network,
			  struct cidr_list *ret, struct err *err)
{
	struct taken taken = {.subnet = cidr_subnet(&network->gateway), .list = ret};
	char path[PATH_MAX];
	int r;

	if (!network->record.external && !host_is_beside(network))
		return shared_dir(host, network, path, sizeof(path))
			       ? for_each_other(host, path, add_project, &taken, err)
			       : 0;
	r = for_each_other(host, host->paths->run, add_project, &taken, err);
	return r < 0 ? r : ipam_neighbours(host->nl, network->ifindex, ret, err);
}

/* --- guests --- */

static int add_guest(const struct host *host, const char *project, void *data, struct err *err)
{
	struct strbuf *names = data;

	(void)host;
	(void)err;
	strbuf_printf(names, "%s'%s'", names->len ? ", " : "", project);
	return 0;
}

bool host_shared_guests(const struct host *host, const struct host_network *network,
			struct strbuf *ret)
{
	char path[PATH_MAX];

	if (network->record.external || !shared_dir(host, network, path, sizeof(path)))
		return false;
	(void)for_each_other(host, path, add_guest, ret, NULL);
	return ret->len > 0;
}

int host_shared_join(struct host *host, struct host_network *network, struct err *err)
{
	char path[PATH_MAX], file[PATH_MAX];
	int r;

	if (!shared_dir(host, network, path, sizeof(path)))
		return 0;
	r = fd_mkdir_p(path, 0700, err);
	if (r == 0 && network->record.external) {
		r = paths_join(file, sizeof(file), err, "%s/%s", path, host->project);
		if (r == 0 && access(file, F_OK) < 0)
			r = fd_replace_file(AT_FDCWD, file, "", 0, 0600, err);
	}
	return r;
}

void host_shared_leave(struct host *host, struct host_network *network)
{
	char path[PATH_MAX], file[PATH_MAX];

	host_shared_unwatch(network);
	if (!shared_dir(host, network, path, sizeof(path)))
		return;
	if (paths_join(file, sizeof(file), NULL, "%s/%s", path, host->project) == 0)
		(void)unlink(file);
	if (!network->record.external)
		(void)rmdir(path);
}

/* --- names --- */

struct others {
	const char *path; /* the directory */
	const char *key;  /* of the network here */
	struct shared_names *names;
};

static void add_name(struct others *others, char *line)
{
	struct shared_names *names = others->names;
	char *address = strchr(line, ' ');

	if (!address)
		return;
	*address++ = '\0';
	names->entries = reallocarray(names->entries, names->n + 1, sizeof(*names->entries));
	if (!names->entries)
		abort();
	names->entries[names->n++] = (struct name_entry){others->key, line, address};
}

static int read_names(const struct host *host, const char *project, void *data, struct err *err)
{
	struct others *others = data;
	struct shared_names *names = others->names;
	char path[PATH_MAX], *text, *rest, *line;

	(void)host;
	(void)err; /* a file that has just gone has no names */
	if (paths_join(path, sizeof(path), NULL, "%s/%s", others->path, project) < 0 ||
	    fd_read_file(AT_FDCWD, path, NAMES_SIZE_MAX, &text, NULL, NULL) < 0)
		return 0;
	names->texts = reallocarray(names->texts, names->n_texts + 1, sizeof(*names->texts));
	if (!names->texts)
		abort();
	rest = names->texts[names->n_texts++] = text;
	while ((line = strsep(&rest, "\n")))
		add_name(others, line);
	return 0;
}

void host_shared_read(const struct host *host, struct shared_names *ret)
{
	for (size_t i = 0; i < host->n_networks; i++) {
		const struct host_network *network = &host->networks[i];
		char path[PATH_MAX];
		struct others others = {path, network->record.key, ret};

		if (shared_dir(host, network, path, sizeof(path)))
			(void)for_each_other(host, path, read_names, &others, NULL);
	}
}

void shared_names_release(struct shared_names *names)
{
	for (size_t i = 0; i < names->n_texts; i++)
		free(names->texts[i]);
	free(names->texts);
	free(names->entries);
}

static int publish(struct host *host, struct host_network *network,
		   const struct name_entry *entries, size_t n, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT, guests = STRBUF_INIT;
	char path[PATH_MAX], file[PATH_MAX];
	int r;

	if (!shared_dir(host, network, path, sizeof(path)) ||
	    (!network->record.external && !host_shared_guests(host, network, &guests)))
		return 0;
	for (size_t i = 0; i < n; i++)
		if (strcmp(entries[i].network, network->record.key) == 0)
			strbuf_printf(&text, "%s %s\n", entries[i].name, entries[i].address);
	if (network->published && strcmp(network->published, text.text) == 0)
		return 0;
	r = paths_join(file, sizeof(file), err, "%s/%s", path, host->project);
	if (r == 0)
		r = fd_replace_file(AT_FDCWD, file, text.text, text.len, 0600, err);
	if (r < 0)
		return r;
	free(network->published);
	network->published = strbuf_take(&text);
	return 0;
}

int host_shared_publish(struct host *host, const struct name_entry *entries, size_t n,
			struct err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < host->n_networks; i++)
		r = publish(host, &host->networks[i], entries, n, err);
	return r;
}

static void on_change(uv_fs_event_t *handle, const char *name, int events, int status)
{
	struct host *host = handle->data;

	(void)events;
	/* Temporary files have a dot in their names, and projects do not. */
	if (status == 0 && !(name && (strchr(name, '.') || strcmp(name, host->project) == 0)))
		host_names_again(host);
}

void host_shared_watch(struct host *host, struct host_network *network)
{
	char path[PATH_MAX];
	uv_fs_event_t *watch;

	if (network->shared_watch || !shared_dir(host, network, path, sizeof(path)))
		return;
	watch = calloc(1, sizeof(*watch));
	if (!watch)
		abort();
	(void)uv_fs_event_init(host->loop, watch);
	watch->data = host;
	network->shared_watch = watch;
	/* Without it names are late, until something changes here. */
	(void)uv_fs_event_start(watch, on_change, path, 0);
	uv_unref((uv_handle_t *)watch);
}

static void on_closed(uv_handle_t *handle)
{
	free(handle);
}

void host_shared_unwatch(struct host_network *network)
{
	if (network->shared_watch)
		uv_close((uv_handle_t *)network->shared_watch, on_closed);
	network->shared_watch = NULL;
	free(network->published);
	network->published = NULL;
}
