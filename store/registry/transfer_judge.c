// SPDX-License-Identifier: GPL-2.0-or-later
/* What becomes of a transfer after one request has ended: transfer.c has the whole picture. */
#include "core/base/clock.h"
#include "store/registry/complaint.h"
#include "store/registry/source.h"
#include "store/registry/token.h"
#include "store/registry/transfer_step.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REDIRECTS_MAX	   5
#define AUTHORIZATIONS_MAX 2
#define RESETS_MAX	   2
#define PROGRESS	   ((uint64_t)1 << 20) /* who sends this much is tried again at once */
#define DELAY_MAX_MS	   30000
#define RETRY_AFTER_MAX_S  120

void transfer_done(struct transfer *t, int result)
{
	t->state = TRANSFER_DONE;
	t->result = result;
	if (result < 0)
		t->source->failed = true;
}

void transfer_again(struct transfer *t, int64_t delay_ms)
{
	t->state = TRANSFER_WAITING;
	t->not_before_ms = clock_ms() + delay_ms;
}

static void forget_redirect(struct transfer *t)
{
	free(t->redirect);
	t->redirect = NULL;
	t->redirects = 0;
}

/* This endpoint is through, for the reason that is in t->err. */
static void give_up_endpoint(struct transfer *t, int result)
{
	if (t->endpoint + 1 == t->source->n_endpoints) {
		transfer_done(t, result);
		return;
	}
	t->endpoint++;
	t->attempts = t->authorizations = t->resets = 0;
	t->err = (struct err)ERR_INIT;
	forget_redirect(t);
	transfer_again(t, 0);
}

/* Again after a while: the registry is busy, or the connection broke.  AFTER_MS 0: as it comes. */
static void retry(struct transfer *t, const struct transfer_policy *policy, int64_t after_ms,
		  int result)
{
	int64_t delay = policy->delay_ms;

	if (t->fresh >= PROGRESS)
		t->attempts = 0;
	t->fresh = 0;
	if (t->attempts >= policy->retries) {
		give_up_endpoint(t, result);
		return;
	}
	delay <<= t->attempts < 16 ? t->attempts : 16;
	delay = delay > DELAY_MAX_MS ? DELAY_MAX_MS : delay;
	if (after_ms > 0)
		delay = after_ms;
	t->attempts++;
	/* Where a redirect led to may be signed, and out of date by now. */
	forget_redirect(t);
	transfer_again(t, delay);
}

/* The next request goes to the URL TO; HOW it came there is for the sentence. */
static void go_to(struct transfer *t, const char *to, const char *how)
{
	const struct endpoint *endpoint = transfer_endpoint(t);
	struct origin origin;

	if (!to || origin_parse(to, &origin) < 0)
		err_set(&t->err, EPERM, "the registry '%s' %s to what is no http or https URL",
			endpoint->host, how);
	else if (!origin.https && !endpoint->insecure &&
		 (t->origin.https || !origin_is_loopback(origin.host)))
		err_set(&t->err, EPERM,
			"the registry '%s' %s to plain http at '%.100s'; that is not safe",
			endpoint->host, how, origin.host);
	if (t->err.code) {
		give_up_endpoint(t, -t->err.code);
		return;
	}
	free(t->redirect);
	t->redirect = strdup(to);
	if (!t->redirect)
		transfer_done(t, err_nomem(&t->err));
	else
		transfer_again(t, 0);
}

static void follow(struct transfer *t)
{
	char *to = NULL;

	if (++t->redirects > REDIRECTS_MAX) {
		err_set(&t->err, EIO, "the registry '%s' redirects without end", transfer_host(t));
		give_up_endpoint(t, -EIO);
		return;
	}
	curl_easy_getinfo(t->curl, CURLINFO_REDIRECT_URL, &to);
	go_to(t, to, "redirects");
}

/* What the registry itself says to it, behind our sentence. */
static void add_complaint(struct transfer *t)
{
	size_t len = strlen(t->err.msg);
	char said[COMPLAINT_MAX];

	if (complaint_read(t->page.text, t->page.len, said))
		snprintf(t->err.msg + len, sizeof(t->err.msg) - len, ": %s", said);
}

