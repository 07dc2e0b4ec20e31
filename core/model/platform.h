// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CORE_MODEL_PLATFORM_H
#define STACK_CORE_MODEL_PLATFORM_H

#include <stdbool.h>

/*
 * Platform: what images call this machine, such as linux/amd64
 */

/* What Go, and so every image, calls this machine: "amd64"; "unknown" if it has no name there. */
const char *platform_architecture(void);

/* Is TEXT ("linux/amd64", "linux/arm64/v8", "amd64", "linux") this machine's? */
bool platform_is_native(const char *text);

#endif
