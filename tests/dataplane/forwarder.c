// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What stands between two ends of a tunnel and can't be trusted: carries IP packets from one TUN device to
 * the other and loses, doubles, reorders and corrupts those of ESP, by chances that a seed makes repeatable.
 * It also keeps packets, withheld or beside, for whoever wants to change them, and sends what it is given.
 *
 *     forwarder FD0 FD1 SEED      FD0 and FD1: TUN devices (IFF_NO_PI). Direction 0 goes from FD0 to FD1.
 *
 * One command a line on stdin, one answer a line on stdout, until stdin ends:
 *
 *     faults LOSS DUPLICATE REORDER CORRUPT    chances (0 to 1), for both directions; answers the counts
 *     keep DIRECTION COUNT LEAST WITHHOLD      the next COUNT ESP packets of LEAST bytes or more, WITHHOLD: 0
 * or 1 kept DIRECTION                           what was kept so far, as hexadecimal digits send DIRECTION
 * DIGITS                    a packet; its lengths and checksums are made right
 *
 * IKE passes unharmed. Corruption is of the ESP packet alone and makes the checksums around it right, as a
 * forger would, so that it is the data plane that must notice.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
	PACKET = 65535,   /* the longest IP packet */
	TURN = 64,        /* packets of one direction before the other has its turn */
	DELAYED = 64,     /* of a direction at once */
	OVERTAKEN_BY = 8, /* packets at most, where there are any */
	DELAY_MS = 10,    /* at most */
	KEPT = 256,
	NATT_PORT = 4500,
	PROTOCOL_UDP = 17,
	PROTOCOL_ESP = 50,
	UDP_HEADER = 8,
	IPV6_HEADER = 40,
};

struct packet {
	uint8_t *bytes;
	size_t length;
};

struct delayed {
	struct packet packet;
	unsigned overtaken_by; /* so many more */
	int64_t until_ms;
};

struct direction {
	int in, out;
	struct delayed delayed[DELAYED];
	unsigned delayed_count;
	struct packet kept[KEPT];
	unsigned kept_count, wanted;
	size_t least;
	bool withhold;
};

static struct direction directions[2];
static double loss, duplicate, reorder, corrupt;
static uint64_t random_state;
static struct {
	uint64_t carried, esp, lost, duplicated, reordered, corrupted, refused;
} counts;

