// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The two providers of suites against each other: whatever one seals is what the other seals (AEAD) or opens
 * (CBC, whose IVs are random), for every suite, at every length, in batches of every size, and neither takes
 * what the other refuses.
 */
#include "tests/unit/plugins/esp_end.h"
#include "core/base/text.h"
#include "tests/unit/test.h"

#include <pthread.h>

#define SUITES 16

enum { EVP, MB, PROVIDERS };

/* Both ends of one SA with one suite, by each provider. */
struct ends {
	struct sa *out[PROVIDERS], *in[PROVIDERS];
};

static uint64_t seed = 20240607;

/* xorshift64: the same numbers at every run */
static uint64_t
draw(uint64_t below)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed % below;
}

static void
use(int provider)
{
	struct error err;

	if (!suites_use(provider == EVP ? "evp" : "ipsec-mb", &err))
		fail_msg("%s", err.text);
}

static struct ends
ends_open(size_t suite, bool extended)
{
	struct ends ends;

	for (int p = 0; p < PROVIDERS; p++) {
		use(p);
		ends.out[p] = new_end(suite_at(suite), false, extended);
		ends.in[p] = new_end(suite_at(suite), true, extended);
		assert_ptr_equal(ends.out[p]->suite, suite_at(suite));
	}
	assert_ptr_not_equal(ends.out[EVP]->suite->ops, ends.out[MB]->suite->ops);
	return ends;
}

static void
ends_close(struct ends *ends)
{
	for (int p = 0; p < PROVIDERS; p++) {
		sa_free(ends->out[p]);
		sa_free(ends->in[p]);
	}
}

struct batch {
	uint8_t bytes[BATCH_PACKETS][ROOM];
	struct suite_packet packets[BATCH_PACKETS];
	unsigned count;
};

/* A batch whose packets lie at any alignment, with what a packet has behind its IV; 0xa5 behind its end. */
static void
batch_draw(struct batch *batch, const struct suite *suite, unsigned count, size_t most)
{
	uint64_t sequence = draw(UINT64_MAX / 2);

	batch->count = count;
	for (unsigned i = 0; i < count; i++) {
		size_t length = draw(most + 1) / suite->alignment * suite->alignment;

		if (length == 0)
			length = suite->alignment;
		memset(batch->bytes[i], 0xa5, ROOM);
		batch->packets[i] = (struct suite_packet){
		    .bytes = batch->bytes[i] + draw(16), .text_length = length, .sequence = sequence + i};
		for (size_t k = 0; k < ESP_HEADER + suite->iv_length + length; k++)
			batch->packets[i].bytes[k] = (uint8_t)draw(256);
	}
}

static void
batch_copy(struct batch *to, const struct batch *from)
{
	memcpy(to, from, sizeof(*to));
	for (unsigned i = 0; i < to->count; i++)
		to->packets[i].bytes = to->bytes[i] + (from->packets[i].bytes - from->bytes[i]);
}

static size_t
sealed_length(const struct suite *suite, const struct suite_packet *packet)
{
	return ESP_HEADER + suite->iv_length + packet->text_length + suite->icv_length;
}

/* Nothing was written beyond the ICV. */
static void
assert_within(const struct suite *suite, const struct batch *batch)
{
	for (unsigned i = 0; i < batch->count; i++) {
		const uint8_t *end = batch->packets[i].bytes + sealed_length(suite, &batch->packets[i]);

		for (const uint8_t *at = end; at < batch->bytes[i] + ROOM; at++)
			assert_int_equal(*at, 0xa5);
		for (const uint8_t *at = batch->bytes[i]; at < batch->packets[i].bytes; at++)
			assert_int_equal(*at, 0xa5);
	}
}

static void
assert_text_equal(const struct suite *suite, const struct batch *a, const struct batch *b)
{
	size_t head = ESP_HEADER + suite->iv_length;

	for (unsigned i = 0; i < a->count; i++) {
		assert_true(a->packets[i].good);
		assert_memory_equal(a->packets[i].bytes + head, b->packets[i].bytes + head,
				    a->packets[i].text_length);
	}
}

