// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One socket a worker, and the kernel chooses; see parallel.h.
 *
 * UDP: the sockets of a port are a group (SO_REUSEPORT, socket(7)), and a classic BPF program
 * (SO_ATTACH_REUSEPORT_CBPF) that sees the datagram from its payload on gives the number of the socket in it,
 * in the order in which they were bound. IKE's messages start with four zero bytes (RFC 3948 2.2), which is 0
 * by any modulus; a load beyond the end (a keepalive) gives 0 as well. What GRO has put together is steered
 * by its first datagram.
 *
 * The first socket was bound without SO_REUSEPORT, so that a port that another program has is still an error;
 * and nobody joins the group later who does not ask to share.
 *
 * Protocol 50: every raw socket is given every packet; a filter (SO_ATTACH_FILTER) lets through those of its
 * worker. It sees the IPv4 header, but not IPv6's.
 *
 * That the kernel steers is for speed only: a worker looks at each datagram's SPI itself.
 */
#include "plugins/dataplane_userspace/userspace.h"

#include <linux/filter.h>
#include <string.h>
#include <unistd.h>

enum { WHOLE = 0x40000 }; /* what a filter lets through of a packet: more than there is */

static bool
attach(int fd, int option, struct sock_filter *code, size_t count)
{
	struct sock_fprog program = {.len = (unsigned short)count, .filter = code};

	return setsockopt(fd, SOL_SOCKET, option, &program, sizeof(program)) == 0;
}

/* Of a group of `count` sockets. */
static bool
steer_group(int fd, unsigned count)
{
	struct sock_filter code[] = {
	    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),
	    BPF_STMT(BPF_ALU | BPF_MOD | BPF_K, count),
	    BPF_STMT(BPF_RET | BPF_A, 0),
	};

	return attach(fd, SO_ATTACH_REUSEPORT_CBPF, code, sizeof(code) / sizeof(code[0]));
}

/* To the `which`-th of `count` raw sockets; what has no SPI to the first. */
static bool
filter_raw(int fd, uint8_t family, unsigned which, unsigned count)
{
	enum { SPI = 4, TO_PASS = 3, TO_DROP = 4 };
	struct sock_filter code[] = {
	    BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, 0), /* the length of the IPv4 header */
	    BPF_STMT(BPF_LD | BPF_W | BPF_LEN, 0),
	    BPF_STMT(BPF_ALU | BPF_SUB | BPF_X, 0),
	    BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, SPI, 0, which == 0 ? TO_PASS : TO_DROP),
	    BPF_STMT(BPF_LD | BPF_W | BPF_IND, 0),
	    BPF_STMT(BPF_ALU | BPF_MOD | BPF_K, count),
	    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, which, 0, 1),
	    BPF_STMT(BPF_RET | BPF_K, WHOLE),
	    BPF_STMT(BPF_RET | BPF_K, 0),
	};

	if (family == AF_INET6)
		code[0] = (struct sock_filter)BPF_STMT(BPF_LDX | BPF_W | BPF_IMM, 0);
	return attach(fd, SO_ATTACH_FILTER, code, sizeof(code) / sizeof(code[0]));
}

static void
close_more(struct sockets *more, unsigned count, int kind, int f)
{
	for (unsigned i = 0; i < count; i++) {
		if (more[i].fd[kind][f] >= 0)
			close(more[i].fd[kind][f]);
		more[i].fd[kind][f] = -1;
	}
}

static bool
steer_udp(int first, struct sockets *more, unsigned count, uint8_t family, const struct ip_address *local)
{
	int on = 1, off = 0, f = family_index(family);
	bool good = setsockopt(first, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)) == 0;

	for (unsigned i = 0; i < count && good; i++) {
		more[i].fd[SOCKET_NATT][f] = socket_open_shared(SOCKET_NATT, family, local);
		good = more[i].fd[SOCKET_NATT][f] >= 0;
	}
	if (good && steer_group(first, count + 1))
		return true;
	close_more(more, count, SOCKET_NATT, f);
	setsockopt(first, SOL_SOCKET, SO_REUSEPORT, &off, sizeof(off));
	return false;
}

static bool
steer_raw(int first, struct sockets *more, unsigned count, uint8_t family, const struct ip_address *local)
{
	int f = family_index(family);
	bool good = true;

	for (unsigned i = 0; i < count && good; i++) {
		int fd = more[i].fd[SOCKET_ESP][f] = socket_open_shared(SOCKET_ESP, family, local);

		good = fd >= 0 && filter_raw(fd, family, i + 1, count + 1);
	}
	if (good && filter_raw(first, family, 0, count + 1))
		return true;
	close_more(more, count, SOCKET_ESP, f);
	return false;
}

bool
sockets_steer(const struct sockets *first, struct sockets *more, unsigned count,
	      const struct ip_address *local)
{
	bool all = true;

	memset(more, -1, count * sizeof(*more));
	for (int f = 0; f < 2 && count != 0; f++) {
		uint8_t family = f == 0 ? AF_INET : AF_INET6;
		int natt = first->fd[SOCKET_NATT][f], esp = first->fd[SOCKET_ESP][f];

		all = (natt < 0 || steer_udp(natt, more, count, family, local)) && all;
		all = (esp < 0 || steer_raw(esp, more, count, family, local)) && all;
	}
	return all;
}
