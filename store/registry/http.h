// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_STORE_REGISTRY_HTTP_H
#define STACK_STORE_REGISTRY_HTTP_H

#include "core/base/err.h"
#include "store/registry/challenge.h"

#include <curl/curl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct strbuf;

/*
 * HTTP: one request and the part of the answer that we look at
 *
 * libcurl speaks the protocol and checks the certificates; it follows no
 * redirect, keeps no cookie and knows no password, for whom to tell what is
 * transfer.h's to decide.
 */
#define HTTP_HEADER_MAX 512

struct http_answer {
	long status; /* 0: none came */
	char content_type[HTTP_HEADER_MAX], digest[HTTP_HEADER_MAX];
	struct challenge challenge;
	uint64_t range_start; /* of a 206 */
	bool has_range;
};

struct http_request {
	const char *url, *accept, *authorization; /* the last two may be NULL */
	const char *form;			  /* POST this; NULL: GET */
	uint64_t offset;			  /* ask for what is from here on */
	bool insecure;
	int ca_fd;     /* -1: the system's certificates */
	int client_fd; /* our certificate and its key; -1: none is shown */
	/* Takes the body; a false ends the transfer with CURLE_WRITE_ERROR. */
	bool (*body)(void *data, const void *bytes, size_t len);
	void *data;
	struct http_answer *answer;
};

struct http {
	CURLM *multi;
};

int http_init(struct http *http, struct err *err);
void http_release(struct http *http);

/*
 * An easy handle for REQUEST, which has to outlive it but for its strings; NULL when memory
 * ran out.  Freed with http_request_end().
 */
CURL *http_request_begin(struct http_request *request);
void http_request_end(CURL *curl);

/*
 * Run one request to its end and put at most MAX bytes of its answer in BODY.
 *
 * -EIO: it got no answer; the sentence says why.  -EFBIG: the answer is longer.
 * Blocks: for the network.
 */
int http_run(struct http_request *request, size_t max, struct strbuf *body, struct err *err);

/* Why it came to nothing, in words: "Could not resolve host: registry.example". */
const char *http_error(CURL *curl, CURLcode code);

/* Has TLS failed over our certificate? */
enum http_client_failure {
	HTTP_CLIENT_FINE,     /* no, or for all we know */
	HTTP_CLIENT_UNUSABLE, /* no PEM, or the key is another's */
	HTTP_CLIENT_REFUSED,  /* by the peer: it wants one, or another one */
	HTTP_CLIENT_CUT_OFF,  /* perhaps: the peer has gone right after the handshake */
};

enum http_client_failure http_client_failure(CURL *curl, CURLcode code);

/* "text" as one part of a query or form, appended. */
void http_escape(struct strbuf *out, const char *text);

#endif
