// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Nanoseconds of CPU time a packet to seal and to open, for every suite, by each provider, one packet at a
 * time and in batches, of small packets and large ones. No sockets, no devices. Never fails on a time.
 */
#include "plugins/dataplane_userspace/userspace.h"
#include "core/base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { SMALL = 80, LARGE = 1424, ROOM = 2048, PACKETS = 20480 };

static uint8_t arena[BATCH_PACKETS][ROOM];

static double
cpu_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static double
measure(const struct suite *suite, bool seal, unsigned batch, size_t length)
{
	static const uint8_t key[64] = "keys of the bench";
	struct dataplane_algorithms keys = {suite->encryption, key, suite->key_length,
					    suite->integrity,  key, suite->integrity_key_length};
	void *context = suite->ops->create(suite, &keys, seal, false);
	struct suite_packet packets[BATCH_PACKETS];
	double began;

	if (context == NULL)
		abort();
	began = cpu_ns();
	for (unsigned done = 0; done < PACKETS; done += batch) {
		for (unsigned i = 0; i < batch; i++)
			packets[i] = (struct suite_packet){arena[i], length, done + i + 1, false};
		(seal ? suite->ops->seal : suite->ops->open)(context, packets, batch);
	}
	began = (cpu_ns() - began) / PACKETS;
	suite->ops->destroy(context);
	return began;
}

static void
measure_all(const char *provider)
{
	static const unsigned batches[] = {1, 4, 8, 64};
	struct error err;
	char text[64];

	if (!suites_use(provider, &err)) {
		printf("# skipped: %s\n", err.text);
		return;
	}
	printf("%s: ns a packet in batches of 1, 4, 8, 64\n", suites_describe(text, sizeof(text)));
	for (size_t i = 0; suite_at(i) != NULL; i++) {
		for (int seal = 1; seal >= 0; seal--) {
			printf("%-34s %-5s", suite_at(i)->name, seal ? "seal" : "open");
			for (size_t length = SMALL; length <= LARGE; length += LARGE - SMALL) {
				printf("  %4zu bytes:", length);
				for (size_t b = 0; b < COUNT_OF(batches); b++)
					printf(" %5.0f", measure(suite_at(i), seal != 0, batches[b], length));
			}
			printf("\n");
		}
	}
}

int
main(void)
{
	measure_all("evp");
	measure_all("ipsec-mb");
	return 0;
}
