// SPDX-License-Identifier: GPL-2.0-or-later
#include "net/netlink.h"

#include "core/base/cleanup.h"

#include <errno.h>
#include <linux/netlink.h>
#include <netlink/attr.h>
#include <netlink/errno.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* What one send may carry: the answers to it have to fit in the receive buffer. */
#define SEND_MAX	  (32 * 1024)
#define SEND_MAX_REQUESTS 128
#define RECEIVE_BUFFER	  (1024 * 1024)
#define DUMP_TRIES	  5

struct netlink {
	struct nl_sock *sock;
	uint32_t seq;
};

struct netlink_request {
	struct nl_msg *msg;
	int tolerate;
	int result; /* 0 or -errno; meaningless before `answered` */
	bool answered;
	char what[160];
	char detail[160]; /* the kernel's own words, or "" */
};

/* libnl reports in numbers of its own; here and nowhere else they become errno. */
static int nle_to_errno(int nle)
{
	static const int table[] = {
		[NLE_INTR] = EINTR,	      [NLE_BAD_SOCK] = EBADF,
		[NLE_AGAIN] = EAGAIN,	      [NLE_NOMEM] = ENOMEM,
		[NLE_EXIST] = EEXIST,	      [NLE_INVAL] = EINVAL,
		[NLE_RANGE] = ERANGE,	      [NLE_MSGSIZE] = EMSGSIZE,
		[NLE_OPNOTSUPP] = EOPNOTSUPP, [NLE_AF_NOSUPPORT] = EAFNOSUPPORT,
		[NLE_OBJ_NOTFOUND] = ENOENT,  [NLE_NOATTR] = ENODATA,
		[NLE_MISSING_ATTR] = EINVAL,  [NLE_SEQ_MISMATCH] = EPROTO,
		[NLE_MSG_OVERFLOW] = ENOBUFS, [NLE_MSG_TRUNC] = EMSGSIZE,
		[NLE_NOADDR] = EADDRNOTAVAIL, [NLE_MSG_TOOSHORT] = EBADMSG,
		[NLE_NOACCESS] = EACCES,      [NLE_PERM] = EPERM,
		[NLE_BUSY] = EBUSY,	      [NLE_NODEV] = ENODEV,
		[NLE_DUMP_INTR] = EAGAIN,
	};
	size_t i = (size_t)abs(nle);

	return i < ARRAY_SIZE(table) && table[i] ? table[i] : EIO;
}

static int err_nle(struct err *err, int nle, const char *what)
{
	return err_set(err, nle_to_errno(nle), "%s: %s", what, nl_geterror(nle));
}

/* Acknowledgements with the kernel's words and without a copy of the request. */
static void socket_options(struct nl_sock *sock)
{
	int on = 1, bytes = RECEIVE_BUFFER, fd = nl_socket_get_fd(sock);

	/* All three only make things better: an older kernel, or a caller without
	 * CAP_NET_ADMIN, gets shorter sentences and the default buffer. */
	setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof(on));
	setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof(on));
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes));
	nl_socket_disable_msg_peek(sock);
	nl_socket_set_msg_buf_size(sock, SEND_MAX);
}

int netlink_open(int protocol, struct netlink **ret_nl, struct err *err)
{
	CLEANUP(netlink_cleanup) struct netlink *nl = calloc(1, sizeof(*nl));
	int r;

	if (!nl)
		return err_nomem(err);
	nl->sock = nl_socket_alloc();
	if (!nl->sock)
		return err_nomem(err);
	r = nl_connect(nl->sock, protocol);
	if (r < 0)
		return err_nle(err, r, "open a netlink socket");
	socket_options(nl->sock);
	*ret_nl = TAKE_PTR(nl);
	return 0;
}

void netlink_free(struct netlink *nl)
{
	if (!nl)
		return;
	nl_socket_free(nl->sock);
	free(nl);
}

void netlink_cleanup(struct netlink **nl)
{
	netlink_free(*nl);
}

static PRINTF_LIKE(4, 0) size_t batch_vadd(struct netlink_batch *batch, struct nl_msg *msg,
					   int tolerate, const char *fmt, va_list args)
{
	struct netlink_request *request;

	if (batch->n == batch->size) {
		batch->size = batch->size ? batch->size * 2 : 8;
		batch->requests =
			reallocarray(batch->requests, batch->size, sizeof(*batch->requests));
		if (!batch->requests)
			abort();
	}
	request = &batch->requests[batch->n];
	*request = (struct netlink_request){.msg = msg, .tolerate = tolerate};
	vsnprintf(request->what, sizeof(request->what), fmt, args);
	return batch->n++;
}

