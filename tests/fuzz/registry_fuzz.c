// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Arbitrary bytes as whatever a registry or its user may give us; the first one says as what.
 * What is taken has the shape that is relied on.
 */
#include "store/digest.h"
#include "store/registry/authfile.h"
#include "store/registry/challenge.h"
#include "store/registry/credentials.h"
#include "store/registry/manifest.h"
#include "store/registry/origin.h"
#include "store/registry/registries.h"
#include "store/registry/token.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static void check(int condition)
{
	if (!condition)
		abort();
}

static void printable(const char *text)
{
	for (; *text; text++)
		check(*text >= ' ' && *text <= '~');
}

static void as_challenge(const char *text, size_t len)
{
	struct challenge challenge = {.scheme = CHALLENGE_NONE};

	if (challenge_parse(text, len, &challenge) < 0)
		check(challenge.scheme == CHALLENGE_NONE);
	check(challenge.scheme != CHALLENGE_BEARER || challenge.realm[0]);
	printable(challenge.realm);
	printable(challenge.service);
	printable(challenge.scope);
}

static void as_manifest(const char *text, size_t len)
{
	const struct platform platform = {"linux", "amd64", NULL};
	const struct descriptor self = {.size = len};
	const struct media_type *type;
	struct manifest manifest;
	struct descriptor chosen;

	(void)manifest_type("", text, len, &type, NULL);
	if (manifest_parse(text, len, &self, &manifest, NULL) == 0) {
		check(digest_is_hex(manifest.config.hex) && manifest.config.size <= MANIFEST_MAX);
		for (size_t i = 0; i < manifest.n_layers; i++)
			check(digest_is_hex(manifest.layers[i].hex) &&
			      manifest.layers[i].type->kind == MEDIA_LAYER);
		manifest_release(&manifest);
	}
	if (manifest_choose(text, len, &platform, &chosen, NULL) == 0)
		check(digest_is_hex(chosen.hex) && chosen.type->kind != MEDIA_OTHER);
}

static void as_registries(const char *text, size_t len)
{
	struct registries registries = {.n = 0};

	if (registries_parse(&registries, text, len, NULL) == 0) {
		for (size_t i = 0; i < registries.n; i++)
			check(registries.items[i].prefix != NULL);
		(void)registries_find(&registries, "docker.io/library/nginx");
	}
	registries_release(&registries);
}

static void as_auth_file(const char *text, size_t len)
{
	char *helper = NULL, *changed = NULL;
	struct credentials_entry entry;

	if (credentials_parse(text, len, "h:5000", "a/b", &entry, NULL) == 0) {
		check(!entry.credentials.user == !entry.credentials.password);
		credentials_entry_release(&entry);
	}
	if (authfile_change(text, len, "h:5000", "u", "p", &helper, &changed, NULL) == 0)
		check(!helper != !changed);
	free(helper);
	free(changed);
}

static void as_others(const char *text, size_t len)
{
	char *copy = strndup(text, len), *token = NULL;
	struct origin origin;

	if (copy && origin_parse(copy, &origin) == 0)
		check(origin.host[0] && origin.port > 0 && origin.port < 65536);
	if (token_parse(text, len, &token, NULL) == 0)
		printable(token);
	free(token);
	free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const readers[])(const char *, size_t) = {
		as_challenge, as_manifest, as_registries, as_auth_file, as_others};
	const size_t n = sizeof(readers) / sizeof(readers[0]);

	if (size > 0)
		readers[data[0] % n]((const char *)data + 1, size - 1);
	return 0;
}
