// SPDX-License-Identifier: GPL-2.0-or-later
/* Where packets come from and go to: the sockets outside and the TUN devices inside. */
#ifndef TWINSPAN_DATAPLANE_USERSPACE_PORTS_H
#define TWINSPAN_DATAPLANE_USERSPACE_PORTS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "core/base/address.h"
#include "core/base/error.h"

/* --- socket.c ---------------------------------------------------------------------------------- */

enum {
	SOCKET_IKE,
	SOCKET_NATT,
	SOCKET_ESP,
	SOCKET_RECEIVING, /* the others only send: what may be cut on its way */
	SOCKET_NATT_PIECES = SOCKET_RECEIVING,
	SOCKET_ESP_PIECES,
	SOCKET_KINDS,
};

/* What of the kernel's ways to pass many packets at once is in use: probed at start. */
enum tun_offload {
	TUN_PLAIN, /* a packet at a time, without a header in front */
	TUN_TSO,   /* super-packets of TCP */
	TUN_USO,   /* and of UDP (Linux 6.2) */
};

struct fast_paths {
	enum tun_offload tun;
	bool udp_gso; /* UDP_SEGMENT (Linux 4.18): many datagrams by one send */
	bool udp_gro; /* UDP_GRO (Linux 5.0): many by one receive */
};

struct sockets {
	int fd[SOCKET_KINDS][2]; /* IPv4, IPv6; -1 where there is none */
};

#define IKE_PORT 500
#define NATT_PORT 4500

static inline int
family_index(uint8_t family)
{
	return family == AF_INET6;
}

/** Binds them all to `local` (or every address, of both families where there are). False with what stands in
 * the way. */
bool sockets_open(struct sockets *sockets, const struct ip_address *local, struct error *err);
void sockets_close(struct sockets *sockets);
/** One more socket of a kind beside another of ours with SO_REUSEPORT; its descriptor, or -1 with errno. */
int socket_open_shared(int kind, uint8_t family, const struct ip_address *local);
/** Turns UDP_GRO on and sees whether UDP_SEGMENT is known; what is not already wanted stays off. */
void sockets_probe(const struct sockets *sockets, struct fast_paths *paths);
/** The descriptor to send by: of a kind that sends whole packets, or of its twin whose packets may be cut on
 * their way. `from`: whether the sender says which address they leave from; else only the first will do. */
int socket_to_send(const struct sockets *sockets, int kind, uint8_t family, bool pieces, bool from);
/** Sends one datagram that may be cut on its way from a UDP socket, leaving from `from` where it is set. */
bool sockets_send(const struct sockets *sockets, int kind, const struct ip_address *from,
		  const struct ip_address *to, uint16_t to_port, const struct iovec *parts, size_t count);
/** Fills a control buffer with the local address; returns its length, 0 for an address that is not set. */
size_t socket_source_control(const struct ip_address *from, void *control, size_t size);
/** The TOS byte or traffic class that a datagram came with, from its control messages; 0 where it is not
 * told. */
uint8_t socket_tos(struct msghdr *message);
/** The local address a datagram was sent to, from its control messages. */
void socket_destination(struct msghdr *message, struct ip_address *out);
/** How long each datagram of a received message is but the last, which may be shorter: UDP_GRO's control
 * message, or else the whole length. */
size_t socket_segment_size(struct msghdr *message, size_t length);

/* --- tun.c ------------------------------------------------------------------------------------- */

/* The longest super-packet that a device is asked to give: sealed by AES-GCM at an MTU near 1400, all of its
 * packets go into one send (GSO_BYTES_MOST). Else the last of them go into the next. */
#define TUN_SUPER_MOST 61000

/** Makes a TUN device (up, no addresses), in a device group for quick removal, with the offload, which
 * tun_probe found. Its descriptor, or -1 with an error. */
int tun_open(const char *name, uint32_t mtu, uint32_t group, enum tun_offload offload, struct error *err);
/** Removes all devices of a group at once. */
void tun_remove_group(uint32_t group);
/** Can TUN devices be made here, and with what offload, up to what `offload` says? NULL: no matter. */
bool tun_probe(enum tun_offload *offload, struct error *err);

#endif
