// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Keys leave no trace: whatever memory the plane or libcrypto gives back is searched for the SA's keys first.
 * The linker gives the plane this file's free() (--wrap), libcrypto is asked to use it.
 */
#include "core/base/text.h"
#include "plugins/dataplane_userspace/userspace.h"
#include "tests/unit/test.h"

#include <malloc.h>
#include <openssl/crypto.h>

enum { KEYS = 2, KEY = 64, PART = 8 };

void __real_free(void *memory);
void __wrap_free(void *memory);

static uint8_t keys[KEYS][KEY]; /* encryption, integrity: no part of them occurs elsewhere */
static unsigned found;

/* A key schedule begins with the key, and a hash key is longer than its digest: any eight bytes tell. */
static void
search(const void *memory)
{
	size_t size = memory != NULL ? malloc_usable_size((void *)memory) : 0;

	for (size_t k = 0; k < KEYS; k++)
		for (size_t at = 0; at + PART <= KEY; at += PART)
			found += size != 0 && memmem(memory, size, keys[k] + at, PART) != NULL;
}

void
__wrap_free(void *memory)
{
	search(memory);
	__real_free(memory);
}

static void *
crypto_malloc(size_t size, const char *file, int line)
{
	return malloc(size);
}

static void *
crypto_realloc(void *memory, size_t size, const char *file, int line)
{
	return realloc(memory, size);
}

static void
crypto_free(void *memory, const char *file, int line)
{
	search(memory);
	__real_free(memory);
}

static struct sa *
sa_of(const struct suite *suite, bool inbound)
{
	struct dataplane_sa description = {
	    .spi = 0x12345678,
	    .inbound = inbound,
	    .source = ip_address_v4(0xc0000201),
	    .destination = ip_address_v4(0xc0000202),
	    .replay_window = 64,
	    .extended_sequence = true,
	    .algorithms = {suite->encryption, keys[0], suite->key_length, suite->integrity, keys[1],
			   suite->integrity_key_length},
	};
	struct sa *sa = sa_create(&description, NULL, NULL);

	assert_non_null(sa);
	return sa;
}

/* Seals and opens a batch, so that what is made on the way is searched as well. */
static void
use(struct sa *out, struct sa *in)
{
	static uint8_t arena[BATCH_PACKETS][256];
	struct suite_packet packets[BATCH_PACKETS];

	for (unsigned i = 0; i < BATCH_PACKETS; i++)
		packets[i] = (struct suite_packet){arena[i], 64, i + 1, false};
	out->suite->ops->seal(out->context, packets, BATCH_PACKETS);
	in->suite->ops->open(in->context, packets, BATCH_PACKETS);
	for (unsigned i = 0; i < BATCH_PACKETS; i++)
		assert_true(packets[i].good);
}

static void
check(const char *provider)
{
	struct error err;

	if (!suites_use(provider, &err)) {
		print_message("# %s\n", err.text);
		skip();
	}
	for (size_t i = 0; suite_at(i) != NULL; i++) {
		struct sa *out = sa_of(suite_at(i), false), *in = sa_of(suite_at(i), true);

		use(out, in);
		found = 0;
		sa_free(out);
		sa_free(in);
		if (found != 0)
			fail_msg("%s leaves keys of %s in memory", provider, suite_at(i)->name);
	}
}

static void
a_key_in_freed_memory_is_found(void **state)
{
	uint8_t *memory = memory_zeroed(1, 200);

	memcpy(memory + 33, keys[1] + 16, PART);
	found = 0;
	__wrap_free(memory);
	assert_int_equal(found, 1);
}

static void
evp_leaves_no_key_behind(void **state)
{
	check("evp");
}

static void
ipsec_mb_leaves_no_key_behind(void **state)
{
	check("ipsec-mb");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_key_in_freed_memory_is_found),
	    cmocka_unit_test(evp_leaves_no_key_behind),
	    cmocka_unit_test(ipsec_mb_leaves_no_key_behind),
	};
	uint64_t seed = 88172645463325252;

	/* xorshift64 */
	for (size_t i = 0; i < sizeof(keys); i++) {
		seed ^= seed << 13;
		seed ^= seed >> 7;
		seed ^= seed << 17;
		((uint8_t *)keys)[i] = (uint8_t)(seed >> 24);
	}
	if (CRYPTO_set_mem_functions(crypto_malloc, crypto_realloc, crypto_free) != 1) {
		printf("1..0 # SKIP libcrypto has memory already\n");
		return 0;
	}
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
