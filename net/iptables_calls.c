// SPDX-License-Identifier: GPL-2.0-or-later
#include "net/iptables_calls.h"

#include <libiptc/libip6tc.h>
#include <libiptc/libiptc.h>
#include <sys/socket.h>

/* The functions that know of entries, with a type that both families have. */
#define WRAPPERS(name)                                                                             \
	static const void *name##_first(const xt_chainlabel chain, struct xtc_handle *handle)      \
	{                                                                                          \
		return name##_first_rule(chain, handle);                                           \
	}                                                                                          \
	static const void *name##_next(const void *before, struct xtc_handle *handle)              \
	{                                                                                          \
		return name##_next_rule(before, handle);                                           \
	}                                                                                          \
	static const char *name##_target(const void *entry, struct xtc_handle *handle)             \
	{                                                                                          \
		return name##_get_target(entry, handle);                                           \
	}                                                                                          \
	static int name##_append(const xt_chainlabel chain, const void *entry,                     \
				 struct xtc_handle *handle)                                        \
	{                                                                                          \
		return name##_append_entry(chain, entry, handle);                                  \
	}                                                                                          \
	static int name##_insert(const xt_chainlabel chain, const void *entry,                     \
				 unsigned int number, struct xtc_handle *handle)                   \
	{                                                                                          \
		return name##_insert_entry(chain, entry, number, handle);                          \
	}

#define CALLS(name)                                                                                \
	{                                                                                          \
		.init = name##_init, .free = name##_free, .commit = name##_commit,                 \
		.strerror = name##_strerror, .is_chain = name##_is_chain,                          \
		.create_chain = name##_create_chain, .flush_entries = name##_flush_entries,        \
		.delete_chain = name##_delete_chain, .first_rule = name##_first,                   \
		.next_rule = name##_next, .get_target = name##_target,                             \
		.append_entry = name##_append, .insert_entry = name##_insert,                      \
		.delete_num_entry = name##_delete_num_entry,                                       \
	}

WRAPPERS(iptc)
WRAPPERS(ip6tc)

static const struct iptables_calls calls = CALLS(iptc), calls6 = CALLS(ip6tc);

const struct iptables_calls *iptables_calls(uint8_t family)
{
	return family == AF_INET6 ? &calls6 : &calls;
}
