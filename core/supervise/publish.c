// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Publish: ports, rules and names follow the units
 *
 * Rules and names are a function of which units are online, so nobody edits
 * them: whoever changes something says so, and after that turn of the loop all
 * is worked out anew and committed at once, in a thread, since the xtables
 * lock may have to be waited for.  A hundred units that start together are one
 * commit.  Generations tell who waits for which commit.
 */
#include "core/supervise/internal.h"

#include "core/base/arena.h"
#include "core/base/cleanup.h"
#include "core/base/log.h"
#include "core/supervise/watch.h"

#include <stdlib.h>
#include <string.h>

struct publisher {
	struct supervisor *supervisor; /* NULL: it is gone, only the thread is waited for */
	struct timer *turn;
	uv_work_t work;
	uint64_t wanted;    /* generation of the last change */
	uint64_t committed; /* all up to this one are in the kernel */
	uint64_t running;   /* the generation that the thread commits; 0: none */
	bool teardown;
	struct driver driver;
	void *prepared;
	struct err error; /* of the last commit */
	char *found;	  /* by the thread: an obstacle, or NULL */
	char *obstacle;	  /* publish_obstacle() */
};

/* How fit for traffic UNIT is: the fittest of a service get it, the others none. */
enum fitness { FIT, SOON_FIT, UNFIT, NO_TRAFFIC };

static enum fitness fitness(const struct unit *unit)
{
	if (!unit->online || unit->record.candidate)
		return NO_TRAFFIC;
	if (unit->state == UNIT_STARTING)
		return SOON_FIT;
	if (unit->state != UNIT_RUNNING)
		return UNFIT;
	if (!unit_has_healthcheck(unit) || unit_is_healthy(unit))
		return FIT;
	return strcmp(health_status(unit), "unhealthy") == 0 ? UNFIT : SOON_FIT;
}

/* How fit the fittest of each service is; in ARENA, one for each of the project's services. */
static const enum fitness *fittest(const struct supervisor *supervisor, struct arena *arena)
{
	const struct project *project = supervisor->project;
	size_t n = project ? project->n_services : 0;
	enum fitness *best = ARENA_ARRAY(arena, enum fitness, n + 1);

	for (size_t i = 0; i < n; i++)
		best[i] = NO_TRAFFIC;
	for (const struct unit *unit = supervisor->units; unit; unit = unit->next) {
		enum fitness mine = fitness(unit);

		if (unit->service && mine < best[unit->service - project->services])
			best[unit->service - project->services] = mine;
	}
	return best;
}

/* An orphan's service is in no project. */
static enum fitness fittest_orphan(const struct unit *unit)
{
	enum fitness best = NO_TRAFFIC;

	for (const struct unit *other = unit->supervisor->units; other; other = other->next)
		if (fitness(other) < best &&
		    strcmp(other->record.service, unit->record.service) == 0)
			best = fitness(other);
	return best;
}

/* Is there none of UNIT's service that is fitter?  BEST: fittest(). */
static bool has_traffic(const struct unit *unit, const enum fitness *best)
{
	enum fitness mine = fitness(unit);

	if (mine == NO_TRAFFIC)
		return false;
	if (!unit->service)
		return mine == fittest_orphan(unit);
	return mine == best[unit->service - unit->supervisor->project->services];
}

static void *prepare_rules(const struct publisher *publisher, bool to_commit)
{
	struct supervisor *supervisor = publisher->supervisor;
	CLEANUP(arena_cleanup) struct arena *arena = arena_new();
	const enum fitness *best = fittest(supervisor, arena);
	struct publication *ports;
	size_t n = 0;

	for (struct unit *unit = supervisor->units; unit; unit = unit->next)
		n += unit->record.n_ports;
	ports = ARENA_ARRAY(arena, struct publication, n + 1);
	n = 0;
	for (struct unit *unit = supervisor->units; unit; unit = unit->next)
		for (size_t i = 0; i < unit->record.n_ports && has_traffic(unit, best); i++)
			ports[n++] = (struct publication){.record = &unit->record,
							  .port = &unit->record.ports[i]};
	return supervisor->driver.ops->firewall_prepare(supervisor->driver.ctx, ports, n,
							publisher->teardown, to_commit);
}

