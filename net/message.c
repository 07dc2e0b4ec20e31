// SPDX-License-Identifier: GPL-2.0-or-later
#include "net/message.h"

#include <stdlib.h>
#include <string.h>

struct nl_msg *message_new(int type, int flags, const void *header, size_t size)
{
	struct nl_msg *msg = nlmsg_alloc_simple(type, flags);

	if (!msg || nlmsg_append(msg, (void *)header, size, NLMSG_ALIGNTO) < 0)
		abort();
	return msg;
}

void message_put(struct nl_msg *msg, int type, const void *data, size_t len)
{
	if (nla_put(msg, type, (int)len, data) < 0)
		abort();
}

void message_put_u8(struct nl_msg *msg, int type, uint8_t value)
{
	message_put(msg, type, &value, sizeof(value));
}

void message_put_u32(struct nl_msg *msg, int type, uint32_t value)
{
	message_put(msg, type, &value, sizeof(value));
}

void message_put_text(struct nl_msg *msg, int type, const char *text)
{
	message_put(msg, type, text, strlen(text) + 1);
}

struct nlattr *message_nest(struct nl_msg *msg, int type)
{
	struct nlattr *nest = nla_nest_start(msg, type);

	if (!nest)
		abort();
	return nest;
}

void message_nest_end(struct nl_msg *msg, struct nlattr *nest)
{
	nla_nest_end(msg, nest);
}

void *message_reserve(struct nl_msg *msg, size_t size)
{
	void *room = nlmsg_reserve(msg, size, NLMSG_ALIGNTO);

	if (!room)
		abort();
	return memset(room, 0, size);
}