static void say_no_access(struct transfer *t, long status)
{
	const struct endpoint *endpoint = transfer_endpoint(t);
	const struct credentials *credentials = &endpoint->credentials;

	if (!endpoint->push && status == 401)
		err_set(&t->err, EACCES,
			"the registry '%s' does not take the password, or has no such image",
			endpoint->host);
	else if (!endpoint->push)
		err_set(&t->err, EACCES,
			"the registry '%s' does not let us have it (HTTP status %ld)",
			endpoint->host, status);
	else if (credentials->user || credentials->identity_token)
		err_set(&t->err, EACCES,
			"the registry '%s' does not take the password, or does not let its owner "
			"push to '%.100s' (HTTP status %ld)",
			endpoint->host, endpoint->repository, status);
	else
		err_set(&t->err, EACCES,
			"the registry '%s' lets nobody push without a password (HTTP status %ld); "
			"'stack login %s' asks for it",
			endpoint->host, status, endpoint->host);
	add_complaint(t);
}

static void authorize(struct transfer *t, const struct transfer_policy *policy)
{
	struct endpoint *endpoint = transfer_endpoint(t);
	int r;

	/* Only the registry itself may ask for what is the registry's. */
	if (!transfer_is_at_endpoint(t) || ++t->authorizations > AUTHORIZATIONS_MAX) {
		say_no_access(t, 401);
		give_up_endpoint(t, -EACCES);
		return;
	}
	r = token_authorize(endpoint, &t->origin, &t->answer.challenge, &t->err);
	if (r == -EIO)
		retry(t, policy, 0, r);
	else if (r < 0)
		give_up_endpoint(t, r);
	else
		transfer_again(t, 0);
}

/* A wrong Range is our own mistake, or that of who wrote the partial file. */
static void start_over(struct transfer *t)
{
	int r = ++t->resets > RESETS_MAX
			? err_set(&t->err, EIO, "the registry '%s' sends no part", transfer_host(t))
			: t->ops->reset(t, &t->err);

	if (r < 0)
		give_up_endpoint(t, r);
	else
		transfer_again(t, 0);
}

static void go_to_location(struct transfer *t)
{
	char *to = t->answer.location[0] ? http_resolve(t->url, t->answer.location) : NULL;

	go_to(t, to, "sends the upload");
	free(to);
}

static void complete(struct transfer *t, const struct transfer_policy *policy)
{
	int r = t->ops->end(t, &t->err);

	if (r >= 0)
		t->redirects = 0;
	if (r == TRANSFER_COMPLETE) {
		t->source->current = t->endpoint;
		transfer_done(t, 0);
	} else if (r == TRANSFER_MORE) {
		forget_redirect(t);
		transfer_again(t, 0);
	} else if (r == TRANSFER_MORE_AT) {
		go_to_location(t);
	} else if (r == -EAGAIN) {
		retry(t, policy, 0, -EIO);
	} else if (r == -EBADMSG) {
		give_up_endpoint(t, r);
	} else {
		transfer_done(t, r);
	}
}

static void refuse(struct transfer *t, long status, int code)
{
	err_set(&t->err, code,
		code == ENOENT ? "the registry '%s' does not have it (HTTP status %ld)"
			       : "the registry '%s' answers with HTTP status %ld",
		transfer_host(t), status);
	add_complaint(t);
	give_up_endpoint(t, -code);
}

static bool is_expected(const struct transfer *t, long status)
{
	return t->ops->expects ? t->ops->expects(t, status) : status == 200 || status == 206;
}

static void answered(struct transfer *t, const struct transfer_policy *policy, long status)
{
	curl_off_t after = 0;

	t->status = status;
	if (is_expected(t, status)) {
		complete(t, policy);
		return;
	}
	switch (status) {
	case 301:
	case 302:
	case 303:
	case 307:
	case 308:
		follow(t);
		break;
	case 401:
		authorize(t, policy);
		break;
	case 403:
		say_no_access(t, status);
		give_up_endpoint(t, -EACCES);
		break;
	case 404:
		refuse(t, status, ENOENT);
		break;
	case 416:
		if (t->ops->reset)
			start_over(t);
		else
			refuse(t, status, EIO);
		break;
	default:
		if (status != 429 && status != 408 && status < 500) {
			refuse(t, status, EIO);
			break;
		}
		curl_easy_getinfo(t->curl, CURLINFO_RETRY_AFTER, &after);
		err_set(&t->err, EIO, "the registry '%s' answers with HTTP status %ld%s",
			transfer_host(t), status, status == 429 ? ": too many requests" : "");
		add_complaint(t);
		after = after < RETRY_AFTER_MAX_S ? after : RETRY_AFTER_MAX_S;
		retry(t, policy, (int64_t)after * 1000, -EIO);
	}
}

