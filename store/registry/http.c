// SPDX-License-Identifier: GPL-2.0-or-later
#include "store/registry/http.h"

#include "core/base/cleanup.h"
#include "core/base/strbuf.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define CONNECT_TIMEOUT_S 15L
/* A connection over which nothing comes for so long is broken. */
#define STALL_S 30L
/* What was sent is checked and put in its place before the answer comes. */
#define UPLOAD_STALL_S	120L
#define BUFFER		(256L << 10)
#define CONNECTIONS_MAX 16L /* that are kept open for the next request */
#define USER_AGENT	"stack/" STACK_VERSION

/* What belongs to one easy handle beside the handle. */
struct attachment {
	struct http_request *request;
	struct curl_slist *headers;
	char error[CURL_ERROR_SIZE];
};

int http_init(struct http *http, struct err *err)
{
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return err_set(err, EIO, "libcurl does not start");
	http->multi = curl_multi_init();
	if (!http->multi)
		return err_nomem(err);
	curl_multi_setopt(http->multi, CURLMOPT_MAXCONNECTS, CONNECTIONS_MAX);
	return 0;
}

void http_release(struct http *http)
{
	if (!http->multi)
		return;
	curl_multi_cleanup(http->multi);
	http->multi = NULL;
	curl_global_cleanup();
}

/* The value of the header NAME if LINE is that one. */
static bool header_value(const char *line, size_t len, const char *name, const char **ret_value,
			 size_t *ret_len)
{
	size_t n = strlen(name);

	if (len <= n || strncasecmp(line, name, n) != 0 || line[n] != ':')
		return false;
	line += n + 1;
	len -= n + 1;
	while (len > 0 && (*line == ' ' || *line == '\t')) {
		line++;
		len--;
	}
	while (len > 0 && strchr(" \t\r\n", line[len - 1]))
		len--;
	*ret_value = line;
	*ret_len = len;
	return true;
}

/* What is too long for the SIZE bytes of RET is left out: half of it means nothing. */
static void copy_value(char *ret, size_t size, const char *value, size_t len)
{
	snprintf(ret, size, "%.*s", (int)(len < size ? len : 0), value);
}

/* "bytes 100-199/200" */
static void read_range(struct http_answer *answer, const char *value, size_t len)
{
	char text[HTTP_HEADER_MAX];
	unsigned long long start;

	copy_value(text, sizeof(text), value, len);
	answer->has_range = sscanf(text, "bytes %llu-", &start) == 1;
	answer->range_start = answer->has_range ? start : 0;
}

static size_t on_header(char *line, size_t size, size_t n, void *data)
{
	struct attachment *attachment = data;
	struct http_answer *answer = attachment->request->answer;
	size_t len = size * n, value_len;
	const char *value;

	/* An answer may be preceded by others: 100 Continue, or a proxy's. */
	if (len > 5 && strncmp(line, "HTTP/", 5) == 0)
		*answer = (struct http_answer){.status = 0};
	else if (header_value(line, len, "Content-Type", &value, &value_len))
		copy_value(answer->content_type, sizeof(answer->content_type), value, value_len);
	else if (header_value(line, len, "Docker-Content-Digest", &value, &value_len))
		copy_value(answer->digest, sizeof(answer->digest), value, value_len);
	else if (header_value(line, len, "Location", &value, &value_len))
		copy_value(answer->location, sizeof(answer->location), value, value_len);
	else if (header_value(line, len, "WWW-Authenticate", &value, &value_len))
		(void)challenge_parse(value, value_len, &answer->challenge);
	else if (header_value(line, len, "Content-Range", &value, &value_len))
		read_range(answer, value, value_len);
	return len;
}

static size_t on_body(char *bytes, size_t size, size_t n, void *data)
{
	struct attachment *attachment = data;
	size_t len = size * n;

	return attachment->request->body(attachment->request->data, bytes, len) ? len : 0;
}

/* A file that has become shorter is a failure, not the end. */
static size_t on_read(char *bytes, size_t size, size_t n, void *data)
{
	struct http_upload *upload = data;
	uint64_t left = upload->size - upload->sent;
	size_t want = size * n < left ? size * n : (size_t)left;
	ssize_t got;

	if (want == 0)
		return 0;
	got = pread(upload->fd, bytes, want, (off_t)upload->sent);
	if (got <= 0)
		return CURL_READFUNC_ABORT;
	upload->sent += (uint64_t)got;
	return (size_t)got;
}

