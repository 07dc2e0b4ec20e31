// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * WAITING ──start()──▶ ACTIVE ──transfer_judge()──▶ DONE
 *    ▲                                 │
 *    └─────────────────────────────────┘ authorised, redirected, retried, next endpoint
 */
#include "store/registry/transfer.h"

#include "core/base/clock.h"
#include "store/registry/source.h"
#include "store/registry/transfer_step.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAGE_MAX ((size_t)64 << 10)
#define BUSY_MS	 100 /* flock(2) cannot be waited for together with sockets */
#define TICK_MS	 100

struct endpoint *transfer_endpoint(const struct transfer *t)
{
	return &t->source->endpoints[t->endpoint];
}

const char *transfer_host(const struct transfer *t)
{
	return transfer_endpoint(t)->host;
}

bool transfer_is_led(const struct transfer *t)
{
	return t->redirect;
}

/* --- a request --- */

static int make_url(struct transfer *t, struct err *err)
{
	const struct endpoint *endpoint = transfer_endpoint(t);
	const char *scheme = endpoint->scheme == SCHEME_HTTP ? "http" : "https";

	free(t->url);
	t->url = NULL;
	if (t->redirect)
		t->url = strdup(t->redirect);
	else if (asprintf(&t->url, "%s://%s/v2/%s%s%s", scheme, endpoint->host,
			  endpoint->repository, t->path[0] ? "/" : "", t->path) < 0)
		t->url = NULL;
	if (!t->url)
		return err_nomem(err);
	if (origin_parse(t->url, &t->origin) < 0)
		return err_set(err, EINVAL, "'%.200s' is no URL of a registry", t->url);
	return 0;
}

bool transfer_is_at_endpoint(const struct transfer *t)
{
	const struct endpoint *endpoint = transfer_endpoint(t);
	char url[sizeof("https://") + ORIGIN_HOST_MAX];
	struct origin own;

	snprintf(url, sizeof(url), "%s://%s", endpoint->scheme == SCHEME_HTTP ? "http" : "https",
		 endpoint->host);
	return origin_parse(url, &own) == 0 && origin_equal(&own, &t->origin);
}

/* The first bytes of the content: are they from where they were asked for? */
static int check_start(struct transfer *t, long status)
{
	if (status == 206) {
		if (t->answer.has_range && t->answer.range_start == t->request.offset)
			return 0;
		return err_set(&t->err, EBADMSG, "the registry '%s' sends another part than asked",
			       transfer_host(t));
	}
	return t->request.offset > 0 ? t->ops->reset(t, &t->err) : 0;
}

/* A page of the registry's own is read to keep the connection, and for its words. */
static bool keep_page(struct transfer *t, const void *bytes, size_t len)
{
	if (len > PAGE_MAX - t->page.len)
		return false;
	strbuf_add(&t->page, bytes, len);
	return true;
}

static bool on_body(void *data, const void *bytes, size_t len)
{
	struct transfer *t = data;
	long status = 0;

	curl_easy_getinfo(t->curl, CURLINFO_RESPONSE_CODE, &status);
	if (!t->ops->write || (status != 200 && status != 206))
		return keep_page(t, bytes, len);
	if (t->answer.status == 0) {
		t->answer.status = status;
		if (check_start(t, status) < 0)
			return false;
	}
	t->fresh += len;
	return t->ops->write(t, bytes, len, &t->err) == 0;
}

static int make_request(struct transfer *t, uint64_t offset, struct err *err)
{
	struct endpoint *endpoint = transfer_endpoint(t);
	int r = make_url(t, err);
	bool at_endpoint;

	if (r < 0)
		return r;
	at_endpoint = transfer_is_at_endpoint(t);
	strbuf_reset(&t->page);
	t->err = (struct err)ERR_INIT;
	t->request = (struct http_request){
		.url = t->url,
		.accept = t->accept,
		.method = t->method,
		.upload = t->upload,
		.content_type = t->content_type,
		.authorization = at_endpoint ? endpoint->authorization : NULL,
		.offset = offset,
		.insecure = endpoint->insecure,
		.ca_fd = endpoint->certificates.ca_fd,
		.client_fd = at_endpoint ? endpoint->certificates.client_fd : -1,
		.body = on_body,
		.data = t,
		.answer = &t->answer,
	};
	t->curl = http_request_begin(&t->request);
	return t->curl ? 0 : err_nomem(err);
}

