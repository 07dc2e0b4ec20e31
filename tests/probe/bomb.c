// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Programs that take more than their share, for containers to hold
 *
 *	bomb forks       processes until there are no more to be had, for ever
 *	bomb memory      memory until it is killed
 *	bomb files       descriptors until there are no more; says how many, and waits
 *	bomb orphans N   N children of children, who end as orphans; says "done", and waits
 *	bomb stubborn    no signal ends it, nor its daemon in another session
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

_Noreturn static void wait_for_ever(void)
{
	for (;;)
		pause();
}

_Noreturn static void forks(void)
{
	for (;;)
		if (fork() < 0)
			usleep(1000);
}

_Noreturn static void memory(void)
{
	for (;;) {
		char *chunk = malloc(1 << 20);

		if (chunk)
			memset(chunk, 1, 1 << 20);
	}
}

_Noreturn static void files(void)
{
	int n = 0;

	while (open("/dev/null", O_RDONLY | O_CLOEXEC) >= 0)
		n++;
	printf("%d files, then %s\n", n, strerror(errno));
	fflush(stdout);
	wait_for_ever();
}

_Noreturn static void orphans(int n)
{
	for (int made = 0; made < n;) {
		pid_t child = fork();

		if (child == 0) {
			if (fork() < 0)
				_exit(1);
			_exit(0);
		}
		if (child < 0) {
			/* The limit is reached: those that ended have to be reaped first. */
			usleep(1000);
			continue;
		}
		waitpid(child, NULL, 0);
		made++;
	}
	puts("done");
	fflush(stdout);
	wait_for_ever();
}

_Noreturn static void stubborn(void)
{
	for (int sig = 1; sig < 32; sig++)
		signal(sig, SIG_IGN);
	if (fork() == 0) {
		setsid();
		if (fork() > 0)
			_exit(0);
	}
	puts("here");
	fflush(stdout);
	wait_for_ever();
}

int main(int argc, char **argv)
{
	const char *mode = argc > 1 ? argv[1] : "";

	if (!strcmp(mode, "forks"))
		forks();
	if (!strcmp(mode, "memory"))
		memory();
	if (!strcmp(mode, "files"))
		files();
	if (!strcmp(mode, "orphans") && argc > 2)
		orphans(atoi(argv[2]));
	if (!strcmp(mode, "stubborn"))
		stubborn();
	fprintf(stderr, "bomb: what is '%s'?\n", mode);
	return 2;
}
