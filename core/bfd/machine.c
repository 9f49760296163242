// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One BFD session (RFC 5880 6.8). The time comes as an argument and what is to be done goes back as a set of
 * actions, so that every rule can be tested without waiting and without a network.
 */
#include "core/bfd/bfd_internal.h"

#include "core/base/text.h"

/* 6.8.3: not faster than this while the session is not Up. */
/*
 * A fiftieth of the detection time is kept back for what follows from it (the verdict, the kernel's nexthop),
 * so that traffic has moved when the agreed time is over. A peer that is on time is not hurt: it sends after
 * 75 to 100 % of its interval, after 90 % at most where one packet decides (6.8.7).
 */
#define HEADROOM 50
#define SLOW_US 1000000u

const char *
bfd_state_name(enum bfd_state state)
{
	static const char *const names[] = {"AdminDown", "Down", "Init", "Up"};

	return (unsigned)state < COUNT_OF(names) ? names[state] : "Down";
}

/* RFC 5880 4.1. */
const char *
bfd_diagnostic_text(uint8_t diagnostic)
{
	static const char *const texts[] = {"",
					    "control detection time expired",
					    "echo function failed",
					    "neighbor signaled session down",
					    "forwarding plane reset",
					    "path down",
					    "concatenated path down",
					    "administratively down",
					    "reverse concatenated path down"};

	return diagnostic < COUNT_OF(texts) ? texts[diagnostic] : "unknown diagnostic";
}

static uint32_t
larger(uint32_t a, uint32_t b)
{
	return a > b ? a : b;
}

uint32_t
bfd_machine_transmit_interval(const struct bfd_machine *m)
{
	return m->remote_min_rx == 0 ? 0 : larger(m->tx_in_use, m->remote_min_rx);
}

/* 6.8.4, asynchronous mode. Cut at an hour, so that it is a sane time whatever the peer says. */
uint32_t
bfd_machine_detection_time(const struct bfd_machine *m)
{
	uint64_t time = (uint64_t)m->remote_multiplier * larger(m->rx_in_use, m->remote_desired_min_tx);

	return time < 3600000000u ? (uint32_t)time : 3600000000u;
}

/* 6.8.7: 75 to 100 percent, 75 to 90 where one lost packet is the end. */
static uint32_t
with_jitter(const struct bfd_machine *m, uint32_t interval)
{
	unsigned span = m->multiplier == 1 ? 150 : 250;

	return (uint32_t)((uint64_t)interval * (750 + m->random() % (span + 1)) / 1000);
}

/* 6.8.7: when there must be no periodic packets. */
static bool
is_silent(const struct bfd_machine *m)
{
	if (m->passive && m->remote_discriminator == 0)
		return true;
	if (m->remote_demand && m->state == BFD_UP && m->remote_state == BFD_UP && !m->polling)
		return true;
	return bfd_machine_transmit_interval(m) == 0;
}

static void
plan_next(struct bfd_machine *m)
{
	m->planned_us = is_silent(m) ? 0 : bfd_machine_transmit_interval(m);
	m->send_at = m->planned_us == 0 ? 0 : m->sent_at + with_jitter(m, m->planned_us);
}

/*
 * The interval may have become another, or packets may have to begin or end. What is planned earlier stays;
 * what is planned by the same interval stays too, since a dice that is thrown again and again shows its
 * lowest face.
 */
static void
plan_again(struct bfd_machine *m)
{
	usec_t planned = m->send_at;

	if (m->planned_us == (is_silent(m) ? 0 : bfd_machine_transmit_interval(m)))
		return;
	plan_next(m);
	if (planned != 0 && m->send_at != 0 && planned < m->send_at)
		m->send_at = planned;
}

/* 6.8.3: the intervals that go with the state; a change while Up begins a poll sequence. */
static void
set_intervals(struct bfd_machine *m)
{
	uint32_t wanted = m->state == BFD_UP ? m->interval_us : larger(m->interval_us, SLOW_US);
	bool differs = m->desired_min_tx != wanted || m->required_min_rx != m->interval_us;

	m->desired_min_tx = wanted;
	m->required_min_rx = m->interval_us;
	m->polling = m->state == BFD_UP && (m->polling || differs);
	if (m->state != BFD_UP || m->desired_min_tx < m->tx_in_use)
		m->tx_in_use = m->desired_min_tx;
	if (m->state != BFD_UP || m->required_min_rx > m->rx_in_use)
		m->rx_in_use = m->required_min_rx;
}

static unsigned
enter(struct bfd_machine *m, enum bfd_state state, enum bfd_diagnostic diagnostic, usec_t now)
{
	if (m->state == state)
		return 0;
	if (m->state == BFD_UP)
		m->flaps++;
	m->state = state;
	m->since = now;
	if (diagnostic != BFD_DIAGNOSTIC_NONE || state == BFD_UP || state == BFD_DOWN)
		m->diagnostic = diagnostic;
	set_intervals(m);
	/* 6.8.7: what the peer must know goes out at once. */
	return BFD_CHANGED | (is_silent(m) ? 0 : BFD_SEND);
}

void
bfd_machine_init(struct bfd_machine *m, const struct bfd_session_config *config, uint32_t discriminator,
		 uint32_t (*random)(void), usec_t now)
{
	*m = (struct bfd_machine){
	    .interval_us = config->interval_ms * 1000,
	    .multiplier = (uint8_t)config->multiplier,
	    .passive = config->passive,
	    .random = random,
	    .state = BFD_DOWN,
	    .remote_state = BFD_DOWN,
	    .local_discriminator = discriminator,
	    .remote_min_rx = 1,
	    .since = now,
	    .sent_at = now - SLOW_US,
	};
	set_intervals(m);
	plan_next(m);
}

