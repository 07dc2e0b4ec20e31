// SPDX-License-Identifier: GPL-2.0-or-later
/* Pictures, character by character. */
#include "tests/unit/loadlab.h"

#include "cmd/cli/drawing.h"
#include "core/base/arena.h"
#include "core/base/cleanup.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

static void assert_picture(struct fixture *f, const char *file, const json_t *containers,
			   const struct drawing_style *style, const char *expected)
{
	CLEANUP(arena_cleanup) struct arena *arena = arena_new();
	CLEANUP(strbuf_release) struct strbuf out = STRBUF_INIT;
	struct drawing drawing;

	loadlab_loads(f, file);
	drawing_make(f->project, containers, arena, &drawing);
	draw_text(&drawing, style, &out);
	if (strcmp(out.text, expected) != 0)
		fail_msg("drawn:\n%s\nnot:\n%s", out.text, expected);
}

static const struct drawing_style ascii = {.columns = 80};
static const struct drawing_style unicode = {.unicode = true, .columns = 80};

static void one_alone(void **state)
{
	assert_picture(*state, "name: p\nservices: {a: {image: i, network_mode: none}}\n", NULL,
		       &ascii,
		       " p\n"
		       " +-----------------+\n"
		       " | o a             |\n"
		       " |   i             |\n"
		       " |   network: none |\n"
		       " +-----------------+\n");
}

/* a needs b and c, and b needs c: two lanes, one of them with a knot. */
static const char chain[] =
	"name: p\n"
	"services:\n"
	"  c: {image: i, networks: [y]}\n"
	"  b: {image: i, networks: [x, y], depends_on: [c]}\n"
	"  a: {image: i, networks: [x], depends_on: [b, c], ports: ['8080:80']}\n"
	"networks: {x: {}, y: {internal: true}}\n";

static void lanes_and_networks(void **state)
{
	assert_picture(*state, chain, NULL, &unicode,
		       " p                       x\n"
		       "                         ╷  y (internal)\n"
		       "                         │  ╷\n"
		       "      ┌──────────────┐   │  │\n"
		       "      │ ○ a          ├───●  │\n"
		       " ┌─●──┤   i          │   │  │\n"
		       " │ │  │   8080 -> 80 │   │  │\n"
		       " │ │  └──────────────┘   │  │\n"
		       " │ │  ┌──────────────┐   │  │\n"
		       " │ └─▶│ ○ b          ├───●──●\n"
		       " ├────┤   i          │      │\n"
		       " │    └──────────────┘      │\n"
		       " │    ┌──────────────┐      │\n"
		       " └───▶│ ○ c          ├──────●\n"
		       "      │   i          │\n"
		       "      └──────────────┘\n");
}

static void states_and_narrow_terminals(void **state)
{
	json_t *containers = json_pack(
		"[{s:s, s:s, s:s, s:i}, {s:s, s:s, s:s, s:i}, {s:s, s:s, s:s, s:i}]", "service",
		"a", "state", "running", "health", "", "exit_code", 0, "service", "b", "state",
		"exited", "health", "", "exit_code", 0, "service", "c", "state", "running",
		"health", "unhealthy", "exit_code", 0);

	assert_picture(*state,
		       "name: p\n"
		       "services:\n"
		       "  c: {image: a-very-long-name-of-an-image, network_mode: none}\n"
		       "  b: {image: i, network_mode: none}\n"
		       "  a: {image: i, network_mode: none}\n",
		       containers, &(struct drawing_style){.columns = 30},
		       " p\n"
		       " +------------------------+\n"
		       " | * a  running           |\n"
		       " |   i                    |\n"
		       " |   network: none        |\n"
		       " +------------------------+\n"
		       " +------------------------+\n"
		       " | * b  exited            |\n"
		       " |   i                    |\n"
		       " |   network: none        |\n"
		       " +------------------------+\n"
		       " +------------------------+\n"
		       " | * c  unhealthy         |\n"
		       " |   a-very-long-name-o.. |\n"
		       " |   network: none        |\n"
		       " +------------------------+\n");
	json_decref(containers);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(one_alone, loadlab_setup, loadlab_teardown),
		cmocka_unit_test_setup_teardown(lanes_and_networks, loadlab_setup,
						loadlab_teardown),
		cmocka_unit_test_setup_teardown(states_and_narrow_terminals, loadlab_setup,
						loadlab_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
