// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/supervise/frame.h"

#include "core/base/cleanup.h"
#include "core/base/strbuf.h"
#include "core/supervise/control.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void encode(struct strbuf *out, const char *op)
{
	json_t *message = json_pack("{s:s}", "op", op);
	struct err err = ERR_INIT;

	assert_non_null(message);
	assert_int_equal(frame_encode(out, message, &err), 0);
	json_decref(message);
}

static void expect_op(struct frame_reader *reader, const char *op)
{
	struct err err = ERR_INIT;
	json_t *message = NULL;

	assert_int_equal(frame_reader_next(reader, &message, NULL, &err), 1);
	assert_string_equal(json_string_value(json_object_get(message, "op")), op);
	json_decref(message);
}

static void test_length_is_little_endian(void **state)
{
	CLEANUP(strbuf_release) struct strbuf out = STRBUF_INIT;

	encode(&out, "ping");
	assert_int_equal(out.len, 4 + strlen("{\"op\":\"ping\"}"));
	assert_memory_equal(out.text, "\x0d\0\0\0{\"op\":\"ping\"}", out.len);
}

static void test_messages_cut_at_every_byte(void **state)
{
	CLEANUP(strbuf_release) struct strbuf out = STRBUF_INIT;

	encode(&out, "first");
	encode(&out, "second");
	for (size_t cut = 0; cut <= out.len; cut++) {
		CLEANUP(frame_reader_release) struct frame_reader reader = FRAME_READER_INIT;
		json_t *message = NULL;

		frame_reader_add(&reader, out.text, cut);
		if (cut < 4 + strlen("{\"op\":\"first\"}"))
			assert_int_equal(frame_reader_next(&reader, &message, NULL, NULL), 0);
		frame_reader_add(&reader, out.text + cut, out.len - cut);
		expect_op(&reader, "first");
		expect_op(&reader, "second");
		assert_int_equal(frame_reader_next(&reader, &message, NULL, NULL), 0);
	}
}

static void test_missing_bytes_end_at_the_message(void **state)
{
	CLEANUP(frame_reader_release) struct frame_reader reader = FRAME_READER_INIT;
	json_t *message = NULL;
	size_t missing = 0;

	frame_reader_add(&reader, "\x0d", 1);
	assert_int_equal(frame_reader_next(&reader, &message, &missing, NULL), 0);
	assert_int_equal(missing, 3);
	frame_reader_add(&reader, "\0\0\0{", 4);
	assert_int_equal(frame_reader_next(&reader, &message, &missing, NULL), 0);
	assert_int_equal(missing, 12);
}

static void expect_refused(const void *bytes, size_t len)
{
	CLEANUP(frame_reader_release) struct frame_reader reader = FRAME_READER_INIT;
	struct err err = ERR_INIT;
	json_t *message = NULL;

	frame_reader_add(&reader, bytes, len);
	assert_int_equal(frame_reader_next(&reader, &message, NULL, &err), -EBADMSG);
	assert_null(message);
	assert_true(err.msg[0] != '\0');
}

static void test_bad_messages_are_refused(void **state)
{
	expect_refused("\x01\0\0\1", 4); /* 16 MiB + 1, known from the header alone */
	expect_refused("\2\0\0\0[]", 6);
	expect_refused("\2\0\0\0{x", 6);
	expect_refused("\0\0\0\0", 4);
	expect_refused("\x0d\0\0\0{\"a\":1,\"a\":2}", 17);
}

static void test_too_long_is_not_sent(void **state)
{
	CLEANUP(strbuf_release) struct strbuf out = STRBUF_INIT;
	char *text = test_calloc(1, CONTROL_MAX + 1);
	struct err err = ERR_INIT;
	json_t *message;

	memset(text, 'x', CONTROL_MAX);
	message = json_pack("{s:s}", "op", text);
	assert_int_equal(frame_encode(&out, message, &err), -EMSGSIZE);
	assert_int_equal(out.len, 0);
	json_decref(message);
	test_free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_length_is_little_endian),
		cmocka_unit_test(test_messages_cut_at_every_byte),
		cmocka_unit_test(test_missing_bytes_end_at_the_message),
		cmocka_unit_test(test_bad_messages_are_refused),
		cmocka_unit_test(test_too_long_is_not_sent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
