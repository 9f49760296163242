// SPDX-License-Identifier: GPL-2.0-or-later
/* The table as an MRT file while the table is large or changes, and when the file can't be; a collector that
 * does not read. What is in files and messages is read by others: tests/peers/test_records.py. */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/file.h"
#include "core/bgp/bmp_internal.h"
#include "tests/unit/bgp/nodes.h"

struct told {
	unsigned calls;
	uint64_t prefixes, paths;
	char failure[200];
};

static void
on_done(void *context, const struct bgp_dump_result *result)
{
	struct told *told = context;

	told->calls++;
	told->prefixes = result->prefixes;
	told->paths = result->paths;
	snprintf(told->failure, sizeof(told->failure), "%s", result->failure != NULL ? result->failure : "");
}

static char folder[64], path[96], part[104];

static void
make_folder(void)
{
	snprintf(folder, sizeof(folder), "/tmp/twinspan-records-XXXXXX");
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/table.mrt", folder);
	snprintf(part, sizeof(part), "%s.part", path);
}

static void
remove_folder(void)
{
	unlink(path);
	unlink(part);
	assert_int_equal(rmdir(folder), 0);
}

/* A node that keeps no list of its routes: there will be too many. */
static void
open_large(struct node *node, unsigned number, uint32_t asn)
{
	node_open(node, number, asn);
	node->speaker->config.events.route_changed = NULL;
}

static void
originate_many(struct node *node, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		struct ip_prefix many = {.address = ip_address_v4(0x0a000000u + (i << 8)), .length = 24};

		bgp_network_add(node->speaker, &many);
	}
}

/* Walks over the records: each has a header, a type that is TABLE_DUMP_V2's, and as many octets as it says.
 */
static unsigned
records_in_file(void)
{
	struct error err;
	size_t length;
	char *bytes = file_read(path, 100000000, &length, &err);
	struct reader r = reader_over(bytes, length);
	unsigned count = 0;
	uint32_t sequence;

	assert_non_null(bytes);
	for (; reader_left(&r) != 0; count++) {
		struct reader body;

		reader_u32(&r);
		assert_int_equal(reader_u16(&r), 13);
		assert_int_equal(reader_u16(&r), count == 0 ? 1 : 2);
		body = reader_sub(&r, reader_u32(&r));
		assert_false(r.failed);
		sequence = reader_u32(&body);
		if (count != 0)
			assert_int_equal(sequence, count - 1);
	}
	memory_wipe_free(bytes, length);
	return count;
}

static void
a_large_table_is_dumped_whole_while_it_changes(void **state)
{
	enum { MANY = 30000 };
	struct told told = {0};
	struct error err;
	struct stat stat_of;
	struct ip_prefix first = prefix("10.0.0.0/24");
	struct node a;

	make_folder();
	open_large(&a, 2, 65001);
	originate_many(&a, MANY);
	assert_true(bgp_table_dump(a.speaker, path, on_done, &told, &err));
	assert_false(bgp_table_dump(a.speaker, path, on_done, &told, &err));
	assert_non_null(strstr(err.text, "under way"));
	/* Not there before it is whole. */
	for (unsigned turns = 0; told.calls == 0; turns++) {
		if (turns == 1) {
			assert_int_equal(access(path, F_OK), -1);
			bgp_network_remove(a.speaker, &first);
		}
		uv_run(&loop, UV_RUN_ONCE);
	}
	assert_string_equal(told.failure, "");
	assert_in_range(told.prefixes, MANY - 1, MANY);
	assert_int_equal(told.paths, told.prefixes);
	assert_int_equal(records_in_file(), told.prefixes + 1);
	assert_int_equal(stat(path, &stat_of), 0);
	assert_int_equal(stat_of.st_mode & 07777 & 0137, 0);
	assert_int_equal(access(part, F_OK), -1);
	close_node(&a);
	remove_folder();
}

