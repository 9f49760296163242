// SPDX-License-Identifier: GPL-2.0-or-later
/* The probes' thread, with a probe whose target lives in this process. */
#include "tests/unit/test.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <uv.h>

#include "core/base/text.h"
#include "core/health/prober.h"

struct probe {
	int fd;
	_Atomic uint32_t asked; /* the last number; 0: none */
};

static _Atomic bool alive;
static _Atomic unsigned questions, open_probes;
static _Atomic bool slow, leaving,
    left_in_vain; /* a question does not leave while `slow`, but not for ever */

static struct probe *
fake_open(const struct probe_target *target, struct error *err)
{
	struct probe *probe;

	if (target->port == 1) {
		error_set(err, "port 1 is refused");
		return NULL;
	}
	probe = memory_zeroed(1, sizeof(*probe));
	probe->fd = eventfd(0, EFD_NONBLOCK);
	open_probes++;
	return probe;
}

static void
fake_close(struct probe *probe)
{
	close(probe->fd);
	free(probe);
	open_probes--;
}

static bool
fake_send(struct probe *probe, uint32_t number, struct error *err)
{
	uint64_t one = 1;

	questions++;
	leaving = true;
	for (int i = 0; i < 5000 && slow && !left_in_vain; i++)
		usleep(1000);
	left_in_vain |= slow;
	leaving = false;
	if (!alive)
		return error_set(err, "no way there");
	probe->asked = number;
	return write(probe->fd, &one, sizeof(one)) == sizeof(one);
}

static int
fake_descriptor(const struct probe *probe)
{
	return probe->fd;
}

static bool
fake_take(struct probe *probe, struct probe_answer *out)
{
	uint64_t count;

	if (read(probe->fd, &count, sizeof(count)) < 0)
		return false;
	*out = (struct probe_answer){.number = probe->asked, .rtt_us = 1500};
	return true;
}

static const struct probe_ops fake = {
    .name = "fake",
    .open = fake_open,
    .close = fake_close,
    .send = fake_send,
    .descriptor = fake_descriptor,
    .take = fake_take,
};

/* --- the gateway's side ------------------------------------------------------------------------ */

static uv_loop_t loop;
static uv_timer_t keeps; /* the loop alive, as the gateway's own handles do */
static struct prober *prober;
static struct {
	enum health_verdict verdict[4]; /* by id */
	unsigned verdicts, answered, unanswered;
} told;

static void
on_verdict(void *context, uint32_t id, enum health_verdict verdict)
{
	told.verdict[id] = verdict;
	told.verdicts++;
}

static void
on_hurried(void *context, uint32_t id, bool answered)
{
	*(answered ? &told.answered : &told.unanswered) += 1;
}

static void
on_tick(uv_timer_t *timer)
{
}

static int
make(void **state)
{
	struct prober_options options = {.verdict = on_verdict, .hurried = on_hurried};

	memset(&told, 0, sizeof(told));
	alive = true;
	slow = left_in_vain = false;
	questions = 0;
	uv_loop_init(&loop);
	uv_timer_init(&loop, &keeps);
	uv_timer_start(&keeps, on_tick, 10, 10);
	prober = prober_open(&loop, &options, NULL);
	return prober != NULL ? 0 : -1;
}

static int
drop(void **state)
{
	prober_close(prober);
	uv_close((uv_handle_t *)&keeps, NULL);
	uv_run(&loop, UV_RUN_DEFAULT);
	return uv_loop_close(&loop) == 0 && open_probes == 0 ? 0 : -1;
}

#define WAIT(condition) \
	do { \
		for (int i_ = 0; i_ < 5000 && !(condition); i_++) { \
			uv_run(&loop, UV_RUN_NOWAIT); \
			usleep(1000); \
		} \
		assert_true(condition); \
	} while (0)

static void
start(uint32_t id, uint32_t interval_ms)
{
	const struct prober_config config = {
	    .ops = &fake, .interval_ms = interval_ms, .fail = 3, .recover = 2};

	assert_true(prober_add(prober, id, &config, NULL));
}

