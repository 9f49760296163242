// SPDX-License-Identifier: GPL-2.0-or-later
/* See end.h. */
#include "tests/unit/ike/end.h"

#include <dlfcn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/file.h"
#include "core/base/paths.h"
#include "core/ike/ike.h"
#include "core/plugin.h"
#include "tests/unit/ike/plane.h"

static uv_loop_t loop;
static uv_poll_t input;
static struct ike *ike;
static struct dataplane *plane;
static const struct dataplane_ops *ops = &test_plane_ops;
static char pending[8192];
static size_t pending_length;
static bool quiet;
static struct ip_prefix selectors[2]; /* of the tunnel that is being added */

static const char *const kinds[] = {"connecting",  "ike_up",        "child_up",    "child_down", "ike_down",
				    "ike_rekeyed", "child_rekeyed", "retransmit",  "failed",     "peer_dead",
				    "peer_alive",  "key_taken",     "key_refused", "log"};
_Static_assert(COUNT_OF(kinds) == IKE_EVENT_LOG + 1, "a name for each kind of event");

static void
say(const char *format, ...)
{
	char line[4096];
	va_list args;
	int length;

	va_start(args, format);
	length = vsnprintf(line, sizeof(line) - 1, format, args);
	va_end(args);
	if (length > (int)sizeof(line) - 2)
		length = sizeof(line) - 2;
	line[length++] = '\n';
	if (write(STDOUT_FILENO, line, (size_t)length) < 0)
		exit(1);
}

static const char *
in_one_line(const char *lines)
{
	static char line[sizeof(((struct ike_failure *)NULL)->evidence)];

	snprintf(line, sizeof(line), "%s", lines);
	for (char *at = line; (at = strchr(at, '\n'));)
		*at = '|';
	return line;
}

/* What is told to be up has its figures by then: an end never stops with this line said (pair.c). */
static void
look_for_gaps(uint32_t tunnel)
{
	struct ike_status s;

	if (!ike_tunnel_status(ike, tunnel, &s))
		return;
	if ((s.child_up &&
	     (s.child_state[0] == '\0' || s.spi_in == 0 || s.spi_out == 0 || s.esp_proposal[0] == '\0')) ||
	    (s.ike_up && (s.ike_state[0] == '\0' || s.version == 0)))
		say("incomplete status %u", tunnel);
}

static void
on_event(void *context, const struct ike_event *event)
{
	if (event->kind != IKE_EVENT_LOG)
		look_for_gaps(event->tunnel);
	if (event->kind == IKE_EVENT_LOG && quiet)
		return;
	say("event %s %u code=%s peer=%d count=%u text=%s", kinds[event->kind], event->tunnel, event->code,
	    event->by_peer, event->count, event->text);
	if (event->kind != IKE_EVENT_FAILED)
		return;
	say("known %u hint=<%s> ours=<%s> theirs=<%s> evidence=<%s>", event->tunnel, event->hint,
	    event->failure ? event->failure->ours : "", event->failure ? event->failure->theirs : "",
	    event->failure ? in_one_line(event->failure->evidence) : "");
}

/* What a certificate is made of stands in files of a folder: NAME.cert, NAME.key, CA.cert, CA.crl, as DER. */
static struct octets
read_der(const char *folder, const char *name, const char *ending)
{
	char path[512];
	struct octets octets = {0};
	struct error err;
	char *bytes;

	snprintf(path, sizeof(path), "%s/%s.%s", folder, name, ending);
	bytes = file_read(path, 100000, &octets.length, &err);
	octets.bytes = (uint8_t *)bytes;
	return octets;
}

static struct octets chain, authority, crl;
static struct ike_certificate certificate;

static void
free_certificate(void)
{
	octets_free(&certificate.certificate);
	octets_free(&certificate.key);
	octets_free(&chain);
	octets_free(&authority);
	octets_free(&crl);
	certificate = (struct ike_certificate){0};
}

