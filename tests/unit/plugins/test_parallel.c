// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What several workers do with each other's packets, without privileges: the inbox, datagrams at the wrong
 * worker, and help with cryptography. With the kernel and real devices it is test_workers.c.
 */
#include "tests/unit/plugins/one_plane.h"
#include "tests/unit/test.h"

#include <arpa/inet.h>
#include <sched.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

/* --- the inbox --------------------------------------------------------------------------------- */

enum { PUTTERS = 3, EACH = 20000 };

struct putter {
	struct inbox *inbox;
	unsigned number;
	pthread_t thread;
};

static void *
put_all(void *argument)
{
	struct putter *putter = argument;

	for (unsigned i = 0; i < EACH;) {
		size_t length = i * 7919 % 5000 + 64;
		struct parcel *parcel = inbox_room(putter->inbox, length);

		if (parcel == NULL) {
			usleep(10);
			continue;
		}
		parcel->tos = (uint8_t)putter->number;
		parcel->length = length;
		parcel->size = i;
		memset(parcel->bytes, (int)i, length);
		inbox_put(putter->inbox, parcel);
		i++;
	}
	return NULL;
}

static void
parcels_of_several_threads_arrive_once_each_and_in_every_threads_order(void **state)
{
	struct putter putters[PUTTERS];
	struct inbox *inbox = inbox_create();
	unsigned next[PUTTERS] = {0}, all = 0;

	for (unsigned i = 0; i < PUTTERS; i++) {
		putters[i] = (struct putter){.inbox = inbox, .number = i};
		pthread_create(&putters[i].thread, NULL, put_all, &putters[i]);
	}
	while (all < PUTTERS * EACH) {
		struct parcel *parcel;

		for (unsigned n = 0; n < 10 && (parcel = inbox_take(inbox)) != NULL; n++, all++) {
			assert_int_equal(parcel->size, next[parcel->tos]++);
			assert_int_equal(parcel->length, parcel->size * 7919 % 5000 + 64);
			for (size_t i = 0; i < parcel->length; i++)
				if (parcel->bytes[i] != (parcel->size & 0xff))
					fail();
		}
		inbox_release(inbox);
	}
	assert_null(inbox_take(inbox));
	for (unsigned i = 0; i < PUTTERS; i++)
		pthread_join(putters[i].thread, NULL);
	inbox_free(inbox);
}

static void
a_full_inbox_takes_no_more_until_parcels_are_released(void **state)
{
	enum { LENGTH = INBOX_BYTES / 4 - 500 }; /* four fit */
	struct inbox *inbox = inbox_create();
	struct parcel *parcels[4];

	for (unsigned i = 0; i < 4; i++)
		assert_non_null(parcels[i] = inbox_room(inbox, LENGTH));
	assert_null(inbox_room(inbox, LENGTH));
	inbox_put(inbox, parcels[1]);
	assert_false(inbox_has(inbox)); /* the first is still being filled in */
	assert_null(inbox_take(inbox));
	inbox_put(inbox, parcels[0]);
	assert_true(inbox_has(inbox));
	assert_ptr_equal(inbox_take(inbox), parcels[0]);
	assert_ptr_equal(inbox_take(inbox), parcels[1]);
	assert_null(inbox_take(inbox));
	assert_null(inbox_room(inbox, LENGTH)); /* taken, but not done with */
	inbox_release(inbox);
	assert_ptr_equal(inbox_room(inbox, LENGTH), parcels[0]); /* not in two pieces */
	assert_null(inbox_room(inbox, INBOX_BYTES));
	inbox_free(inbox);
}

/* A signal that comes at any place stands for other putters and the owner, who go on while one is
 * interrupted. */
static struct inbox *interrupted;
static volatile sig_atomic_t draining;

static void
drain(void)
{
	while (inbox_take(interrupted) != NULL)
		;
	inbox_release(interrupted);
}

static void
go_on_meanwhile(int signal)
{
	for (unsigned i = 0; i < 3 && !draining; i++) {
		struct parcel *parcel = inbox_room(interrupted, 100);

		if (parcel != NULL)
			inbox_put(interrupted, parcel);
	}
	if (!draining)
		drain();
}

