// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Below which cgroups a project's are
 *
 * That depends on where a supervisor was started: in a unit with Delegate=yes, or
 * not.  What one has begun with, those that come after it go on with, wherever they
 * are started, as long as the project is up: its containers are there.
 */
#include "cmd/supervisor/host.h"

#include "core/base/cleanup.h"
#include "core/base/fd.h"
#include "core/base/strbuf.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define BASES_FILE "cgroups"
#define BASES_MAX  ((size_t)16384)

/* One line for each hierarchy, in the order of struct cgroup_host. */
static void bases_text(const struct cgroup_host *cgroups, struct strbuf *out)
{
	strbuf_printf(out, "%s\n", cgroups->delegated ? "delegated" : "root");
	if (cgroups->has_unified)
		strbuf_printf(out, "%s\n", cgroups->unified.base);
	for (size_t i = 0; i < cgroups->n_v1; i++)
		strbuf_printf(out, "%s\n", cgroups->v1[i].base);
}

/* False: it is not there, as after a reboot with other hierarchies. */
static bool take_base(char **save, char ret_base[CGROUP_BASE_MAX])
{
	const char *line = strtok_r(NULL, "\n", save);

	if (!line || strlen(line) >= CGROUP_BASE_MAX || access(line, F_OK) < 0)
		return false;
	snprintf(ret_base, CGROUP_BASE_MAX, "%s", line);
	return true;
}

static bool take_bases(char *text, struct cgroup_host *cgroups)
{
	char *save = NULL;
	const char *kind = strtok_r(text, "\n", &save);
	bool good = kind != NULL;

	cgroups->delegated = kind && strcmp(kind, "delegated") == 0;
	if (cgroups->has_unified)
		good = good && take_base(&save, cgroups->unified.base);
	for (size_t i = 0; i < cgroups->n_v1; i++)
		good = good && take_base(&save, cgroups->v1[i].base);
	return good;
}

int host_cgroups_init(struct host *host, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;
	CLEANUP_FREE char *before = NULL;
	struct cgroup_host kept;
	int r = cgroup_host_init(&host->cgroups, err);

	if (r < 0)
		return r;
	kept = host->cgroups;
	r = fd_read_file(host->run_fd, BASES_FILE, BASES_MAX, &before, NULL, NULL);
	if (r == 0 && take_bases(before, &kept)) {
		host->cgroups = kept;
		return 0;
	}
	bases_text(&host->cgroups, &text);
	return fd_replace_file(host->run_fd, BASES_FILE, text.text, text.len, 0600, err);
}
