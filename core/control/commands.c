// SPDX-License-Identifier: GPL-2.0-or-later
/* The command table; see commands.h. Every command, key and help line of the program stands here once. */
#include "core/control/commands.h"

#include <string.h>

#include "core/base/text.h"

#define TUNNEL \
	{ \
		"tunnel", COMMAND_ARGUMENT_TUNNEL, false \
	}
#define CONNECTION \
	{ \
		"connection", COMMAND_ARGUMENT_CONNECTION, false \
	}
#define PEER \
	{ \
		"peer", COMMAND_ARGUMENT_PEER, false \
	}
#define PREFIX \
	{ \
		"prefix", COMMAND_ARGUMENT_PREFIX, false \
	}

#define DRY_RUN \
	{ \
		"--dry-run", NULL, "say what would happen", 0 \
	}
#define CONFIRM_WITHIN \
	{ \
		"--confirm-within", "SECONDS", \
		    "turn back by itself unless 'confirm' comes in time; 0: it stays", 0 \
	}
#define FORCE \
	{ \
		"--force", NULL, "also where it cuts traffic, or your own way to this gateway", 0 \
	}

/* clang-format off */
static const struct command table[] = {
    {.name = "gateway", .place = COMMAND_LOCAL, .help = "run the gateway in the foreground",
     .options = {{"--config", "FILE", "configuration file", 'c'}, {"--socket", "SOCKET", "control socket", 's'},
		 {"--state-dir", "DIR", "where the journal lives", 0}, {"--verbose", NULL, "log more", 'v'}}},
    {.name = "check", .arguments = {{"file", COMMAND_ARGUMENT_FILE, false}}, .place = COMMAND_LOCAL,
     .help = "read a configuration and print what is wrong with it"},
    {.name = "import", .arguments = {{"format", COMMAND_ARGUMENT_WORD, false}, {"file", COMMAND_ARGUMENT_FILE, false}},
     .place = COMMAND_LOCAL, .help = "print a configuration made from another one's file (format: aws); secrets go to psk/",
     .options = {{"--inline-secrets", NULL, "secrets stand in the configuration instead of files", 0},
		 {"--connection-only", NULL, "print only the items of 'connections:', for another configuration", 0},
		 {"--connection", "ID", "only this connection of the file, by its id or name", 0},
		 {"--name", "NAME", "what to call the connection", 0}}},
    {.name = "lab", .place = COMMAND_LOCAL, .help = "open the console on a self-contained lab in network namespaces",
     .options = {{"--headless", NULL, "print readiness as a line of JSON and stay until SIGTERM", 0},
		 {"--keep", NULL, "leave the lab running", 0}}},
    {.name = "bridge", .place = COMMAND_LOCAL,
     .help = "carry the control protocol between stdin, stdout and the gateway: what a remote console runs over SSH",
     .options = {{"--role", "ROLE", "the session may do no more than a viewer, operator or admin", 0}}},
    {.name = "completion", .arguments = {{"shell", COMMAND_ARGUMENT_WORD, false}}, .place = COMMAND_LOCAL,
     .help = "print what bash or zsh needs to complete the words; sites: what --on takes, a name a line"},
    {.name = "manual", .place = COMMAND_LOCAL, .help = "print the manual page, twinspan(1)"},
    {.name = "show", .arguments = {{"kind", COMMAND_ARGUMENT_KIND, false}, {"name", COMMAND_ARGUMENT_WORD, true}},
     .place = COMMAND_CLIENT, .help = "show objects of a kind",
     .options = {{"--json", NULL, "print JSON", 0}, {"--watch", NULL, "go on with a line for each change", 0},
		 {"--filter", "TEXT", "only rows that match, as in the console", 0},
		 {"--month", "YYYY-MM", "of usage: that month (UTC) only", 0},
		 {"--by", "UNIT", "usage by month or day; history by second (4 min), minute (3 h) or quarter-hour (24 h)", 0}}},
    {.name = "switchover", .arguments = {CONNECTION, {"tunnel", COMMAND_ARGUMENT_TUNNEL, true}},
     .place = COMMAND_GATEWAY, .role = COMMAND_OPERATOR, .dangerous = true, .keys = "s", .panels = "overview tunnels peers",
     .help = "move traffic to the other (or the named) tunnel without losing a packet, and pin it there",
     .label = "switch over", .options = {DRY_RUN,
		 CONFIRM_WITHIN,
		 {"--back", NULL, "go back now from one that waits for its confirmation", 0}}},
    {.name = "confirm", .arguments = {CONNECTION}, .place = COMMAND_GATEWAY, .role = COMMAND_OPERATOR, .keys = "c",
     .help = "keep what waits for its confirmation: a switchover, a drain, a tunnel's down or disable"},
    {.name = "auto", .arguments = {CONNECTION}, .place = COMMAND_GATEWAY, .role = COMMAND_OPERATOR, .keys = "a",
     .panels = "overview tunnels peers", .help = "give the choice of the tunnel back to the gateway", .label = "auto"},
    {.name = "up", .arguments = {TUNNEL}, .place = COMMAND_GATEWAY, .role = COMMAND_OPERATOR, .keys = "u",
     .panels = "overview tunnels", .help = "bring a tunnel up", .label = "up"},
    {.name = "down", .arguments = {TUNNEL}, .place = COMMAND_GATEWAY, .role = COMMAND_OPERATOR, .dangerous = true,
     .keys = "d", .panels = "overview tunnels", .help = "take a tunnel down and keep it down", .label = "down",
     .options = {CONFIRM_WITHIN, FORCE}},
    {.name = "enable", .arguments = {TUNNEL}, .place = COMMAND_GATEWAY, .role = COMMAND_OPERATOR,
     .help = "end a tunnel's disable, and bring it up"},
    {.name = "disable", .arguments = {TUNNEL}, .place = COMMAND_GATEWAY, .role = COMMAND_OPERATOR, .dangerous = true,
     .help = "take a tunnel down and keep it down over restarts too, until enable",
     .options = {CONFIRM_WITHIN, FORCE}},
    {.name = "drain", .arguments = {TUNNEL}, .place = COMMAND_GATEWAY, .role = COMMAND_OPERATOR, .dangerous = true,
     .keys = "D", .panels = "overview tunnels peers", .help = "move traffic off a tunnel before work on it; it stays up",
     .options = {DRY_RUN, CONFIRM_WITHIN, FORCE}},
    {.name = "undrain", .arguments = {TUNNEL}, .place = COMMAND_GATEWAY, .role = COMMAND_OPERATOR, .dangerous = true,
     .keys = "U", .panels = "overview tunnels peers", .help = "let a drained tunnel carry traffic again",
     .options = {DRY_RUN}},
    {.name = "drill", .arguments = {CONNECTION}, .place = COMMAND_GATEWAY, .role = COMMAND_OPERATOR, .dangerous = true,
     .help = "a timed failover drill: take the active tunnel away, measure the outage, put it back",
     .options = {DRY_RUN, FORCE, {"--json", NULL, "print the report as JSON", 0}}, .answer_s = 240},
    {.name = "explain", .arguments = {{"target", COMMAND_ARGUMENT_TARGET, false}}, .place = COMMAND_GATEWAY,
     .keys = "e", .panels = "overview tunnels peers routes received advertised changes events usage",
     .help = "which way traffic goes and why; the first failing layer, its probable cause and what to do",
     .label = "why", .options = {{"--json", NULL, "print JSON", 0}}},
    {.name = "rekey", .arguments = {TUNNEL}, .place = COMMAND_GATEWAY, .role = COMMAND_OPERATOR, .keys = "r",
     .panels = "overview tunnels", .help = "rekey a tunnel's SAs without losing a packet", .label = "rekey"},
    {.name = "rotate", .arguments = {TUNNEL, {"secret", COMMAND_ARGUMENT_CONTENT, true}},
     .place = COMMAND_GATEWAY, .role = COMMAND_ADMIN, .keys = "C-r", .panels = "overview tunnels",
     .help = "give a tunnel its next pre-shared key, from a file or '-': both are accepted until the next one has worked",
     .options = {{"--generate", NULL, "make one, and write it beside the present one's file as FILE.next", 0},
		 {"--cancel", NULL, "forget the next one", 0}}},
    {.name = "reset", .arguments = {PEER}, .place = COMMAND_GATEWAY, .role = COMMAND_OPERATOR, .dangerous = true,
     .keys = "x", .panels = "overview peers", .help = "restart a BGP session, or refresh its routes with --soft",
     .label = "reset", .options = {{"--soft", NULL, "route refresh instead of a restart (RFC 2918)", 0}}},
    {.name = "shutdown", .arguments = {PEER}, .place = COMMAND_GATEWAY, .role = COMMAND_OPERATOR, .dangerous = true,
     .keys = "X", .panels = "peers", .help = "close a BGP session and keep it closed", .label = "shut down",
     .options = {{"--message", "TEXT", "told to the peer (RFC 9003)", 0}}},
    {.name = "start", .arguments = {PEER}, .place = COMMAND_GATEWAY, .role = COMMAND_OPERATOR, .keys = "S",
     .panels = "peers", .help = "end a shutdown", .label = "start"},
    {.name = "advertise", .arguments = {PREFIX}, .place = COMMAND_GATEWAY, .role = COMMAND_OPERATOR,
     .help = "advertise a prefix to the peers"},
    {.name = "withdraw", .arguments = {PREFIX}, .place = COMMAND_GATEWAY, .role = COMMAND_OPERATOR, .dangerous = true,
     .help = "withdraw a prefix that this gateway advertises"},
    {.name = "dump-table", .arguments = {{"file", COMMAND_ARGUMENT_WORD, false}}, .place = COMMAND_GATEWAY, .role = COMMAND_ADMIN,
     .help = "write BGP's table to FILE on the gateway's own disk, in MRT's format TABLE_DUMP_V2 (RFC 6396)"},
    {.name = "reload", .place = COMMAND_GATEWAY, .role = COMMAND_OPERATOR, .dangerous = true,
     .help = "apply the changed configuration file: all of it or nothing; what did not change is not touched",
     .options = {{"--dry-run", NULL, "say what would happen, and what would go down", 0},
		 {"--confirm-within", "SECONDS", "turn back by itself unless --keep comes in time; 0: it stays", 0},
		 {"--keep", NULL, "keep the change that waits for that", 0}, FORCE,
		 {"--json", NULL, "print JSON", 0}}},
    {.name = "stop", .place = COMMAND_GATEWAY, .role = COMMAND_ADMIN, .dangerous = true,
     .help = "stop the gateway: peers are told, its routes and tunnels go",
     .options = {{"--keep-routes", NULL, "for a restart at once: peers with 'graceful_restart: yes' are not told, and routes by them stay", 0},
		 {"--force", NULL, "also where it cuts your own way to this gateway", 0}}},
    {.name = "configuration", .place = COMMAND_GATEWAY,
     .help = "print the running configuration, its secrets masked",
     .options = {{"--on-disk", NULL, "the file as it is now instead, also where it was not taken over", 0},
		 {"--json", NULL, "print JSON", 0}}},
    {.name = "configure", .arguments = {{"file", COMMAND_ARGUMENT_CONTENT, false}, {"secrets", COMMAND_ARGUMENT_CONTENT, true}},
     .place = COMMAND_GATEWAY, .role = COMMAND_ADMIN, .dangerous = true,
     .help = "make FILE the gateway's configuration file and apply it; masked secrets are put back",
     .options = {{"--dry-run", NULL, "say what would happen, and what would go down", 0},
		 {"--confirm-within", "SECONDS", "turn back by itself unless 'reload --keep' comes in time; 0: it stays", 0},
		 {"--base", "HASH", "only if the gateway's file still is the one with that hash", 0},
		 {"--append", NULL, "FILE is a list of connections that come behind those of the gateway's file", 0},
		 FORCE, {"--json", NULL, "print JSON", 0}}},
    {.name = "export", .arguments = {{"format", COMMAND_ARGUMENT_FORMAT, false}, {"connection", COMMAND_ARGUMENT_CONNECTIONS, true}},
     .place = COMMAND_LOCAL, .keys = "M", .panels = "overview tunnels",
     .help = "print what the other side has to configure (formats: swanctl, bird, frr, aws-cli)",
     .options = {{"--inline-secrets", NULL, "the pre-shared keys stand in it", 0}}},
    {.name = "detail", .place = COMMAND_CONSOLE, .keys = "Enter", .help = "show all that is known of the row",
     .label = "detail"},
    {.name = "filter", .place = COMMAND_CONSOLE, .keys = "/", .help = "show only rows that match", .label = "filter"},
    {.name = "prompt", .place = COMMAND_CONSOLE, .keys = ":", .help = "type a command", .label = "command"},
    {.name = "help", .place = COMMAND_CONSOLE, .keys = "? F1", .help = "list keys and commands", .label = "help"},
    {.name = "panel", .arguments = {{"number", COMMAND_ARGUMENT_WORD, false}}, .place = COMMAND_CONSOLE,
     .keys = "1 2 3 4 5 6 7 8 9", .help = "go to the panel of that number"},
    {.name = "next-panel", .place = COMMAND_CONSOLE, .keys = "Tab Right", .help = "go to the next panel"},
    {.name = "previous-panel", .place = COMMAND_CONSOLE, .keys = "S-Tab Left", .help = "go to the panel before"},
    {.name = "row-down", .place = COMMAND_CONSOLE, .keys = "Down j", .help = "one row down"},
    {.name = "row-up", .place = COMMAND_CONSOLE, .keys = "Up k", .help = "one row up"},
    {.name = "page-down", .place = COMMAND_CONSOLE, .keys = "PageDown C-f", .help = "one page down"},
    {.name = "page-up", .place = COMMAND_CONSOLE, .keys = "PageUp C-b", .help = "one page up"},
    {.name = "first-row", .place = COMMAND_CONSOLE, .keys = "Home g", .help = "to the first row"},
    {.name = "last-row", .place = COMMAND_CONSOLE, .keys = "End G", .help = "to the last row"},
    {.name = "row", .arguments = {{"number", COMMAND_ARGUMENT_WORD, false}}, .place = COMMAND_CONSOLE,
     .help = "to the row of that number; the number alone is enough (:1200)"},
    {.name = "back", .place = COMMAND_CONSOLE, .keys = "Escape Backspace", .help = "close what is open, or go back",
     .label = "back"},
    {.name = "mark", .place = COMMAND_CONSOLE, .keys = "Space", .panels = "overview tunnels peers sites",
     .help = "mark the row; commands then act on all marked rows"},
    {.name = "mark-all", .place = COMMAND_CONSOLE, .keys = "*", .panels = "overview tunnels peers sites",
     .help = "mark all rows that are shown, or none"},
    {.name = "last-place", .place = COMMAND_CONSOLE, .keys = "-", .help = "to where you were before, and back again"},
    {.name = "place-back", .place = COMMAND_CONSOLE, .keys = "[", .help = "one place back in the order of your visits"},
    {.name = "place-forward", .place = COMMAND_CONSOLE, .keys = "]", .help = "and forward again"},
    {.name = "both-ends", .arguments = {CONNECTION}, .place = COMMAND_CONSOLE, .keys = "b", .panels = "overview tunnels peers",
     .help = "what both gateways say of a connection, side by side, where the other one is a site of yours"},
    {.name = "both-switchover", .arguments = {CONNECTION}, .place = COMMAND_CONSOLE, .keys = "B", .label = "both ends over",
     .panels = "overview tunnels peers", .help = "switch over at both ends together, where the other one is a site of yours"},
    {.name = "go-connection", .arguments = {CONNECTION}, .place = COMMAND_CONSOLE, .keys = "C",
     .panels = "tunnels peers routes received advertised events usage", .help = "to its connection in the overview"},
    {.name = "go-tunnel", .arguments = {TUNNEL}, .place = COMMAND_CONSOLE, .keys = "T",
     .panels = "overview peers routes received advertised events", .help = "to its tunnel"},
    {.name = "go-peer", .arguments = {PEER}, .place = COMMAND_CONSOLE, .keys = "P",
     .panels = "overview tunnels routes received advertised changes policy events", .help = "to its BGP session"},
    {.name = "go-routes", .arguments = {{"subject", COMMAND_ARGUMENT_SUBJECT, false}}, .place = COMMAND_CONSOLE,
     .keys = "R", .panels = "overview tunnels peers routes received advertised events usage", .help = "to the routes over it"},
    {.name = "go-received", .arguments = {PEER}, .place = COMMAND_CONSOLE, .keys = "I",
     .panels = "overview tunnels peers routes received advertised events", .help = "to the prefixes that its peer sent"},
    {.name = "go-advertised", .arguments = {PEER}, .place = COMMAND_CONSOLE, .keys = "A",
     .panels = "overview tunnels peers routes received advertised events", .help = "to the prefixes that its peer was sent"},
    {.name = "go-events", .arguments = {{"subject", COMMAND_ARGUMENT_SUBJECT, false}}, .place = COMMAND_CONSOLE,
     .keys = "E", .panels = "overview tunnels peers routes received advertised events usage", .help = "to its events"},
    {.name = "view-configuration", .place = COMMAND_CONSOLE, .keys = "V",
     .help = "show the running configuration, its secrets masked"},
    {.name = "edit", .place = COMMAND_CONSOLE, .keys = "e", .panels = "configuration", .label = "edit",
     .help = "edit the configuration in $EDITOR; it is checked and shown before it is applied"},
    {.name = "new-connection", .place = COMMAND_CONSOLE, .keys = "N",
     .help = "add a connection, from an AWS file or by hand"},
    {.name = "keep-configuration", .place = COMMAND_CONSOLE, .keys = "K",
     .help = "keep the change of the configuration that waits for its confirmation"},
    {.name = "next-match", .place = COMMAND_CONSOLE, .keys = "n", .panels = "configuration", .label = "next",
     .help = "to the next place that has the text searched for"},
    {.name = "previous-match", .place = COMMAND_CONSOLE, .keys = "p", .panels = "configuration",
     .help = "to the one before"},
    {.name = "where", .arguments = {{"address", COMMAND_ARGUMENT_PREFIX, true}}, .place = COMMAND_CONSOLE, .keys = "w",
     .help = "where does an address or prefix go, and why: answered as you type", .label = "where"},
    {.name = "columns", .arguments = {{"fields", COMMAND_ARGUMENT_FIELDS, true}}, .place = COMMAND_CONSOLE, .keys = ",",
     .help = "choose the columns, or name them in their order; 'default' for the panel's own"},
    {.name = "sort", .arguments = {{"field", COMMAND_ARGUMENT_FIELD, true}}, .place = COMMAND_CONSOLE, .keys = "o",
     .help = "order by the next column, or by the named field; 'none' for the natural order"},
    {.name = "reverse", .place = COMMAND_CONSOLE, .keys = "O", .help = "turn the order around"},
    {.name = "copy", .arguments = {{"field", COMMAND_ARGUMENT_WORD, true}}, .place = COMMAND_CONSOLE, .keys = "y",
     .help = "copy the row's name to the clipboard; again: the whole row, as JSON, the screen; or the named field"},
    {.name = "save", .arguments = {{"file", COMMAND_ARGUMENT_FILE, true}}, .place = COMMAND_CONSOLE, .keys = "C-s",
     .panels = "tunnels peers events",
     .help = "write the rows that are shown to a new file, as text or (.json) lines of JSON; a page's lines, as text"},
    {.name = "dump", .arguments = {{"file", COMMAND_ARGUMENT_FILE, true}}, .place = COMMAND_CONSOLE, .keys = "W",
     .help = "write the screen to a new file: text, with colours (.ans) or as a picture (.svg)"},
    {.name = "enter-site", .arguments = {{"site", COMMAND_ARGUMENT_SITE, true}}, .place = COMMAND_CONSOLE, .keys = "Enter",
     .panels = "sites", .label = "go there", .help = "be on that site: every panel is its own, until 'home'"},
    {.name = "home", .place = COMMAND_CONSOLE, .keys = "H",
     .help = "from a site back to the list of sites"},
    {.name = "connect", .arguments = {{"site", COMMAND_ARGUMENT_SITE, true}}, .place = COMMAND_CONSOLE, .keys = "u",
     .panels = "sites", .label = "connect", .help = "connect to a site now; what it asks for is shown"},
    {.name = "disconnect", .arguments = {{"site", COMMAND_ARGUMENT_SITE, true}}, .place = COMMAND_CONSOLE, .keys = "d",
     .panels = "sites", .label = "disconnect", .help = "let go of a site until 'connect'"},
    {.name = "add-site", .arguments = {{"name", COMMAND_ARGUMENT_WORD, false}, {"address", COMMAND_ARGUMENT_WORD, true}},
     .place = COMMAND_CONSOLE, .keys = "+", .panels = "sites", .label = "add",
     .help = "add a site to console.yaml: ':add-site lyon root@192.0.2.10:2222'",
     .options = {{"--group", "GROUP", "the group that it belongs to", 0},
		 {"--jump", "ADDRESS", "go there through this host", 0},
		 {"--role", "ROLE", "never be more there than a viewer, operator or admin", 0},
		 {"--production", NULL, "it looks different, and its name is asked for before what is dangerous", 0}}},
    {.name = "find", .arguments = {{"text", COMMAND_ARGUMENT_FIELDS, false}}, .place = COMMAND_CONSOLE,
     .help = "connections, tunnels and sessions of all sites that match, as a filter does: ':find state:down', ':find 203.0.113.9'"},
    {.name = "remove-site", .arguments = {{"site", COMMAND_ARGUMENT_SITE, true}}, .place = COMMAND_CONSOLE, .keys = "Delete",
     .panels = "sites", .help = "take a site out of console.yaml; the gateway there stays as it is"},
    {.name = "attention", .place = COMMAND_CONSOLE, .keys = "!", .help = "to the next row that needs a person"},
    {.name = "follow", .place = COMMAND_CONSOLE, .keys = "f", .panels = "events",
     .help = "let the list stand still, or follow what is new", .label = "follow"},
    {.name = "severity", .place = COMMAND_CONSOLE, .keys = "v", .panels = "events",
     .help = "show all, or only from notice, warning or error on", .label = "severity"},
    {.name = "ike-log", .place = COMMAND_CONSOLE, .keys = "i", .panels = "events",
     .help = "show or hide the lines of IKE's own log", .label = "IKE's log"},
    {.name = "span", .arguments = {{"span", COMMAND_ARGUMENT_WORD, true}}, .place = COMMAND_CONSOLE, .keys = "t",
     .panels = "overview tunnels peers",
     .help = "graphs show the next longer span, or the named one: minutes, hours (3) or day"},
    {.name = "redraw", .place = COMMAND_CONSOLE, .keys = "C-l", .help = "draw the screen anew"},
    {.name = "theme", .arguments = {{"name", COMMAND_ARGUMENT_THEME, true}}, .place = COMMAND_CONSOLE, .keys = "F2",
     .help = "use the named theme, or the next one",
     .options = {{"--save", NULL, "keep it in console.yaml", 0}}},
    {.name = "mouse", .place = COMMAND_CONSOLE, .keys = "m",
     .help = "turn the mouse on or off; while it is off the terminal selects text"},
    {.name = "pause", .place = COMMAND_CONSOLE, .keys = "z",
     .help = "freeze the screen while the gateway goes on; again, or any other key, shows the present"},
    {.name = "suspend", .place = COMMAND_CONSOLE, .keys = "C-z", .help = "give the terminal back to the shell until 'fg'"},
    {.name = "quit", .place = COMMAND_CONSOLE, .keys = "q C-c", .help = "leave; the gateway runs on", .label = "leave"},
};
/* clang-format on */

const struct command *
command_table(size_t *count)
{
	*count = COUNT_OF(table);
	return table;
}

const struct command *
command_find(const char *name)
{
	for (size_t i = 0; i < COUNT_OF(table); i++) {
		if (strcmp(table[i].name, name) == 0)
			return &table[i];
	}
	return NULL;
}

unsigned
command_answer_s(const char *name)
{
	const struct command *command = command_find(name);

	return command != NULL && command->answer_s != 0 ? command->answer_s : COMMAND_ANSWER_S;
}