static void
an_inbox_with_room_never_says_that_there_is_none(void **state)
{
	struct sigaction action = {.sa_handler = go_on_meanwhile};
	struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1};
	struct itimerspec often = {{.tv_nsec = 20000}, {.tv_nsec = 20000}};
	usec_t until = clock_monotonic() + USEC_PER_SEC;
	unsigned refused = 0;
	timer_t timer;

	interrupted = inbox_create();
	sigaction(SIGUSR1, &action, NULL);
	assert_int_equal(timer_create(CLOCK_MONOTONIC, &event, &timer), 0);
	timer_settime(timer, 0, &often, NULL);
	while (clock_monotonic() < until) {
		for (unsigned i = 0; i < 1000; i++) { /* a tenth of what it takes */
			struct parcel *parcel = inbox_room(interrupted, 100);

			refused += parcel == NULL;
			if (parcel != NULL)
				inbox_put(interrupted, parcel);
		}
		draining = true;
		drain();
		draining = false;
	}
	timer_delete(timer);
	assert_int_equal(refused, 0);
	inbox_free(interrupted);
}

/* --- datagrams at the wrong worker --------------------------------------------------------------- */

enum { WORKERS = 3 };

struct ike_heard {
	unsigned count;
	size_t length;
	struct ip_address from, to;
	uint16_t from_port, to_port;
} heard;

static void
on_ike(void *context, const struct ip_address *from, uint16_t from_port, const struct ip_address *to,
       uint16_t to_port, const uint8_t *message, size_t length)
{
	heard = (struct ike_heard){heard.count + 1, length, *from, *to, from_port, to_port};
}

/* Three decrypt workers, all of which listen to the one socket. */
static int
set_up_workers(void **state)
{
	struct fixture *f;
	int on = 1;

	set_up(state);
	f = *state;
	decrypt_close(&f->plane->decrypt[0]);
	jobs_free(f->plane->decrypt[0].jobs);
	plane_set_workers(f->plane, WORKERS);
	f->plane->host.ike_message = on_ike;
	setsockopt(f->plane->sockets.fd[SOCKET_NATT][0], IPPROTO_IP, IP_PKTINFO, &on, sizeof(on));
	for (unsigned i = 0; i < WORKERS; i++) {
		f->plane->decrypt[i].sockets = &f->plane->sockets;
		assert_true(decrypt_open(&f->plane->decrypt[i], NULL));
	}
	heard = (struct ike_heard){0};
	return 0;
}

static void
send_to_plane(struct fixture *f, const uint8_t *bytes, size_t length)
{
	struct sockaddr_in at;
	socklen_t size = sizeof(at);

	assert_int_equal(getsockname(f->plane->sockets.fd[SOCKET_NATT][0], (struct sockaddr *)&at, &size), 0);
	assert_int_equal(sendto(f->far, bytes, length, 0, (struct sockaddr *)&at, size), length);
}

static void
send_next(struct fixture *f)
{
	uint8_t packet[256];

	send_to_plane(f, packet, seal(f, packet, ++f->sequence));
}

static void
serve(struct fixture *f, unsigned worker)
{
	decrypt_serve(&f->plane->decrypt[worker], SOCKET_NATT, AF_INET);
}

static void
a_datagram_at_the_wrong_worker_is_handed_to_its_owner_who_opens_it(void **state)
{
	struct fixture *f = *state;
	struct dataplane_sa in = describe(f, SPI, true);
	unsigned owner = plane_owner(f->plane, SPI), other = (owner + 1) % WORKERS;

	add(f, &in);
	for (int i = 0; i < 3; i++)
		send_next(f);
	serve(f, other);
	assert_false(delivered(f));
	for (unsigned i = 0; i < WORKERS; i++)
		if (i != owner)
			decrypt_inbox(&f->plane->decrypt[i], f->now);
	assert_false(delivered(f));
	decrypt_inbox(&f->plane->decrypt[owner], f->now);
	for (int i = 0; i < 3; i++)
		assert_true(delivered(f));
	assert_false(delivered(f));
	send_next(f);
	serve(f, owner);
	assert_true(delivered(f));
	assert_int_equal(counters(f).rx_packets, 4);
	assert_int_equal(counters(f).rx_lost, 0);
	assert_int_equal(atomic_load(&f->plane->unknown_spi), 0);
}

static void
packets_before_their_keys_are_held_by_their_owner(void **state)
{
	struct fixture *f = *state;
	struct dataplane_sa in, out = describe(f, SPI, false);
	uint32_t spi = userspace_ops.spi_allocate(f->plane);
	struct worker *owner = &f->plane->decrypt[plane_owner(f->plane, spi)];

	in = describe(f, spi, true);
	f->seal->spi = spi;
	send_next(f);
	serve(f, (owner->index + 2) % WORKERS);
	decrypt_inbox(owner, f->now);
	add(f, &in);
	add(f, &out);
	for (unsigned i = 0; i < WORKERS; i++) {
		assert_false(delivered(f));
		if (&f->plane->decrypt[i] != owner)
			decrypt_held(&f->plane->decrypt[i], f->now);
	}
	assert_false(delivered(f));
	decrypt_held(owner, f->now);
	assert_true(delivered(f));
}

