// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CORE_CONTAINER_APPARMOR_H
#define STACK_CORE_CONTAINER_APPARMOR_H

struct err;

/*
 * AppArmor: let the next execve() of this thread put the program under PROFILE
 *
 * Written through a /proc of our own, which is mounted nowhere: what a
 * container may have put in the place of its /proc is not asked.  NULL: nothing
 * is done.  aa_change_onexec(2).
 *
 * -ENOENT: no profile of that name is loaded.  -EOPNOTSUPP: this kernel runs
 * without AppArmor.
 */
int apparmor_on_exec(const char *profile, struct err *err);

#endif
