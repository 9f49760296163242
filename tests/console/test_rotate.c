// SPDX-License-Identifier: GPL-2.0-or-later
/* The sheet of a tunnel's next pre-shared key: what it offers, what it sends, and where the secret is not
 * seen. */
#include <stdio.h>
#include <unistd.h>

#include "tests/console/harness.h"

#define SECRET "correct.horse.battery"

static const struct screen_options tiny = {.rows = 20, .cols = 60}, small = {.rows = 24, .cols = 80},
				   wide = {.rows = 36, .cols = 120};

/* What came, and the answer. */
static struct {
	unsigned count;
	char tunnel[32], secret[128];
	bool generate, cancel;
} came;

static void
on_rotate(void *context, struct control_request *request)
{
	const char *secret = control_request_text(request, "secret");

	(void)context;
	came.count++;
	snprintf(came.tunnel, sizeof(came.tunnel), "%s", control_request_text(request, "tunnel"));
	snprintf(came.secret, sizeof(came.secret), "%s", secret != NULL ? secret : "");
	came.generate = control_request_flag(request, "generate");
	came.cancel = control_request_flag(request, "cancel");
	control_request_done(request, NULL, "both secrets are accepted");
}

static struct world *
open_world(const struct screen_options *options)
{
	struct world *world = world_new();

	came.count = 0;
	world_handle(world, "rotate", on_rotate, NULL);
	screen_open_until_live(world, options);
	return world;
}

static void
wait_came(struct world *world)
{
	for (int i = 0; i < 500 && came.count == 0; i++)
		world_turn(world);
	assert_int_equal(came.count, 1);
}

/* aws-paris/1 has been given a next secret so many minutes ago. */
static void
begin_rotation(struct world *world, int minutes)
{
	struct model_tunnel *t = world_take(world, MODEL_KIND_TUNNEL, "aws-paris/1");

	t->rotating_since = clock_wall() - (minutes * 60 + 30) * USEC_PER_SEC;
	model_set(&t->rotation, "waits for the peer to use the next secret");
	world_put(world, MODEL_KIND_TUNNEL, t);
}

/* The sheet, once the console has heard of the rotation: one that is open before has another choice in focus.
 */
static void
open_with_rotation(struct world *world)
{
	screen_type(world, "2g");
	for (int i = 0; i < 50; i++) {
		screen_type(world, "\x12");
		screen_wait(world, "Type it");
		if (screen_has(world, "▸ Forget"))
			return;
		screen_type(world, "\x1b");
		screen_wait(world, "s switch over");
		usleep(100000);
	}
	fail_msg("the rotation is not heard of");
}

static void
the_gateway_makes_one(void **state)
{
	struct world *world = open_world(&small);

	screen_type(world, "2g\x12");
	screen_wait(world, "The next pre-shared key of aws-paris/1");
	screen_wait_row(world, "▸ Generate", "the gateway makes one");
	screen_wait(world, "[ Cancel ]");
	screen_golden(world, "rotate-80x24");
	screen_type(world, "\r"); /* Cancel */
	screen_wait_gone(world, "The next pre-shared key");
	screen_type(world, "\x12\t");
	screen_wait(world, "[ rotate ]");
	assert_int_equal(came.count, 0);
	screen_type(world, "\r");
	wait_came(world);
	assert_true(came.generate && !came.cancel);
	assert_string_equal(came.tunnel, "aws-paris/1");
	assert_string_equal(came.secret, "");
	screen_wait(world, "both secrets are accepted");
	screen_finish(world);
}

static void
one_is_typed_and_nowhere_to_be_seen(void **state)
{
	struct world *world = open_world(&wide);

	screen_type(world, ":rotate aws-paris/2\r");
	screen_wait(world, "The next pre-shared key of aws-paris/2");
	screen_type(world, "j");
	screen_wait_row(world, "▸ Type it", "at least 8 characters");
	screen_type(world, "correct\t\r"); /* the button is off */
	screen_wait(world, "[ rotate ]");
	screen_wait(world, "*******");
	screen_type(world, &SECRET[7]);
	screen_wait(world, "*********************");
	screen_golden(world, "rotate-typed-120x36");
	assert_int_equal(came.count, 0);
	screen_type(world, "\r");
	wait_came(world);
	assert_string_equal(came.secret, SECRET);
	assert_string_equal(came.tunnel, "aws-paris/2");
	assert_false(came.generate || came.cancel);
	screen_wait(world, "✓ rotate aws-paris/2: both secrets");
	screen_type(world, ":\x1b[A"); /* the history */
	screen_wait(world, "rotate aws-paris/2");
	screen_type(world, "\x1b");
	assert_null(strstr(screen_written(world), "correct"));
	assert_null(strstr(screen_written(world), "horse"));
	screen_finish(world);
}

static void
one_is_made_here_and_shown_until_it_is_hidden(void **state)
{
	struct world *world = open_world(&wide);

	screen_type(world, "2g\x12j");
	screen_wait_row(world, "▸ Type it", "at least 8 characters");
	screen_type(world, "\x07"); /* C-g */
	screen_wait_gone(world, "at least 8 characters");
	screen_type(world, "\t");
	screen_wait(world, "[ rotate ]");
	assert_false(screen_has(world, "****"));
	screen_type(world, "\x14"); /* C-t */
	screen_wait(world, "********************************");
	screen_type(world, "\r");
	wait_came(world);
	assert_int_equal(strlen(came.secret), 32);
	assert_non_null(strstr(screen_written(world), came.secret));
	screen_finish(world);
}

