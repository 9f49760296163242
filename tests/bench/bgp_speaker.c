// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A bare BGP speaker with the peers given on the command line: what the bench and the interoperation tests
 * measure, and handy by hand. It prints a JSON line for each change of a session, and at SIGTERM one with
 * what it saw and how long the loop was ever held.
 *
 *   bgp_speaker --asn 65010 --router-id 192.0.2.1 [--port 179] [--install] [--tunnels
 * GROUP,DEVICE[,DEVICE]]...
 *               [--policy FILE] [--network PREFIX]... --peer NAME,LOCAL,REMOTE,ASN[,KEY[=VALUE]]...
 *
 * --install brings what it chooses into the kernel's table, as the gateway does; peers with `group` and
 * `member` are then those of a connection whose tunnels' devices --tunnels names. --policy: rules that hold
 * for all peers (bgp_speaker_policy.h).
 *
 * Keys of a peer: port, hold, keepalive, max, group, member, lp, med, interface; passive, multihop, networks,
 * peers and groups; paths-in and paths-out=N (RFC 7911).
 */
#include "core/bgp/bgp.h"

#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/base/text.h"
#include "core/routing/routing.h"
#include "tests/bench/bgp_speaker_policy.h"

static struct {
	struct bgp_speaker *speaker;
	struct policy *policies[2]; /* NULL: none */
	struct routing *routing;    /* NULL: nothing is installed */
	bool pending;
	usec_t settled, settled_cpu; /* when the kernel last had all, and the program's processor time then */
	uint64_t changes, best;
	usec_t turn_begin, cpu_begin, longest, longest_cpu;
	uv_signal_t signals[2];
	uv_prepare_t prepare;
	uv_check_t check;
} run;

static void
on_peer_changed(void *context, struct bgp_peer *peer)
{
	struct bgp_peer_status status;
	char remote[IP_ADDRESS_TEXT];

	bgp_peer_status(peer, &status);
	printf("{\"peer\":\"%s\",\"remote\":\"%s\",\"state\":\"%s\",\"hold_s\":%u,\"received\":%llu,"
	       "\"accepted\":%llu,"
	       "\"advertised\":%llu,\"capabilities\":%zu,\"last_error\":\"%u/%u %s\"}\n",
	       status.name, ip_address_format(&status.remote, remote), bgp_state_name(status.state),
	       status.hold_s, (unsigned long long)status.received, (unsigned long long)status.accepted,
	       (unsigned long long)status.advertised, status.capability_count, status.last_error.code,
	       status.last_error.subcode, status.last_error.text);
	fflush(stdout);
}

static void
on_peer_event(void *context, struct bgp_peer *peer, const char *severity, const char *kind, const char *text)
{
	struct bgp_peer_status status;

	bgp_peer_status(peer, &status);
	fprintf(stderr, "%s %s %s: %s\n", severity, kind, status.name, text);
}

static void
on_route_changed(void *context, const struct bgp_change *change)
{
	struct routing_candidate candidate = {.source = ROUTING_BGP};

	run.changes++;
	run.best += change->best != NULL;
	if (run.routing == NULL)
		return;
	if (change->best == NULL || change->best->peer == NULL) {
		routing_withdraw(run.routing, &change->prefix, ROUTING_BGP);
		return;
	}
	candidate.group = change->group;
	candidate.members = change->members;
	candidate.next_hop = change->best->next_hop;
	candidate.backup_group = change->backup_group;
	candidate.backup_members = change->backup_members;
	routing_offer(run.routing, &change->prefix, &candidate);
}

static void
look_at_routes(void)
{
	bool pending = run.routing != NULL && routing_pending(run.routing) != 0;

	if (run.pending && !pending) {
		struct timespec spent;

		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &spent);
		run.settled = clock_monotonic();
		run.settled_cpu = (usec_t)spent.tv_sec * USEC_PER_SEC + spent.tv_nsec / 1000;
	}
	run.pending = pending;
}

static void
on_prepare(uv_prepare_t *prepare)
{
	usec_t held = run.turn_begin != 0 ? clock_monotonic() - run.turn_begin : 0;
	usec_t processor = clock_processor(), spent = run.cpu_begin != 0 ? processor - run.cpu_begin : 0;

	/* A whole turn, with what sockets are served: waiting for them costs no processor time. */
	run.cpu_begin = processor;
	if (spent > run.longest_cpu)
		run.longest_cpu = spent;
	if (held > run.longest)
		run.longest = held;
	look_at_routes();
}

static void
on_check(uv_check_t *check)
{
	run.turn_begin = clock_monotonic();
}