/* Nobody spoke TLS with us so far: plain http, where that is allowed. */
static bool try_plain(struct transfer *t, CURLcode code)
{
	struct endpoint *endpoint = transfer_endpoint(t);

	if (endpoint->scheme != SCHEME_UNKNOWN || t->redirect ||
	    !(endpoint->insecure || endpoint->loopback) || endpoint->certificates.client_fd >= 0 ||
	    http_client_failure(t->curl, code) != HTTP_CLIENT_FINE ||
	    (code != CURLE_SSL_CONNECT_ERROR && code != CURLE_COULDNT_CONNECT &&
	     code != CURLE_GOT_NOTHING && code != CURLE_RECV_ERROR))
		return false;
	endpoint->scheme = SCHEME_HTTP;
	transfer_again(t, 0);
	return true;
}

static void say_failure(struct transfer *t, enum http_client_failure failure, CURLcode code)
{
	const char *host = transfer_host(t), *why = http_error(t->curl, code);

	if (failure == HTTP_CLIENT_UNUSABLE)
		err_set(&t->err, EIO,
			"registry '%s': our client certificate and its key are of no use, or do "
			"not belong together: %s",
			host, why);
	else if (failure == HTTP_CLIENT_FINE || !transfer_is_at_endpoint(t))
		err_set(&t->err, EIO, "registry '%s': %s", host, why);
	else if (t->request.client_fd >= 0)
		err_set(&t->err, EIO, "registry '%s': %s; it may not take our client certificate",
			host, why);
	else
		err_set(&t->err, EIO,
			"registry '%s': %s; it may want a client certificate, NAME.cert and "
			"NAME.key in /etc/containers/certs.d/%s",
			host, why, host);
}

static void failed(struct transfer *t, const struct transfer_policy *policy, CURLcode code)
{
	enum http_client_failure failure = http_client_failure(t->curl, code);

	say_failure(t, failure, code);
	if (failure == HTTP_CLIENT_UNUSABLE || failure == HTTP_CLIENT_REFUSED) {
		give_up_endpoint(t, -EIO);
		return;
	}
	switch (code) {
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_UNSUPPORTED_PROTOCOL:
	case CURLE_URL_MALFORMAT:
		give_up_endpoint(t, -EIO);
		break;
	case CURLE_OUT_OF_MEMORY: /* libcurl's word for headers of more than 300 KiB too */
		err_set(&t->err, EIO,
			"the registry '%s' sends more headers than there is memory for",
			transfer_host(t));
		give_up_endpoint(t, -EIO);
		break;
	case CURLE_ABORTED_BY_CALLBACK:
		transfer_done(t,
			      err_set(&t->err, EIO, "the image store cannot be read to its end"));
		break;
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_CONNECT:
		/* Who waits for a machine that is not there is better told soon. */
		if (policy->retries > 0 && t->attempts < policy->retries - 1)
			t->attempts = policy->retries - 1;
		retry(t, policy, policy->delay_ms, -EIO);
		break;
	default:
		retry(t, policy, 0, -EIO);
	}
}

void transfer_judge(struct transfer *t, const struct transfer_policy *policy, CURLcode code)
{
	long status = 0;

	curl_easy_getinfo(t->curl, CURLINFO_RESPONSE_CODE, &status);
	if (status > 0 && !t->redirect && transfer_endpoint(t)->scheme == SCHEME_UNKNOWN)
		transfer_endpoint(t)->scheme = t->origin.https ? SCHEME_HTTPS : SCHEME_HTTP;
	if (code == CURLE_WRITE_ERROR && t->err.code == EBADMSG)
		give_up_endpoint(t, -EBADMSG);
	else if (code == CURLE_WRITE_ERROR && t->err.code)
		transfer_done(t, -t->err.code);
	else if (code == CURLE_OK || code == CURLE_WRITE_ERROR)
		answered(t, policy, status);
	else if (!try_plain(t, code))
		failed(t, policy, code);
}
