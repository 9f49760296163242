// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The Internet checksum (RFC 1071). Its sum may be taken in any word size and byte order (2(B), 2(C)), so 32
 * bits at a time are added into lanes of 64, sixteen bytes a step, or 64 where the processor has AVX2;
 * carries are folded once at the end.
 */
#include "plugins/dataplane_userspace/offload.h"

#include <netinet/in.h>
#include <string.h>
#ifdef __x86_64__
#include <immintrin.h>
#endif

typedef uint64_t lanes __attribute__((vector_size(16)));

#ifdef __x86_64__

/* The lanes' low halves and their high ones, each as 64 bits. */
#define HALVES(word) _mm256_add_epi64(_mm256_and_si256(word, low), _mm256_srli_epi64(word, 32))

/* Of a multiple of 64 bytes. */
__attribute__((target("avx2"))) static uint64_t
add_blocks(uint64_t sum, const uint8_t *bytes, size_t length)
{
	const __m256i low = _mm256_set1_epi64x(UINT32_MAX);
	__m256i first = _mm256_setzero_si256(), second = first;
	uint64_t all[4];

	for (const uint8_t *end = bytes + length; bytes != end; bytes += 64) {
		__m256i a = _mm256_loadu_si256((const void *)bytes);
		__m256i b = _mm256_loadu_si256((const void *)(bytes + 32));

		first = _mm256_add_epi64(first, HALVES(a));
		second = _mm256_add_epi64(second, HALVES(b));
	}
	_mm256_storeu_si256((void *)all, _mm256_add_epi64(first, second));
	return sum + all[0] + all[1] + all[2] + all[3];
}

/* Adds what goes in whole blocks; returns how many bytes that was. */
static size_t
add_fast(uint64_t *sum, const uint8_t *bytes, size_t length)
{
	size_t whole = length & ~(size_t)63;

	if (whole == 0 || !__builtin_cpu_supports("avx2"))
		return 0;
	*sum = add_blocks(*sum, bytes, whole);
	return whole;
}

#else

static size_t
add_fast(uint64_t *sum, const uint8_t *bytes, size_t length)
{
	return 0;
}

#endif

uint64_t
checksum_add(uint64_t sum, const uint8_t *bytes, size_t length)
{
	size_t done = add_fast(&sum, bytes, length);
	const lanes low = {UINT32_MAX, UINT32_MAX};
	lanes even = {0}, odd = {0}, word;
	uint32_t four;
	uint16_t two = 0;

	bytes += done;
	length -= done;
	for (; length >= sizeof(word); bytes += sizeof(word), length -= sizeof(word)) {
		memcpy(&word, bytes, sizeof(word));
		even += word & low;
		odd += word >> 32;
	}
	even += odd;
	sum += even[0] + even[1];
	for (; length >= sizeof(four); bytes += sizeof(four), length -= sizeof(four)) {
		memcpy(&four, bytes, sizeof(four));
		sum += four;
	}
	if (length >= sizeof(two)) {
		memcpy(&two, bytes, sizeof(two));
		sum += two;
		bytes += sizeof(two);
		length -= sizeof(two);
	}
	if (length != 0) {
		two = 0;
		memcpy(&two, bytes, 1);
		sum += two;
	}
	return sum;
}

uint16_t
checksum_fold(uint64_t sum)
{
	while (sum >> 16 != 0)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

uint64_t
checksum_pseudo(const uint8_t *ip, uint8_t protocol, size_t length)
{
	uint64_t sum = (uint64_t)htonl((uint32_t)length) + htonl(protocol);

	return ip[0] >> 4 == 4 ? checksum_add(sum, ip + 12, 8) : checksum_add(sum, ip + 8, 32);
}

void
checksum_ipv4(uint8_t *ip, size_t header_length)
{
	uint16_t sum;

	memset(ip + 10, 0, 2);
	sum = (uint16_t)~checksum_fold(checksum_add(0, ip, header_length));
	memcpy(ip + 10, &sum, 2);
}
