// SPDX-License-Identifier: GPL-2.0-or-later
#include "store/registry/token.h"

#include "core/base/cleanup.h"
#include "core/base/strbuf.h"
#include "store/registry/challenge.h"
#include "store/registry/http.h"
#include "store/registry/origin.h"
#include "store/registry/source.h"

#include <errno.h>
#include <jansson.h>
#include <nettle/base64.h>
#include <string.h>

#define ANSWER_MAX ((size_t)1 << 20)
#define TOKEN_MAX  ((size_t)64 << 10)
#define CLIENT_ID  "stack"

static void secret_release(struct strbuf *secret)
{
	if (secret->len > 0)
		explicit_bzero(secret->text, secret->len);
	strbuf_release(secret);
}

static void add_basic(struct strbuf *out, const struct credentials *credentials)
{
	CLEANUP(secret_release) struct strbuf plain = STRBUF_INIT;
	CLEANUP_FREE char *encoded = NULL;

	strbuf_printf(&plain, "%s:%s", credentials->user, credentials->password);
	encoded = calloc(1, BASE64_ENCODE_RAW_LENGTH(plain.len) + 1);
	if (!encoded)
		abort();
	base64_encode_raw(encoded, plain.len, (const uint8_t *)plain.text);
	strbuf_printf(out, "Basic %s", encoded);
	explicit_bzero(encoded, strlen(encoded));
}

static void set_authorization(struct endpoint *endpoint, struct strbuf *value)
{
	if (endpoint->authorization)
		explicit_bzero(endpoint->authorization, strlen(endpoint->authorization));
	free(endpoint->authorization);
	endpoint->authorization = strbuf_take(value);
}

static int answer_basic(struct endpoint *endpoint, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf value = STRBUF_INIT;

	if (!endpoint->credentials.user)
		return err_set(err, EACCES,
			       "the registry wants a password; 'stack login %s' asks for it",
			       endpoint->host);
	add_basic(&value, &endpoint->credentials);
	set_authorization(endpoint, &value);
	return 0;
}

static bool is_safe_token(const char *token)
{
	size_t len = strlen(token);

	for (const char *p = token; *p; p++)
		if (*p <= ' ' || *p > '~')
			return false;
	return len > 0 && len <= TOKEN_MAX;
}

int token_parse(const char *text, size_t len, char **ret_token, struct err *err)
{
	json_t *json = json_loadb(text, len, 0, NULL);
	const char *token = json_string_value(json_object_get(json, "token"));
	int r = 0;

	if (!token)
		token = json_string_value(json_object_get(json, "access_token"));
	if (!token || !is_safe_token(token)) {
		r = err_set(err, EINVAL, "its answer has no token in it");
	} else {
		*ret_token = strdup(token);
		r = *ret_token ? 0 : err_nomem(err);
	}
	json_decref(json);
	return r;
}

/* May ENDPOINT's password, or just our question, go to the realm?  RET_OWN: it is REGISTRY. */
static int check_realm(const struct endpoint *endpoint, const struct origin *registry,
		       const char *realm, bool *ret_own, struct err *err)
{
	struct origin origin;

	if (origin_parse(realm, &origin) < 0)
		return err_set(err, EPERM,
			       "the registry sends us to '%.200s' for a token, which is "
			       "no https URL",
			       realm);
	*ret_own = origin_equal(&origin, registry);
	if (origin.https || endpoint->insecure ||
	    (endpoint->loopback && !registry->https && origin_is_loopback(origin.host)))
		return 0;
	return err_set(err, EPERM,
		       "the registry sends us to '%.200s' for a token, where others could read the "
		       "password; it has to be https",
		       realm);
}

static void add_parameter(struct strbuf *out, char separator, const char *key, const char *value)
{
	if (!value[0])
		return;
	strbuf_putc(out, separator);
	strbuf_puts(out, key);
	strbuf_putc(out, '=');
	http_escape(out, value);
}

