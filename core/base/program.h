// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CORE_BASE_PROGRAM_H
#define STACK_CORE_BASE_PROGRAM_H

#include <stddef.h>

struct err;

/*
 * Where PROGRAM ("stack-shim") is: beside this executable (a build tree, or
 * the directory of all but `stack` itself), else where `cmake --install` puts
 * it.  -ENOENT: neither.
 */
int program_find(const char *program, char *ret_path, size_t size, struct err *err);

#endif
