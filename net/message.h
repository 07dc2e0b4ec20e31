// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_NET_MESSAGE_H
#define STACK_NET_MESSAGE_H

#include <netlink/attr.h>
#include <netlink/msg.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Messages: putting netlink requests together
 *
 * Requests of ours are short and fit in the page that libnl gives a message,
 * so there is nothing to check: running out of memory ends the program, as in
 * arena.h.  The caller owns the message until a batch takes it.
 */

/* TYPE and FLAGS as in nlmsg_type and nlmsg_flags; HEADER is the family's own header. */
struct nl_msg *message_new(int type, int flags, const void *header, size_t size);

void message_put(struct nl_msg *msg, int type, const void *data, size_t len);
void message_put_u8(struct nl_msg *msg, int type, uint8_t value);
void message_put_u32(struct nl_msg *msg, int type, uint32_t value);
void message_put_text(struct nl_msg *msg, int type, const char *text);

/* What is put between the two is inside the attribute TYPE. */
struct nlattr *message_nest(struct nl_msg *msg, int type);
void message_nest_end(struct nl_msg *msg, struct nlattr *nest);

/* Room without an attribute around it, zeroed: VETH_INFO_PEER starts with a bare ifinfomsg. */
void *message_reserve(struct nl_msg *msg, size_t size);

#endif