static void add_scope(struct strbuf *out, char separator, const struct endpoint *endpoint,
		      const struct challenge *challenge)
{
	CLEANUP(strbuf_release) struct strbuf scope = STRBUF_INIT;

	/*
	 * What the challenge names is what is missing; of /v2/ itself nothing is.  Who pushes
	 * reads first, and one token has to do for both.
	 */
	if (endpoint->push)
		strbuf_printf(&scope, "repository:%s:pull,push", endpoint->repository);
	else if (challenge->scope[0])
		strbuf_puts(&scope, challenge->scope);
	else if (endpoint->repository[0])
		strbuf_printf(&scope, "repository:%s:pull", endpoint->repository);
	add_parameter(out, separator, "scope", scope.text);
}

/* GET with a password or nothing, POST with a refresh token. */
static void make_question(const struct endpoint *endpoint, const struct challenge *challenge,
			  struct strbuf *url, struct strbuf *form, struct strbuf *authorization)
{
	const struct credentials *credentials = &endpoint->credentials;
	char separator = strchr(challenge->realm, '?') ? '&' : '?';

	strbuf_puts(url, challenge->realm);
	if (credentials->identity_token) {
		strbuf_puts(form, "grant_type=refresh_token&client_id=" CLIENT_ID);
		add_parameter(form, '&', "service", challenge->service);
		add_scope(form, '&', endpoint, challenge);
		add_parameter(form, '&', "refresh_token", credentials->identity_token);
		return;
	}
	add_parameter(url, separator, "service", challenge->service);
	add_scope(url, challenge->service[0] ? '&' : separator, endpoint, challenge);
	if (credentials->user) {
		add_parameter(url, '&', "account", credentials->user);
		add_basic(authorization, credentials);
	}
}

/* Our certificate is for the registry; to a realm elsewhere it is not shown. */
static int ask(struct endpoint *endpoint, const struct challenge *challenge, bool own,
	       char **ret_token, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf url = STRBUF_INIT;
	CLEANUP(secret_release) struct strbuf form = STRBUF_INIT;
	CLEANUP(secret_release) struct strbuf authorization = STRBUF_INIT;
	CLEANUP(secret_release) struct strbuf body = STRBUF_INIT;
	struct http_answer answer;
	struct http_request request = {.insecure = endpoint->insecure,
				       .ca_fd = endpoint->certificates.ca_fd,
				       .client_fd = own ? endpoint->certificates.client_fd : -1,
				       .answer = &answer};
	int r;

	make_question(endpoint, challenge, &url, &form, &authorization);
	request.url = url.text;
	request.form = form.len > 0 ? form.text : NULL;
	request.authorization = authorization.len > 0 ? authorization.text : NULL;
	r = http_run(&request, ANSWER_MAX, &body, err);
	if (r < 0)
		return r;
	if (answer.status == 401 || answer.status == 403 || answer.status == 400)
		return err_set(err, EACCES, "it refuses (HTTP status %ld)%s", answer.status,
			       endpoint->credentials.user || endpoint->credentials.identity_token
				       ? "; user or password may be wrong"
				       : "; 'stack login' may help");
	if (answer.status != 200)
		return err_set(err, EIO, "it answers with HTTP status %ld", answer.status);
	return token_parse(body.text, body.len, ret_token, err);
}

int token_authorize(struct endpoint *endpoint, const struct origin *origin,
		    const struct challenge *challenge, struct err *err)
{
	CLEANUP(secret_release) struct strbuf value = STRBUF_INIT;
	char *token = NULL;
	bool own = false;
	int r;

	if (challenge->scheme == CHALLENGE_BASIC)
		return answer_basic(endpoint, err);
	if (challenge->scheme != CHALLENGE_BEARER)
		return err_set(err, EACCES,
			       "the registry refuses, and asks for no password that we could give");
	r = check_realm(endpoint, origin, challenge->realm, &own, err);
	if (r < 0)
		return r;
	r = ask(endpoint, challenge, own, &token, err);
	if (r < 0)
		return err_wrap(err, "ask '%.200s' for a token", challenge->realm);
	strbuf_printf(&value, "Bearer %s", token);
	explicit_bzero(token, strlen(token));
	free(token);
	set_authorization(endpoint, &value);
	return 0;
}
