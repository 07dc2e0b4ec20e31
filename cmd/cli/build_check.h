// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CMD_CLI_BUILD_CHECK_H
#define STACK_CMD_CLI_BUILD_CHECK_H

struct build_request;
struct err;

/*
 * Are the files and directories there that the `build:` of REQUEST names?  buildah
 * would say of what is missing what the system call was, not which attribute.
 *
 * -ENOENT: one is not; the sentence says of what.
 */
int build_check(const struct build_request *request, struct err *err);

#endif