/* "FOLDER,NAME,CA[,crl|-[,INTERMEDIATE]]" */
static void
read_certificate(const char *value)
{
	size_t tail = strlen(value) > 63 ? strlen(value) - 63 : 0;
	char folder[256] = "", name[64] = "", ca[64] = "", list[64] = "", between[64] = "";

	sscanf(value, "%255[^,],%63[^,],%63[^,],%63[^,],%63[^,]", folder, name, ca, list, between);
	free_certificate();
	certificate = (struct ike_certificate){.certificate = read_der(folder, name, "cert"),
					       .key = read_der(folder, name, "key"),
					       .authorities = &authority,
					       .authority_count = 1,
					       .chain = &chain,
					       .crls = &crl};
	authority = read_der(folder, ca, "cert");
	crl = read_der(folder, ca, "crl");
	certificate.crl_count = strcmp(list, "crl") == 0;
	chain = read_der(folder, between, "cert");
	certificate.chain_count = *between != '\0';
	snprintf((char *)certificate.digest, sizeof(certificate.digest), "%s", value + tail);
}

static void
set_key(struct ike_tunnel *tunnel, struct text_list *proposals[2], const char *key, const char *value)
{
	const struct {
		const char *key;
		uint32_t *number;
	} numbers[] = {{"dpd", &tunnel->dpd_interval_s},
		       {"dpd_timeout", &tunnel->dpd_timeout_s},
		       {"ike_life", &tunnel->ike_lifetime_s},
		       {"esp_life", &tunnel->esp_lifetime_s}};

	for (size_t i = 0; i < COUNT_OF(numbers); i++)
		if (strcmp(key, numbers[i].key) == 0)
			*numbers[i].number = (uint32_t)strtoul(value, NULL, 10);
	if (strcmp(key, "local") == 0)
		ip_address_parse(value, &tunnel->local);
	else if (strcmp(key, "remote") == 0)
		ip_address_parse(value, &tunnel->remote);
	else if (strcmp(key, "local_id") == 0)
		tunnel->local_id = value;
	else if (strcmp(key, "remote_id") == 0)
		tunnel->remote_id = value;
	else if (strcmp(key, "psk") == 0) {
		tunnel->psk = (const uint8_t *)value;
		tunnel->psk_length = strlen(value);
	} else if (strcmp(key, "certificate") == 0) {
		read_certificate(value);
		tunnel->certificate = &certificate;
	} else if (strcmp(key, "version") == 0)
		tunnel->version = (unsigned)atoi(value);
	else if (strcmp(key, "ike") == 0)
		text_list_add(proposals[0], value);
	else if (strcmp(key, "esp") == 0)
		text_list_add(proposals[1], value);
	else if (strcmp(key, "initiate") == 0)
		tunnel->initiate = atoi(value);
	else if (strcmp(key, "encap") == 0)
		tunnel->encap = atoi(value);
	else if (strcmp(key, "restart") == 0)
		tunnel->dpd_action = atoi(value) ? IKE_DPD_RESTART : IKE_DPD_CLEAR;
	else if (strcmp(key, "leave") == 0)
		tunnel->dpd_action = atoi(value) ? IKE_DPD_NONE : IKE_DPD_CLEAR;
	else if (strcmp(key, "ts") == 0 && ip_prefix_parse(value, &selectors[0])) {
		tunnel->local_selectors = &selectors[0];
		tunnel->local_selector_count = 1;
	} else if (strcmp(key, "remote_ts") == 0 && ip_prefix_parse(value, &selectors[1])) {
		tunnel->remote_selectors = &selectors[1];
		tunnel->remote_selector_count = 1;
	} else if (strcmp(key, "v6") == 0)
		tunnel->inside_v6 = atoi(value);
}

