// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A bare BGP speaker with the peers given on the command line: what the bench and the interoperation tests
 * measure, and handy by hand. It prints a JSON line for each change of a session, and at SIGTERM one with
 * what it saw and how long the loop was ever held.
 *
 *   bgp_speaker --asn 65010 --router-id 192.0.2.1 [--port 179] [--network PREFIX]... --peer
 * NAME,LOCAL,REMOTE,ASN[,KEY[=VALUE]]...
 *
 * Keys of a peer: port, hold, keepalive, max, group, member, lp, med, interface; passive, multihop, networks,
 * peers and groups.
 */
#include "core/bgp/bgp.h"

#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"

static struct {
	struct bgp_speaker *speaker;
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
	run.changes++;
	run.best += change->best != NULL;
}

static void
on_prepare(uv_prepare_t *prepare)
{
	usec_t held = run.turn_begin != 0 ? clock_monotonic() - run.turn_begin : 0;
	usec_t spent = run.turn_begin != 0 ? clock_processor() - run.cpu_begin : 0;

	if (spent > run.longest_cpu)
		run.longest_cpu = spent;

	if (held > run.longest)
		run.longest = held;
}

static void
on_check(uv_check_t *check)
{
	run.turn_begin = clock_monotonic();
	run.cpu_begin = clock_processor();
}

static void
on_signal(uv_signal_t *handle, int number)
{
	if (number == SIGUSR1) {
		printf("{\"route_changes\":%llu,\"longest_turn_us\":%lld,\"longest_turn_cpu_us\":%lld}\n",
		       (unsigned long long)run.changes, (long long)run.longest, (long long)run.longest_cpu);
		fflush(stdout);
		run.longest = run.longest_cpu = 0;
		return;
	}
	bgp_speaker_close(run.speaker);
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
	bgp_peer_start(peer);
}

int
main(int argc, char **argv)
{
	static const struct option options[] = {
	    {"asn", required_argument, NULL, 'a'},  {"router-id", required_argument, NULL, 'r'},
	    {"port", required_argument, NULL, 'p'}, {"network", required_argument, NULL, 'n'},
	    {"peer", required_argument, NULL, 'e'}, {0}};
	struct bgp_speaker_config config = {.asn = 65010,
					    .router_id = 0x0a000001,
					    .events = {.peer_changed = on_peer_changed,
						       .peer_event = on_peer_event,
						       .route_changed = on_route_changed}};
	struct ip_address address;
	struct ip_prefix prefix;
	struct error err;
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 'a')
			config.asn = (uint32_t)strtoul(optarg, NULL, 10);
		else if (option == 'r' && ip_address_parse(optarg, &address))
			config.router_id = ip_address_to_v4(&address);
		else if (option == 'p')
			config.port = (uint16_t)strtoul(optarg, NULL, 10);
		else if (option != 'n' && option != 'e')
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