/* libcurl sends anew what went into a connection that turned out to be closed. */
static int on_seek(void *data, curl_off_t offset, int origin)
{
	struct http_upload *upload = data;

	if (origin != SEEK_SET || offset < 0 || (uint64_t)offset > upload->size)
		return CURL_SEEKFUNC_CANTSEEK;
	upload->sent = (uint64_t)offset;
	return CURL_SEEKFUNC_OK;
}

static void add_header(struct curl_slist **headers, const char *name, const char *value)
{
	CLEANUP(strbuf_release) struct strbuf line = STRBUF_INIT;
	struct curl_slist *longer;

	if (!value)
		return;
	strbuf_printf(&line, "%s: %s", name, value);
	longer = curl_slist_append(*headers, line.text);
	if (longer)
		*headers = longer;
}

static void set_file(CURL *curl, CURLoption option, int fd)
{
	char path[sizeof("/proc/self/fd/") + 12];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	curl_easy_setopt(curl, option, path);
}

static void set_trust(CURL *curl, const struct http_request *request)
{
	if (request->insecure) {
		curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 0L);
		curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 0L);
	} else if (request->ca_fd >= 0) {
		set_file(curl, CURLOPT_CAINFO, request->ca_fd);
		curl_easy_setopt(curl, CURLOPT_CAPATH, NULL);
	}
	if (request->client_fd >= 0) {
		set_file(curl, CURLOPT_SSLCERT, request->client_fd);
		set_file(curl, CURLOPT_SSLKEY, request->client_fd);
	}
}

static void set_upload(CURL *curl, struct http_upload *upload)
{
	upload->sent = 0;
	curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
	curl_easy_setopt(curl, CURLOPT_INFILESIZE_LARGE, (curl_off_t)upload->size);
	curl_easy_setopt(curl, CURLOPT_READFUNCTION, on_read);
	curl_easy_setopt(curl, CURLOPT_READDATA, upload);
	curl_easy_setopt(curl, CURLOPT_SEEKFUNCTION, on_seek);
	curl_easy_setopt(curl, CURLOPT_SEEKDATA, upload);
	curl_easy_setopt(curl, CURLOPT_UPLOAD_BUFFERSIZE, BUFFER);
	curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, UPLOAD_STALL_S);
}

static void set_method(CURL *curl, const struct http_request *request)
{
	if (request->form) {
		curl_easy_setopt(curl, CURLOPT_COPYPOSTFIELDS, request->form);
	} else if (request->method == HTTP_HEAD) {
		curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
	} else if (request->method == HTTP_POST) {
		curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, 0L);
		curl_easy_setopt(curl, CURLOPT_COPYPOSTFIELDS, "");
	} else if (request->method == HTTP_PUT) {
		set_upload(curl, request->upload);
	}
}

static void set_request(CURL *curl, const struct http_request *request)
{
	char range[32];

	curl_easy_setopt(curl, CURLOPT_URL, request->url);
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(curl, CURLOPT_USERAGENT, USER_AGENT);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(curl, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, CONNECT_TIMEOUT_S);
	curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
	curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, STALL_S);
	curl_easy_setopt(curl, CURLOPT_BUFFERSIZE, BUFFER);
	curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	set_method(curl, request);
	if (request->offset > 0) {
		/* Not CURLOPT_RESUME_FROM: to that, an answer from the start would be an error. */
		snprintf(range, sizeof(range), "%llu-", (unsigned long long)request->offset);
		curl_easy_setopt(curl, CURLOPT_RANGE, range);
	}
	set_trust(curl, request);
}

CURL *http_request_begin(struct http_request *request)
{
	struct attachment *attachment = calloc(1, sizeof(*attachment));
	CURL *curl = attachment ? curl_easy_init() : NULL;

	if (!curl) {
		free(attachment);
		return NULL;
	}
	*request->answer = (struct http_answer){.status = 0};
	attachment->request = request;
	add_header(&attachment->headers, "Accept", request->accept);
	add_header(&attachment->headers, "Authorization", request->authorization);
	add_header(&attachment->headers, "Content-Type", request->content_type);
	set_request(curl, request);
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, attachment->headers);
	curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, attachment->error);
	curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(curl, CURLOPT_HEADERDATA, attachment);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, attachment);
	curl_easy_setopt(curl, CURLOPT_PRIVATE, attachment);
	return curl;
}