static void
add(uint32_t id, const char *name, char *rest)
{
	struct text_list ike_proposals = {0}, esp_proposals = {0},
			 *lists[] = {&ike_proposals, &esp_proposals};
	struct ike_tunnel tunnel = {.id = id,
				    .name = name,
				    .psk = (const uint8_t *)"secret",
				    .psk_length = 6,
				    .version = 2,
				    .ike_lifetime_s = 28800,
				    .esp_lifetime_s = 3600,
				    .replay_window = 1024,
				    .dpd_interval_s = 10,
				    .dpd_timeout_s = 30};
	struct error err = {0};
	char *save = NULL;

	for (char *word = strtok_r(rest, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
		char *value = strchr(word, '=');

		if (!value)
			continue;
		*value = '\0';
		set_key(&tunnel, lists, word, value + 1);
	}
	if (!ike_proposals.count)
		text_list_add(&ike_proposals, "aes256gcm16-prfsha384-ecp256");
	if (!esp_proposals.count)
		text_list_add(&esp_proposals, "aes256gcm16-ecp256");
	tunnel.ike_proposals = &ike_proposals;
	tunnel.esp_proposals = &esp_proposals;
	char interface[16] = "";

	if (ops->tunnel_add &&
	    !ops->tunnel_add(plane, &(struct dataplane_tunnel){.id = id, .mtu = 1400}, interface, &err))
		say("refused %s", err.text);
	else if (ike_tunnel_add(ike, &tunnel, &err))
		say("added %u %s", id, interface);
	else
		say("refused %s", err.text);
	free_certificate();
	text_list_free(&ike_proposals);
	text_list_free(&esp_proposals);
}

static void
certify(uint32_t id, const char *value)
{
	struct error err = {0};

	read_certificate(value);
	if (ike_tunnel_certify(ike, id, &certificate, &err))
		say("certified %u", id);
	else
		say("refused %s", err.text);
	free_certificate();
}

static void
show_status(uint32_t id)
{
	struct ike_status s;
	char local[IP_ADDRESS_TEXT], remote[IP_ADDRESS_TEXT];
	usec_t now = clock_monotonic();

	if (!ike_tunnel_status(ike, id, &s)) {
		say("status %u none", id);
		return;
	}
	say("status %u ike=%s child=%s ike_up=%d child_up=%d version=%u nat=%d encap=%d %s...%s:%u "
	    "id=%s...%s ikep=%s "
	    "espp=%s rekey=%lld child_rekey=%lld spi=%08x/%08x heard=%lld tries=%u next=%lld",
	    id, s.ike_state, s.child_state, s.ike_up, s.child_up, s.version, s.nat, s.encap,
	    ip_address_format(&s.local, local), ip_address_format(&s.remote, remote), s.remote_port,
	    s.local_id, s.remote_id, s.ike_proposal, s.esp_proposal,
	    s.rekey_at ? (long long)((s.rekey_at - now) / USEC_PER_SEC) : 0,
	    s.child_rekey_at ? (long long)((s.child_rekey_at - now) / USEC_PER_SEC) : 0, s.spi_in, s.spi_out,
	    s.last_inbound ? (long long)((now - s.last_inbound) / USEC_PER_MS) : -1, s.tries,
	    s.next_try_at ? (long long)((s.next_try_at - now) / USEC_PER_MS) : -1);
}

static void
show_sas(uint32_t id)
{
	struct dataplane_sa in = {0}, out = {0};
	unsigned ins = test_plane_sas(plane, id, true, &in), outs = test_plane_sas(plane, id, false, &out);

	say("sas %u in=%u out=%u reserved=%u spi=%08x/%08x encap=%d port=%u window=%u enc=%u "
	    "digest=%llx/%llx",
	    id, ins, outs, test_plane_reserved(plane), in.spi, out.spi, in.encapsulated, out.destination_port,
	    in.replay_window, in.algorithms.encryption,
	    (unsigned long long)test_plane_digest(plane, id, true),
	    (unsigned long long)test_plane_digest(plane, id, false));
}

/* What a plane would say of the newest inbound SA. */
static void
report_limit(uint32_t id, bool hard)
{
	struct dataplane_sa in = {0};

	if (test_plane_sas(plane, id, true, &in))
		ike_plane_sa_limit(NULL, in.spi, &in.destination, hard);
}

static void
report_move(uint32_t id)
{
	struct dataplane_sa in = {0};

	if (test_plane_sas(plane, id, true, &in))
		ike_plane_source_moved(NULL, in.spi, &in.source, 4777);
}

static void
finish(void)
{
	uv_poll_stop(&input);
	uv_close((uv_handle_t *)&input, NULL);
	ike_close(ike);
	ike = NULL;
	if (ops == &test_plane_ops)
		say("leaked sas=%u reserved=%u",
		    test_plane_sas(plane, 0, true, NULL) + test_plane_sas(plane, 0, false, NULL),
		    test_plane_reserved(plane));
}

static void
command(char *line)
{
	static const struct {
		const char *word;
		void (*act)(struct ike *, uint32_t);
	} acts[] = {{"up", ike_tunnel_up},
		    {"down", ike_tunnel_down},
		    {"remove", ike_tunnel_remove},
		    {"probe", ike_tunnel_probe}};
	char word[32] = "", name[64] = "";
	unsigned id = 0;
	int used = 0;

	if (sscanf(line, "%31s %u %n", word, &id, &used) < 1)
		return;
	for (size_t i = 0; i < COUNT_OF(acts); i++)
		if (strcmp(word, acts[i].word) == 0)
			acts[i].act(ike, id);
	if (strcmp(word, "add") == 0) {
		int more = 0;

		if (sscanf(line + used, "%63s %n", name, &more) == 1)
			add(id, name, line + used + more);
	} else if (strcmp(word, "certify") == 0) {
		certify(id, line + used);
	} else if (strcmp(word, "rekey") == 0) {
		say("rekeying %d", ike_tunnel_rekey(ike, id));
	} else if (strcmp(word, "silence") == 0 && ops == &test_plane_ops) {
		test_plane_silence(plane, id);
	} else if (strcmp(word, "slow") == 0 && ops == &test_plane_ops) {
		test_plane_slow(plane, id);
	} else if (strcmp(word, "refuse") == 0 && ops == &test_plane_ops) {
		test_plane_refuse(plane, id);
	} else if (strcmp(word, "status") == 0) {
		show_status(id);
	} else if (strcmp(word, "sas") == 0 && ops == &test_plane_ops) {
		show_sas(id);
	} else if (strcmp(word, "soft") == 0 || strcmp(word, "hard") == 0) {
		report_limit(id, *word == 'h');
	} else if (strcmp(word, "moved") == 0) {
		report_move(id);
	} else if (strcmp(word, "quiet") == 0) {
		quiet = id;
	} else if (strcmp(word, "quit") == 0) {
		finish();
	}
}

static void
on_input(uv_poll_t *handle, int status, int events)
{
	ssize_t length = read(STDIN_FILENO, pending + pending_length, sizeof(pending) - pending_length - 1);
	char *line = pending, *end;

	if (length <= 0) {
		finish();
		return;
	}
	pending_length += (size_t)length;
	pending[pending_length] = '\0';
	while (ike && (end = strchr(line, '\n'))) {
		*end = '\0';
		command(line);
		line = end + 1;
	}
	pending_length = strlen(line);
	memmove(pending, line, pending_length + 1);
}

/* The plugin that carries packets, from the build folder. */
static bool
load_real_plane(struct error *err)
{
	static const struct dataplane_host host = {.ike_message = ike_plane_message,
						   .sa_limit = ike_plane_sa_limit,
						   .sa_source_moved = ike_plane_source_moved};
	const struct dataplane_options options = {.interface_prefix = "ts"};
	const struct twinspan_plugin *plugin;
	char path[4096];
	void *module;

	if (!paths_plugin("dataplane_userspace", path, sizeof(path)) || !(module = dlopen(path, RTLD_NOW)) ||
	    !(plugin = dlsym(module, TWINSPAN_PLUGIN_SYMBOL)))
		return error_set(err, "the userspace data plane is not built");
	ops = plugin->ops;
	plane = ops->open(&options, &host, err);
	return plane != NULL;
}

int
end_main(bool real)
{
	struct ike_options options = {.event = on_event, .log_level = 1};
	struct error err = {0};

	uv_loop_init(&loop);
	if (!real)
		plane = test_plane_open(&err);
	else
		load_real_plane(&err);
	options.ops = ops;
	options.plane = plane;
	if (!plane || !(ike = ike_open(&loop, &options, &err))) {
		say("failed %s", err.text);
		return 1;
	}
	uv_poll_init(&loop, &input, STDIN_FILENO);
	uv_poll_start(&input, UV_READABLE, on_input);
	say("ready");
	uv_run(&loop, UV_RUN_DEFAULT);
	uv_loop_close(&loop);
	if (real)
		ops->close(plane);
	else
		test_plane_close(plane);
	say("done");
	return 0;
}