static void
on_signal(uv_signal_t *handle, int number)
{
	if (number == SIGUSR1) {
		printf("{\"route_changes\":%llu,\"paths\":%llu,\"longest_turn_us\":%lld,\"longest_turn_cpu_"
		       "us\":%lld,"
		       "\"pending\":%s,\"settled\":%.6f,\"settled_cpu\":%.6f}\n",
		       (unsigned long long)run.changes, (unsigned long long)bgp_path_count(run.speaker),
		       (long long)run.longest, (long long)run.longest_cpu, run.pending ? "true" : "false",
		       (double)run.settled / USEC_PER_SEC, (double)run.settled_cpu / USEC_PER_SEC);
		fflush(stdout);
		run.longest = run.longest_cpu = 0;
		return;
	}
	bgp_speaker_close(run.speaker);
	routing_close(run.routing);
	policy_release(run.policies[POLICY_IMPORT]);
	policy_release(run.policies[POLICY_EXPORT]);
	for (size_t i = 0; i < COUNT_OF(run.signals); i++)
		uv_close((uv_handle_t *)&run.signals[i], NULL);
	uv_close((uv_handle_t *)&run.prepare, NULL);
	uv_close((uv_handle_t *)&run.check, NULL);
	printf("{\"route_changes\":%llu,\"with_best\":%llu,\"longest_turn_us\":%lld,\"longest_turn_cpu_us\":%"
	       "lld}\n",
	       (unsigned long long)run.changes, (unsigned long long)run.best, (long long)run.longest,
	       (long long)run.longest_cpu);
}

static void
fail(const char *what, const char *text)
{
	fprintf(stderr, "bgp_speaker: %s: %s\n", what, text);
	exit(2);
}

static void
peer_option(struct bgp_peer_config *config, const char *key, const char *value)
{
	static const struct {
		const char *name;
		size_t at;
	} numbers[] = {
	    {"hold", offsetof(struct bgp_peer_config, hold_s)},
	    {"keepalive", offsetof(struct bgp_peer_config, keepalive_s)},
	    {"max", offsetof(struct bgp_peer_config, max_prefixes)},
	    {"group", offsetof(struct bgp_peer_config, group)},
	    {"member", offsetof(struct bgp_peer_config, member)},
	    {"lp", offsetof(struct bgp_peer_config, local_preference)},
	    {"med", offsetof(struct bgp_peer_config, med_out)},
	    {"paths-out", offsetof(struct bgp_peer_config, add_path_send)},
	};
	static const struct {
		const char *name;
		size_t at;
	} flags[] = {
	    {"passive", offsetof(struct bgp_peer_config, passive)},
	    {"multihop", offsetof(struct bgp_peer_config, multihop)},
	    {"networks", offsetof(struct bgp_peer_config, export_networks)},
	    {"peers", offsetof(struct bgp_peer_config, export_peers)},
	    {"groups", offsetof(struct bgp_peer_config, export_groups)},
	    {"paths-in", offsetof(struct bgp_peer_config, add_path_receive)},
	};

	for (size_t i = 0; i < COUNT_OF(numbers); i++) {
		if (value != NULL && strcmp(key, numbers[i].name) == 0) {
			*(uint32_t *)(void *)((char *)config + numbers[i].at) =
			    (uint32_t)strtoul(value, NULL, 10);
			return;
		}
	}
	for (size_t i = 0; i < COUNT_OF(flags); i++) {
		if (strcmp(key, flags[i].name) == 0) {
			*(bool *)((char *)config + flags[i].at) = true;
			return;
		}
	}
	if (value != NULL && strcmp(key, "port") == 0)
		config->port = (uint16_t)strtoul(value, NULL, 10);
	else if (value != NULL && strcmp(key, "interface") == 0)
		config->interface = value;
	else
		fail("no such key of a peer", key);
}