static void
a_file_that_stands_there_is_not_replaced(void **state)
{
	struct told told = {0};
	struct error err;
	struct node a;
	int fd;

	make_folder();
	open_large(&a, 2, 65001);
	fd = open(part, O_CREAT | O_WRONLY, 0600);
	assert_true(fd >= 0);
	close(fd);
	assert_true(bgp_table_dump(a.speaker, path, on_done, &told, &err));
	WAIT_UNTIL(told.calls == 1);
	assert_non_null(strstr(told.failure, "File exists"));
	/* It was somebody else's. */
	assert_int_equal(access(part, F_OK), 0);
	assert_int_equal(access(path, F_OK), -1);
	assert_int_equal(rename(part, path), 0);
	assert_false(bgp_table_dump(a.speaker, path, on_done, &told, &err));
	assert_non_null(strstr(err.text, "there already"));
	close_node(&a);
	remove_folder();
}

static void
a_dump_ends_with_its_speaker(void **state)
{
	struct told told = {0};
	struct error err;
	struct node a;

	make_folder();
	open_large(&a, 2, 65001);
	originate_many(&a, 100000);
	assert_true(bgp_table_dump(a.speaker, path, on_done, &told, &err));
	WAIT_UNTIL(access(part, F_OK) == 0);
	assert_int_equal(told.calls, 0);
	close_node(&a);
	assert_int_equal(told.calls, 1);
	assert_non_null(strstr(told.failure, "closed"));
	WAIT_UNTIL(access(part, F_OK) != 0);
	assert_int_equal(access(path, F_OK), -1);
	remove_folder();
}

/* A listener whose connections nobody reads, at a port that is free. */
static int
listen_near(const struct node *node, uint16_t *port)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), small = 4096;
	struct sockaddr_storage storage;
	unsigned tries = 0;

	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small)), 0);
	do {
		assert_true(tries++ < 50);
		*port = next_port++;
	} while (bind(fd, (const struct sockaddr *)&storage,
		      ip_address_to_sockaddr(&node->address, *port, &storage)) != 0 ||
		 listen(fd, 5) != 0);
	return fd;
}

static void
a_collector_that_does_not_read_holds_up_nobody(void **state)
{
	enum { MANY = 30000 };
	struct bgp_collector_config collector = {.name = "slow",
						 .system = "a",
						 .description = "test",
						 .views = 1u << BGP_VIEW_IN_PRE | 1u << BGP_VIEW_IN_POST};
	static uint8_t room[60000];
	struct collector *slow;
	struct bgp_peer *at_b;
	struct node a, b;
	int fd;

	open_large(&a, 2, 65001);
	open_large(&b, 3, 65002);
	fd = listen_near(&b, &collector.port);
	collector.remote = b.address;
	bgp_collectors_set(b.speaker, &collector, 1);
	WAIT_UNTIL(strstr(b.last_event, "slow: connected") != NULL);
	originate_many(&a, MANY);
	add_simple(&a, "b", &b);
	at_b = add_simple(&b, "a", &a);
	WAIT_UNTIL(status_of(at_b).accepted == MANY);
	assert_null(strstr(b.last_event, "slow"));
	/* What waits is bounded: beyond that the connection is given up, and made anew. */
	slow = b.speaker->bmp->first;
	for (unsigned i = 0; i < 1000; i++) {
		struct writer w = {.start = room, .at = room + sizeof(room), .end = room + sizeof(room)};

		bmp_send(slow, &w);
	}
	assert_in_range(slow->filling.length, 1000000, 32u * 1024 * 1024);
	speaker_kick(b.speaker);
	WAIT_UNTIL(strstr(b.last_event, "does not keep up") != NULL);
	WAIT_UNTIL(strstr(b.last_event, "slow: connected") != NULL);
	/* The same again changes nothing; none: it is left. */
	bgp_collectors_set(b.speaker, &collector, 1);
	bgp_collectors_set(b.speaker, NULL, 0);
	assert_null(b.speaker->bmp);
	assert_true(is_up(at_b));
	close(fd);
	close_node(&a);
	close_node(&b);
}

/* --- what peers are told, as a collector has it ------------------------------------------------ */

