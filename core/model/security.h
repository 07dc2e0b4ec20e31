// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CORE_MODEL_SECURITY_H
#define STACK_CORE_MODEL_SECURITY_H

#include <stdbool.h>

/* security_opt, read: what is said last counts */
enum seccomp_choice {
	SECCOMP_CHOICE_NONE, /* not said: the built-in profile, unless privileged */
	SECCOMP_CHOICE_BUILTIN,
	SECCOMP_CHOICE_UNCONFINED,
	SECCOMP_CHOICE_FILE,
};

struct security {
	bool no_new_privileges;
	enum seccomp_choice seccomp;
	const char *apparmor;	    /* name of the profile; NULL: none */
	const char *seccomp_file;   /* absolute; NULL unless SECCOMP_CHOICE_FILE */
	const char *seccomp_digest; /* SHA-256 of the file when it was loaded; likewise */
};

#endif