static void
one_that_waits_is_told_and_can_be_forgotten(void **state)
{
	struct world *world = open_world(&tiny);

	begin_rotation(world, 3);
	open_with_rotation(world);
	screen_wait(world, "waiting for 3 min: waits for");
	screen_golden(world, "rotate-60x20");
	screen_type(world, "\t");
	screen_wait(world, "[ forget it ]");
	screen_type(world, "\r");
	wait_came(world);
	assert_true(came.cancel && !came.generate);
	assert_string_equal(came.secret, "");
	screen_finish(world);
}

static void
what_ends_meanwhile_can_no_longer_be_forgotten(void **state)
{
	struct world *world = open_world(&small);
	struct model_tunnel *t;

	begin_rotation(world, 3);
	open_with_rotation(world);
	screen_type(world, "\t");
	screen_wait(world, "[ forget it ]");
	t = world_take(world, MODEL_KIND_TUNNEL, "aws-paris/1");
	t->rotating_since = 0;
	model_set(&t->rotation, NULL);
	world_put(world, MODEL_KIND_TUNNEL, t);
	screen_wait(world, "▸ Generate");
	assert_false(screen_has(world, "Forget"));
	screen_type(world, "\r"); /* about to forget it: nothing else is done by that key */
	screen_wait_gone(world, "▸ Generate");
	assert_int_equal(came.count, 0);
	screen_finish(world);
}

static void
a_file_is_sent_and_its_content_not_shown(void **state)
{
	struct world *world = open_world(&wide);
	char line[512];
	FILE *file;

	snprintf(line, sizeof(line), "%s/secret", world_folder(world));
	file = fopen(line, "w");
	assert_non_null(file);
	fputs(SECRET "\n", file);
	fclose(file);
	snprintf(line, sizeof(line), ":rotate aws-paris/1 %s/secret\r", world_folder(world));
	screen_type(world, line);
	wait_came(world);
	assert_string_equal(came.secret, SECRET "\n");
	screen_wait(world, "✓ rotate aws-paris/1: both secrets");
	assert_null(strstr(screen_written(world), "correct"));
	snprintf(line, sizeof(line), "%s/secret", world_folder(world));
	unlink(line);
	screen_finish(world);
}

static void
the_keyboard_is_no_file(void **state)
{
	struct world *world = open_world(&small);

	screen_type(world, ":rotate aws-paris/1 -\r");
	screen_wait(world, "'-' is for the shell");
	screen_type(world, "\x12"); /* it still listens */
	screen_wait(world, "rotate needs a tunnel");
	assert_int_equal(came.count, 0);
	screen_finish(world);
}

static void
several_and_certificates_are_refused_at_once(void **state)
{
	struct world *world = open_world(&small);
	struct model_tunnel *t = world_take(world, MODEL_KIND_TUNNEL, "aws-paris/1");

	model_set(&t->certificate_subject, "CN=lyon");
	t->certificate_not_after = clock_wall();
	world_put(world, MODEL_KIND_TUNNEL, t);
	screen_wait(world, "aws-paris/1: our certificate ended"); /* it has come */
	screen_type(world, "2g\x12");
	screen_wait(world, "aws-paris/1 authenticates by a certificate");
	screen_type(world, "*\x12");
	screen_wait(world, "rotate them one by one");
	assert_int_equal(came.count, 0);
	screen_type(world, "\x1b");
	screen_finish(world);
}

/* Rows that a rotation has nothing to do with have no line for it. */
static void
the_detail_has_it_while_it_lasts(void **state)
{
	struct world *world = open_world(&wide);

	screen_type(world, "2g\r");
	screen_wait(world, "Child rekey");
	assert_false(screen_has(world, "Key rotates"));
	assert_false(screen_has(world, "Behind NAT"));
	begin_rotation(world, 3);
	screen_wait_row(world, "Key rotates", "3 min ago");
	screen_wait_row(world, "Rotation", "waits for the peer to");
	screen_finish(world);
}

static void
one_that_waits_for_long_needs_a_person(void **state)
{
	struct world *world = open_world(&wide);

	begin_rotation(world, 9);
	screen_type(world, "2g");
	screen_wait(world, "aws-paris/1");
	screen_type(world, "1");
	screen_wait(world, "plant/2 down 4 min");
	assert_false(screen_has(world, "next secret"));
	begin_rotation(world, 11);
	screen_wait(world, "! aws-paris/1: its next secret has not worked for 11 min: waits for the peer");
	screen_finish(world);
}

TEST_MAIN(cmocka_unit_test(the_gateway_makes_one), cmocka_unit_test(one_is_typed_and_nowhere_to_be_seen),
	  cmocka_unit_test(one_is_made_here_and_shown_until_it_is_hidden),
	  cmocka_unit_test(one_that_waits_is_told_and_can_be_forgotten),
	  cmocka_unit_test(what_ends_meanwhile_can_no_longer_be_forgotten),
	  cmocka_unit_test(a_file_is_sent_and_its_content_not_shown),
	  cmocka_unit_test(the_keyboard_is_no_file),
	  cmocka_unit_test(several_and_certificates_are_refused_at_once),
	  cmocka_unit_test(the_detail_has_it_while_it_lasts),
	  cmocka_unit_test(one_that_waits_for_long_needs_a_person))
