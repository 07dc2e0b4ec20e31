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
#define HTTP_HEADER_MAX	  512
#define HTTP_LOCATION_MAX 8192 /* signed ones are long */

enum http_method { HTTP_GET, HTTP_HEAD, HTTP_POST, HTTP_PUT };

/* A file, or its first part, as the body of a request. */
struct http_upload {
	int fd; /* the caller's; its position does not matter */
	uint64_t size;
	uint64_t sent; /* so far */
};

struct http_answer {
	long status; /* 0: none came */
	char content_type[HTTP_HEADER_MAX], digest[HTTP_HEADER_MAX];
	char location[HTTP_LOCATION_MAX]; /* as it came; "": none, or too long */
	struct challenge challenge;
	uint64_t range_start; /* of a 206 */
	bool has_range;
};

struct http_request {
	const char *url, *accept, *authorization; /* the last two may be NULL */
	enum http_method method;
	const char *form;	    /* POST this, whatever `method` is; NULL: nothing */
	const char *content_type;   /* of `upload`; NULL */
	struct http_upload *upload; /* PUT this; NULL: nothing; outlives the request */
	uint64_t offset;	    /* ask for what is from here on */
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

/*
 * TO, which may be relative to the URL BASE, as an absolute URL; to be freed.  NULL: it is none,
 * or memory ran out.
 */
char *http_resolve(const char *base, const char *to);

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
