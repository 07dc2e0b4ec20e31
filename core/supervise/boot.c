// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Boot: a project that is enabled comes back with the host
 *
 * What is in <run> is gone after a reboot.  So an enabled project keeps what is
 * desired, and which services were stopped by hand, in
 * <root>/projects/<project>/boot.json.  The supervisor that the service manager
 * starts brings that up, in dependency order like any `up`; upper layers and
 * volumes lie in <root> and are found again by their names, addresses by theirs.
 *
 * When the service manager ends us, the containers are stopped in order, but not
 * by hand: a file `resting` in <run> says that they are to come back although
 * the host was not rebooted.
 */
#include "core/supervise/requests.h"
#include "core/supervise/resume.h"

#include "core/base/arena.h"
#include "core/base/cleanup.h"
#include "core/base/fd.h"
#include "core/base/jsontext.h"
#include "core/base/log.h"
#include "core/base/strbuf.h"
#include "core/converge/plan.h"
#include "core/supervise/restart.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#define BOOT_FILE    "boot.json"
#define BOOT_MAX     ((size_t)64 << 20)
#define RESTING_FILE "resting"

static int project_path(const struct supervisor *supervisor, const char *name, char *ret,
			struct err *err)
{
	return paths_join(ret, PATH_MAX, err, "%s/projects/%s%s%s", supervisor->paths->root,
			  supervisor->project_name, name[0] ? "/" : "", name);
}

static bool is_enabled(const struct supervisor *supervisor)
{
	char path[PATH_MAX];

	return project_path(supervisor, BOOT_FILE, path, NULL) == 0 && access(path, F_OK) == 0;
}

static json_t *load(const struct supervisor *supervisor, struct err *err)
{
	CLEANUP_FREE char *text = NULL;
	char path[PATH_MAX];
	json_error_t bad;
	json_t *json;

	if (project_path(supervisor, BOOT_FILE, path, err) < 0 ||
	    fd_read_file(AT_FDCWD, path, BOOT_MAX, &text, NULL, err) < 0)
		return NULL;
	json = json_loads(text, 0, &bad);
	if (!json)
		err_set(err, EBADMSG, "'%s' is damaged: %s; `stack up` and `stack enable` again",
			path, bad.text);
	return json;
}

static bool names(const json_t *list, const char *name)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *other = json_string_value(json_array_get(list, i));

		if (other && strcmp(other, name) == 0)
			return true;
	}
	return false;
}

/* All containers of SERVICE were stopped by hand; without any it is as BEFORE says. */
static bool is_stopped(const struct supervisor *supervisor, const struct service *service,
		       const json_t *before)
{
	bool any = false;

	for (const struct unit *unit = supervisor->units; unit; unit = unit->next) {
		if (unit->service != service)
			continue;
		if (!unit->record.stopped)
			return false;
		any = true;
	}
	return any || names(json_object_get(before, "stopped"), service->name);
}

static int save(struct supervisor *supervisor, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;
	const struct project *project = supervisor->project;
	json_t *stopped = json_array(), *before = load(supervisor, NULL), *json;
	char path[PATH_MAX];
	int r;

	for (size_t i = 0; i < project->n_services; i++)
		if (is_stopped(supervisor, &project->services[i], before))
			json_array_append_new(stopped, json_string(project->services[i].name));
	json = json_pack("{s:O, s:o}", "project", supervisor->project_json, "stopped", stopped);
	r = jsontext_add(&text, json, JSON_COMPACT) < 0 ? err_nomem(err) : 0;
	json_decref(json);
	json_decref(before);
	if (r == 0)
		r = project_path(supervisor, "", path, err);
	if (r == 0)
		r = fd_mkdir_p(path, 0700, err);
	if (r == 0)
		r = project_path(supervisor, BOOT_FILE, path, err);
	return r < 0 ? r : fd_replace_file(AT_FDCWD, path, text.text, text.len, 0600, err);
}

