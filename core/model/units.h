// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CORE_MODEL_UNITS_H
#define STACK_CORE_MODEL_UNITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Units: numbers as people write them
 *
 * All of them: 0, -EINVAL for a text of another form, -ERANGE for a number
 * that does not fit; RET_ is set on success only.
 */

/* [+-]digits */
int units_integer(const char *text, int64_t *ret_value);

/* true/false, yes/no, on/off, y/n, 1/0 in any case */
int units_bool(const char *text, bool *ret_value);

/* "512", "64m", "1.5GiB": b, k, m, g, t, p with an optional b or ib; powers of 1024. */
int units_bytes(const char *text, int64_t *ret_bytes);

/* "1h5m30s20ms", "1.5s", "500us", "2d", "0"; anything above nothing is at least 1 ms. */
int units_duration(const char *text, int64_t *ret_ms);

/* "0.5", "2": thousandths of a CPU; anything above nothing is at least one. */
int units_cpus(const char *text, int64_t *ret_millis);

/*
 * "10mbit", "1.5gbit", "500kbps": bits a second.  Units are those of tc(8): bit,
 * kbit, mbit, gbit, tbit with powers of 1000, kibit and so on with powers of
 * 1024, the same with bps for bytes, and bits when none is said.
 */
int units_rate(const char *text, int64_t *ret_bits);

/* "1%", "0.5%": millionths of the whole, at most 100 %. */
int units_percent(const char *text, int64_t *ret_millionths);

/* "0755", "1777", "0o755": octal, at most 07777 */
int units_mode(const char *text, uint32_t *ret_mode);

/* The reverse; the text is in BUF. */
#define UNITS_TEXT_MAX 64
const char *units_duration_text(int64_t ms, char buf[UNITS_TEXT_MAX]);
const char *units_cpus_text(int64_t millis, char buf[UNITS_TEXT_MAX]);
const char *units_rate_text(int64_t bits, char buf[UNITS_TEXT_MAX]);
const char *units_percent_text(int64_t millionths, char buf[UNITS_TEXT_MAX]);

#endif
