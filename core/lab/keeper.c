// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The keeper: one process that builds the lab, owns all its processes and takes it down. It knows the
 * gateways only as their users do, by the program's own command line: it asks them with `twinspan -s SOCKET
 * show KIND --json` until both tunnels and both BGP sessions are up on both sides and an answer has come back
 * from the VPC host.
 *
 * Afterwards it waits for a signal. A gateway that ends meanwhile is started again, as a service manager
 * would do.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <jansson.h>

#include "core/base/clock.h"
#include "core/base/text.h"
#include "core/lab/lab_internal.h"

#define READY_WITHIN_S 60
#define POLL_MS 250
#define ASK_LIMIT_MS 5000
#define END_LIMIT_MS 8000
#define RESTART_AFTER_MS 1000
#define LOG_TAIL 12
#define TUNNELS 2

/* One of the two gateways. */
struct side {
	enum lab_node node;
	pid_t pid;
	usec_t restart_at; /* 0: it runs */
	bool answers;
	unsigned tunnels, sessions, prefixes; /* up, Established, received */
	char trouble[300];                    /* what the gateway itself says is wrong */
};

struct keeper {
	struct lab lab;
	const struct lab_report *report;
	struct side sides[2];
	pid_t answerer, sender;
	struct lab_traffic *traffic;
	int signals; /* signalfd: ends and children */
	bool stop;
};

static void
progress(const struct keeper *keeper, const char *text)
{
	keeper->report->progress(keeper->report->context, text);
}

/* --- gateways --- */

static bool
start_gateway(struct keeper *keeper, struct side *side, struct error *err)
{
	char configuration[LAB_PATH], socket[LAB_PATH], state[LAB_PATH], log[LAB_PATH];
	const char *argv[] = {keeper->lab.options->program,
			      "gateway",
			      "-c",
			      lab_path(&keeper->lab, side->node, "gateway.yaml", configuration),
			      "-s",
			      lab_path(&keeper->lab, side->node, "control.sock", socket),
			      "--state-dir",
			      lab_path(&keeper->lab, side->node, "state", state),
			      NULL};
	side->restart_at = 0;
	side->pid =
	    lab_spawn(&keeper->lab, side->node, argv, lab_path(&keeper->lab, side->node, "log", log), err);
	return side->pid > 0;
}

/* Asks a gateway for all objects of a kind. Returns new, or NULL where it doesn't answer. */
static json_t *
ask(const struct keeper *keeper, const struct side *side, const char *kind)
{
	static char output[256 * 1024];
	char socket[LAB_PATH];
	const char *argv[] = {keeper->lab.options->program,
			      "-s",
			      lab_path(&keeper->lab, side->node, "control.sock", socket),
			      "show",
			      kind,
			      "--json",
			      NULL};
	if (access(socket, F_OK) != 0)
		return NULL;
	if (lab_run_program(NULL, argv, NULL, output, sizeof(output), ASK_LIMIT_MS, NULL) != 0)
		return NULL;
	return json_loads(output, 0, NULL);
}

static bool
text_is(const json_t *object, const char *field, const char *expected)
{
	const char *text = json_string_value(json_object_get(object, field));
	return text && strcmp(text, expected) == 0;
}

static void
look_at_tunnels(struct side *side, const json_t *tunnels)
{
	size_t i;
	json_t *tunnel;
	json_array_foreach (tunnels, i, tunnel) {
		if (text_is(tunnel, "state", "up")) {
			side->tunnels++;
			continue;
		}
		const char *name = json_string_value(json_object_get(tunnel, "name"));
		const char *text =
		    json_string_value(json_object_get(json_object_get(tunnel, "last_error"), "text"));
		if (name && text)
			snprintf(side->trouble, sizeof(side->trouble), "%.60s: %.200s", name, text);
	}
}

static void
look_at_peers(struct side *side, const json_t *peers)
{
	size_t i;
	json_t *peer;
	json_array_foreach (peers, i, peer) {
		if (text_is(peer, "state", "Established"))
			side->sessions++;
		side->prefixes += (unsigned)json_integer_value(json_object_get(peer, "received"));
	}
}

static bool
look_at(const struct keeper *keeper, struct side *side)
{
	side->tunnels = side->sessions = side->prefixes = 0;
	side->trouble[0] = '\0';
	json_t *tunnels = ask(keeper, side, "tunnels");
	json_t *peers = tunnels ? ask(keeper, side, "peers") : NULL;
	side->answers = tunnels && peers;
	look_at_tunnels(side, tunnels);
	look_at_peers(side, peers);
	json_decref(tunnels);
	json_decref(peers);
	return side->tunnels == TUNNELS && side->sessions == TUNNELS && side->prefixes >= TUNNELS;
}

/* The last lines of a gateway's log, each on a line of its own, after `text`. Returns new. */
static char *
with_log(const struct keeper *keeper, const struct side *side, const char *text)
{
	char path[LAB_PATH], line[300], lines[LOG_TAIL][300];
	unsigned count = 0;
	FILE *log = fopen(lab_path(&keeper->lab, side->node, "log", path), "re");
	while (log && fgets(line, sizeof(line), log)) {
		line[strcspn(line, "\n")] = '\0';
		text_clean(lines[count++ % LOG_TAIL], sizeof(lines[0]), line);
	}
	if (log)
		fclose(log);
	char *all = text_copy(text);
	for (unsigned i = count > LOG_TAIL ? count - LOG_TAIL : 0; i < count; i++) {
		char *more = text_format("%s\n  %s: %s", all, lab_node_name(side->node), lines[i % LOG_TAIL]);
		free(all);
		all = more;
	}
	return all;
}

/* --- signals and ends --- */

static const char *
end_text(int status, char *out, size_t size)
{
	if (WIFEXITED(status))
		snprintf(out, size, "ended with exit code %d", WEXITSTATUS(status));
	else
		snprintf(out, size, "was ended by signal %d (%s)", WTERMSIG(status),
			 strsignal(WTERMSIG(status)));
	return out;
}

/* A child has ended. Before all is up (`starting`) a gateway's end is the lab's. */
static bool
child_ended(struct keeper *keeper, pid_t pid, int status, bool starting, struct error *err)
{
	char how[100], line[200];
	for (size_t i = 0; i < COUNT_OF(keeper->sides); i++) {
		struct side *side = &keeper->sides[i];
		if (side->pid != pid)
			continue;
		side->pid = 0;
		if (starting)
			return error_set(err, "the %s gateway %s", lab_node_name(side->node),
					 end_text(status, how, sizeof(how)));
		snprintf(line, sizeof(line), "the %s gateway %s; it is started again",
			 lab_node_name(side->node), end_text(status, how, sizeof(how)));
		progress(keeper, line);
		side->restart_at = clock_monotonic() + RESTART_AFTER_MS * USEC_PER_MS;
		return true;
	}
	if (pid == keeper->answerer || pid == keeper->sender) {
		*(pid == keeper->answerer ? &keeper->answerer : &keeper->sender) = 0;
		return starting ? error_set(err, "the traffic between the hosts did not start") : true;
	}
	return true;
}

/* Waits for a signal up to `limit_ms` and acts on all that came. */
static bool
wait_signals(struct keeper *keeper, int limit_ms, bool starting, struct error *err)
{
	struct pollfd wait = {.fd = keeper->signals, .events = POLLIN};
	if (poll(&wait, 1, limit_ms) <= 0)
		return true;
	struct signalfd_siginfo info;
	while (read(keeper->signals, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo != SIGCHLD)
			keeper->stop = true;
	}
	bool good = true;
	int status;
	pid_t pid;
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		good = child_ended(keeper, pid, status, starting, err) && good;
	return good;
}

/* --- the stages --- */

static bool
start_traffic(struct keeper *keeper, struct error *err)
{
	keeper->traffic =
	    mmap(NULL, sizeof(*keeper->traffic), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (keeper->traffic == MAP_FAILED) {
		keeper->traffic = NULL;
		return error_set(err, "out of memory");
	}
	keeper->answerer = lab_fork(&keeper->lab, LAB_VPC, lab_traffic_answer, NULL, err);
	keeper->sender = lab_fork(&keeper->lab, LAB_SITE, lab_traffic_send, keeper->traffic, err);
	return keeper->answerer > 0 && keeper->sender > 0;
}

static bool
build(struct keeper *keeper, struct error *err)
{
	progress(keeper, "making five network namespaces");
	if (!lab_files_make(&keeper->lab, err) || !lab_network_make(&keeper->lab, err) ||
	    !lab_files_configure(&keeper->lab, err))
		return false;
	progress(keeper, "starting the hub and the customer gateway");
	/* The hub first, so that it listens when the customer calls. */
	return start_gateway(keeper, &keeper->sides[1], err) &&
	       start_gateway(keeper, &keeper->sides[0], err) && start_traffic(keeper, err);
}

/* Says how far it is, when that has changed. */
static void
tell_stage(const struct keeper *keeper, char *last, size_t size)
{
	char line[200];
	const struct side *customer = &keeper->sides[0], *hub = &keeper->sides[1];
	if (!customer->answers || !hub->answers)
		snprintf(line, sizeof(line), "waiting for the gateways to answer");
	else
		snprintf(line, sizeof(line),
			 "tunnels up: customer %u of %d, hub %u of %d; BGP sessions: customer %u of %d, hub "
			 "%u of %d",
			 customer->tunnels, TUNNELS, hub->tunnels, TUNNELS, customer->sessions, TUNNELS,
			 hub->sessions, TUNNELS);
	if (strcmp(line, last) != 0) {
		progress(keeper, line);
		snprintf(last, size, "%s", line);
	}
}

static bool
not_ready(const struct keeper *keeper, const char *stage, bool gateways, struct error *err)
{
	const char *trouble =
	    keeper->sides[0].trouble[0] ? keeper->sides[0].trouble : keeper->sides[1].trouble;
	error_set(err, "not all is up after %d s: %s%s%s%s", READY_WITHIN_S, stage,
		  gateways ? "; no answer from the VPC host" : "", trouble[0] ? "; " : "", trouble);
	return false;
}

/* Waits until all is up, for the console only until the gateways answer. True also when a signal ended the
 * wait (keeper->stop). */
static bool
await_ready(struct keeper *keeper, struct error *err)
{
	usec_t end = clock_monotonic() + READY_WITHIN_S * USEC_PER_SEC;
	char last[200] = "", socket[LAB_PATH];
	bool answering = false;
	while (!keeper->stop) {
		bool customer = look_at(keeper, &keeper->sides[0]), hub = look_at(keeper, &keeper->sides[1]);
		tell_stage(keeper, last, sizeof(last));
		if (!answering && keeper->sides[0].answers && keeper->sides[1].answers) {
			answering = true;
			keeper->report->answering(
			    keeper->report->context,
			    lab_path(&keeper->lab, LAB_CUSTOMER, "control.sock", socket));
		}
		if (customer && hub && keeper->traffic->answered > 0)
			return true;
		if (answering && !keeper->lab.options->headless)
			return true; /* the rest can be watched on the console */
		if (clock_monotonic() >= end)
			return not_ready(keeper, last, customer && hub, err);
		if (!wait_signals(keeper, POLL_MS, true, err))
			return false;
	}
	return true;
}

static void
tell_ready(const struct keeper *keeper)
{
	const struct lab *lab = &keeper->lab;
	char names[LAB_NODES][LAB_NAME], customer[LAB_PATH], hub[LAB_PATH];
	for (enum lab_node node = 0; node < LAB_NODES; node++)
		lab_namespace(lab, node, names[node]);
	json_t *all = json_pack(
	    "{s:b, s:{s:s, s:s}, s:{s:s, s:s}, s:{s:s, s:s}, s:{s:s, s:s}, s:{s:s}, s:i, s:s}", "ready", 1,
	    "customer", "netns", names[LAB_CUSTOMER], "socket",
	    lab_path(lab, LAB_CUSTOMER, "control.sock", customer), "hub", "netns", names[LAB_HUB], "socket",
	    lab_path(lab, LAB_HUB, "control.sock", hub), "site_host", "netns", names[LAB_SITE], "address",
	    LAB_SITE_HOST, "vpc_host", "netns", names[LAB_VPC], "address", LAB_VPC_HOST, "internet", "netns",
	    names[LAB_INTERNET], "pid", (int)getpid(), "folder", lab->folder);
	char *text = all ? json_dumps(all, JSON_COMPACT) : NULL;
	json_decref(all);
	if (text)
		keeper->report->ready(keeper->report->context, text);
	free(text);
}

/* Until a signal says stop: gateways that ended are started again. */
static void
keep(struct keeper *keeper)
{
	while (!keeper->stop) {
		struct error err;
		usec_t now = clock_monotonic();
		int limit_ms = -1;
		for (size_t i = 0; i < COUNT_OF(keeper->sides); i++) {
			struct side *side = &keeper->sides[i];
			if (side->restart_at == 0)
				continue;
			if (side->restart_at <= now && !start_gateway(keeper, side, &err)) {
				progress(keeper, err.text);
				side->restart_at = now + RESTART_AFTER_MS * USEC_PER_MS;
			}
			if (side->restart_at > 0)
				limit_ms = (int)((side->restart_at - now) / USEC_PER_MS) + 1;
		}
		wait_signals(keeper, limit_ms, false, NULL);
	}
}

static void
tear_down(struct keeper *keeper)
{
	const pid_t pids[] = {keeper->sender, keeper->answerer, keeper->sides[0].pid, keeper->sides[1].pid};
	lab_end_processes(pids, COUNT_OF(pids), END_LIMIT_MS);
	if (keeper->lab.folder_owned) {
		lab_network_remove(keeper->lab.id);
		lab_files_remove(keeper->lab.id);
	}
	if (keeper->traffic)
		munmap(keeper->traffic, sizeof(*keeper->traffic));
}

static int
open_signals(void)
{
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

int
lab_keeper_run(const struct lab_options *options, const struct lab_report *report)
{
	struct keeper keeper = {
	    .lab = {.options = options},
	    .report = report,
	    .sides = {{.node = LAB_CUSTOMER}, {.node = LAB_HUB}},
	    .signals = open_signals(),
	};
	struct error err;
	int result = 0;
	if (keeper.signals < 0) {
		error_set(&err, "can't wait for signals: %s", strerror(errno));
		report->failed(report->context, err.text);
		return 1;
	}
	unsigned cleared = lab_files_clear_dead();
	if (cleared > 0)
		progress(&keeper, "cleared what a lab that was killed had left behind");
	if (build(&keeper, &err) && await_ready(&keeper, &err)) {
		if (!keeper.stop)
			tell_ready(&keeper);
		keep(&keeper);
		progress(&keeper, "taking the lab down");
	} else {
		char *text = text_copy(err.text);
		for (size_t i = 0; i < COUNT_OF(keeper.sides) && keeper.lab.folder_owned; i++) {
			char *more = with_log(&keeper, &keeper.sides[i], text);
			free(text);
			text = more;
		}
		report->failed(report->context, text);
		free(text);
		result = 1;
	}
	tear_down(&keeper);
	close(keeper.signals);
	return result;
}