static const struct service_network *attachment(const struct unit *unit, const char *network)
{
	for (size_t i = 0; unit->service && i < unit->service->n_networks; i++)
		if (strcmp(unit->service->networks[i].network, network) == 0)
			return &unit->service->networks[i];
	return NULL;
}

/* Every name of a unit is there alone and with its network behind it, of both families. */
#define ENTRIES_PER_NAME (3 * 2)

/* Those that add_names() has besides aliases. */
#define NAMES_MAX 4

/* What is being told to the driver. */
struct naming {
	const struct project *project;
	const enum fitness *best;
	struct arena *arena;
	struct name_entry *entries;
	struct name_client *clients;
	size_t n, n_clients;
};

static void add_entry(struct naming *naming, const struct record_address *address, const char *name)
{
	naming->entries[naming->n++] =
		(struct name_entry){address->network, name, address->address};
	if (address->address6[0])
		naming->entries[naming->n++] =
			(struct name_entry){address->network, name, address->address6};
}

/* NAME, NAME.<key> and NAME.<the network's name>. */
static void add_name(struct naming *naming, const struct record_address *address, const char *name)
{
	const struct network *network =
		naming->project ? project_network(naming->project, address->network) : NULL;

	add_entry(naming, address, name);
	add_entry(naming, address, arena_printf(naming->arena, "%s.%s", name, address->network));
	if (network && strcmp(network->name, address->network) != 0)
		add_entry(naming, address,
			  arena_printf(naming->arena, "%s.%s", name, network->name));
}

/* Service, container, host name and aliases. */
static void add_names(struct naming *naming, const struct unit *unit,
		      const struct record_address *address)
{
	const struct service_network *net = attachment(unit, address->network);
	const struct service *service = unit->service;

	add_name(naming, address, unit->record.service);
	if (strcmp(unit->record.name, unit->record.service) != 0)
		add_name(naming, address, unit->record.name);
	for (size_t i = 0; net && i < net->aliases.n; i++)
		add_name(naming, address, net->aliases.items[i]);
	if (service && service->hostname)
		add_name(naming, address, service->hostname);
	if (service && service->hostname && service->domainname)
		add_name(naming, address,
			 arena_printf(naming->arena, "%s.%s", service->hostname,
				      service->domainname));
}

static void add_unit(struct naming *naming, const struct unit *unit)
{
	bool in_traffic = has_traffic(unit, naming->best);

	for (size_t i = 0; i < unit->record.n_addresses; i++) {
		const struct record_address *address = &unit->record.addresses[i];

		if (in_traffic)
			add_names(naming, unit, address);
		/* It may ask before anybody may ask for it. */
		if (unit->service && unit->service->dns.n > 0)
			naming->clients[naming->n_clients++] = (struct name_client){
				address->network, address->address, &unit->service->dns};
	}
}

static void make_room(struct naming *naming, const struct supervisor *supervisor)
{
	size_t addresses = 0, names = 0;

	for (const struct unit *unit = supervisor->units; unit; unit = unit->next) {
		addresses += unit->record.n_addresses;
		for (size_t i = 0; i < unit->record.n_addresses; i++) {
			const struct service_network *net =
				attachment(unit, unit->record.addresses[i].network);

			names += NAMES_MAX + (net ? net->aliases.n : 0);
		}
	}
	naming->entries =
		ARENA_ARRAY(naming->arena, struct name_entry, names * ENTRIES_PER_NAME + 1);
	naming->clients = ARENA_ARRAY(naming->arena, struct name_client, addresses + 1);
}

static void sync_names(struct supervisor *supervisor)
{
	CLEANUP(arena_cleanup) struct arena *arena = arena_new();
	struct naming naming = {
		.project = supervisor->project, .best = fittest(supervisor, arena), .arena = arena};
	struct err err = ERR_INIT;

	make_room(&naming, supervisor);
	for (const struct unit *unit = supervisor->units; unit; unit = unit->next)
		add_unit(&naming, unit);
	if (supervisor->driver.ops->names_sync(supervisor->driver.ctx,
					       &(struct name_table){naming.entries, naming.n,
								    naming.clients,
								    naming.n_clients},
					       &err) < 0)
		log_warn("names: %s", err.msg);
}

static void destroy(struct publisher *publisher)
{
	free(publisher->found);
	free(publisher->obstacle);
	free(publisher);
}