static void start(struct http *http, struct transfer *t)
{
	uint64_t offset = 0;
	int r = t->ops->begin(t, &offset, &t->err);

	if (r == -EAGAIN) {
		transfer_again(t, BUSY_MS);
		return;
	}
	if (r == 0)
		r = make_request(t, offset, &t->err);
	else if (r > 0)
		r = 0;
	if (r < 0 || !t->curl) {
		transfer_done(t, r);
		return;
	}
	if (curl_multi_add_handle(http->multi, t->curl) != CURLM_OK) {
		http_request_end(t->curl);
		t->curl = NULL;
		transfer_done(t, err_nomem(&t->err));
		return;
	}
	t->state = TRANSFER_ACTIVE;
}

/* --- all of them --- */

/* What has been found out about a registry holds for all that is asked of it. */
static void share_scheme(const struct endpoint *known, struct transfer **list, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct source *source = list[i]->source;

		for (size_t k = 0; k < source->n_endpoints; k++) {
			struct endpoint *endpoint = &source->endpoints[k];

			if (endpoint->scheme == SCHEME_UNKNOWN &&
			    endpoint->insecure == known->insecure &&
			    strcmp(endpoint->host, known->host) == 0)
				endpoint->scheme = known->scheme;
		}
	}
}

static void finished(struct http *http, const struct transfer_policy *policy, CURLcode code,
		     struct transfer *t, struct transfer **list, size_t n)
{
	struct endpoint *endpoint = transfer_endpoint(t);
	bool was_known = endpoint->scheme != SCHEME_UNKNOWN;

	curl_multi_remove_handle(http->multi, t->curl);
	transfer_judge(t, policy, code);
	if (!was_known && endpoint->scheme != SCHEME_UNKNOWN)
		share_scheme(endpoint, list, n);
	http_request_end(t->curl);
	t->curl = NULL;
}

static void cancel(struct http *http, struct transfer *t)
{
	if (t->curl) {
		curl_multi_remove_handle(http->multi, t->curl);
		http_request_end(t->curl);
		t->curl = NULL;
	}
	transfer_done(t, err_set(&t->err, ECANCELED, "another part of it failed"));
}

static void receive(struct http *http, const struct transfer_policy *policy, struct transfer **list,
		    size_t n)
{
	CURLMsg *message;
	int left;

	while ((message = curl_multi_info_read(http->multi, &left))) {
		CURLcode code = message->data.result;

		if (message->msg != CURLMSG_DONE)
			continue;
		for (size_t i = 0; i < n; i++) {
			if (list[i]->curl == message->easy_handle) {
				finished(http, policy, code, list[i], list, n);
				break;
			}
		}
	}
}

/* Start what may be started.  Returns how many are not done. */
static size_t schedule(struct http *http, const struct transfer_policy *policy,
		       struct transfer **list, size_t n)
{
	size_t active = 0, left = 0;
	int64_t now = clock_ms();

	for (size_t i = 0; i < n; i++)
		active += list[i]->state == TRANSFER_ACTIVE;
	for (size_t i = 0; i < n; i++) {
		struct transfer *t = list[i];

		if (t->state != TRANSFER_DONE && t->source->failed)
			cancel(http, t);
		if (t->state == TRANSFER_WAITING && active < policy->parallel &&
		    t->not_before_ms <= now) {
			start(http, t);
			active += t->state == TRANSFER_ACTIVE;
		}
		left += t->state != TRANSFER_DONE;
	}
	return left;
}

void transfers_run(struct http *http, const struct transfer_policy *policy, struct transfer **list,
		   size_t n, void (*tick)(void *data), void *data)
{
	int running;

	for (size_t i = 0; i < n; i++) {
		list[i]->endpoint = list[i]->source->current;
		list[i]->page = (struct strbuf)STRBUF_INIT;
	}
	while (schedule(http, policy, list, n) > 0) {
		curl_multi_perform(http->multi, &running);
		receive(http, policy, list, n);
		tick(data);
		if (schedule(http, policy, list, n) > 0)
			curl_multi_poll(http->multi, NULL, 0, TICK_MS, NULL);
	}
	tick(data);
	for (size_t i = 0; i < n; i++) {
		free(list[i]->redirect);
		free(list[i]->url);
		list[i]->redirect = list[i]->url = NULL;
		strbuf_release(&list[i]->page);
	}
}