static void
compare(struct ends *ends, unsigned count, size_t most)
{
	static struct batch text, sealed[PROVIDERS], opened;
	const struct suite *suite = ends->out[EVP]->suite;

	batch_draw(&text, suite, count, most);
	for (int p = 0; p < PROVIDERS; p++) {
		batch_copy(&sealed[p], &text);
		ends->out[p]->suite->ops->seal(ends->out[p]->context, sealed[p].packets, count);
		assert_within(suite, &sealed[p]);
	}
	for (unsigned i = 0; i < count && suite->integrity == 0; i++)
		assert_memory_equal(sealed[EVP].packets[i].bytes, sealed[MB].packets[i].bytes,
				    sealed_length(suite, &text.packets[i]));
	for (int by = 0; by < PROVIDERS * PROVIDERS; by++) {
		const struct sa *in = ends->in[by % PROVIDERS];

		batch_copy(&opened, &sealed[by / PROVIDERS]);
		in->suite->ops->open(in->context, opened.packets, count);
		assert_within(suite, &opened);
		assert_text_equal(suite, &opened, &text);
	}
}

static void
providers_agree_on_random_batches_of_every_suite(void **state)
{
	for (size_t suite = 0; suite < SUITES; suite++) {
		for (int extended = 0; extended < 2; extended++) {
			struct ends ends = ends_open(suite, extended);

			for (unsigned count = 1; count <= BATCH_PACKETS; count++)
				compare(&ends, count, 2000);
			ends_close(&ends);
		}
	}
}

static void
providers_agree_at_every_length(void **state)
{
	for (size_t suite = 0; suite < SUITES; suite++) {
		struct ends ends = ends_open(suite, suite % 2);

		for (size_t most = 1; most <= 2000; most += most < 300 ? 1 : 41)
			compare(&ends, 9, most);
		ends_close(&ends);
	}
}

/* What is wrong in a batch is refused, and nothing else in it. */
static void
one_bad_packet_of_a_batch_is_refused_alone_by_both(void **state)
{
	static struct batch text, sealed, opened;

	for (size_t suite = 0; suite < SUITES; suite++) {
		struct ends ends = ends_open(suite, true);

		for (unsigned turn = 0; turn < 200; turn++) {
			const struct sa *out = ends.out[turn % 2];
			unsigned count = 1 + (unsigned)draw(BATCH_PACKETS), bad = (unsigned)draw(count);
			size_t bit;

			batch_draw(&text, out->suite, count, 300);
			batch_copy(&sealed, &text);
			out->suite->ops->seal(out->context, sealed.packets, count);
			bit = draw(8 * sealed_length(out->suite, &sealed.packets[bad]));
			/* RFC 4106 5: the low half of the number is authenticated as what it is, not as it
			 * stands in the header; an HMAC takes the header */
			if (bit / 8 >= 4 && bit / 8 < 8 && out->suite->integrity == 0)
				sealed.packets[bad].sequence ^= 1;
			else
				sealed.packets[bad].bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
			for (int p = 0; p < PROVIDERS; p++) {
				batch_copy(&opened, &sealed);
				ends.in[p]->suite->ops->open(ends.in[p]->context, opened.packets, count);
				for (unsigned i = 0; i < count; i++)
					assert_int_equal(opened.packets[i].good, i != bad);
			}
		}
		ends_close(&ends);
	}
}

static void
the_upper_half_of_the_number_counts_in_batches_too(void **state)
{
	static struct batch text, sealed, opened;

	for (size_t suite = 0; suite < SUITES; suite++) {
		struct ends ends = ends_open(suite, true);

		batch_draw(&text, ends.out[0]->suite, BATCH_PACKETS, 300);
		batch_copy(&sealed, &text);
		ends.out[EVP]->suite->ops->seal(ends.out[EVP]->context, sealed.packets, BATCH_PACKETS);
		for (unsigned i = 0; i < BATCH_PACKETS; i += 3)
			sealed.packets[i].sequence ^= UINT64_C(1) << 32;
		for (int p = 0; p < PROVIDERS; p++) {
			batch_copy(&opened, &sealed);
			ends.in[p]->suite->ops->open(ends.in[p]->context, opened.packets, BATCH_PACKETS);
			for (unsigned i = 0; i < BATCH_PACKETS; i++)
				assert_int_equal(opened.packets[i].good, i % 3 != 0);
		}
		ends_close(&ends);
	}
}

