// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_TESTS_UNIT_SECCOMP_RUN_H
#define STACK_TESTS_UNIT_SECCOMP_RUN_H

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* A filter's instructions in the test's own hands.  To be included after cmocka.h. */

static inline uint32_t load_word(const struct seccomp_data *data, uint32_t offset)
{
	uint32_t word;

	assert_true(offset <= sizeof(*data) - sizeof(word));
	memcpy(&word, (const char *)data + offset, sizeof(word));
	return word;
}

/* What the kernel would do with DATA; every path must end in a return. */
static inline uint32_t run(const struct sock_filter *program, size_t n,
			   const struct seccomp_data *data)
{
	uint32_t a = 0;

	for (size_t pc = 0; pc < n; pc++) {
		const struct sock_filter *insn = &program[pc];
		bool yes;

		switch (insn->code) {
		case BPF_LD | BPF_W | BPF_ABS:
			a = load_word(data, insn->k);
			continue;
		case BPF_ALU | BPF_AND | BPF_K:
			a &= insn->k;
			continue;
		case BPF_RET | BPF_K:
			return insn->k;
		case BPF_JMP | BPF_JA:
			pc += insn->k;
			continue;
		case BPF_JMP | BPF_JEQ | BPF_K:
			yes = a == insn->k;
			break;
		case BPF_JMP | BPF_JGE | BPF_K:
			yes = a >= insn->k;
			break;
		case BPF_JMP | BPF_JGT | BPF_K:
			yes = a > insn->k;
			break;
		case BPF_JMP | BPF_JSET | BPF_K:
			yes = a & insn->k;
			break;
		default:
			fail_msg("instruction %zu is none of ours: %x", pc, insn->code);
			return 0;
		}
		pc += yes ? insn->jt : insn->jf;
	}
	fail_msg("the program runs past its end");
	return 0;
}

#endif