void boot_changed(struct supervisor *supervisor)
{
	struct err err = ERR_INIT;

	if (!supervisor->project || supervisor->resting || !is_enabled(supervisor))
		return;
	if (save(supervisor, &err) < 0)
		log_error("what is to come back after a reboot is not on the disk: %s", err.msg);
}

void boot_forget(struct supervisor *supervisor)
{
	struct err err = ERR_INIT;
	char path[PATH_MAX];

	if (is_enabled(supervisor) && project_path(supervisor, BOOT_FILE, path, &err) == 0 &&
	    fd_replace_file(AT_FDCWD, path, "{}\n", 3, 0600, &err) < 0)
		log_error("%s", err.msg);
}

int boot_enable(struct supervisor *supervisor, bool enable, struct err *err)
{
	char path[PATH_MAX];
	int r;

	if (enable && !supervisor->project)
		return err_set(err, ENOENT, "project '%s' was never brought up",
			       supervisor->project_name);
	if (enable)
		return save(supervisor, err);
	r = project_path(supervisor, BOOT_FILE, path, err);
	if (r == 0 && unlink(path) < 0 && errno != ENOENT)
		r = err_sys(err, errno, "remove '%s'", path);
	return r;
}

/* --- coming back --- */

/* The services that come back: all but those that were stopped by hand. */
static json_t *services_of(const json_t *boot)
{
	const json_t *stopped = json_object_get(boot, "stopped"), *definition;
	json_t *services = json_object_get(json_object_get(boot, "project"), "services");
	json_t *wanted = json_array();
	const char *name;

	json_object_foreach (services, name, definition) {
		const char *policy = json_string_value(json_object_get(definition, "restart"));
		bool always = policy && strcmp(policy, "always") == 0;

		if (restart_at_boot(always, names(stopped, name)))
			json_array_append_new(wanted, json_string(name));
	}
	return wanted;
}

/* What the service manager stopped was not stopped by hand, which its record says. */
static void forgive(struct supervisor *supervisor, const json_t *stopped)
{
	for (struct unit *unit = supervisor->units; unit; unit = unit->next) {
		if (!unit->record.stopped || names(stopped, unit->record.service))
			continue;
		unit->record.stopped = false;
		unit_save(unit);
	}
}

int boot_resume(struct supervisor *supervisor, struct err *err)
{
	bool resting = faccessat(supervisor->run_fd, RESTING_FILE, F_OK, 0) == 0;
	json_t *boot, *request, *wanted;

	/* A supervisor that was killed: what runs is adopted, what ended stays so. */
	if (supervisor->units && !resting)
		return 0;
	boot = load(supervisor, err);
	if (!boot && !supervisor->units)
		(void)supervisor->driver.ops->project_remove(supervisor->driver.ctx, false, NULL);
	if (!boot)
		return -err->code;
	(void)unlinkat(supervisor->run_fd, RESTING_FILE, 0);
	if (!json_object_get(boot, "project")) {
		json_decref(boot);
		supervisor_leave(supervisor, false);
		return 0;
	}
	/* systemd took the empty cgroups of the unit away when it had ended. */
	if (supervisor->units)
		heal_inspect(supervisor, true, NULL);
	forgive(supervisor, json_object_get(boot, "stopped"));
	wanted = services_of(boot);
	request = json_pack("{s:s, s:O, s:o}", "op", "up", "project",
			    json_object_get(boot, "project"), "services", wanted);
	if (json_array_size(wanted) > 0)
		request_handle(supervisor, NULL, request);
	json_decref(request);
	json_decref(boot);
	return 0;
}

/* --- going to rest --- */

void boot_rest(struct supervisor *supervisor)
{
	json_t *request = json_pack("{s:s}", "op", "stop");
	struct err err = ERR_INIT;

	if (fd_replace_file(supervisor->run_fd, RESTING_FILE, "", 0, 0600, &err) < 0)
		log_error("%s, ignoring", err.msg);
	supervisor->resting = true;
	request_handle(supervisor, NULL, request);
	json_decref(request);
	if (!supervisor->operation)
		uv_stop(supervisor->loop);
}
