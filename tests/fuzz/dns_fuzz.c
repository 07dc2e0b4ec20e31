// SPDX-License-Identifier: GPL-2.0-or-later
#include "net/dns.h"
#include "net/dns_answer.h"
#include "net/dns_zone.h"

#include <stdlib.h>
#include <string.h>

/*
 * A message from a container and one from an upstream.  Byte 0 chooses network
 * kind and transport, byte 1 where the first message ends and the second, an
 * answer to it, begins.
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct dns_zone *make_zone(void)
{
	struct dns_record records[42] = {{"a", dns_mapped((struct in_addr){1})},
					 {"web.x", {.s6_addr = {0xfd, [15] = 2}}}};
	struct dns_zone *zone = NULL;

	for (uint32_t i = 2; i < 42; i++)
		records[i] = (struct dns_record){"b", dns_mapped((struct in_addr){i})};
	if (dns_zone_new(records, 42, NULL, &zone, NULL) < 0)
		abort();
	return zone;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct dns_zone *zone;
	static uint8_t buf[DNS_MESSAGE_MAX];
	struct dns_view view = {.random = 7};
	struct dns_query query;
	size_t cut, len = 0;
	bool stream;
	uint8_t *msg;

	if (!zone)
		zone = make_zone();
	if (size < 2)
		return 0;
	view.zone = zone;
	view.internal = data[0] & 1;
	stream = data[0] & 2;
	cut = 2 + data[1] < size ? 2 + data[1] : size;
	/* Copies of exactly their length, so that reading one byte too far is seen. */
	msg = malloc(cut - 2 ? cut - 2 : 1);
	memcpy(msg, data + 2, cut - 2);
	switch (dns_answer(&view, stream, msg, cut - 2, &query, buf, &len)) {
	case DNS_DROP:
		break;
	case DNS_REPLY:
		if (len < DNS_HEADER_LEN || (!stream && len > DNS_UDP_MAX) || !(buf[2] & 0x80))
			abort();
		break;
	case DNS_FORWARD:
		if (view.internal)
			abort();
		(void)dns_answers(data + cut, size - cut, msg, &query);
		len = dns_answer_error(msg, &query, true, DNS_SERVFAIL, buf);
		if (!dns_answers(buf, len, msg, &query))
			abort();
		break;
	}
	free(msg);
	return 0;
}