/* What stands of 10.N.0.0/16 at the peer 127.0.0.P, by view: before the rules of export, and as it was sent.
 */
struct watched {
	int listener, fd;
	bool inwards; /* what peers tell, instead */
	uint8_t in[65536];
	size_t length;
	bool stands[2][8][16];
};

static unsigned
u16_at(const uint8_t *at)
{
	return (unsigned)at[0] << 8 | at[1];
}

static void
take_prefixes(bool stands[16], const uint8_t *at, const uint8_t *end, bool there)
{
	for (; at < end; at += 3) {
		assert_int_equal(at[0], 16);
		assert_int_equal(at[1], 10);
		stands[at[2]] = there;
	}
}

/* Of a Route Monitoring message (RFC 7854, 4.6) about what a peer is told (RFC 8671): its UPDATE. */
static void
take_monitoring(struct watched *w, const uint8_t *message, const uint8_t *end)
{
	bool post = (message[7] & 0x40) != 0;
	const uint8_t *update = message + 48, *attributes = update + 21 + u16_at(update + 19);
	bool *stands = w->stands[post][message[6 + 10 + 15] & 7];

	assert_int_equal(message[7] & 0x10, w->inwards ? 0 : 0x10);
	take_prefixes(stands, update + 21, attributes, false);
	take_prefixes(stands, attributes + 2 + u16_at(attributes), end, true);
}