size_t netlink_batch_add(struct netlink_batch *batch, struct nl_msg *msg, int tolerate,
			 const char *fmt, ...)
{
	va_list args;
	size_t index;

	va_start(args, fmt);
	index = batch_vadd(batch, msg, tolerate, fmt, args);
	va_end(args);
	return index;
}

void netlink_batch_release(struct netlink_batch *batch)
{
	for (size_t i = 0; i < batch->n; i++)
		nlmsg_free(batch->requests[i].msg);
	free(batch->requests);
	*batch = (struct netlink_batch)NETLINK_BATCH_INIT;
}

/* The extended acknowledgement's text, which follows the error (and, without
 * NETLINK_CAP_ACK, the request it is about). */
static void take_detail(struct netlink_request *request, struct nlmsghdr *reply)
{
	const struct nlmsgerr *ack = nlmsg_data(reply);
	size_t skip = sizeof(*ack);
	struct nlattr *attr;

	if (!(reply->nlmsg_flags & NLM_F_ACK_TLVS))
		return;
	if (!(reply->nlmsg_flags & NLM_F_CAPPED))
		skip += NLMSG_ALIGN(ack->msg.nlmsg_len) - sizeof(ack->msg);
	if (skip > (size_t)nlmsg_datalen(reply))
		return;
	attr = nla_find((struct nlattr *)((char *)nlmsg_data(reply) + skip),
			nlmsg_datalen(reply) - (int)skip, NLMSGERR_ATTR_MSG);
	if (attr)
		snprintf(request->detail, sizeof(request->detail), "%.*s", nla_len(attr),
			 (const char *)nla_data(attr));
}

struct exchange {
	struct netlink_request *requests; /* those under way */
	size_t n, open;			  /* of them, not yet answered */
	uint32_t first_seq;
	netlink_reply_fn *on_reply;
	void *data;
	int reply_result;
	bool interrupted; /* the dump changed while it was read */
};

static void finish(struct exchange *exchange, struct netlink_request *request, int result)
{
	request->result = result;
	request->answered = true;
	exchange->open--;
}

static void take_message(struct exchange *exchange, struct nlmsghdr *reply)
{
	uint32_t index = reply->nlmsg_seq - exchange->first_seq;
	struct netlink_request *request;

	if (index >= exchange->n || exchange->requests[index].answered)
		return;
	request = &exchange->requests[index];
	if (reply->nlmsg_flags & NLM_F_DUMP_INTR)
		exchange->interrupted = true;
	if (reply->nlmsg_type == NLMSG_ERROR) {
		const struct nlmsgerr *ack = nlmsg_data(reply);

		if (nlmsg_datalen(reply) < (int)sizeof(*ack)) {
			finish(exchange, request, -EBADMSG);
			return;
		}
		take_detail(request, reply);
		finish(exchange, request, ack->error);
	} else if (reply->nlmsg_type == NLMSG_DONE) {
		int result =
			nlmsg_datalen(reply) >= (int)sizeof(int) ? *(int *)nlmsg_data(reply) : 0;

		finish(exchange, request, result < 0 ? result : 0);
	} else if (exchange->on_reply && exchange->reply_result >= 0) {
		exchange->reply_result = exchange->on_reply(reply, exchange->data);
	}
}

static int receive(struct netlink *nl, struct exchange *exchange, struct err *err)
{
	while (exchange->open > 0) {
		CLEANUP_FREE unsigned char *data = NULL;
		struct sockaddr_nl from;
		struct nlmsghdr *reply;
		int len;

		len = nl_recv(nl->sock, &from, &data, NULL);
		if (len == -NLE_INTR)
			continue;
		if (len <= 0)
			return err_nle(err, len, "read the kernel's netlink answer");
		if (from.nl_pid != 0)
			continue; /* not from the kernel */
		for (reply = (struct nlmsghdr *)data; nlmsg_ok(reply, len);
		     reply = nlmsg_next(reply, &len))
			take_message(exchange, reply);
	}
	return 0;
}