static void
ike_that_comes_to_another_worker_goes_to_the_first(void **state)
{
	static const uint8_t message[40] = {[4] = 1, 2, 3};
	struct fixture *f = *state;
	struct ip_address us = ip_address_v4(0x7f000001), peer = ip_address_v4(0x7f000002);

	send_to_plane(f, message, sizeof(message));
	serve(f, 2);
	assert_int_equal(heard.count, 0);
	decrypt_inbox(&f->plane->decrypt[0], f->now);
	assert_int_equal(heard.count, 1);
	assert_int_equal(heard.length, 36);
	assert_true(ip_address_equal(&heard.from, &peer));
	assert_true(ip_address_equal(&heard.to, &us));
	assert_int_equal(heard.from_port, f->far_port);
	assert_int_equal(heard.to_port, NATT_PORT);
	decrypt_inbox(&f->plane->decrypt[0], f->now);
	assert_int_equal(heard.count, 1);
}

static void
what_is_too_short_for_an_spi_is_counted_and_a_keepalive_is_not(void **state)
{
	static const uint8_t keepalive = 0xff, zeros[4];
	struct fixture *f = *state;

	send_to_plane(f, &keepalive, 1);
	send_to_plane(f, zeros, 4); /* IKE's marker and nothing behind it */
	for (size_t length = 1; length < 4; length++)
		send_to_plane(f, zeros, length);
	send_to_plane(f, (const uint8_t *)"\xff\xff", 2);
	serve(f, 0);
	assert_int_equal(heard.count, 0);
	assert_int_equal(atomic_load(&f->plane->unknown_spi), 4);
}

static void
packets_that_their_owner_has_no_room_for_are_dropped_and_counted(void **state)
{
	struct fixture *f = *state;
	struct dataplane_sa in = describe(f, SPI, true);
	unsigned owner = plane_owner(f->plane, SPI), other = (owner + 1) % WORKERS;
	struct inbox *inbox = f->plane->decrypt[owner].inbox;
	struct parcel *all;

	add(f, &in);
	all = inbox_room(inbox, INBOX_BYTES - 1000);
	all->length = 0;
	inbox_put(inbox, all);
	for (int i = 0; i < 10; i++)
		send_next(f);
	serve(f, other);
	assert_true(counters(f).drops.queue >= 6); /* hardly more than 160 bytes each */
	assert_true(counters(f).drops.queue < 10);
	decrypt_inbox(&f->plane->decrypt[owner], f->now);
	assert_int_equal(counters(f).rx_packets + counters(f).drops.queue, 10);
	send_next(f);
	serve(f, other);
	decrypt_inbox(&f->plane->decrypt[owner], f->now);
	assert_int_equal(counters(f).rx_packets + counters(f).drops.queue, 11);
}

static void
spis_are_given_out_for_one_worker_after_the_other(void **state)
{
	struct fixture *f = *state;
	unsigned of[WORKERS] = {0};

	for (unsigned i = 0; i < WORKERS * 10; i++)
		of[plane_owner(f->plane, userspace_ops.spi_allocate(f->plane))]++;
	for (unsigned i = 0; i < WORKERS; i++)
		assert_int_equal(of[i], 10);
}

/* --- help -------------------------------------------------------------------------------------- */

/* A context that notices when two threads use it at once. */
struct lonely {
	atomic_uint users;
	atomic_uint worst;
	_Atomic uint64_t packets;
};

static void
count_all(void *context, struct suite_packet *packets, unsigned count)
{
	struct lonely *lonely = context;
	unsigned users = atomic_fetch_add(&lonely->users, 1) + 1;

	if (users > atomic_load(&lonely->worst))
		atomic_store(&lonely->worst, users);
	for (unsigned i = 0; i < count; i++) {
		if (i != 0 && packets[i].sequence % 8 == 0)
			sched_yield(); /* so that it can be seen whether who waits for it does wait */
		packets[i].text_length++;
		packets[i].good = true;
	}
	atomic_fetch_add(&lonely->packets, count);
	atomic_fetch_sub(&lonely->users, 1);
}

static const struct suite_ops counting_ops = {.seal = count_all, .open = count_all};
static const struct suite counting = {.ops = &counting_ops};

struct helper {
	struct worker *worker;
	atomic_bool *stop;
	pthread_t thread;
};

static void *
help_until_told(void *argument)
{
	struct helper *helper = argument;

	while (!atomic_load(helper->stop))
		if (!jobs_help(helper->worker))
			usleep(1);
	return NULL;
}

