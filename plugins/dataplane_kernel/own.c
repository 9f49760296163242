// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The two gateways' own packets on a tunnel's interface: BGP, BFD, probes. The kernel's figures hold them and
 * those of users in one. So two packet sockets (packet(7)), one for what comes in and one for what goes out,
 * look at the interface through a filter of inside addresses (classic BPF, linux/filter.h). Nothing is read
 * from them: the kernel counts what passes a filter (PACKET_STATISTICS), also while there is no room for it,
 * and room there is for next to nothing.
 *
 * What is sent is seen before the interface refuses it, having no SA: BGP and probes go on while a tunnel is
 * down, for hours perhaps. So of what was seen that which the interface refused since the last reading is not
 * counted. Who else was refused something meanwhile makes no difference: nobody was sent anything then.
 *
 * Closing such a socket takes the kernel a grace period of RCU, some 15 ms. So none is closed before the
 * plane is: one of a tunnel that goes is kept for the next that comes, and all go side by side in the end.
 *
 * What the kernel has joined (GRO) is one packet here and several in the interface's figures: only TCP, so
 * that much of BGP coming in at once counts in part as users'. Where there are no packet sockets all does.
 */
#include "plugins/dataplane_kernel/kernel.h"

#include <arpa/inet.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/text.h"

enum {
	WORDS_MOST = 4, /* of an address */
	BLOCK_MOST = 4 + 2 * 2 * WORDS_MOST,
	CODE_MOST = DATAPLANE_PEERS * BLOCK_MOST + 1,
	ROOM = 1, /* bytes; the kernel makes it its least */
	CLOSERS_MOST = 64,
};

struct code {
	struct sock_filter at[CODE_MOST];
	unsigned short length;
};

/* --- the filter -------------------------------------------------------------------------------- */

static void
add(struct code *code, uint16_t what, uint32_t value)
{
	code->at[code->length++] = (struct sock_filter)BPF_STMT(what, value);
}

/* Goes on where it is the same; what `end` says later is the way out of the block. */
static void
add_same(struct code *code, uint32_t value)
{
	code->at[code->length++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, 0);
}

static void
add_address(struct code *code, size_t offset, const struct ip_address *address)
{
	uint32_t word;

	for (size_t i = 0; i < ip_family_bytes(address->family); i += sizeof(word)) {
		memcpy(&word, address->bytes + i, sizeof(word));
		add(code, BPF_LD | BPF_W | BPF_ABS, (uint32_t)(offset + i));
		add_same(code, ntohl(word));
	}
}

/* Packets from the one to the other, by their IP header. */
static void
add_pair(struct code *code, const struct ip_address *from, const struct ip_address *to)
{
	bool v6 = from->family == AF_INET6;
	size_t source = v6 ? 8 : 12;
	unsigned begin = code->length;

	add(code, BPF_LD | BPF_B | BPF_ABS, 0);
	add(code, BPF_ALU | BPF_AND | BPF_K, 0xf0);
	add_same(code, v6 ? 0x60 : 0x40);
	add_address(code, source, from);
	add_address(code, source + ip_family_bytes(from->family), to);
	add(code, BPF_RET | BPF_K, ROOM);
	for (unsigned i = begin; i < code->length; i++)
		if (BPF_CLASS(code->at[i].code) == BPF_JMP)
			code->at[i].jf = (uint8_t)(code->length - i - 1);
}

static void
write_code(const struct own *own, bool in, struct code *code)
{
	*code = (struct code){.length = 0};
	for (unsigned i = 0; i < DATAPLANE_PEERS; i++) {
		const struct ip_address *peer = &own->peer[i],
					*ours = &own->address[peer->family == AF_INET6];

		if (!ip_address_is_set(peer) || ours->family != peer->family)
			continue;
		add_pair(code, in ? peer : ours, in ? ours : peer);
	}
	add(code, BPF_RET | BPF_K, 0);
}

/* --- sockets ----------------------------------------------------------------------------------- */

/* It gets nothing before it is bound, being of protocol 0, when the filter is there. */
static int
make_socket(struct own_idle *idle)
{
	int room = ROOM, fd;

	if (idle->count != 0)
		return idle->fds[--idle->count];
	fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
	return fd;
}

/* Bound to another interface before or not. */
static bool
set_socket(int fd, const struct own *own, bool in, int ifindex)
{
	struct sockaddr_ll all = {
	    .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL), .sll_ifindex = ifindex};
	int incoming_only = in;
	struct code code;
	struct sock_fprog program = {.filter = code.at};

	write_code(own, in, &code);
	program.len = code.length;
	/* What leaves is copied for those who look at it. */
	setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &incoming_only, sizeof(incoming_only));
	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) == 0 &&
	       bind(fd, (struct sockaddr *)&all, sizeof(all)) == 0;
}

static uint64_t
passed(int fd)
{
	struct tpacket_stats counted = {0};
	socklen_t size = sizeof(counted);

	return getsockopt(fd, SOL_PACKET, PACKET_STATISTICS, &counted, &size) == 0 ? counted.tp_packets : 0;
}

void
own_init(struct own *own)
{
	*own = (struct own){.in = -1, .out = -1};
}

/* It stays bound until it is used again; what is asked of it then begins from nothing. */
static void
let_go(int *fd, struct own_idle *idle)
{
	if (*fd < 0)
		return;
	idle->fds = memory_resize(idle->fds, (idle->count + 1) * sizeof(*idle->fds));
	idle->fds[idle->count++] = *fd;
	*fd = -1;
}

void
own_leave(struct own *own, struct own_idle *idle)
{
	let_go(&own->in, idle);
	let_go(&own->out, idle);
}

void
own_read(struct own *own, bool silent, uint64_t refused)
{
	uint64_t in = passed(own->in), out = passed(own->out);
	uint64_t lost = refused > own->refused ? refused - own->refused : 0;

	own->rx += silent ? 0 : in;
	own->tx += out > lost ? out - lost : 0;
	own->refused = refused;
}

static void
watch(int *fd, const struct own *own, struct own_idle *idle, bool in, int ifindex)
{
	bool fresh = *fd < 0;

	if (fresh)
		*fd = make_socket(idle);
	if (!set_socket(*fd, own, in, ifindex))
		let_go(fd, idle);
	else if (fresh)
		passed(*fd); /* of another tunnel's interface, once */
}

void
own_watch(struct own *own, struct own_idle *idle, int ifindex, uint64_t refused)
{
	own_read(own, false, own->refused);
	own->refused = refused;
	if (!ip_address_is_set(&own->address[0]) && !ip_address_is_set(&own->address[1])) {
		own_leave(own, idle);
		return;
	}
	watch(&own->in, own, idle, true, ifindex);
	watch(&own->out, own, idle, false, ifindex);
}

/* --- the end ----------------------------------------------------------------------------------- */

struct closing {
	const struct own_idle *idle;
	_Atomic size_t next;
};

static void *
close_some(void *data)
{
	struct closing *closing = data;
	size_t i;

	while ((i = atomic_fetch_add(&closing->next, 1)) < closing->idle->count)
		close(closing->idle->fds[i]);
	return NULL;
}

void
own_idle_close(struct own_idle *idle)
{
	struct closing closing = {.idle = idle};
	pthread_t threads[CLOSERS_MOST];
	unsigned started = 0;

	while (started < CLOSERS_MOST && started + 1 < idle->count &&
	       pthread_create(&threads[started], NULL, close_some, &closing) == 0)
		started++;
	close_some(&closing);
	while (started != 0)
		pthread_join(threads[--started], NULL);
	free(idle->fds);
	*idle = (struct own_idle){0};
}
