// SPDX-License-Identifier: GPL-2.0-or-later
/* A profile of arbitrary bytes: what is taken is a program whose jumps stay inside of it. */
#include "core/container/caps.h"
#include "core/supervise/seccomp_file.h"

#include <linux/filter.h>
#include <stdint.h>
#include <stdlib.h>

static void check(const struct sock_filter *filter, size_t n)
{
	if (n == 0 || n > BPF_MAXINSNS || filter[n - 1].code != (BPF_RET | BPF_K))
		abort();
	for (size_t i = 0; i < n; i++) {
		size_t furthest = filter[i].jt > filter[i].jf ? filter[i].jt : filter[i].jf;

		if (filter[i].code == (BPF_JMP | BPF_JA))
			furthest = filter[i].k;
		if (BPF_CLASS(filter[i].code) == BPF_JMP && furthest >= n - i - 1)
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sock_filter *filter = NULL;
	size_t n;

	if (seccomp_file_compile((const char *)data, size, CAPS_DEFAULT, &filter, &n, NULL) == 0)
		check(filter, n);
	free(filter);
	return 0;
}
