// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd/cli/pulling.h"

#include "cmd/cli/cli.h"
#include "cmd/cli/imageprogram.h"
#include "cmd/cli/request.h"
#include "core/base/cleanup.h"
#include "core/model/project.h"
#include "core/model/units.h"
#include "store/image.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define DAY_S 86400

/* One image that is to be pulled. */
struct due {
	const char *image, *platform;
	enum pulling_need need;
};

/* Seconds that an image may be old under POLICY, -1: it has no interval. */
static int64_t interval_of(const char *policy)
{
	int64_t interval_ms;

	if (strcmp(policy, "daily") == 0)
		return DAY_S;
	if (strcmp(policy, "weekly") == 0)
		return (int64_t)7 * DAY_S;
	if (strncmp(policy, "every_", 6) == 0 && units_duration(policy + 6, &interval_ms) == 0)
		return interval_ms / 1000;
	return -1;
}

bool pulling_policy_is_known(const char *policy)
{
	static const char *const names[] = {"always", "missing", "if_not_present", "never",
					    "build"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (strcmp(names[i], policy) == 0)
			return true;
	return interval_of(policy) >= 0;
}

enum pulling_need pulling_need(const char *policy, bool built, bool present, int64_t age_s)
{
	int64_t interval;

	if (!policy && built)
		return PULL_NOT;
	if (!policy)
		policy = "missing";
	if (strcmp(policy, "always") == 0)
		return PULL_REQUIRED;
	if (strcmp(policy, "never") == 0 || strcmp(policy, "build") == 0)
		return PULL_NOT;
	if (!present)
		return PULL_REQUIRED;
	interval = interval_of(policy);
	return interval >= 0 && age_s >= interval ? PULL_IF_POSSIBLE : PULL_NOT;
}

static bool is_forbidden(const char *policy)
{
	return policy && (strcmp(policy, "never") == 0 || strcmp(policy, "build") == 0);
}

static enum pulling_need need_of(const struct cli *cli, const struct service *service,
				 const struct pulling_options *options)
{
	CLEANUP(image_release) struct image image = {.id = NULL};
	const char *policy = service->pull_policy;
	int64_t age_s = 0;
	bool present;

	/* What is only built is in no registry. */
	if (options->always)
		policy = is_forbidden(policy) || (service->build && !policy) ? "never" : "always";
	else if (options->policy && !(service->build && !policy))
		policy = options->policy;
	present = image_find(&cli->paths, service->image, &image, NULL) == 0;
	if (present)
		age_s = (int64_t)time(NULL) - image_confirmed_s(&cli->paths, &image);
	return pulling_need(policy, service->build, present, age_s);
}

static bool same_text(const char *a, const char *b)
{
	return (!a && !b) || (a && b && strcmp(a, b) == 0);
}

/* Services share images; what one of them requires is required. */
static void add_due(struct due *list, size_t *n, const struct service *service,
		    enum pulling_need need)
{
	for (size_t i = 0; i < *n; i++) {
		if (strcmp(list[i].image, service->image) == 0 &&
		    same_text(list[i].platform, service->platform)) {
			list[i].need = need > list[i].need ? need : list[i].need;
			return;
		}
	}
	list[(*n)++] = (struct due){service->image, service->platform, need};
}

static int choose(const struct cli *cli, const struct project *project, char *const *services,
		  size_t n, const struct pulling_options *options, struct due *ret_list,
		  size_t *ret_n, struct err *err)
{
	CLEANUP_FREE bool *wanted = calloc(project->n_services + 1, sizeof(*wanted));
	size_t n_due = 0;
	int r;

	if (!wanted)
		return err_nomem(err);
	r = request_select_services(project, services, n, !options->without_dependencies, wanted,
				    err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < project->n_services; i++) {
		const struct service *service = &project->services[i];
		enum pulling_need need =
			wanted[i] && service->image ? need_of(cli, service, options) : PULL_NOT;

		if (need != PULL_NOT)
			add_due(ret_list, &n_due, service, need);
	}
	*ret_n = n_due;
	return 0;
}

/* Those of LIST, from the first on, that go with it into one command line; they are done then. */
static int pull_alike(struct cli *cli, struct due *list, size_t n,
		      const struct pulling_options *options, int *ret_status, struct err *err)
{
	CLEANUP(string_list_release) struct string_list argv = {.items = NULL};
	const struct due first = list[0];
	char program[PATH_MAX];
	int r = imageprogram_find(cli, program, &argv, err);

	if (r < 0)
		return r;
	string_list_add(&argv, "pull");
	imageprogram_add_progress(cli, options->quiet, &argv);
	if (first.platform) {
		string_list_add(&argv, "--platform");
		string_list_add(&argv, first.platform);
	}
	if (options->ignore_failures || first.need == PULL_IF_POSSIBLE)
		string_list_add(&argv, "--ignore-failures");
	string_list_add(&argv, "--");
	for (size_t i = 0; i < n; i++) {
		if (list[i].need != first.need || !same_text(list[i].platform, first.platform))
			continue;
		string_list_add(&argv, list[i].image);
		list[i].need = PULL_NOT;
	}
	string_list_add(&argv, NULL);
	return imageprogram_run(&argv, ret_status, err);
}

int pulling_run(struct cli *cli, const struct project *project, char *const *services, size_t n,
		const struct pulling_options *options, int *ret_status, struct err *err)
{
	CLEANUP_FREE struct due *list = calloc(project->n_services + 1, sizeof(*list));
	size_t n_due = 0;
	int status = 0, r;

	if (!list)
		return err_nomem(err);
	r = choose(cli, project, services, n, options, list, &n_due, err);
	if (r == 0 && n_due > 0)
		r = cli_need_root(err);
	for (size_t i = 0; r == 0 && i < n_due; i++) {
		int one = 0;

		if (list[i].need == PULL_NOT)
			continue;
		r = pull_alike(cli, list + i, n_due - i, options, &one, err);
		status = status ? status : one;
	}
	if (r == 0)
		*ret_status = status;
	return r;
}