static void
verdicts_follow_the_target(void **state)
{
	struct prober_status status;

	start(1, 10);
	WAIT(told.verdict[1] == HEALTH_OK);
	assert_true(prober_status(prober, 1, &status));
	assert_true(status.answered);
	assert_float_equal(status.figures.rtt_ms, 1.5, 0.01);
	alive = false;
	WAIT(told.verdict[1] == HEALTH_FAILED);
	alive = true;
	WAIT(told.verdict[1] == HEALTH_OK);
	assert_int_equal(told.verdicts, 3);
}

static void
questions_are_asked_while_the_loop_is_busy(void **state)
{
	start(1, 10);
	WAIT(told.verdict[1] == HEALTH_OK);
	questions = 0;
	for (int i = 0; i < 5000 && questions < 20; i++)
		usleep(1000); /* the loop does not run */
	assert_in_range(questions, 20, 1000);
	WAIT(told.verdict[1] == HEALTH_OK);
	assert_int_equal(told.verdicts, 1);
}

static void
who_looks_at_a_probe_does_not_wait_for_a_question_to_leave(void **state)
{
	struct prober_status status;

	start(1, 10);
	start(2, 10);
	WAIT(told.verdict[1] == HEALTH_OK && told.verdict[2] == HEALTH_OK);
	slow = true;
	WAIT(leaving);
	assert_true(prober_status(prober, 1, &status));
	assert_true(prober_hurry(prober, 2, 3, 20));
	slow = false;
	assert_false(left_in_vain);
}

static void *
hasten(void *argument)
{
	usleep(20000);
	slow = false;
	return NULL;
}

static void
a_probe_is_closed_when_its_question_has_left(void **state)
{
	pthread_t thread;

	start(1, 10);
	start(2, 60000);
	WAIT(told.verdict[1] == HEALTH_OK && told.verdict[2] == HEALTH_OK);
	slow = true;
	WAIT(leaving);
	pthread_create(&thread, NULL, hasten, NULL);
	prober_remove(prober, 1);
	assert_false(leaving);
	assert_int_equal(open_probes, 1);
	pthread_join(thread, NULL);
	start(1, 10);
	told.verdict[1] = HEALTH_UNKNOWN;
	WAIT(told.verdict[1] == HEALTH_OK);
}

static void
a_hurry_tells_how_it_ended(void **state)
{
	start(2, 60000);
	WAIT(told.verdict[2] == HEALTH_OK);
	assert_true(prober_hurry(prober, 2, 3, 20));
	WAIT(told.answered == 1);
	alive = false;
	assert_true(prober_hurry(prober, 2, 3, 20));
	WAIT(told.unanswered == 1);
	assert_int_equal(told.answered, 1);
	assert_false(prober_hurry(prober, 3, 3, 20));
}

static void
what_was_removed_says_nothing_more(void **state)
{
	struct prober_status status;

	start(1, 10);
	start(2, 10);
	WAIT(told.verdict[1] == HEALTH_OK && told.verdict[2] == HEALTH_OK);
	prober_remove(prober, 1);
	prober_remove(prober, 1);
	assert_false(prober_status(prober, 1, &status));
	alive = false;
	WAIT(told.verdict[2] == HEALTH_FAILED);
	assert_int_equal(told.verdict[1], HEALTH_OK);
	start(2, 10); /* anew in the place of the old one */
	alive = true;
	WAIT(told.verdict[2] == HEALTH_OK);
	assert_int_equal(open_probes, 1);
}

static void
a_probe_that_does_not_open_is_an_error(void **state)
{
	const struct prober_config config = {.ops = &fake, .target.port = 1, .interval_ms = 10};
	struct error err;

	assert_false(prober_add(prober, 1, &config, &err));
	assert_string_equal(err.text, "port 1 is refused");
}

#define EACH(test) cmocka_unit_test_setup_teardown(test, make, drop)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    EACH(verdicts_follow_the_target),
	    EACH(questions_are_asked_while_the_loop_is_busy),
	    EACH(who_looks_at_a_probe_does_not_wait_for_a_question_to_leave),
	    EACH(a_probe_is_closed_when_its_question_has_left),
	    EACH(a_hurry_tells_how_it_ended),
	    EACH(what_was_removed_says_nothing_more),
	    EACH(a_probe_that_does_not_open_is_an_error),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