const char *publish_obstacle(const struct supervisor *supervisor)
{
	return supervisor->publisher->obstacle;
}

void publish_set_obstacle(struct supervisor *supervisor, char *sentence)
{
	CLEANUP_FREE char *before = TAKE_PTR(supervisor->publisher->obstacle);

	supervisor->publisher->obstacle = sentence;
	if (sentence && (!before || strcmp(before, sentence) != 0))
		emit(supervisor, "warning", supervisor->project_name, NULL, "warning", sentence,
		     -1);
}

/* In a thread of the pool: nothing but the driver and the prepared rules is touched. */
static void commit(uv_work_t *work)
{
	struct publisher *publisher = work->data;

	publisher->error = (struct err)ERR_INIT;
	publisher->driver.ops->firewall_sync(publisher->driver.ctx, publisher->prepared,
					     &publisher->found, &publisher->error);
}

static void tell_units(struct publisher *publisher)
{
	struct supervisor *supervisor = publisher->supervisor;
	const struct err *err = publisher->error.code ? &publisher->error : NULL;
	struct unit *unit = supervisor->units;

	/* A unit that is told may end an operation, and with it units: begin again each time. */
	while (unit) {
		if (unit->publish_generation && unit->publish_generation <= publisher->committed) {
			unit_published(unit, err);
			unit = supervisor->units;
		} else {
			unit = unit->next;
		}
	}
	if (publish_is_settled(supervisor))
		operation_settled(supervisor);
}

static void on_committed(uv_work_t *work, int status)
{
	struct publisher *publisher = work->data;

	(void)status; /* nobody cancels it */
	publisher->committed = publisher->running;
	publisher->running = 0;
	publisher->prepared = NULL;
	if (!publisher->supervisor) {
		destroy(publisher);
		return;
	}
	publish_set_obstacle(publisher->supervisor, TAKE_PTR(publisher->found));
	if (publisher->error.code)
		log_error("firewall: %s", publisher->error.msg);
	else
		heal_committed(publisher->supervisor);
	publish_resume(publisher->supervisor);
	tell_units(publisher);
}

static void on_turn(void *data)
{
	struct publisher *publisher = data;
	struct supervisor *supervisor = publisher->supervisor;

	if (publisher->running || heal_is_checking(supervisor))
		return;
	sync_names(supervisor);
	publisher->running = publisher->wanted;
	publisher->prepared = prepare_rules(publisher, true);
	publisher->work.data = publisher;
	uv_queue_work(supervisor->loop, &publisher->work, commit, on_committed);
}

struct publisher *publisher_new(struct supervisor *supervisor)
{
	struct publisher *publisher = calloc(1, sizeof(*publisher));

	if (!publisher)
		abort();
	publisher->supervisor = supervisor;
	publisher->driver = supervisor->driver;
	publisher->turn = timer_new(supervisor->loop, on_turn, publisher);
	return publisher;
}

void publisher_free(struct publisher *publisher)
{
	if (!publisher)
		return;
	timer_clear(&publisher->turn);
	publisher->supervisor = NULL;
	if (!publisher->running)
		destroy(publisher);
}

void publish_fitness(struct unit *unit)
{
	const struct unit *other = unit->supervisor->units;

	/* One that is alone has the traffic in any case. */
	while (other && (other == unit || strcmp(other->record.service, unit->record.service) != 0))
		other = other->next;
	if (other && unit->online)
		publish_changed(unit->supervisor);
}

uint64_t publish_changed(struct supervisor *supervisor)
{
	struct publisher *publisher = supervisor->publisher;

	publisher->wanted++;
	if (!publisher->running)
		timer_arm(publisher->turn, 0);
	return publisher->wanted;
}

void *publish_prepare(struct supervisor *supervisor)
{
	return prepare_rules(supervisor->publisher, false);
}

void publish_resume(struct supervisor *supervisor)
{
	if (!publish_is_settled(supervisor))
		timer_arm(supervisor->publisher->turn, 0);
}

void publish_teardown(struct supervisor *supervisor)
{
	supervisor->publisher->teardown = true;
	publish_changed(supervisor);
}

bool publish_is_settled(const struct supervisor *supervisor)
{
	return supervisor->publisher->committed == supervisor->publisher->wanted;
}

const char *publish_error(const struct supervisor *supervisor)
{
	return supervisor->publisher->error.msg;
}
