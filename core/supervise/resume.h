// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CORE_SUPERVISE_RESUME_H
#define STACK_CORE_SUPERVISE_RESUME_H

#include "core/supervise/internal.h"

/*
 * Resume: what goes on with the next supervisor, or the next boot
 *
 * Each is a file that is written before it matters and read when a supervisor
 * begins.
 */

/* --- boot.c --- */

/* What is desired, or stopped by hand, changed: keep it for the next boot, if that matters. */
void boot_changed(struct supervisor *supervisor);

/* The project is taken down: nothing comes back, until it is brought up again. */
void boot_forget(struct supervisor *supervisor);

/* Keep it from now on, or no longer.  -ENOENT: nothing was ever desired. */
int boot_enable(struct supervisor *supervisor, bool enable, struct err *err);

/*
 * Bring up what is to come back, if the host was rebooted or we were asked to end.
 *
 * -ENOENT: the project is not enabled.  -EBADMSG: what was kept is damaged.
 */
int boot_resume(struct supervisor *supervisor, struct err *err);

/* Stop all containers, not by hand, and end the loop. */
void boot_rest(struct supervisor *supervisor);

/* --- follow.c --- */

/*
 * From now on follow the files that OPTIONS (control.h, "follow") name; null or
 * NULL: none.
 */
void follow_changed(struct supervisor *supervisor, const json_t *options);

/* Go on with what the last supervisor followed. */
void follow_resume(struct supervisor *supervisor);
void follow_stop(struct supervisor *supervisor);

/* --- pending.c --- */

/* Note REQUEST before it is carried out, so that the next supervisor finishes it. */
void pending_save(struct supervisor *supervisor, const json_t *request);
void pending_clear(struct supervisor *supervisor);

/* Go on with what a dead supervisor noted. */
void pending_resume(struct supervisor *supervisor);

#endif
