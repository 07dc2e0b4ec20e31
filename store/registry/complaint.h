// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_STORE_REGISTRY_COMPLAINT_H
#define STACK_STORE_REGISTRY_COMPLAINT_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Complaint: what a registry says when it does not do what it was asked for
 *
 * distribution-spec, "Error Codes":
 *
 *	{"errors": [{"code": "DENIED", "message": "requested access … is denied"}]}
 */
#define COMPLAINT_MAX 200

/*
 * The first of the errors in LEN bytes of TEXT, as one line of at most COMPLAINT_MAX bytes with
 * its NUL.  It is a foreigner's: whoever shows it escapes it.  False: it says nothing.
 */
bool complaint_read(const char *text, size_t len, char ret[COMPLAINT_MAX]);

#endif
