// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_STORE_REGISTRY_TRANSFER_H
#define STACK_STORE_REGISTRY_TRANSFER_H

#include "core/base/err.h"
#include "core/base/strbuf.h"
#include "store/registry/http.h"
#include "store/registry/origin.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct source;

/*
 * Transfer: one document or blob from whichever endpoint of its source has it, or to it
 *
 * Several run at once.  Each is asked for, asked for again with a password or
 * token if the registry wants one, followed where it is redirected to, gone on
 * with where a connection broke, tried again after a while when the registry is
 * busy or fails, and at last asked for at the next endpoint.  What came in is
 * the owner's to judge (struct transfer_ops).  What is sent may take several
 * requests, of which each leads to the next; when one fails, all are made again
 * from the first on (upload.h).
 *
 * Authorization and a client certificate go to the origin of the endpoint and to
 * no other.  Plain http is spoken with what registries.conf calls insecure and
 * with this machine, unless there is a client certificate for it; no redirect
 * leads from https to http.
 */
struct transfer;

/* What an owner thinks of an answer. */
enum transfer_verdict {
	TRANSFER_COMPLETE, /* 0 */
	TRANSFER_MORE,	   /* another request follows */
	TRANSFER_MORE_AT,  /* the same, to where `answer.location` says, by a registry's word */
};

struct transfer_ops {
	/*
	 * Before each request; it may change the `path` and what goes with it.  RET_OFFSET is
	 * where to go on.  1: all is there, nothing is to be asked for.  -EAGAIN: somebody else
	 * is at it, this is called again soon.
	 */
	int (*begin)(struct transfer *transfer, uint64_t *ret_offset, struct err *err);
	/* Is STATUS an answer that end() judges?  NULL: 200 and 206 are. */
	bool (*expects)(const struct transfer *transfer, long status);
	/* The next bytes are the first ones after all.  NULL without `write`. */
	int (*reset)(struct transfer *transfer, struct err *err);
	/*
	 * -EBADMSG: more than there should be; the endpoint lies.  Others end the transfer.
	 * NULL: no answer has any content that matters.
	 */
	int (*write)(struct transfer *transfer, const void *bytes, size_t len, struct err *err);
	/*
	 * It came to its end.  An enum transfer_verdict, or -EAGAIN: once more after a while, as
	 * it was too short.  -EBADMSG: the endpoint lies.
	 */
	int (*end)(struct transfer *transfer, struct err *err);
};

enum transfer_state { TRANSFER_WAITING, TRANSFER_ACTIVE, TRANSFER_DONE };

struct transfer {
	const struct transfer_ops *ops;
	struct source *source;
	const char *path; /* "manifests/latest", below the repository; "" is the registry's root */
	const char *accept; /* NULL: anything */
	enum http_method method;
	struct http_upload *upload; /* with HTTP_PUT; NULL */
	const char *content_type;   /* of that; NULL */

	/* After transfers_run(). */
	int result; /* 0 or -errno with a sentence in `err` */
	struct err err;
	struct http_answer answer;
	long status; /* of the last answer; 0: none came */

	/* transfer.c's own */
	enum transfer_state state;
	size_t endpoint;
	unsigned int attempts, redirects, authorizations, resets;
	char *url, *redirect;
	struct origin origin; /* of `url` */
	struct http_request request;
	CURL *curl;
	struct strbuf page; /* what came with an answer that has no content */
	uint64_t fresh;	    /* bytes of the content, since the last failure */
	int64_t not_before_ms;
};

struct transfer_policy {
	unsigned int parallel; /* requests at once */
	unsigned int retries;  /* of each at one endpoint, without anything coming */
	unsigned int delay_ms; /* before the first of them; doubled for each further one */
};

/*
 * Run all N of LIST, which are zero but for the fields that are the caller's, to their ends.
 * TICK is called now and then.  When one of a source fails, those that are left of it end
 * with -ECANCELED.
 *
 * Results, -EACCES: no, or not the right password.  -ENOENT: no endpoint has it.  -EBADMSG:
 * what came is not what it should be.  -EPERM: it would not be safe.  -EIO: nothing came.
 * Blocks: for the network.
 */
void transfers_run(struct http *http, const struct transfer_policy *policy, struct transfer **list,
		   size_t n, void (*tick)(void *data), void *data);

/* In begin(): does the request go to where an answer has led, and not to the path? */
bool transfer_is_led(const struct transfer *transfer);

/* The endpoint that PATH was had from; for the sentences of others. */
const char *transfer_host(const struct transfer *transfer);

#endif
