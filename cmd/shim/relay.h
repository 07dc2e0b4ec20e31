// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CMD_SHIM_RELAY_H
#define STACK_CMD_SHIM_RELAY_H

#include <signal.h>
#include <stdbool.h>

/*
 * Relay: between the caller of exec and the program inside
 *
 * Signals, and with a terminal also what is typed, what is shown and the size
 * of the window.  The caller's terminal is in raw mode meanwhile: what ^C
 * means is decided by the terminal inside.  It is restored before the function
 * returns, and every signal that could end us before is taken here instead.
 */
struct relay {
	int pidfd;
	int master;	  /* -1: no terminal */
	bool interactive; /* read standard input for it */
	int timeout_ms;	  /* -1: none */
};

/* Block the signals the relay handles; before the program is cloned, which gets OLD. */
void relay_block_signals(sigset_t *ret_old);

/*
 * Relay until the program has ended.  false: the timeout came first, and the
 * program still runs.
 *
 * Blocks: as long as that.
 */
bool relay_run(const struct relay *relay);

#endif