/* SplitMix64 (Steele, Lea, Flood 2014). */
static uint64_t
random_next(void)
{
	uint64_t z = random_state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

static bool
chance(double of)
{
	return of > 0 && (double)(random_next() >> 11) * 0x1p-53 < of;
}

static int64_t
now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static struct packet
copy_of(const uint8_t *bytes, size_t length)
{
	struct packet copy = {malloc(length != 0 ? length : 1), length};

	if (copy.bytes == NULL)
		abort();
	memcpy(copy.bytes, bytes, length);
	return copy;
}

/* --- headers ----------------------------------------------------------------------------------- */

/* Where the IP header ends, and what follows; 0: nothing that could be looked at. */
static size_t
ip_header(const uint8_t *bytes, size_t length, uint8_t *protocol)
{
	size_t header = 0;

	if (length >= 20 && bytes[0] >> 4 == 4) {
		header = (size_t)(bytes[0] & 15) * 4;
		*protocol = bytes[9];
		if (((bytes[6] & 0x1f) | bytes[7]) != 0)
			return 0; /* a fragment, and not the first */
	} else if (length >= IPV6_HEADER && bytes[0] >> 4 == 6) {
		header = IPV6_HEADER;
		*protocol = bytes[6];
	}
	return header <= length ? header : 0;
}

/* Where the ESP packet begins; 0: there is none. */
static size_t
esp_of(const uint8_t *bytes, size_t length)
{
	uint8_t protocol;
	size_t at = ip_header(bytes, length, &protocol);
	uint16_t ports[2];
	static const uint8_t marker[4]; /* of IKE */

	if (at == 0 || protocol == PROTOCOL_ESP)
		return at;
	if (protocol != PROTOCOL_UDP || length < at + UDP_HEADER + 8)
		return 0;
	memcpy(ports, bytes + at, sizeof(ports));
	at += UDP_HEADER;
	return (ntohs(ports[0]) == NATT_PORT || ntohs(ports[1]) == NATT_PORT) &&
		       memcmp(bytes + at, marker, sizeof(marker)) != 0
		   ? at
		   : 0;
}

static uint32_t
sum(uint32_t total, const uint8_t *bytes, size_t length)
{
	for (size_t i = 0; i < length; i++)
		total += i % 2 == 0 ? (uint32_t)bytes[i] << 8 : bytes[i];
	return total;
}

static void
put(uint8_t *at, size_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static uint16_t
folded(uint32_t total)
{
	while (total >> 16 != 0)
		total = (total & 0xffff) + (total >> 16);
	return (uint16_t)~total;
}

/* Makes lengths and checksums right. IPv4's UDP may do without one (RFC 768), which is left so. */
static void
mend(uint8_t *bytes, size_t length)
{
	uint8_t protocol;
	size_t at = ip_header(bytes, length, &protocol), addresses;
	bool ipv6;
	uint16_t checksum;

	if (at == 0)
		return;
	ipv6 = bytes[0] >> 4 == 6;
	put(bytes + (ipv6 ? 4 : 2), ipv6 ? length - IPV6_HEADER : length);
	if (!ipv6) {
		put(bytes + 10, 0);
		put(bytes + 10, folded(sum(0, bytes, at)));
	}
	if (protocol != PROTOCOL_UDP || length < at + UDP_HEADER)
		return;
	put(bytes + at + 4, length - at);
	if (bytes[at + 6] == 0 && bytes[at + 7] == 0)
		return;
	put(bytes + at + 6, 0);
	addresses = ipv6 ? 32 : 8;
	checksum = folded(sum(sum((uint32_t)(length - at) + PROTOCOL_UDP, bytes + (ipv6 ? 8 : 12), addresses),
			      bytes + at, length - at));
	put(bytes + at + 6, checksum != 0 ? checksum : 0xffff);
}

/* --- carrying ---------------------------------------------------------------------------------- */

static void
deliver(struct direction *direction, const uint8_t *bytes, size_t length)
{
	if (write(direction->out, bytes, length) == (ssize_t)length)
		counts.carried++;
	else
		counts.refused++;
}

static void
release(struct direction *direction, bool passed)
{
	int64_t now = direction->delayed_count != 0 ? now_ms() : 0;
	unsigned left = 0;

	for (unsigned i = 0; i < direction->delayed_count; i++) {
		struct delayed *one = &direction->delayed[i];

		if (passed && one->overtaken_by != 0)
			one->overtaken_by--;
		if (one->overtaken_by != 0 && now < one->until_ms) {
			direction->delayed[left++] = *one;
			continue;
		}
		deliver(direction, one->packet.bytes, one->packet.length);
		free(one->packet.bytes);
	}
	direction->delayed_count = left;
}

static void
delay(struct direction *direction, const uint8_t *bytes, size_t length)
{
	direction->delayed[direction->delayed_count++] = (struct delayed){
	    .packet = copy_of(bytes, length),
	    .overtaken_by = 1 + (unsigned)(random_next() % OVERTAKEN_BY),
	    .until_ms = now_ms() + DELAY_MS,
	};
	counts.reordered++;
}

/* True where the packet is withheld. */
static bool
keep(struct direction *direction, const uint8_t *bytes, size_t length)
{
	if (direction->wanted == 0 || length < direction->least || direction->kept_count == KEPT)
		return false;
	direction->kept[direction->kept_count++] = copy_of(bytes, length);
	direction->wanted--;
	return direction->withhold;
}

static void
carry(struct direction *direction, uint8_t *bytes, size_t length)
{
	size_t esp = esp_of(bytes, length);

	if (esp == 0) {
		deliver(direction, bytes, length);
		return;
	}
	counts.esp++;
	if (keep(direction, bytes, length))
		return;
	if (chance(loss)) {
		counts.lost++;
		return;
	}
	if (length > esp && chance(corrupt)) {
		bytes[esp + random_next() % (length - esp)] ^= (uint8_t)(1 << random_next() % 8);
		mend(bytes, length);
		counts.corrupted++;
	}
	if (chance(duplicate)) {
		deliver(direction, bytes, length);
		counts.duplicated++;
	}
	if (direction->delayed_count < DELAYED && chance(reorder)) {
		delay(direction, bytes, length);
		return;
	}
	deliver(direction, bytes, length);
	release(direction, true);
}

static void
serve(struct direction *direction)
{
	static uint8_t bytes[PACKET];
	ssize_t got;

	for (unsigned i = 0; i < TURN && (got = read(direction->in, bytes, sizeof(bytes))) > 0; i++)
		carry(direction, bytes, (size_t)got);
}

/* --- commands ---------------------------------------------------------------------------------- */

static void
tell_counts(void)
{
	printf("{\"carried\": %" PRIu64 ", \"esp\": %" PRIu64 ", \"lost\": %" PRIu64
	       ", \"duplicated\": %" PRIu64 ", \"reordered\": %" PRIu64 ", \"corrupted\": %" PRIu64
	       ", \"refused\": %" PRIu64 "}\n",
	       counts.carried, counts.esp, counts.lost, counts.duplicated, counts.reordered, counts.corrupted,
	       counts.refused);
}

static void
tell_kept(const struct direction *direction)
{
	putchar('[');
	for (unsigned i = 0; i < direction->kept_count; i++) {
		printf("%s\"", i != 0 ? ", " : "");
		for (size_t k = 0; k < direction->kept[i].length; k++)
			printf("%02x", direction->kept[i].bytes[k]);
		putchar('"');
	}
	puts("]");
}

static void
begin_keeping(struct direction *direction, unsigned wanted, size_t least, bool withhold)
{
	while (direction->kept_count != 0)
		free(direction->kept[--direction->kept_count].bytes);
	direction->wanted = wanted;
	direction->least = least;
	direction->withhold = withhold;
	puts("true");
}

static int
digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static void
send_digits(struct direction *direction, const char *digits)
{
	static uint8_t bytes[PACKET];
	size_t length = 0;
	uint64_t refused = counts.refused;

	for (; length < PACKET && digit(digits[0]) >= 0 && digit(digits[1]) >= 0; digits += 2)
		bytes[length++] = (uint8_t)(digit(digits[0]) << 4 | digit(digits[1]));
	mend(bytes, length);
	deliver(direction, bytes, length);
	puts(counts.refused == refused ? "true" : "false");
}

static bool
obey(const char *line)
{
	unsigned number, wanted, withhold;
	size_t least;
	int at = 0;

	if (sscanf(line, "faults %lf %lf %lf %lf", &loss, &duplicate, &reorder, &corrupt) == 4)
		tell_counts();
	else if (sscanf(line, "keep %u %u %zu %u", &number, &wanted, &least, &withhold) == 4 && number < 2)
		begin_keeping(&directions[number], wanted, least, withhold != 0);
	else if (sscanf(line, "kept %u", &number) == 1 && number < 2)
		tell_kept(&directions[number]);
	else if (sscanf(line, "send %u %n", &number, &at) == 1 && number < 2 && at != 0)
		send_digits(&directions[number], line + at);
	else
		return false;
	return fflush(stdout) == 0;
}

int
main(int argc, char **argv)
{
	struct pollfd ready[] = {
	    {.events = POLLIN}, {.events = POLLIN}, {.fd = STDIN_FILENO, .events = POLLIN}};
	char *line = NULL;
	size_t room = 0;

	if (argc != 4) {
		fputs("usage: forwarder FD0 FD1 SEED\n", stderr);
		return 2;
	}
	random_state = strtoull(argv[3], NULL, 10);
	for (int i = 0; i < 2; i++) {
		int fd = atoi(argv[1 + i]);

		directions[i].in = directions[!i].out = ready[i].fd = fd;
		if (fcntl(fd, F_SETFL, O_NONBLOCK) != 0) {
			perror("forwarder");
			return 2;
		}
	}
	for (;;) {
		bool delayed = directions[0].delayed_count != 0 || directions[1].delayed_count != 0;

		if (poll(ready, 3, delayed ? 1 : -1) < 0 && errno != EINTR)
			return 1;
		for (int i = 0; i < 2; i++) {
			if ((ready[i].revents & POLLIN) != 0)
				serve(&directions[i]);
			release(&directions[i], false);
		}
		/* A command is one line, and waits for its answer: nothing stays in stdio's buffer. */
		if (ready[2].revents != 0 && (getline(&line, &room, stdin) < 0 || !obey(line)))
			break;
	}
	free(line);
	return 0;
}