/* 6.8.6's rules for the received state. */
static unsigned
follow(struct bfd_machine *m, enum bfd_state received, usec_t now)
{
	switch (m->state) {
	case BFD_DOWN:
		if (received == BFD_DOWN)
			return enter(m, BFD_INIT, BFD_DIAGNOSTIC_NONE, now);
		return received == BFD_INIT ? enter(m, BFD_UP, BFD_DIAGNOSTIC_NONE, now) : 0;
	case BFD_INIT:
		if (received == BFD_INIT || received == BFD_UP)
			return enter(m, BFD_UP, BFD_DIAGNOSTIC_NONE, now);
		return received == BFD_ADMIN_DOWN ? enter(m, BFD_DOWN, BFD_DIAGNOSTIC_NEIGHBOR_DOWN, now) : 0;
	case BFD_UP:
		if (received == BFD_DOWN || received == BFD_ADMIN_DOWN)
			return enter(m, BFD_DOWN, BFD_DIAGNOSTIC_NEIGHBOR_DOWN, now);
		return 0;
	case BFD_ADMIN_DOWN:
		break;
	}
	return 0;
}

unsigned
bfd_machine_receive(struct bfd_machine *m, const struct bfd_packet *packet, usec_t now)
{
	bool switched_off = packet->state == BFD_ADMIN_DOWN && m->remote_state != BFD_ADMIN_DOWN;
	unsigned actions;

	m->remote_discriminator = packet->my_discriminator;
	m->remote_state = packet->state;
	m->remote_diagnostic = packet->diagnostic;
	m->remote_demand = packet->demand;
	m->remote_min_rx = packet->required_min_rx;
	m->remote_desired_min_tx = packet->desired_min_tx;
	m->remote_multiplier = packet->multiplier;
	if (m->polling && packet->final) {
		m->polling = false;
		m->tx_in_use = m->desired_min_tx;
		m->rx_in_use = m->required_min_rx;
	}
	if (m->state == BFD_ADMIN_DOWN)
		return 0;
	actions = follow(m, packet->state, now);
	/* Of a session that was Down already: why that is so is another thing now (RFC 5882 3.2). */
	if (switched_off)
		actions |= BFD_CHANGED;
	m->detect_at = now + bfd_machine_detection_time(m) - bfd_machine_detection_time(m) / HEADROOM;
	m->forgiven = 0;
	plan_again(m);
	return actions | (packet->poll ? BFD_SEND_FINAL : 0);
}

void
bfd_machine_forgive(struct bfd_machine *m, usec_t late)
{
	uint32_t most = bfd_machine_detection_time(m);
	usec_t room = most > m->forgiven ? most - m->forgiven : 0;

	/* 4: less can't hide a packet too many, and would only make detection slow */
	if (m->detect_at == 0 || late <= 0 || late * 4 < most)
		return;
	late = late < room ? late : room;
	m->detect_at += late;
	m->forgiven += (uint32_t)late;
}

unsigned
bfd_machine_tick(struct bfd_machine *m, usec_t now)
{
	unsigned actions = 0;

	if (m->detect_at != 0 && now >= m->detect_at) {
		/* 6.8.1: a peer that is silent may come back as another; 6.8.4. */
		m->detect_at = 0;
		m->remote_discriminator = 0;
		m->remote_state = BFD_DOWN;
		m->remote_min_rx = 1;
		m->remote_demand = false;
		if (m->state == BFD_INIT || m->state == BFD_UP)
			actions = enter(m, BFD_DOWN, BFD_DIAGNOSTIC_EXPIRED, now);
		plan_again(m);
	}
	if (m->send_at != 0 && now >= m->send_at)
		actions |= BFD_SEND;
	return actions;
}

usec_t
bfd_machine_deadline(const struct bfd_machine *m)
{
	usec_t deadline = INT64_MAX;

	if (m->send_at != 0)
		deadline = m->send_at;
	if (m->detect_at != 0 && m->detect_at < deadline)
		deadline = m->detect_at;
	return deadline;
}

/* 6.8.16. */
unsigned
bfd_machine_hold(struct bfd_machine *m, bool hold, usec_t now)
{
	unsigned actions = 0;

	if (hold) {
		actions = enter(m, BFD_ADMIN_DOWN, BFD_DIAGNOSTIC_ADMIN_DOWN, now);
		m->detect_at = 0;
	} else if (m->state == BFD_ADMIN_DOWN) {
		actions = enter(m, BFD_DOWN, BFD_DIAGNOSTIC_NONE, now);
	}
	plan_again(m);
	return actions;
}

unsigned
bfd_machine_change(struct bfd_machine *m, uint32_t interval_ms, uint32_t multiplier, usec_t now)
{
	m->interval_us = interval_ms * 1000;
	m->multiplier = (uint8_t)multiplier;
	set_intervals(m);
	plan_again(m);
	(void)now;
	return is_silent(m) ? 0 : BFD_SEND;
}

void
bfd_machine_packet(const struct bfd_machine *m, bool final, struct bfd_packet *out)
{
	*out = (struct bfd_packet){
	    .state = m->state,
	    .diagnostic = m->diagnostic,
	    .poll = m->polling && !final,
	    .final = final,
	    .multiplier = m->multiplier,
	    .my_discriminator = m->local_discriminator,
	    .your_discriminator = m->remote_discriminator,
	    .desired_min_tx = m->desired_min_tx,
	    .required_min_rx = m->required_min_rx,
	};
}

void
bfd_machine_sent(struct bfd_machine *m, usec_t now)
{
	m->sent_at = now;
	plan_next(m);
}
