// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * charon inside this process: its start, its settings, its stop, and the door's functions.
 *
 * Rules that strongSwan 5.9.8 sets, each learnt by trying:
 * - library_init("") reads no file; NULL would read strongswan.conf. load_loggers() is never called, and the
 * library's default hook, which writes to stderr before charon has its own and after it gave it back, is
 * replaced by one that is silent: nothing ever reaches stdout, stderr or syslog.
 * - One charon in a process, for ever: the library keeps globals. Signals are blocked while its threads are
 * made, so that they inherit the mask; the library installs no handler.
 * - initialize() may succeed without a socket. So the port is asked for afterwards.
 * - routing_table 0 and install_routes no keep it out of the routing table (else a rule for table 220
 * appears); roam_events and process_route no: our own routes change all the time and tell charon nothing.
 * - reuse_ikesa no: one IKE_SA for each tunnel, also where identities are equal.
 * - retransmit_tries is without end, every 4 s at most: retransmission is one setting for all tunnels, so
 * that giving up is supervisor.c's, by each tunnel's own time.
 * - close_ike_on_child_failure: an IKE_SA without its child is no use to a tunnel; one way to start again for
 * all.
 * - delete_rekeyed no: it is IKEv1's alone and would delete at once, while the peer's packets come by the old
 * child SA; job_delete_rekeyed() does it after the time that IKEv2's has (delete_rekeyed_delay).
 * - plugins.openssl.load_legacy no: else OpenSSL's legacy provider leaks at the end.
 * - plugins.revocation.enable_ocsp no, and no plugin that fetches: revocation lists come from files only, so
 * that nothing waits for a server while an SA is negotiated.
 * - kernel-netlink writes /proc/sys/net/core/xfrm_acq_expires at its start, for the whole network namespace:
 * it is given the value that stands there.
 * - Where the kernel has the SAs (kernel_sas) charon has sockets of its own, socket-default's: it sets
 * UDP_ENCAP on the one of port 4500, so that the kernel takes ESP out of it, and a policy on each that lets
 * IKE pass whatever else the kernel's policies say; and kernel-netlink hears of limits and moved NAT mappings
 * from the kernel. A plane of that kind would only hand the same packets through.
 * - %N %H %Y %R %P and others become printf specifiers for the whole process: only this room may use them,
 * and no other may print with them by accident.
 */
#include "core/base/file.h"
#include "core/ike/ike_internal.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAMESPACE "twinspan"
#define ACQUIRE_EXPIRES "/proc/sys/net/core/xfrm_acq_expires"
#define ACQUIRE_EXPIRES_DEFAULT 30       /* the kernel's own */
#define JOBS_PATIENCE (5 * USEC_PER_SEC) /* for what charon has begun when it is to stop */

struct ike *the_ike;

/* The plane may call at any time, before charon runs and while it stops. */
static pthread_rwlock_t gate = PTHREAD_RWLOCK_INITIALIZER;
static bool gate_open;

static const struct {
	const char *key;
	bool value;
} switches[] = {
    {"dos_protection", FALSE},
    {"install_routes", FALSE},
    {"install_virtual_ip", FALSE},
    {"reuse_ikesa", FALSE},
    {"delete_rekeyed", FALSE},
    {"close_ike_on_child_failure", TRUE},
    {"check_current_path", FALSE},
    {"follow_redirects", FALSE},
    {"multiple_authentication", FALSE},
    {"send_vendor_id", FALSE},
    {"plugins.openssl.load_legacy", FALSE},
    {"plugins.revocation.enable_ocsp", FALSE},
    {"hash_and_url", FALSE},
    {"plugins.kernel-netlink.roam_events", FALSE},
    {"process_route", FALSE},
};

static const struct {
	const char *key;
	int value;
} numbers[] = {
    {"threads", 16},
    {"ikesa_table_size", 1024},
    {"ikesa_table_segments", 16},
    {"init_limit_half_open", 0},
    {"routing_table", 0},
    {"port", 500},
    {"port_nat_t", 4500},
    {"delete_rekeyed_delay", DELETE_REKEYED_DELAY_S},
    {"half_open_timeout", 30},
    {"retransmit_tries", 100000},
    {"retransmit_limit", 4},
    {"retransmit_jitter", 10},
};

static const char plugins[] =
    "random nonce openssl drbg gcm hmac kdf sha1 sha2 aes pem pkcs1 pkcs8 x509 pubkey "
    "constraints revocation curve25519 kernel-netlink";

/* --- addresses
 * ------------------------------------------------------------------------------------------------- */

struct ip_address
address_of_host(host_t *host)
{
	struct ip_address address = {0};

	if (host && !host->is_anyaddr(host))
		ip_address_from_sockaddr(host->get_sockaddr(host), &address, NULL);
	return address;
}