/* Send as many of the exchange's requests as fit in one datagram; RET_N: how many. */
static int send_some(struct netlink *nl, struct netlink_request *requests, size_t n, size_t *ret_n,
		     struct err *err)
{
	CLEANUP_FREE char *data = malloc(SEND_MAX);
	size_t len = 0, i;
	int r;

	if (!data)
		return err_nomem(err);
	for (i = 0; i < n && i < SEND_MAX_REQUESTS; i++) {
		struct nlmsghdr *header = nlmsg_hdr(requests[i].msg);
		size_t size = NLMSG_ALIGN(header->nlmsg_len);

		if (len + size > SEND_MAX)
			break;
		header->nlmsg_seq = nl->seq + (uint32_t)i;
		header->nlmsg_pid = nl_socket_get_local_port(nl->sock);
		header->nlmsg_flags |= NLM_F_REQUEST | NLM_F_ACK;
		memset(data + len, 0, size);
		memcpy(data + len, header, header->nlmsg_len);
		len += size;
	}
	r = nl_sendto(nl->sock, data, len);
	if (r < 0)
		return err_nle(err, r, "send a netlink request");
	*ret_n = i;
	return 0;
}

/* One datagram with its answers. */
static int exchange_some(struct netlink *nl, struct exchange *exchange, struct err *err)
{
	size_t n = 0;
	int r;

	exchange->first_seq = nl->seq;
	r = send_some(nl, exchange->requests, exchange->n, &n, err);
	if (r < 0)
		return r;
	nl->seq += (uint32_t)n;
	exchange->n = exchange->open = n;
	return receive(nl, exchange, err);
}

static int request_error(const struct netlink_request *request, struct err *err)
{
	if (request->result == 0 || request->result == -request->tolerate)
		return 0;
	if (request->detail[0])
		return err_sys(err, -request->result, "%s (%s)", request->what, request->detail);
	return err_sys(err, -request->result, "%s", request->what);
}

int netlink_batch_send(struct netlink *nl, struct netlink_batch *batch, struct err *err)
{
	int r;

	for (size_t done = 0; done < batch->n;) {
		struct exchange exchange = {
			.requests = batch->requests + done,
			.n = batch->n - done,
		};

		r = exchange_some(nl, &exchange, err);
		if (r < 0)
			return r;
		done += exchange.n;
	}
	for (size_t i = 0; i < batch->n; i++) {
		r = request_error(&batch->requests[i], err);
		if (r < 0)
			return r;
	}
	return 0;
}

int netlink_batch_result(const struct netlink_batch *batch, size_t index, struct err *err)
{
	const struct netlink_request *request = &batch->requests[index];

	if (!request->answered)
		return err_set(err, EIO, "%s: the kernel gave no answer", request->what);
	request_error(request, err);
	return request->result;
}

int netlink_call(struct netlink *nl, struct nl_msg *msg, int tolerate, struct err *err,
		 const char *fmt, ...)
{
	CLEANUP(netlink_batch_release) struct netlink_batch batch = NETLINK_BATCH_INIT;
	va_list args;

	va_start(args, fmt);
	batch_vadd(&batch, msg, tolerate, fmt, args);
	va_end(args);
	return netlink_batch_send(nl, &batch, err);
}

int netlink_query(struct netlink *nl, struct nl_msg *msg, netlink_reply_fn *on_reply, void *data,
		  struct err *err, const char *fmt, ...)
{
	CLEANUP(netlink_batch_release) struct netlink_batch batch = NETLINK_BATCH_INIT;
	va_list args;
	int r;

	va_start(args, fmt);
	batch_vadd(&batch, msg, 0, fmt, args);
	va_end(args);
	for (int i = 0; i < DUMP_TRIES; i++) {
		struct exchange exchange = {
			.requests = batch.requests,
			.n = 1,
			.on_reply = on_reply,
			.data = data,
		};

		batch.requests[0].answered = false;
		r = exchange_some(nl, &exchange, err);
		if (r == 0)
			r = request_error(&batch.requests[0], err);
		if (r < 0)
			return r;
		if (exchange.reply_result < 0)
			return exchange.reply_result;
		if (!exchange.interrupted)
			return 0;
	}
	return err_set(err, EAGAIN, "%s: it changes faster than it can be read",
		       batch.requests[0].what);
}
