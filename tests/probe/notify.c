// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * notify MESSAGE...: send each to NOTIFY_SOCKET, as sd_notify(3) does, and stay.
 * "flood" sends without end, what is too long and what is nonsense too, after READY=1.
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

static int fd;
static struct sockaddr_un addr = {.sun_family = AF_UNIX};

static void say(const void *message, size_t len)
{
	if (sendto(fd, message, len, 0, (struct sockaddr *)&addr, sizeof(addr)) < 0)
		perror("notify");
}

static void flood(void)
{
	static char large[100000];

	say("READY=1", 7);
	memset(large, 'x', sizeof(large));
	for (;;) {
		say(large, sizeof(large));
		say("STATUS=\x1b[31m\xff\n\n=\nREADY=2", 22);
		say("", 0);
	}
}

int main(int argc, char **argv)
{
	const char *path = getenv("NOTIFY_SOCKET");

	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (!path || strlen(path) >= sizeof(addr.sun_path) || fd < 0)
		return 1;
	memcpy(addr.sun_path, path, strlen(path) + 1);
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "flood") == 0)
			flood();
		say(argv[i], strlen(argv[i]));
	}
	for (;;)
		poll(NULL, 0, -1);
}