struct ip_address
address_of_chunk(chunk_t chunk)
{
	struct ip_address address = {0};

	if (chunk.len == 4 || chunk.len == 16) {
		address.family = chunk.len == 4 ? AF_INET : AF_INET6;
		memcpy(address.bytes, chunk.ptr, chunk.len);
	}
	return address;
}

host_t *
host_of_address(const struct ip_address *address, uint16_t port)
{
	struct sockaddr_storage storage;

	if (!ip_address_to_sockaddr(address, port, &storage))
		return host_create_any(AF_INET);
	return host_create_from_sockaddr((struct sockaddr *)&storage);
}

/* --- start
 * ----------------------------------------------------------------------------------------------------- */

static void
silence(debug_t group, level_t level, char *format, ...)
{
}

/* Seconds that the kernel keeps an SPI which was only allocated. */
static int
acquire_expires(void)
{
	size_t length;
	char *text = file_read(ACQUIRE_EXPIRES, 32, &length, NULL);
	int seconds = text ? atoi(text) : 0;

	free(text);
	return seconds > 0 ? seconds : ACQUIRE_EXPIRES_DEFAULT;
}

/* The whole key goes in as the format: dots in an argument would be taken for part of a name. */
static void
apply_settings(void)
{
	char key[128];

	for (size_t i = 0; i < COUNT_OF(switches); i++) {
		snprintf(key, sizeof(key), NAMESPACE ".%s", switches[i].key);
		lib->settings->set_bool(lib->settings, key, switches[i].value);
	}
	for (size_t i = 0; i < COUNT_OF(numbers); i++) {
		snprintf(key, sizeof(key), NAMESPACE ".%s", numbers[i].key);
		lib->settings->set_int(lib->settings, key, numbers[i].value);
	}
	lib->settings->set_int(lib->settings, NAMESPACE ".plugins.kernel-netlink.xfrm_acq_expires",
			       acquire_expires());
	lib->settings->set_double(lib->settings, NAMESPACE ".retransmit_timeout", 1.0);
	lib->settings->set_double(lib->settings, NAMESPACE ".retransmit_base", 1.5);
}

static bool
start_library(struct ike *ike, struct error *err)
{
	dbg = silence;
	if (!library_init("", NAMESPACE)) {
		library_deinit();
		return error_set(err, "libstrongswan does not start: its files may be damaged");
	}
	ike->library = true;
	ike->daemon = true; /* also where it fails: deinit must undo what it did */
	if (!libcharon_init())
		return error_set(err, "libcharon does not start: its files may be damaged");
	return layout_check_running(err);
}

static bool
start_daemon(struct ike *ike, struct error *err)
{
	char list[sizeof(plugins) + 32];
	const char *socket_plugin = "";

	charon->bus->add_logger(charon->bus, &ike->logger);
	charon->bus->add_listener(charon->bus, &ike->listener);
	apply_settings();
	if (ike->options.ops->kernel_sas) {
		socket_plugin = " socket-default";
	} else {
		kernel_adaptor_register(ike);
		socket_adaptor_register(ike);
	}
	snprintf(list, sizeof(list), "%s%s", plugins, socket_plugin);
	if (!charon->initialize(charon, list))
		return error_set(
		    err, "charon does not start: a plugin of strongSwan is missing (install "
			 "libstrongswan-standard-plugins, "
			 "libstrongswan-extra-plugins, strongswan-libcharon and libcharon-extra-plugins)");
	if (charon->socket->get_port(charon->socket, FALSE) != 500)
		return error_set(
		    err, "charon has no socket on UDP 500: another IKE daemon runs, or the capability "
			 "CAP_NET_BIND_SERVICE or CAP_NET_ADMIN is missing");
	lib->credmgr->add_set(lib->credmgr, &ike->credential_set);
	ike->credentials_added = true;
	charon->backends->add_backend(charon->backends, &ike->backend);
	ike->backend_added = true;
	return true;
}

static void
start_threads(struct ike *ike)
{
	sigset_t all, before;

	sigfillset(&all);
	/* Faults must still be delivered to the thread that makes them. */
	sigdelset(&all, SIGSEGV);
	sigdelset(&all, SIGBUS);
	sigdelset(&all, SIGFPE);
	sigdelset(&all, SIGILL);
	sigdelset(&all, SIGABRT);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	supervisor_start(ike);
	charon->start(charon);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}

static void
open_gate(bool open)
{
	pthread_rwlock_wrlock(&gate);
	gate_open = open;
	pthread_rwlock_unlock(&gate);
}