/* An SA is made by one thread and used by another; many threads use many SAs at once. Returns NULL where each
 * packet came back as it went. */
static void *
seal_and_open(void *argument)
{
	const struct ends *ends = argument;
	struct batch *text = memory_zeroed(1, sizeof(*text)), *work = memory_zeroed(1, sizeof(*work));
	const struct sa *out = ends->out[MB], *in = ends->in[MB];
	size_t head = ESP_HEADER + out->suite->iv_length;
	bool same = true;

	for (unsigned turn = 0; turn < 300; turn++) {
		text->count = BATCH_PACKETS;
		for (unsigned i = 0; i < BATCH_PACKETS; i++) {
			memset(text->bytes[i], (int)(turn + i), ROOM);
			text->packets[i] =
			    (struct suite_packet){text->bytes[i], 16 * (1 + (turn + i) % 90), turn, false};
		}
		batch_copy(work, text);
		out->suite->ops->seal(out->context, work->packets, BATCH_PACKETS);
		in->suite->ops->open(in->context, work->packets, BATCH_PACKETS);
		for (unsigned i = 0; i < BATCH_PACKETS; i++)
			same &= work->packets[i].good && memcmp(work->bytes[i] + head, text->bytes[i] + head,
								text->packets[i].text_length) == 0;
	}
	free(text);
	free(work);
	return same ? NULL : argument;
}

static void
threads_do_not_disturb_each_other(void **state)
{
	pthread_t threads[SUITES];
	struct ends ends[SUITES];

	for (size_t i = 0; i < SUITES; i++)
		ends[i] = ends_open(i, i % 2);
	for (size_t i = 0; i < SUITES; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, seal_and_open, &ends[i]), 0);
	for (size_t i = 0; i < SUITES; i++) {
		void *wrong;

		pthread_join(threads[i], &wrong);
		assert_null(wrong);
		ends_close(&ends[i]);
	}
}

/* --- choosing ---------------------------------------------------------------------------------- */

static void
the_fastest_is_taken_unless_another_is_asked_for(void **state)
{
	char text[64];

	assert_true(suites_use(NULL, NULL));
	assert_non_null(strstr(suites_describe(text, sizeof(text)), "ipsec-mb 1."));
	assert_true(suites_use("evp", NULL));
	assert_non_null(strstr(suites_describe(text, sizeof(text)), "OpenSSL 3"));
	assert_true(suites_use("auto", NULL));
	assert_non_null(strstr(suites_describe(text, sizeof(text)), "ipsec-mb 1."));
}

static void
an_unknown_provider_is_an_error_and_changes_nothing(void **state)
{
	struct error err;
	const struct suite_ops *before;

	use(MB);
	before = suite_at(0)->ops;
	assert_false(suites_use("openssl", &err));
	assert_string_equal(err.text, "there is no crypto provider 'openssl': auto, evp or ipsec-mb");
	assert_ptr_equal(suite_at(0)->ops, before);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(providers_agree_on_random_batches_of_every_suite),
	    cmocka_unit_test(providers_agree_at_every_length),
	    cmocka_unit_test(one_bad_packet_of_a_batch_is_refused_alone_by_both),
	    cmocka_unit_test(the_upper_half_of_the_number_counts_in_batches_too),
	    cmocka_unit_test(threads_do_not_disturb_each_other),
	    cmocka_unit_test(the_fastest_is_taken_unless_another_is_asked_for),
	    cmocka_unit_test(an_unknown_provider_is_an_error_and_changes_nothing),
	};
	struct error err;

	if (!suites_use("ipsec-mb", &err)) {
		printf("1..0 # SKIP %s\n", err.text);
		return 0;
	}
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
