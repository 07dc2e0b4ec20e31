// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CORE_CONTAINER_SHIM_H
#define STACK_CORE_CONTAINER_SHIM_H

/*
 * Shim: the command line and the descriptors of stack-shim
 *
 *	stack-shim run DIR		start the container of DIR/spec and stay as its parent
 *	stack-shim adopt DIR		take over the log and the exit of one whose shim died
 *	stack-shim exec [OPTION…] DIR -- PROGRAM [ARG…]
 *					run PROGRAM inside, exit with its status
 *	stack-shim guard -- PROGRAM [ARG…]
 *					run PROGRAM, start it again when it dies by a signal or
 *					fails (100 ms, doubled up to 60 s); end when it exits 0
 *
 *	stack-shim cp [-ae] [-L] send|receive DIR PATH
 *					one end of a copy (tree.h) on standard output or input:
 *					PATH is the container's, which may be stopped; exit status
 *					1 when it fails, after a sentence.  send -e: everything
 *					of its root file system (tree.h), without what is
 *					mounted there, owners as they are inside
 *
 * exec: -t allocate a terminal, -i keep standard input, -u USER[:GROUP],
 * -w DIR, -e KEY=VALUE (repeat), --privileged, -d detach.
 * Exit status of exec: the program's, 128 + signal, 126 not executable, 127
 * not found, 125 something of ours failed.  `--timeout MS` kills the program
 * (all its processes that are in the same exec) after that time: status 124.
 *
 * run and adopt report on descriptor 3, which the starter keeps the reading
 * end of (absent: nobody listens): one line, then it is closed.
 *
 *	ok PID START SETUP	the program was executed; START as in state.h; SETUP: how many
 *				µs of that were namespaces and mounts
 *	error ERRNO SENTENCE	it was not; nothing of the attempt is left
 *
 * The shim writes DIR/state before "ok" and DIR/exit when the container has
 * ended, then exits itself, so its pidfd becoming readable means that the exit
 * record is there.  It ignores SIGTERM, SIGINT and SIGHUP: a container is
 * stopped by signalling its PID 1.
 *
 * Output waits in the FIFOs DIR/stdout and DIR/stderr.  A shim that is killed
 * loses at most what it has just read.  But when the container ends before
 * adopt, what is in the pipes is there only if somebody else has them open:
 * whoever supervises should, O_RDWR | O_NONBLOCK, without reading.
 */
#define SHIM_REPORT_FD 3

/*
 * Descriptor 4, of run and adopt, is DIR itself with an exclusive flock(2) that
 * the starter took (absent: nobody asks).  The shim closes it when DIR/state
 * tells of it, or when it gives up.  So while DIR is locked a shim is at it,
 * although no record says so: a supervisor that comes meanwhile has to wait.
 */
#define SHIM_START_FD 4

#endif
