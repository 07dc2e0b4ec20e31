// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_STORE_MEASURE_H
#define STACK_STORE_MEASURE_H

#include "core/base/err.h"

#include <stdint.h>

/*
 * Measure: how much of the disk a directory or file takes, with all below it
 *
 * Of a file with several names each takes its share.  What is not there takes
 * nothing, and what vanishes meanwhile is left out.
 *
 * Blocks: for the disk.
 */
int measure(const char *path, uint64_t *ret_bytes, struct err *err);

/* The sizes of the regular files below PATH, each counted once. */
int measure_content(const char *path, uint64_t *ret_bytes, struct err *err);

/* The same for each entry of the directory PATH, and how many there are. */
int measure_entries(const char *path, uint64_t *ret_bytes, uint64_t *ret_n, struct err *err);

#endif
