// SPDX-License-Identifier: GPL-2.0-or-later
/* The least that a DNS server does: each question to port ARGV[1] gets one and the same address. */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

int main(int argc, char **argv)
{
	static const unsigned char answer[] = {0xc0, 0x0c, 0, 1, 0,  1, 0, 0,
					       0,    2,	   0, 4, 10, 0, 0, 1};
	struct sockaddr_in peer = {.sin_family = AF_INET};
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	unsigned char msg[512];

	if (argc != 2)
		return 2;
	peer.sin_port = htons((unsigned short)atoi(argv[1]));
	if (bind(fd, (struct sockaddr *)&peer, sizeof(peer)) < 0)
		return 1;
	for (;;) {
		socklen_t len = sizeof(peer);
		/* No EDNS and no second thought: the question ends where the packet does. */
		ssize_t n = recvfrom(fd, msg, sizeof(msg) - sizeof(answer), 0,
				     (struct sockaddr *)&peer, &len);

		if (n < 12)
			continue;
		msg[2] |= 0x80;
		msg[7] = 1;
		memcpy(msg + n, answer, sizeof(answer));
		sendto(fd, msg, (size_t)n + sizeof(answer), 0, (struct sockaddr *)&peer, len);
	}
}