struct ike *
ike_open(uv_loop_t *loop, const struct ike_options *options, struct error *err)
{
	struct ike *ike;

	if (the_ike) {
		error_set(err, "IKE runs already in this process");
		return NULL;
	}
	if (!ike_check_layout(err))
		return NULL;
	ike = memory_zeroed(1, sizeof(*ike));
	ike->options = *options;
	pthread_mutex_init(&ike->lock, NULL);
	configs_init(ike);
	credentials_init(ike);
	listener_init(ike);
	the_ike = ike;
	if (!events_open(&ike->queue, loop, ike, err) || !start_library(ike, err) ||
	    !start_daemon(ike, err)) {
		ike_close(ike);
		return NULL;
	}
	start_threads(ike);
	if (!options->ops->kernel_sas)
		open_gate(true);
	return ike;
}

/* --- stop
 * ------------------------------------------------------------------------------------------------------ */

static void
free_tunnels(struct ike *ike)
{
	struct tunnel *tunnel;

	for (;;) {
		pthread_mutex_lock(&ike->lock);
		tunnel = tunnel_next(ike, NULL);
		if (tunnel)
			tunnel_take_out(ike, tunnel);
		pthread_mutex_unlock(&ike->lock);
		if (!tunnel)
			return;
		tunnel_free(ike, tunnel);
	}
}

/*
 * No thread may be giving up an SA when charon takes them all: ike_sa_manager's flush waits at an SA for who
 * has it, and who destroys that SA waits for all who wait at it (seen with 5.9.8). The threads end with their
 * job; what is queued behind is freed unworked.
 */
static void
end_jobs(void)
{
	static const struct timespec nap = {.tv_nsec = 1000000};
	static const job_priority_t priorities[] = {JOB_PRIO_HIGH, JOB_PRIO_MEDIUM, JOB_PRIO_LOW};
	usec_t limit = clock_monotonic() + JOBS_PATIENCE;
	unsigned working = 1;

	lib->processor->set_threads(lib->processor, 0);
	while (working && clock_monotonic() < limit) {
		working = 0;
		for (unsigned i = 0; i < countof(priorities); i++)
			working += lib->processor->get_working_threads(lib->processor, priorities[i]);
		if (working)
			nanosleep(&nap, NULL);
	}
}

static void
free_tracks(struct ike *ike)
{
	for (unsigned bucket = 0; bucket < BUCKETS; bucket++)
		while (ike->tracks[bucket])
			track_free(ike, ike->tracks[bucket]);
}

void
ike_close(struct ike *ike)
{
	if (!ike)
		return;
	open_gate(false);
	pthread_mutex_lock(&ike->lock);
	ike->closing = true;
	pthread_mutex_unlock(&ike->lock);
	if (ike->backend_added)
		charon->backends->remove_backend(charon->backends, &ike->backend);
	if (ike->credentials_added)
		lib->credmgr->remove_set(lib->credmgr, &ike->credential_set);
	if (ike->daemon)
		end_jobs();
	/* Before the plugins go: certificates and keys are made of their code. */
	free_tunnels(ike);
	if (ike->daemon)
		libcharon_deinit();
	free_tracks(ike);
	kernel_adaptor_forget();
	if (ike->library)
		library_deinit();
	events_close(&ike->queue);
	pthread_mutex_destroy(&ike->lock);
	the_ike = NULL;
	free(ike);
}

/* --- the plane's calls
 * ----------------------------------------------------------------------------------------- */

void
ike_plane_message(void *unused, const struct ip_address *from, uint16_t from_port,
		  const struct ip_address *to, uint16_t to_port, const uint8_t *message, size_t length)
{
	pthread_rwlock_rdlock(&gate);
	if (gate_open)
		socket_adaptor_message(from, from_port, to, to_port, message, length);
	pthread_rwlock_unlock(&gate);
}

void
ike_plane_sa_limit(void *unused, uint32_t spi, const struct ip_address *destination, bool hard)
{
	pthread_rwlock_rdlock(&gate);
	if (gate_open)
		kernel_adaptor_limit(spi, destination, hard);
	pthread_rwlock_unlock(&gate);
}

void
ike_plane_source_moved(void *unused, uint32_t spi, const struct ip_address *from, uint16_t from_port)
{
	pthread_rwlock_rdlock(&gate);
	if (gate_open)
		kernel_adaptor_moved(spi, from, from_port);
	pthread_rwlock_unlock(&gate);
}

/* --- tunnels
 * --------------------------------------------------------------------------------------------------- */

static void
plan_now(struct ike *ike, struct tunnel *tunnel)
{
	tunnel->failures = 0;
	tunnel->next_try_at = clock_monotonic();
	supervise_soon(ike);
}