/* NAME,LOCAL,REMOTE,ASN[,KEY[=VALUE]]... */
static void
add_peer(char *text, uint32_t asn)
{
	struct bgp_peer_config config = {.local_asn = asn,
					 .hold_s = 90,
					 .keepalive_s = 30,
					 .local_preference = 100,
					 .med_out = UINT32_MAX};
	struct error err;
	struct bgp_peer *peer;
	char *save, *word = strtok_r(text, ",", &save);

	config.name = word;
	for (unsigned i = 1; (word = strtok_r(NULL, ",", &save)) != NULL; i++) {
		if (i == 1 && strcmp(word, "any") != 0 && !ip_address_parse(word, &config.local))
			fail("not an address", word);
		if (i == 2 && !ip_address_parse(word, &config.remote))
			fail("not an address", word);
		if (i == 3)
			config.remote_asn = (uint32_t)strtoul(word, NULL, 10);
		if (i > 3) {
			char *value = strchr(word, '=');

			if (value != NULL)
				*value++ = '\0';
			peer_option(&config, word, value);
		}
	}
	peer = bgp_peer_add(run.speaker, &config, &err);
	if (peer == NULL)
		fail("peer", err.text);
	bgp_peer_set_policy(peer, run.policies[POLICY_IMPORT], run.policies[POLICY_EXPORT]);
	bgp_peer_start(peer);
}

static void
open_routing(void)
{
	struct routing_options options = {.install = true};
	struct error err;

	run.routing = routing_open(uv_default_loop(), &options, &err);
	if (run.routing == NULL)
		fail("routing", err.text);
}

static void
read_policy(const char *path)
{
	struct error err;

	run.policies[POLICY_IMPORT] = policy_new();
	run.policies[POLICY_EXPORT] = policy_new();
	if (!speaker_policy_read(path, run.policies[POLICY_IMPORT], run.policies[POLICY_EXPORT], &err))
		fail("policy", err.text);
}

/* GROUP,DEVICE[,DEVICE]: the first one carries. */
static void
add_tunnels(char *text)
{
	const char *devices[ROUTING_MEMBERS] = {NULL};
	char *save, *word = strtok_r(text, ",", &save);
	uint32_t group = word != NULL ? (uint32_t)strtoul(word, NULL, 10) : 0;
	unsigned count = 0;
	struct error err;

	while (count < ROUTING_MEMBERS && (word = strtok_r(NULL, ",", &save)) != NULL)
		devices[count++] = word;
	if (!routing_group_add(run.routing, group, "connection", devices, count, &err))
		fail("tunnels", err.text);
	routing_group_set(run.routing, group, 1, (1u << count) - 1);
}

int
main(int argc, char **argv)
{
	static const struct option options[] = {{"asn", required_argument, NULL, 'a'},
						{"router-id", required_argument, NULL, 'r'},
						{"port", required_argument, NULL, 'p'},
						{"network", required_argument, NULL, 'n'},
						{"peer", required_argument, NULL, 'e'},
						{"install", no_argument, NULL, 'i'},
						{"tunnels", required_argument, NULL, 't'},
						{"policy", required_argument, NULL, 'l'},
						{0}};
	struct bgp_speaker_config config = {.asn = 65010,
					    .router_id = 0x0a000001,
					    .events = {.peer_changed = on_peer_changed,
						       .peer_event = on_peer_event,
						       .route_changed = on_route_changed}};
	struct ip_address address;
	struct ip_prefix prefix;
	struct error err;
	int option;

	memory_join_at_once();
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 'a')
			config.asn = (uint32_t)strtoul(optarg, NULL, 10);
		else if (option == 'r' && ip_address_parse(optarg, &address))
			config.router_id = ip_address_to_v4(&address);
		else if (option == 'p')
			config.port = (uint16_t)strtoul(optarg, NULL, 10);
		else if (option == 'i')
			open_routing();
		else if (option == 'l')
			read_policy(optarg);
		else if (option != 'n' && option != 'e' && (option != 't' || run.routing == NULL))
			fail("usage", "see the head of tests/bench/bgp_speaker.c");
	}
	signal(SIGPIPE, SIG_IGN);
	run.speaker = bgp_speaker_open(uv_default_loop(), &config, &err);
	if (run.speaker == NULL)
		fail("open", err.text);
	optind = 1;
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 'e')
			add_peer(optarg, config.asn);
		else if (option == 't')
			add_tunnels(optarg);
		else if (option == 'n' && ip_prefix_parse(optarg, &prefix))
			bgp_network_add(run.speaker, &prefix);
	}
	for (size_t i = 0; i < COUNT_OF(run.signals); i++) {
		uv_signal_init(uv_default_loop(), &run.signals[i]);
		uv_signal_start(&run.signals[i], on_signal, i == 0 ? SIGTERM : SIGUSR1);
	}
	uv_prepare_init(uv_default_loop(), &run.prepare);
	uv_prepare_start(&run.prepare, on_prepare);
	uv_check_init(uv_default_loop(), &run.check);
	uv_check_start(&run.check, on_check);
	uv_run(uv_default_loop(), UV_RUN_DEFAULT);
	uv_loop_close(uv_default_loop());
	return 0;
}
