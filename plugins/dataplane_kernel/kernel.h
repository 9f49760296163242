// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The kernel's data plane: strongSwan's kernel-netlink installs SAs and policies, this plane makes the
 * interface of each tunnel that they belong to, counts, and clears what a killed run left behind.
 *
 * An XFRM interface (Linux 4.19) chooses the policies and SAs that carry its if_id; nothing else does, so
 * that two tunnels with 0.0.0.0/0 never quarrel. Where a kernel has none there is VTI: the same by a mark,
 * but inbound packets find their interface by the outside addresses, so that two tunnels can't have the same
 * pair.
 *
 * What is ours is told by two things that survive a SIGKILL: the interfaces' alias (ALIAS), and the SAs' and
 * policies' reqid, which is the tunnel's id, beside the if_id that goes with it. Nothing is ever flushed.
 *
 * Threads: the operations are called from the loop and from IKE's threads; `mutex` guards tunnels and the two
 * sockets. Who removes a tunnel has sockets of his own. One thread of the plane's own reads the SAs'
 * statistics once a second (counters.c).
 */
#ifndef TWINSPAN_DATAPLANE_KERNEL_H
#define TWINSPAN_DATAPLANE_KERNEL_H

#include <linux/if_link.h>
#include <linux/xfrm.h>
#include <pthread.h>
#include <stdatomic.h>

#include "core/base/clock.h"
#include "core/base/netlink.h"
#include "core/dataplane.h"

#define TUNNEL_SLOTS 65536
#define ALIAS "twinspan tunnel " /* and its id */
#define REQUEST_BYTES 1024       /* room for any request of this plane */

/* --- messages.c: what the kernel tells --------------------------------------------------------- */

struct link_seen {
	int ifindex;
	uint32_t group;
	bool ours;       /* by its alias */
	uint32_t tie_id; /* if_id or mark; 0: an interface of another kind */
};

struct sa_seen {
	xfrm_address_t destination;
	uint32_t spi; /* network order */
	uint8_t protocol;
	uint16_t family;
	uint32_t reqid, if_id;
	struct xfrm_mark mark;
	uint64_t sequence; /* the highest that came in; 0: outbound, none yet, or no replay window */
	uint64_t packets;
	uint32_t replayed, forged;
};

struct policy_seen {
	struct xfrm_selector selector;
	uint8_t direction;
	uint32_t reqid; /* of its first template; 0: it has none */
	uint32_t if_id;
	struct xfrm_mark mark;
};

/* Packets that belong to no tunnel's interface, of the whole network namespace (/proc/net/xfrm_stat). */
struct machine_counters {
	uint64_t no_sa;    /* no SA has the SPI */
	uint64_t selector; /* an inbound policy refuses what was decrypted */
	uint64_t other;    /* any other error of the input path */
};

/** Each is false where the message is of another kind or too short. */
bool message_read_link(const struct nlmsghdr *message, struct link_seen *out);
bool message_read_statistics(const struct nlmsghdr *message, struct rtnl_link_stats64 *out);
bool message_read_sa(const struct nlmsghdr *message, struct sa_seen *out);
bool message_read_policy(const struct nlmsghdr *message, struct policy_seen *out);
/** Packets that a queueing discipline dropped. */
bool message_read_dropped(const struct nlmsghdr *message, uint64_t *out);
/** Reads the text of /proc/net/xfrm_stat. */
void machine_counters_read(const char *text, struct machine_counters *out);

/* --- link.c: interfaces ------------------------------------------------------------------------ */

struct link_wish {
	const char *name, *kind; /* "xfrm", "vti" or "vti6" */
	uint32_t tie_id;         /* if_id; of a VTI its mark */
	struct ip_address local, remote;
};

/** Makes it, down and without our mark. 0 or a negative errno. */
int link_create(struct netlink *route, const struct link_wish *wish);
/** Marks it as ours, sets its MTU and group, and sets it up without any address. 0 or a negative errno. */
int link_finish(struct netlink *route, int ifindex, uint32_t tunnel, uint32_t mtu, uint32_t group);
/** One interface, and all of a device group. 0 or a negative errno. */
int link_remove(struct netlink *route, int ifindex);
int link_remove_group(struct netlink *route, uint32_t group);
/** What the interface has counted since it was made. 0 or a negative errno. */
int link_statistics(struct netlink *route, int ifindex, struct rtnl_link_stats64 *out);
/** All that leaves by it vanishes without a trace, or no longer does; link_vanished counts it. */
int link_silence(struct netlink *route, int ifindex, bool silent);
/** Packets that left by it while it was silent. */
uint64_t link_vanished(struct netlink *route, int ifindex);

/* --- clamp.c: TCP's MSS ------------------------------------------------------------------------ */

/** Opens `netfilter` and has the kernel clamp what is forwarded by interfaces of the device group, for as
 * long as that socket is open. False where it can't; the socket is closed then. */
bool clamp_open(struct netlink *netfilter, uint32_t group, struct error *err);

/* --- own.c: the two gateways' own packets -------------------------------------------------------- */

struct own {
	struct ip_address address[2], peer[DATAPLANE_PEERS]; /* as of struct dataplane_inside */
	int in, out;                                         /* packet sockets; -1: there is none */
	uint64_t rx, tx;                                     /* packets */
	uint64_t refused; /* by the interface, as of the last reading: whose they were is not known */
};

/* Packet sockets that no tunnel has now. */
struct own_idle {
	int *fds;
	size_t count;
};

/** What is not set matches nothing; its sockets are not open. */
void own_init(struct own *own);
/** Counts from now on, on another interface too; nothing where no address is set. What was counted stands.
 * `idle`: where sockets come from, and go. `refused`: packets that the interface has refused to send so far.
 */
