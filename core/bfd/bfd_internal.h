// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Inside the BFD room:
 *
 *   packet.c    the control packet on the wire (RFC 5880 4.1) and those checks that need no session
 *   machine.c   one session's variables and rules (RFC 5880 6.8), with the time as an argument: no sockets,
 * no clock socket.c    UDP as RFC 5881 wants it bfd.c       the thread: sockets and timers to machines; the
 * doors
 */
#ifndef TWINSPAN_BFD_INTERNAL_H
#define TWINSPAN_BFD_INTERNAL_H

#include "core/base/buffer.h"
#include "core/bfd/bfd.h"

#define BFD_PORT 3784
#define BFD_PACKET_SIZE 24

enum bfd_diagnostic {
	BFD_DIAGNOSTIC_NONE = 0,
	BFD_DIAGNOSTIC_EXPIRED = 1,
	BFD_DIAGNOSTIC_NEIGHBOR_DOWN = 3,
	BFD_DIAGNOSTIC_ADMIN_DOWN = 7
};

struct bfd_packet {
	enum bfd_state state;
	uint8_t diagnostic; /* 0-31 */
	bool poll, final, control_plane_independent, demand;
	uint8_t multiplier;
	uint32_t my_discriminator, your_discriminator;
	uint32_t desired_min_tx, required_min_rx, required_min_echo_rx; /* microseconds */
};

/** RFC 5880 6.8.6 as far as it goes without a session. NULL, or why the packet must be discarded. */
const char *bfd_packet_read(struct reader *r, struct bfd_packet *out);
void bfd_packet_write(struct writer *w, const struct bfd_packet *packet);

/* --- one session ------------------------------------------------------------------------------ */

/* The state variables of RFC 5880 6.8.1, by their names there. Times are monotonic; 0: never. */
struct bfd_machine {
	/* Configured. */
	uint32_t interval_us;
	uint8_t multiplier;
	bool passive;
	uint32_t (*random)(void); /* for jitter */

	enum bfd_state state, remote_state;
	uint8_t diagnostic, remote_diagnostic;
	uint32_t local_discriminator, remote_discriminator;
	uint32_t desired_min_tx, required_min_rx;
	uint32_t tx_in_use,
	    rx_in_use; /* the same until a poll sequence confirms a change that makes things slower */
	uint32_t remote_desired_min_tx, remote_min_rx;
	uint8_t remote_multiplier; /* 0: nothing heard */
	bool remote_demand, polling;
	uint32_t planned_us; /* the interval by which send_at was planned; 0: none */
	usec_t sent_at, send_at, detect_at, since;
	uint64_t flaps;
	uint32_t forgiven; /* us by which detection was put off since the last packet */
};

/* What must be done after a call; a set. */
enum { BFD_SEND = 1, BFD_SEND_FINAL = 2, BFD_CHANGED = 4 };

void bfd_machine_init(struct bfd_machine *machine, const struct bfd_session_config *config,
		      uint32_t discriminator, uint32_t (*random)(void), usec_t now);
/** A packet of this session that bfd_packet_read let pass. */
unsigned bfd_machine_receive(struct bfd_machine *machine, const struct bfd_packet *packet, usec_t now);
/** The time has come that bfd_machine_deadline named. */
unsigned bfd_machine_tick(struct bfd_machine *machine, usec_t now);
/**
 * This host stood still for `late` microseconds: a timer of ours came so much too late. Packets may wait on
 * the way to us, so that time is no silence of the peer's. Less than a quarter of the detection time is
 * nothing; at most one detection time is forgiven between two packets. To be called before bfd_machine_tick.
 */
void bfd_machine_forgive(struct bfd_machine *machine, usec_t late);
/** When bfd_machine_tick is to be called; INT64_MAX: never. */
usec_t bfd_machine_deadline(const struct bfd_machine *machine);
unsigned bfd_machine_hold(struct bfd_machine *machine, bool hold, usec_t now);
unsigned bfd_machine_change(struct bfd_machine *machine, uint32_t interval_ms, uint32_t multiplier,
			    usec_t now);
/** The packet to send now; `final` answers a poll. */
void bfd_machine_packet(const struct bfd_machine *machine, bool final, struct bfd_packet *out);
/** A periodic packet (not a final one) went out: plans the next. */
void bfd_machine_sent(struct bfd_machine *machine, usec_t now);
/** Microseconds between our packets before jitter; 0: none may be sent. */
uint32_t bfd_machine_transmit_interval(const struct bfd_machine *machine);
uint32_t bfd_machine_detection_time(const struct bfd_machine *machine);

/* --- sockets ---------------------------------------------------------------------------------- */

struct bfd_datagram {
	struct ip_address from;
	unsigned interface; /* index */
	int ttl;            /* -1: unknown */
	size_t length;
	uint8_t bytes[128]; /* a longer datagram is cut: no valid packet is */
};

/** For packets from all peers, bound to UDP 3784 of a family. -1 with `err`. */
int bfd_socket_listen(uint8_t family, struct error *err);
/** For the packets of one session: TTL 255, a port of 49152 or above (RFC 5881 4, 5). -1 with `err`. */
int bfd_socket_send(const struct bfd_session_config *config, struct error *err);
/** False when there is nothing (more) to read. */
bool bfd_socket_read(int fd, struct bfd_datagram *out);

#endif
