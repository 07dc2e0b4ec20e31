// SPDX-License-Identifier: GPL-2.0-or-later
#include "store/registry/source.h"

#include "core/base/cleanup.h"
#include "store/image.h"
#include "store/registry/registries.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static void endpoint_release(struct endpoint *endpoint)
{
	free(endpoint->repository);
	if (endpoint->authorization)
		explicit_bzero(endpoint->authorization, strlen(endpoint->authorization));
	free(endpoint->authorization);
	credentials_release(&endpoint->credentials);
	certificates_release(&endpoint->certificates);
}

void source_release(struct source *source)
{
	for (size_t i = 0; i < source->n_endpoints; i++)
		endpoint_release(&source->endpoints[i]);
	free(source->endpoints);
	free(source->reference);
	free(source->name);
	free(source->tag);
	*source = (struct source){.n_endpoints = 0};
}

/* docker.io is a name; the machine behind it has another. */
static const char *machine(const char *host)
{
	return strcmp(host, "docker.io") == 0 ? "registry-1.docker.io" : host;
}

/* NAME is "host:port/path", or the host alone. */
static int add_endpoint(struct source *source, const char *name, bool insecure, struct err *err)
{
	struct endpoint *endpoint = &source->endpoints[source->n_endpoints];
	size_t len = strcspn(name, "/");
	char host[ORIGIN_HOST_MAX];
	int r;

	if (len >= sizeof(host))
		return err_set(err, EINVAL, "'%.64s…' is too long for a registry", name);
	memcpy(host, name, len);
	host[len] = '\0';
	*endpoint = (struct endpoint){.insecure = insecure,
				      .loopback = origin_is_loopback(host),
				      .certificates = CERTIFICATES_INIT};
	snprintf(endpoint->host, sizeof(endpoint->host), "%s", machine(host));
	endpoint->repository = strdup(name[len] ? name + len + 1 : "");
	source->n_endpoints++;
	if (!endpoint->repository)
		return err_nomem(err);
	r = certificates_open(endpoint->host, &endpoint->certificates, err);
	if (r == 0)
		r = credentials_find(host, endpoint->repository, &endpoint->credentials, err);
	return r < 0 ? err_wrap(err, "registry '%s'", host) : 0;
}

static int add_mirrors(struct source *source, const struct registry *registry, const char *name,
		       bool by_digest, struct err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && registry && i < registry->n_mirrors; i++) {
		const struct registry_location *mirror = &registry->mirrors[i];
		CLEANUP_FREE char *there = NULL;

		if (mirror->use == (by_digest ? MIRROR_TAG_ONLY : MIRROR_DIGEST_ONLY))
			continue;
		there = registry_rewrite(registry, mirror->location, name);
		r = there ? add_endpoint(source, there, mirror->insecure, err) : err_nomem(err);
	}
	return r;
}

static int add_own(struct source *source, const struct registry *registry, const char *name,
		   struct err *err)
{
	CLEANUP_FREE char *own = NULL;

	own = registry && registry->own.location
		      ? registry_rewrite(registry, registry->own.location, name)
		      : strdup(name);
	if (!own)
		return err_nomem(err);
	return add_endpoint(source, own, registry && registry->own.insecure, err);
}

static int init(struct source *source, const struct registries *registries, const char *reference,
		bool push, struct err *err)
{
	size_t len = image_reference_name_len(reference);
	CLEANUP_FREE char *name = strndup(reference, len);
	const char *at = strchr(reference, '@');
	const struct registry *registry;
	int r = 0;

	source->reference = strdup(reference);
	source->name = strdup(image_reference_familiar(reference));
	if (!name || !source->reference || !source->name)
		return err_nomem(err);
	if (at && push)
		return err_set(err, EINVAL, "an image is pushed under a tag, not under a digest");
	/* A digest says all; what the tag means by now does not matter. */
	source->tag = strdup(at ? at + 1 : reference[len] == ':' ? reference + len + 1 : "latest");
	if (!source->tag)
		return err_nomem(err);
	registry = registries_find(registries, name);
	if (registry && registry->blocked)
		return err_set(err, EPERM, "registries.conf has '%s' blocked", registry->prefix);
	source->endpoints =
		calloc((registry ? registry->n_mirrors : 0) + 1, sizeof(*source->endpoints));
	if (!source->endpoints)
		return err_nomem(err);
	if (!push)
		r = add_mirrors(source, registry, name, at != NULL, err);
	if (r == 0)
		r = add_own(source, registry, name, err);
	if (r == 0)
		source->endpoints[source->n_endpoints - 1].push = push;
	return r;
}

static int init_or_release(struct source *ret_source, const struct registries *registries,
			   const char *reference, bool push, struct err *err)
{
	struct source source = {.n_endpoints = 0};
	int r = init(&source, registries, reference, push, err);

	if (r < 0) {
		source_release(&source);
		return r;
	}
	*ret_source = source;
	return 0;
}

int source_init(struct source *ret_source, const struct registries *registries,
		const char *reference, struct err *err)
{
	return init_or_release(ret_source, registries, reference, false, err);
}

int source_init_push(struct source *ret_source, const struct registries *registries,
		     const char *reference, struct err *err)
{
	return init_or_release(ret_source, registries, reference, true, err);
}

int source_init_host(struct source *ret_source, const struct registries *registries,
		     const char *host, struct err *err)
{
	const struct registry *registry = registries_find(registries, host);
	struct source source = {.n_endpoints = 0};
	int r;

	source.endpoints = calloc(1, sizeof(*source.endpoints));
	source.name = strdup(host);
	r = source.endpoints && source.name
		    ? add_endpoint(&source, host, registry && registry->own.insecure, err)
		    : err_nomem(err);
	if (r < 0) {
		source_release(&source);
		return r;
	}
	*ret_source = source;
	return 0;
}