static struct attachment *attachment_of(CURL *curl)
{
	char *data = NULL;

	curl_easy_getinfo(curl, CURLINFO_PRIVATE, &data);
	return (struct attachment *)(void *)data;
}

void http_request_end(CURL *curl)
{
	struct attachment *attachment;

	if (!curl)
		return;
	attachment = attachment_of(curl);
	curl_easy_cleanup(curl);
	curl_slist_free_all(attachment->headers);
	free(attachment);
}

const char *http_error(CURL *curl, CURLcode code)
{
	const struct attachment *attachment = attachment_of(curl);

	return attachment->error[0] ? attachment->error : curl_easy_strerror(code);
}

/*
 * A peer refuses with an alert, with TLS 1.3 after the handshake, and libcurl has codes for
 * little of that.  OpenSSL says "alert"; GnuTLS says so or what the alert is, "Certificate is
 * bad", or with TLS 1.2 just "Handshake failed".
 */
static bool is_refusal(const char *text)
{
	return strcasestr(text, "alert") || strcasestr(text, "certificate") ||
	       strstr(text, ": Handshake failed");
}

/* Who is refused may find the connection gone before the alert that says so. */
static bool is_new(CURL *curl)
{
	curl_off_t handshake_us = 0;

	curl_easy_getinfo(curl, CURLINFO_APPCONNECT_TIME_T, &handshake_us);
	return handshake_us > 0;
}

enum http_client_failure http_client_failure(CURL *curl, CURLcode code)
{
	const char *text = http_error(curl, code);
	long status = 0;

	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	if (status > 0) /* whatever broke, it did so after we were let in */
		return HTTP_CLIENT_FINE;
	switch (code) {
	case CURLE_SSL_CERTPROBLEM:
		return HTTP_CLIENT_UNUSABLE;
	case CURLE_SSL_CLIENTCERT:
		return HTTP_CLIENT_REFUSED;
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_SEND_ERROR:
	case CURLE_RECV_ERROR:
		if (strstr(text, "X.509 key")) /* GnuTLS, which has read the files */
			return HTTP_CLIENT_UNUSABLE;
		if (is_refusal(text))
			return HTTP_CLIENT_REFUSED;
		return is_new(curl) ? HTTP_CLIENT_CUT_OFF : HTTP_CLIENT_FINE;
	default:
		return HTTP_CLIENT_FINE;
	}
}

char *http_resolve(const char *base, const char *to)
{
	CURLU *url = curl_url();
	char *text = NULL, *result = NULL;

	if (url && curl_url_set(url, CURLUPART_URL, base, 0) == CURLUE_OK &&
	    curl_url_set(url, CURLUPART_URL, to, 0) == CURLUE_OK &&
	    curl_url_get(url, CURLUPART_URL, &text, 0) == CURLUE_OK)
		result = strdup(text);
	curl_free(text);
	curl_url_cleanup(url);
	return result;
}

struct bounded {
	struct strbuf *body;
	size_t max;
};

static bool take_bounded(void *data, const void *bytes, size_t len)
{
	struct bounded *bounded = data;

	if (len > bounded->max - bounded->body->len)
		return false;
	strbuf_add(bounded->body, bytes, len);
	return true;
}

int http_run(struct http_request *request, size_t max, struct strbuf *body, struct err *err)
{
	struct bounded bounded = {body, max};
	CURLcode code;
	CURL *curl;
	int r = 0;

	request->body = take_bounded;
	request->data = &bounded;
	curl = http_request_begin(request);
	if (!curl)
		return err_nomem(err);
	code = curl_easy_perform(curl);
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &request->answer->status);
	if (code == CURLE_WRITE_ERROR)
		r = err_set(err, EFBIG, "the answer is longer than %zu KiB", max >> 10);
	else if (code != CURLE_OK)
		r = err_set(err, EIO, "%s", http_error(curl, code));
	http_request_end(curl);
	return r;
}

void http_escape(struct strbuf *out, const char *text)
{
	static const char plain[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";

	for (; *text; text++) {
		if (strchr(plain, *text))
			strbuf_putc(out, *text);
		else
			strbuf_printf(out, "%%%02X", (unsigned int)(unsigned char)*text);
	}
}