static void
close_sas(struct tunnel *tunnel)
{
	for (struct track *track = tunnel->tracks; track; track = track->sibling)
		track_close(track, DEED_DELETE);
}

bool
ike_tunnel_add(struct ike *ike, const struct ike_tunnel *from, struct error *err)
{
	struct tunnel *tunnel = tunnel_build(ike, from, err);
	bool known;

	if (!tunnel)
		return false;
	pthread_mutex_lock(&ike->lock);
	known = tunnel_find(ike, tunnel->id) != NULL;
	if (!known) {
		tunnel_insert(ike, tunnel);
		if (tunnel->wanted)
			plan_now(ike, tunnel);
	}
	pthread_mutex_unlock(&ike->lock);
	if (!known)
		return true;
	tunnel_free(ike, tunnel);
	return error_set(err, "tunnel %s: the id %u is in use", from->name, from->id);
}

void
ike_tunnel_remove(struct ike *ike, uint32_t id)
{
	struct tunnel *tunnel;

	pthread_mutex_lock(&ike->lock);
	tunnel = tunnel_find(ike, id);
	if (tunnel) {
		close_sas(tunnel);
		tunnel_take_out(ike, tunnel);
	}
	pthread_mutex_unlock(&ike->lock);
	/* What is posted of a tunnel is posted under the lock: from here on there is nothing more. */
	events_forget(ike, id);
	tunnel_free(ike, tunnel);
}

bool
ike_tunnel_certify(struct ike *ike, uint32_t id, const struct ike_certificate *certificate, struct error *err)
{
	struct credentials *credentials = credentials_get(ike, certificate, err), *before = credentials;
	struct tunnel *tunnel;

	if (!credentials)
		return false;
	pthread_mutex_lock(&ike->lock);
	tunnel = tunnel_find(ike, id);
	if (tunnel && tunnel->credentials) {
		before = tunnel->credentials;
		tunnel->credentials = credentials;
	}
	pthread_mutex_unlock(&ike->lock);
	credentials_put(ike, before);
	return true;
}

/* Has it a child that nobody has asked to go? */
static bool
is_kept(const struct tunnel *tunnel)
{
	const struct track *track = tunnel->child_count ? tunnel->tracks : NULL;

	while (track && (track->ours_to_close || !track->carried))
		track = track->sibling;
	return track != NULL;
}

void
ike_tunnel_up(struct ike *ike, uint32_t id)
{
	struct tunnel *tunnel;

	pthread_mutex_lock(&ike->lock);
	tunnel = tunnel_find(ike, id);
	if (tunnel) {
		tunnel->refused = false;
		tunnel->wanted = tunnel->initiate;
		tunnel->once = !tunnel->initiate && ip_address_is_set(&tunnel->remote) && !is_kept(tunnel);
		if (!tunnel->child_count && (tunnel->wanted || tunnel->once))
			plan_now(ike, tunnel);
	}
	pthread_mutex_unlock(&ike->lock);
}

void
ike_tunnel_down(struct ike *ike, uint32_t id)
{
	struct tunnel *tunnel;

	pthread_mutex_lock(&ike->lock);
	tunnel = tunnel_find(ike, id);
	if (tunnel) {
		tunnel->refused = true;
		tunnel->wanted = tunnel->once = false;
		tunnel->next_try_at = 0;
		close_sas(tunnel);
	}
	pthread_mutex_unlock(&ike->lock);
}

bool
ike_tunnel_rekey(struct ike *ike, uint32_t id)
{
	struct tunnel *tunnel;
	const struct track *chosen = NULL;
	bool being_rekeyed = false;

	pthread_mutex_lock(&ike->lock);
	tunnel = tunnel_find(ike, id);
	for (struct track *track = tunnel ? tunnel->tracks : NULL; track; track = track->sibling) {
		if (!track->established || track->ours_to_close || track->state == IKE_DELETING ||
		    track->state == IKE_DESTROYING)
			continue;
		if (track->state != IKE_ESTABLISHED)
			being_rekeyed = true;
		else if (!chosen || track->unique_id > chosen->unique_id)
			chosen = track;
	}
	if (chosen)
		job_sa(chosen->unique_id, DEED_REKEY);
	else if (being_rekeyed)
		tunnel->rekey_again = true;
	pthread_mutex_unlock(&ike->lock);
	return chosen || being_rekeyed;
}

void
ike_tunnel_probe(struct ike *ike, uint32_t id)
{
	struct tunnel *tunnel;

	pthread_mutex_lock(&ike->lock);
	tunnel = tunnel_find(ike, id);
	for (struct track *track = tunnel ? tunnel->tracks : NULL; track; track = track->sibling)
		supervise_doubt(track);
	pthread_mutex_unlock(&ike->lock);
}