static void
watched_turn(struct watched *w)
{
	ssize_t got;

	if (w->fd < 0)
		w->fd = accept4(w->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	got = w->fd >= 0 ? read(w->fd, w->in + w->length, sizeof(w->in) - w->length) : 0;
	w->length += got > 0 ? (size_t)got : 0;
	for (size_t length; w->length >= 6; w->length -= length) {
		length = u16_at(w->in + 1) << 16 | u16_at(w->in + 3);
		if (length > w->length)
			break;
		if (w->in[5] == BMP_ROUTE_MONITORING)
			take_monitoring(w, w->in, w->in + length);
		memmove(w->in, w->in + length, w->length - length);
	}
}

/* "2:1 3:1 3:9 ": peer:prefix of all that stands in a view. */
static const char *
standing(struct watched *w, bool post)
{
	static char text[200];

	watched_turn(w);
	text[0] = '\0';
	for (unsigned p = 0; p < 8; p++) {
		for (unsigned n = 0; n < 16; n++) {
			if (w->stands[post][p][n])
				snprintf(text + strlen(text), sizeof(text) - strlen(text), "%u:%u ", p, n);
		}
	}
	return text;
}

static void
peers_that_are_told_together_stand_apart_for_a_collector(void **state)
{
	struct bgp_collector_config collector = {.name = "watches",
						 .system = "a",
						 .description = "test",
						 .views = 1u << BGP_VIEW_OUT_PRE | 1u << BGP_VIEW_OUT_POST};
	static struct watched w;
	struct node a, b, c;
	struct bgp_peer *at_a[2], *at_b;

	w = (struct watched){.fd = -1};
	node_open(&a, 1, 65001);
	node_open(&b, 2, 65002);
	node_open(&c, 3, 65003);
	w.listener = listen_near(&a, &collector.port);
	assert_int_equal(fcntl(w.listener, F_SETFL, O_NONBLOCK), 0);
	collector.remote = a.address;
	originate(&a, "10.1.0.0/16");
	originate(&b, "10.9.0.0/16");
	for (unsigned i = 0; i < 2; i++) {
		struct bgp_peer_config config = peer_config(i == 0 ? "b" : "c", &a, i == 0 ? &b : &c);

		config.export_peers = true;
		at_a[i] = add(&a, &config);
	}
	at_b = add_simple(&b, "a", &a);
	add_simple(&c, "a", &a);
	WAIT_UNTIL(is_up(at_a[0]) && is_up(at_a[1]) && status_of(at_b).received == 1 &&
		   status_of(at_a[1]).advertised == 2);
	/* All that stands already, then what changes for both at once: never back to who brought it. */
	bgp_collectors_set(a.speaker, &collector, 1);
	WAIT_UNTIL(strcmp(standing(&w, false), "2:1 3:1 3:9 ") == 0);
	WAIT_UNTIL(strcmp(standing(&w, true), "2:1 3:1 3:9 ") == 0);
	originate(&a, "10.2.0.0/16");
	originate(&b, "10.8.0.0/16");
	WAIT_UNTIL(strcmp(standing(&w, false), "2:1 2:2 3:1 3:2 3:8 3:9 ") == 0);
	WAIT_UNTIL(strcmp(standing(&w, true), "2:1 2:2 3:1 3:2 3:8 3:9 ") == 0);
	bgp_network_remove(a.speaker, &(struct ip_prefix){prefix("10.1.0.0/16").address, 16});
	bgp_network_remove(b.speaker, &(struct ip_prefix){prefix("10.9.0.0/16").address, 16});
	WAIT_UNTIL(strcmp(standing(&w, false), "2:2 3:2 3:8 ") == 0);
	WAIT_UNTIL(strcmp(standing(&w, true), "2:2 3:2 3:8 ") == 0);
	close(w.listener);
	close(w.fd);
	close_node(&a);
	close_node(&b);
	close_node(&c);
}

/* Two peers with a prefix each, and what they tell as a collector has it: before the rules of import, with
 * what was chosen as if it were a peer 0, and after them. */
static struct {
	struct watched watched;
	struct node a, b, c;
	struct bgp_peer *peers[2];
	struct collector *collector;
	struct rib *rib;
} in;

static void
open_inwards(void)
{
	struct bgp_collector_config collector = {.name = "watches",
						 .system = "a",
						 .description = "test",
						 .views = 1u << BGP_VIEW_IN_PRE | 1u << BGP_VIEW_IN_POST |
							  1u << BGP_VIEW_LOC_RIB};

	memset(&in, 0, sizeof(in));
	in.watched = (struct watched){.fd = -1, .inwards = true};
	node_open(&in.a, 1, 65001);
	node_open(&in.b, 2, 65002);
	node_open(&in.c, 3, 65003);
	in.watched.listener = listen_near(&in.a, &collector.port);
	assert_int_equal(fcntl(in.watched.listener, F_SETFL, O_NONBLOCK), 0);
	collector.remote = in.a.address;
	originate(&in.b, "10.8.0.0/16");
	originate(&in.c, "10.9.0.0/16");
	in.peers[0] = add_simple(&in.a, "b", &in.b);
	in.peers[1] = add_simple(&in.a, "c", &in.c);
	add_simple(&in.b, "a", &in.a);
	add_simple(&in.c, "a", &in.a);
	bgp_collectors_set(in.a.speaker, &collector, 1);
	in.collector = in.a.speaker->bmp->first;
	in.rib = &in.a.speaker->ribs[BGP_IPV4];
	WAIT_UNTIL(strcmp(standing(&in.watched, true), "2:8 3:9 ") == 0 && !in.collector->dump.under_way);
}

static void
close_inwards(void)
{
	close(in.watched.listener);
	close(in.watched.fd);
	close_node(&in.a);
	close_node(&in.b);
	close_node(&in.c);
}

static void
what_goes_while_a_collector_is_told_all_again_is_gone_for_it(void **state)
{
	struct ip_prefix gone = prefix("10.9.0.0/16");

	open_inwards();
	/* As if it were back after a restart: its paths of before are told, and with them all others. */
	bmp_peer_up(in.peers[0]);
	assert_true(in.collector->dump.under_way);
	assert_true(rib_withdraw(in.rib, in.peers[1]->index, gone.address.bytes, gone.length));
	WAIT_UNTIL(!in.collector->dump.under_way);
	WAIT_UNTIL(strcmp(standing(&in.watched, false), "0:8 2:8 ") == 0);
	WAIT_UNTIL(strcmp(standing(&in.watched, true), "2:8 ") == 0);
	close_inwards();
}

/* With its session it is back before its path was swept out. */
static void
what_is_back_at_once_is_there_for_a_collector_that_came_meanwhile(void **state)
{
	struct ip_prefix back = prefix("10.8.0.0/16");
	struct bgp_attributes *attributes;

	open_inwards();
	WAIT_UNTIL(strcmp(standing(&in.watched, false), "0:8 0:9 2:8 3:9 ") == 0);
	attributes = attributes_hold(
	    rib_best(in.rib, rib_net(in.rib, trie_get(&in.rib->trie, back.address.bytes, back.length)))
		->attributes);
	rib_peer_down(in.rib, in.peers[0]->index);
	memset(in.watched.stands, 0, sizeof(in.watched.stands));
	in.collector->dump = (struct bmp_dump){.under_way = true};
	while (bmp_dump_some(in.collector, INT64_MAX)) {
	}
	rib_announce(in.rib, in.peers[0]->index, back.address.bytes, back.length, attributes, PATH_USABLE);
	attributes_release(&in.a.speaker->attributes, attributes);
	WAIT_UNTIL(strcmp(standing(&in.watched, false), "0:8 0:9 2:8 3:9 ") == 0);
	close_inwards();
}

static void
a_path_of_a_session_with_identifiers_is_no_other_one_s_end(void **state)
{
	struct ip_prefix both = prefix("10.8.0.0/16");
	struct nlri kept = {.path_id = 5, .length = both.length};

	open_inwards();
	memcpy(kept.address, both.address.bytes, sizeof(kept.address));
	assert_int_not_equal(rib_announce_path(in.rib, in.peers[0]->index, &kept,
					       in.a.speaker->local_attributes, NULL, PATH_USABLE),
			     0);
	assert_true(rib_withdraw_path(in.rib, in.peers[0]->index, &kept));
	originate(&in.b, "10.7.0.0/16");
	WAIT_UNTIL(strcmp(standing(&in.watched, true), "2:7 2:8 3:9 ") == 0);
	close_inwards();
}

static void
a_long_notification_is_told_to_a_collector(void **state)
{
	static uint8_t data[BGP_MESSAGE_EXTENDED - BGP_HEADER - 2];
	struct session_end end = {.received_code = BGP_ERROR_CEASE,
				  .received_text = "",
				  .received_data = reader_over(data, sizeof(data))};
	uint64_t messages;

	open_inwards();
	messages = in.collector->messages;
	bmp_peer_down(in.peers[0], &end);
	assert_int_equal(in.collector->messages, messages + 1);
	close_inwards();
}

static void
a_peer_that_is_removed_is_looked_for_in_vain(void **state)
{
	uint16_t index;

	open_inwards();
	index = in.peers[0]->index;
	assert_ptr_equal(speaker_peer_of(in.a.speaker, index), in.peers[0]);
	bgp_peer_remove(in.peers[0]);
	WAIT_UNTIL(in.a.speaker->peers == in.peers[1]);
	assert_null(speaker_peer_of(in.a.speaker, index));
	/* A collector that read too slowly was still to be told of it. */
	in.collector->dump = (struct bmp_dump){.under_way = true, .outwards = true, .peer = index};
	WAIT_UNTIL(!bmp_dump_some(in.collector, INT64_MAX));
	assert_false(in.collector->dump.under_way);
	close_inwards();
}

TEST_MAIN(TEST(what_goes_while_a_collector_is_told_all_again_is_gone_for_it),
	  TEST(what_is_back_at_once_is_there_for_a_collector_that_came_meanwhile),
	  TEST(a_path_of_a_session_with_identifiers_is_no_other_one_s_end),
	  TEST(a_long_notification_is_told_to_a_collector),
	  TEST(a_peer_that_is_removed_is_looked_for_in_vain),
	  TEST(peers_that_are_told_together_stand_apart_for_a_collector),
	  TEST(a_large_table_is_dumped_whole_while_it_changes),
	  TEST(a_file_that_stands_there_is_not_replaced), TEST(a_dump_ends_with_its_speaker),
	  TEST(a_collector_that_does_not_read_holds_up_nobody))