static void
post_one(struct worker *worker, struct sa *sa, uint64_t number)
{
	struct job *job = jobs_next(worker);

	assert_non_null(job);
	job->sa = sa;
	job->count = (unsigned)(number % BATCH_PACKETS) + 1;
	for (unsigned i = 0; i < job->count; i++)
		job->packets[i] = (struct suite_packet){.sequence = number};
	jobs_post(worker);
}

static void
end_one(struct worker *worker, uint64_t number)
{
	struct job *job = jobs_end(worker);

	assert_int_equal(job->count, number % BATCH_PACKETS + 1);
	for (unsigned i = 0; i < job->count; i++) {
		assert_true(job->packets[i].good);
		assert_int_equal(job->packets[i].text_length, 1);
		assert_int_equal(job->packets[i].sequence, number);
	}
}

static uint64_t
helped(const struct worker *worker)
{
	return counter_read(&worker->jobs->helped);
}

static void
jobs_are_done_once_each_in_order_and_by_a_context_of_each_helper(void **state)
{
	struct fixture *f = *state;
	struct worker *owner = &f->plane->decrypt[1],
		      *others[] = {&f->plane->decrypt[2], &f->plane->decrypt[0]};
	struct lonely contexts[3] = {0};
	struct sa sa = {.suite = &counting, .context = &contexts[0], .spare = {&contexts[1], &contexts[2]}};
	struct helper helpers[2];
	atomic_bool stop = false;
	uint64_t number = 0, packets = 0;

	for (int i = 0; i < 2; i++) {
		helpers[i] = (struct helper){.worker = others[i], .stop = &stop};
		pthread_create(&helpers[i].thread, NULL, help_until_told, &helpers[i]);
	}
	while (number < 2000 * JOBS || helped(others[0]) < 100 || helped(others[1]) < 100) {
		for (unsigned i = 0; i < JOBS; i++) {
			post_one(owner, &sa, number + i);
			packets += (number + i) % BATCH_PACKETS + 1;
		}
		assert_null(jobs_next(owner));
		for (unsigned i = 0; i < JOBS; i++)
			end_one(owner, number + i);
		number += JOBS;
	}
	atomic_store(&stop, true);
	for (int i = 0; i < 2; i++)
		pthread_join(helpers[i].thread, NULL);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(atomic_load(&contexts[i].worst), 1);
		packets -= atomic_load(&contexts[i].packets);
	}
	assert_int_equal(packets, 0);
	assert_int_equal(helped(owner), 0);
}

static void
sas_have_contexts_for_their_helpers_unless_one_is_for_all(void **state)
{
	struct fixture *f = *state;
	static const uint8_t mac[32];
	struct dataplane_sa cbc = describe(f, SPI, true), gcm = describe(f, SPI + 1, true);

	cbc.algorithms = (struct dataplane_algorithms){12, mac, 32, 12, mac, 32};
	add(f, &cbc);
	add(f, &gcm);
	for (unsigned i = 0; i < HELPERS; i++) {
		const struct sa *sa = plane_inbound(f->plane, SPI);

		assert_true((sa->spare[i] != NULL) == (i < WORKERS - 1));
		assert_ptr_not_equal(sa->spare[i], sa->context);
	}
	assert_true((plane_inbound(f->plane, SPI + 1)->spare[0] == NULL) ==
		    plane_inbound(f->plane, SPI + 1)->suite->ops->for_all);
}

#define WITH_WORKERS(test) cmocka_unit_test_setup_teardown(test, set_up_workers, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(parcels_of_several_threads_arrive_once_each_and_in_every_threads_order),
	    cmocka_unit_test(a_full_inbox_takes_no_more_until_parcels_are_released),
	    cmocka_unit_test(an_inbox_with_room_never_says_that_there_is_none),
	    WITH_WORKERS(a_datagram_at_the_wrong_worker_is_handed_to_its_owner_who_opens_it),
	    WITH_WORKERS(packets_before_their_keys_are_held_by_their_owner),
	    WITH_WORKERS(ike_that_comes_to_another_worker_goes_to_the_first),
	    WITH_WORKERS(what_is_too_short_for_an_spi_is_counted_and_a_keepalive_is_not),
	    WITH_WORKERS(packets_that_their_owner_has_no_room_for_are_dropped_and_counted),
	    WITH_WORKERS(spis_are_given_out_for_one_worker_after_the_other),
	    WITH_WORKERS(jobs_are_done_once_each_in_order_and_by_a_context_of_each_helper),
	    WITH_WORKERS(sas_have_contexts_for_their_helpers_unless_one_is_for_all),
	};

	alarm(60);
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