void own_watch(struct own *own, struct own_idle *idle, int ifindex, uint64_t refused);
/** Adds up what came and went since the last time; `silent`: what came in is hidden. `refused` as above, read
 * just before. */
void own_read(struct own *own, bool silent, uint64_t refused);
/** Counts no more. */
void own_leave(struct own *own, struct own_idle *idle);
/** Closes them, which takes tens of milliseconds. */
void own_idle_close(struct own_idle *idle);

/* --- leftovers.c ------------------------------------------------------------------------------- */

/** What ties SAs and policies to an interface here. */
struct tie {
	uint32_t id;
	bool mark; /* XFRMA_MARK (VTI), else XFRMA_IF_ID */
};

/** Removes the SAs and policies of an interface; with `reqid` only those that have it or no template. */
void tie_clear(struct netlink *xfrm, const struct tie *tie, uint32_t reqid);
/** Puts policies in the way that refuse what comes in by an interface, or takes them away. 0 or a negative
 * errno. */
int tie_block(struct netlink *xfrm, const struct tie *tie, bool blocked);
/** Removes interfaces, policies and SAs that an earlier run left. Returns the number of interfaces. */
unsigned leftovers_clear(struct netlink *route, struct netlink *xfrm, uint32_t interface_ids);

/* --- probe.c ----------------------------------------------------------------------------------- */

/** See struct dataplane_ops' probe; `vti` (may be NULL): only VTI is there. */
enum dataplane_fit kernel_probe(bool *vti, struct error *why);
/** UDP 500 and 4500 are free for IKE. */
bool ports_probe(struct error *err);

/* --- tunnel.c, counters.c ---------------------------------------------------------------------- */

struct sa_figures {
	uint32_t spi;
	xfrm_address_t destination;
	uint32_t replayed, forged;
	int64_t lost;
	bool seen;
};

struct tunnel {
	uint32_t id, mtu;
	struct tie tie;
	char name[16];
	int ifindex;
	struct ip_address local, remote; /* of a VTI */
	bool silent;

	struct rtnl_link_stats64 now;    /* the interface's, as last read */
	struct dataplane_counters kept;  /* of interfaces before this one, and of what silence hid from it */
	struct rtnl_link_stats64 hidden; /* `now` when silence began: rx_* stand still there */
	uint64_t last_rx, last_tx;
	uint64_t vanished; /* what left the interface while it is silent, as last read */
	struct own own;
	uint64_t rx_user, tx_user, last_rx_user; /* packets that are not our own */
	uint64_t errors, errors_kept;            /* rx_errors in all; and of interfaces before this one */
	uint64_t replayed, forged, malformed;
	int64_t lost;
	struct sa_figures *sas; /* that were there when last looked at */
	size_t sa_count;
};

struct dataplane {
	char prefix[11];
	uint32_t interface_ids, group;
	bool vti;
	unsigned cleared;         /* interfaces of an earlier run */
	struct netlink netfilter; /* has TCP's MSS clamped */
	struct error unclamped;   /* why it is not; empty: it is */

	pthread_mutex_t mutex;
	struct netlink route, xfrm;
	struct own_idle idle;
	struct tunnel *tunnels[TUNNEL_SLOTS];
	_Atomic uint32_t highest; /* id there ever was */
	struct machine_counters machine, machine_at_start;

	pthread_mutex_t removing; /* guards these two */
	struct netlink remover_route, remover_xfrm;

	pthread_t counter;
	bool counting, stopping;
	pthread_cond_t wake;
	struct netlink counter_xfrm; /* the counting thread's own */
};

extern const struct dataplane_ops kernel_ops;

/* Of struct dataplane_ops (core/dataplane.h): tunnel.c. */
bool plane_tunnel_add(struct dataplane *plane, const struct dataplane_tunnel *wanted, char interface[16],
		      struct error *err);
bool plane_tunnel_kernel_sa(struct dataplane *plane, uint32_t id, struct dataplane_kernel_sa *out);
bool plane_tunnel_renew(struct dataplane *plane, uint32_t id, uint32_t mtu, struct error *err);
void plane_tunnel_remove(struct dataplane *plane, uint32_t id);
void plane_tunnel_inside(struct dataplane *plane, uint32_t id, const struct dataplane_inside *inside);
void plane_tunnel_silence(struct dataplane *plane, uint32_t id, bool silent);
void plane_tunnels_close(struct dataplane *plane);
/** With the mutex held; NULL where there is none. */
struct tunnel *plane_tunnel(struct dataplane *plane, uint32_t id);

/** Of struct dataplane_ops too: counters.c. */
bool plane_tunnel_counters(struct dataplane *plane, uint32_t id, struct dataplane_counters *out);
/** Reads the interface's figures; with the mutex held. */
void tunnel_read(struct dataplane *plane, struct tunnel *tunnel);
/** Packets that the interface took and did not send, as of that reading; those that are too long aside. */
uint64_t tunnel_refused(const struct tunnel *tunnel);
/** Packets that left while it is silent: for whoever counts they were sent. With the mutex held. */
uint64_t tunnel_vanished(struct dataplane *plane, struct tunnel *tunnel);
/** The interface that they are of goes: they are kept. */
void tunnel_keep_figures(struct tunnel *tunnel);
/** False where this kernel does not tell them. */
bool machine_read(struct machine_counters *out);
/** The thread that reads the SAs' drops once a second; false with an error. / Ends it and waits for it. */
bool counters_start(struct dataplane *plane, struct error *err);
void counters_stop(struct dataplane *plane);

#endif
