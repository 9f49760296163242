// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The command line over several sites. The way to a site is the unix socket of a gateway of this process
 * (lyon, nantes), one that is refused (brest) or one that nothing comes of (oslo).
 */
#include <math.h>
#include <sys/mman.h>

#include "tests/unit/control/cli_run.h"
#include "tui/sites/survey.h"

/* --- ways to sites ----------------------------------------------------------------------------- */

static int *opened;      /* ways that were opened, by the processes of all runs */
static char ways[2][96]; /* sockets of lyon and nantes */
static const char *const there[] = {"lyon", "nantes"};

struct way {
	struct control_transport_events events;
	uv_timer_t *soon;
	const char *site;
};

static void
free_timer(uv_handle_t *timer)
{
	free(timer);
}

static void
on_soon(uv_timer_t *timer)
{
	struct way *way = timer->data;
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	for (size_t i = 0; i < COUNT_OF(there); i++) {
		if (strcmp(way->site, there[i]) == 0)
			snprintf(address.sun_path, sizeof(address.sun_path), "%s", ways[i]);
	}
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0) {
		way->events.opened(way->events.context, fd);
	} else {
		close(fd);
		way->events.failed(way->events.context, "ssh: connection refused", false);
	}
}

static void *
way_open(void *context, uv_loop_t *loop, const struct control_transport_events *events)
{
	struct way *way = memory_zeroed(1, sizeof(*way));

	(*opened)++;
	way->site = context;
	way->events = *events;
	way->soon = memory_zeroed(1, sizeof(*way->soon));
	way->soon->data = way;
	uv_timer_init(loop, way->soon);
	if (strcmp(way->site, "oslo") != 0)
		uv_timer_start(way->soon, on_soon, 0, 0);
	return way;
}

static const char *
way_why(void *attempt, bool *lasting)
{
	return NULL;
}

static const char *
way_key(void *attempt)
{
	return NULL;
}

static void
way_close(void *attempt)
{
	struct way *way = attempt;

	uv_close((uv_handle_t *)way->soon, free_timer);
	free(way);
}

static struct control_transport transports[] = {{.context = (char *)"lyon"},
						{.context = (char *)"nantes"},
						{.context = (char *)"brest"},
						{.context = (char *)"oslo"}};

static const struct control_transport *
way_to(const char *site)
{
	for (size_t i = 0; i < COUNT_OF(transports); i++) {
		transports[i].open = way_open;
		transports[i].why = way_why;
		transports[i].key = way_key;
		transports[i].close = way_close;
		if (strcmp(transports[i].context, site) == 0)
			return &transports[i];
	}
	return NULL;
}

static int
fake_console(const struct console_options *options)
{
	printf("console %s\n", options->transport != NULL ? (char *)options->transport->context : "here");
	return 0;
}

/* --- gateways ---------------------------------------------------------------------------------- */

struct gateway {
	const char *name;
	struct model_store *store;
	struct control_server *server;
	int done, dry; /* commands that were done, and tried dry */
	bool refuses;
};

struct world {
	struct harness *h;
	struct gateway gateways[2];
	char settings[160];
};

static void
do_it(void *context, struct control_request *request)
{
	struct gateway *gateway = context;
	bool dry = control_request_flag(request, "dry_run");

	*(dry ? &gateway->dry : &gateway->done) += 1;
	if (gateway->refuses)
		control_request_fail(request, "%s can't do that", gateway->name);
	else
		control_request_done(request, json_pack("{s:[s]}", "lines", "and more"), "%s at %s",
				     dry ? "would be done" : "done", gateway->name);
}

static bool
provide_routes(void *context, const struct model_query *query)
{
	struct model_route *route = model_row_new(MODEL_KIND_ROUTE);
	size_t given = 0, i;
	bool go_on = true;

	for (i = 0; i < 700 && go_on && given < query->limit; i++) {
		char key[128];

		model_set_format(&route->prefix, "10.%03zu.%03zu.0/24", i / 250, i % 250);
		model_row_key(model_kind_info(MODEL_KIND_ROUTE), route, key, sizeof(key));
		if (query->after != NULL && strcmp(key, query->after) <= 0)
			continue;
		given++;
		go_on = query->row(query->context, route);
	}
	model_row_free(MODEL_KIND_ROUTE, route);
	return i == 700;
}

static void
put_gateway(struct gateway *gateway, uint64_t up)
{
	struct model_gateway *row = model_row_new(MODEL_KIND_GATEWAY);

	model_set(&row->name, gateway->name);
	row->connections_up = up;
	row->connections_total = 2;
	model_store_put(gateway->store, MODEL_KIND_GATEWAY, row);
	model_row_free(MODEL_KIND_GATEWAY, row);
}

static void
put_peer(struct gateway *gateway, const char *name, const char *state)
{
	struct model_peer *row = model_row_new(MODEL_KIND_PEER);

	model_set(&row->name, name);
	model_set(&row->state, state);
	model_store_put(gateway->store, MODEL_KIND_PEER, row);
	model_row_free(MODEL_KIND_PEER, row);
}

static void
serve(struct world *world, size_t i)
{
	static const char *const commands[] = {"explain", "rekey", "drain", "reset"};
	struct gateway *gateway = &world->gateways[i];
	struct error err = {""};

	gateway->server = control_server_open(&world->h->loop, ways[i], gateway->store, &err);
	if (gateway->server == NULL)
		fail_msg("%s", err.text);
	for (size_t c = 0; c < COUNT_OF(commands); c++)
		control_server_handle(gateway->server, commands[c], do_it, gateway);
}

static void
write_settings(struct world *world, const char *text)
{
	FILE *file = fopen(world->settings, "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

#define TWO "sites:\n- {name: lyon, host: a@192.0.2.1}\n- {name: nantes, host: b@192.0.2.2, group: plants}\n"
#define THREE TWO "- {name: brest, host: c@192.0.2.3, group: plants}\n"

static struct world *
world_new(const char *settings)
{
	struct world *world = memory_zeroed(1, sizeof(*world));
	char folder[96];

	world->h = harness_new();
	snprintf(folder, sizeof(folder), "%s/twinspan", world->h->folder);
	assert_int_equal(mkdir(folder, 0755), 0);
	snprintf(world->settings, sizeof(world->settings), "%s/console.yaml", folder);
	write_settings(world, settings);
	setenv("XDG_CONFIG_HOME", world->h->folder, 1);
	for (size_t i = 0; i < COUNT_OF(there); i++) {
		struct gateway *gateway = &world->gateways[i];

		snprintf(ways[i], sizeof(ways[i]), "%s/%s/control.sock", world->h->folder, there[i]);
		gateway->name = there[i];
		gateway->store = model_store_new();
		put_gateway(gateway, 2 - i);
		put_tunnel(gateway->store, "a/1", "up", 1);
		model_store_set_provider(gateway->store, MODEL_KIND_ROUTE, provide_routes, NULL);
		serve(world, i);
	}
	put_tunnel(world->gateways[1].store, "a-long-name/1", "connecting", 1);
	*opened = 0;
	return world;
}

static void
world_free(struct world *world)
{
	char *slash;

	for (size_t i = 0; i < COUNT_OF(there); i++) {
		if (world->gateways[i].server != NULL)
			control_server_close(world->gateways[i].server);
		model_store_free(world->gateways[i].store);
	}
	unlink(world->settings);
	slash = strrchr(world->settings, '/');
	*slash = '\0';
	rmdir(world->settings);
	uv_run(&world->h->loop, UV_RUN_NOWAIT);
	for (size_t i = 0; i < COUNT_OF(there); i++) {
		unlink(ways[i]);
		*strrchr(ways[i], '/') = '\0';
		rmdir(ways[i]);
	}
	harness_free(world->h);
	free(world);
}

/* Without a terminal, to its end. */
#define ALONE(world, ...) alone(world, (const char *const[]){__VA_ARGS__, NULL})

static struct run *
alone(struct world *world, const char *const *words)
{
	struct run *run = start_with(world->h, RUN_ALONE, words);

	WAIT_FOR(world->h, (look(run), run->ended));
	return run;
}

static void
assert_came_to(struct run *run, int exit_code, const char *output, const char *errors)
{
	assert_string_equal(run->errors, errors);
	assert_string_equal(run->output, output);
	assert_int_equal(run->exit_code, exit_code);
	finish(run);
}

/* Each line is an object that begins with its site. Returns how many are of that site. */
static size_t
count_of(const char *lines, const char *site)
{
	size_t count = 0;

	for (const char *line = lines; *line != '\0'; line = strchr(line, '\n') + 1) {
		json_t *json = json_loads(line, JSON_DISABLE_EOF_CHECK, NULL);

		assert_true(json_is_object(json));
		assert_memory_equal(line, "{\"site\":\"", 9);
		count += strcmp(json_string_value(json_object_get(json, "site")), site) == 0;
		json_decref(json);
	}
	return count;
}

/* --- where it is done -------------------------------------------------------------------------- */

static void
one_site_prints_as_the_gateway_here_does(void **state)
{
	struct world *world = world_new(TWO);

	assert_came_to(ALONE(world, "--on", "lyon", "explain", "a"), 0, "done at lyon\nand more\n", "");
	assert_came_to(ALONE(world, "rekey", "a/1", "--on=nantes"), 0, "done at nantes\nand more\n", "");
	assert_came_to(ALONE(world, "--on", "lyon"), 0, "console lyon\n", "");
	assert_came_to(ALONE(world, "--on", "lyon", "drain", "a/1"), 0, "done at lyon\nand more\n", "");
	world_free(world);
}

static void
names_groups_and_all_choose_sites_each_once(void **state)
{
	struct world *world = world_new(THREE);

	assert_came_to(ALONE(world, "--on", "nantes,lyon,nantes", "explain", "a"), 0,
		       "nantes  done at nantes\nnantes  and more\nlyon    done at lyon\nlyon    and more\n",
		       "");
	write_settings(world,
		       "sites: [{name: lyon, group: west}, {name: nantes, group: west}, {name: brest}]\n");
	assert_came_to(ALONE(world, "--on", "@west,lyon", "explain", "a"), 0,
		       "lyon    done at lyon\nlyon    and more\nnantes  done at nantes\nnantes  and more\n",
		       "");
	write_settings(world, TWO);
	assert_came_to(ALONE(world, "--on", "all", "explain", "a"), 0,
		       "lyon    done at lyon\nlyon    and more\nnantes  done at nantes\nnantes  and more\n",
		       "");
	world_free(world);
}

static void
what_is_wrong_with_the_words_is_told_before_anything_is_connected(void **state)
{
	struct world *world = world_new(TWO);
	char none[400];

	assert_refused(ALONE(world, "--on", "lyon,nante", "rekey", "a/1"), 2,
		       "no site is called 'nante' in ");
	assert_refused(ALONE(world, "--on", "lyon,nante", "rekey", "a/1"), 2, "(did you mean 'nantes'?)");
	assert_refused(ALONE(world, "--on", "@plant", "rekey", "a/1"), 2,
		       "no site is in a group called 'plant' in ");
	assert_refused(ALONE(world, "--on", "lyon,", "rekey", "a/1"), 2, "no site is called ''");
	assert_refused(ALONE(world, "--on", "all"), 2, "the console opens on one site");
	assert_refused(ALONE(world, "--on", "all", "check", "file"), 2, "'check' is done here");
	assert_refused(ALONE(world, "--on", "all", "--stop-on-failure", "show", "tunnels"), 2,
		       "--stop-on-failure is for what a gateway does, not for 'show'");
	assert_refused(ALONE(world, "--sites", "2", "rekey", "a/1"), 2, "--sites goes with --on");
	assert_refused(ALONE(world, "--stop-on-failure", "rekey", "a/1"), 2,
		       "--stop-on-failure goes with --on");
	assert_refused(ALONE(world, "--on", "all", "--sites", "3", "rekey", "a/1"), 2,
		       "--sites says 3, and --on names 2: nothing was done");
	assert_refused(ALONE(world, "--on", "all", "--sites", "many", "rekey", "a/1"), 2,
		       "--sites wants the number of sites");
	write_settings(world, "theme: light\n");
	snprintf(none, sizeof(none),
		 "twinspan: there are no sites yet; add one to %s:\nsites:\n- {name: lyon, host: "
		 "root@192.0.2.10}\n",
		 world->settings);
	assert_came_to(ALONE(world, "--on", "all", "rekey", "a/1"), 2, "", none);
	assert_int_equal(*opened, 0);
	world_free(world);
}

/* --- show -------------------------------------------------------------------------------------- */

static void
a_table_has_one_head_and_fits_the_rows_of_all_sites(void **state)
{
	struct world *world = world_new(TWO);
	struct run *run = ALONE(world, "--on", "all", "show", "tunnels");

	assert_string_equal(
	    run->output,
	    "Site    Tunnel         State       Active  Remote  Up since  RTT  Loss  Rate in  Rate out\n"
	    "lyon    a/1            up          no      -       -           -     -        -         -\n"
	    "nantes  a/1            up          no      -       -           -     -        -         -\n"
	    "nantes  a-long-name/1  connecting  no      -       -           -     -        -         -\n");
	assert_int_equal(run->exit_code, 0);
	finish(run);
	run = ALONE(world, "--on", "all", "show", "gateway");
	assert_int_equal(line_count(run->output), 3);
	assert_memory_equal(run->output, "Site    Name ", 13);
	finish(run);
	run = ALONE(world, "--on", "all", "show", "tunnels", "a-long-name/1");
	assert_string_equal(run->errors, "twinspan: lyon: no tunnel is called 'a-long-name/1'\n");
	assert_memory_equal(run->output, "nantes  Tunnel            a-long-name/1\nnantes  State ", 50);
	assert_int_equal(run->exit_code, 1);
	finish(run);
	run = ALONE(world, "--on", "all", "show", "routes");
	assert_int_equal(line_count(run->output), 1401);
	assert_memory_equal(run->output, "Site    Prefix ", 15);
	finish(run);
	world_free(world);
}

static void
json_is_an_object_a_line_with_the_site_first(void **state)
{
	static const char *const kinds[][2] = {{"tunnels", "\2"}, {"gateway", "\1"}};
	struct world *world = world_new(TWO);
	struct run *run;

	for (size_t i = 0; i < COUNT_OF(kinds); i++) {
		run = ALONE(world, "--on", "lyon,nantes", "show", kinds[i][0], "--json");
		assert_int_equal(count_of(run->output, "lyon"), 1);
		assert_int_equal(count_of(run->output, "nantes"), kinds[i][1][0]);
		assert_int_equal(run->exit_code, 0);
		finish(run);
	}
	run = ALONE(world, "--on", "all", "show", "routes", "--json");
	assert_int_equal(count_of(run->output, "lyon"), 700);
	assert_int_equal(count_of(run->output, "nantes"), 700);
	finish(run);
	run = ALONE(world, "--on", "all", "explain", "a", "--json");
	assert_int_equal(count_of(run->output, "lyon"), 1);
	assert_int_equal(count_of(run->output, "nantes"), 1);
	assert_non_null(strstr(run->output, "{\"site\":\"lyon\",\"lines\":[\"and more\"]}\n"));
	finish(run);
	world_free(world);
}

static void
watching_tells_the_changes_of_all_sites(void **state)
{
	struct world *world = world_new(TWO);
	struct run *run =
	    start_with(world->h, RUN_ALONE,
		       (const char *const[]){"--on", "all", "show", "tunnels", "--watch", "--json", NULL});

	WAIT_FOR(world->h, (look(run), line_count(run->output) == 3));
	put_tunnel(world->gateways[0].store, "a/1", "down", 1);
	WAIT_FOR(world->h, (look(run), line_count(run->output) == 4));
	assert_int_equal(count_of(run->output, "lyon"), 2);
	control_server_close(world->gateways[0].server);
	world->gateways[0].server = NULL;
	WAIT_FOR(world->h, (look(run), strstr(run->errors, "twinspan: lyon: the gateway ") != NULL));
	put_tunnel(world->gateways[1].store, "a/1", "down", 1); /* one site goes, the other goes on */
	WAIT_FOR(world->h, (look(run), count_of(run->output, "nantes") == 3));
	control_server_close(world->gateways[1].server);
	world->gateways[1].server = NULL;
	WAIT_FOR(world->h, (look(run), run->ended));
	assert_int_equal(run->exit_code, 3);
	finish(run);
	world_free(world);
}

static void
a_site_that_is_not_reached_is_told_and_the_others_go_on(void **state)
{
	struct world *world = world_new(THREE);
	struct run *run;

	assert_came_to(
	    ALONE(world, "--on", "brest,lyon", "show", "tunnels", "a/1", "--filter", "state:up"), 3,
	    "lyon   Tunnel            a/1\nlyon   State             up\nlyon   Active            no\n"
	    "lyon   NAT               no\nlyon   Encap             no\nlyon   In                1 B\n",
	    "twinspan: brest: ssh: connection refused\n");
	run = ALONE(world, "--on", "all", "show", "routes", "--json");
	assert_int_equal(count_of(run->output, "lyon"), 700);
	assert_string_equal(run->errors, "twinspan: brest: ssh: connection refused\n");
	assert_int_equal(run->exit_code, 3);
	finish(run);
	assert_came_to(ALONE(world, "--on", "brest,lyon", "explain", "a"), 3,
		       "lyon   done at lyon\nlyon   and more\n",
		       "twinspan: brest: ssh: connection refused\n");
	world_free(world);
}

/* --- actions ----------------------------------------------------------------------------------- */

static void
an_action_ends_with_a_table_and_the_highest_exit_code(void **state)
{
	struct world *world = world_new(THREE);

	assert_came_to(ALONE(world, "--on", "all", "rekey", "a/1"), 3,
		       "lyon    and more\nnantes  and more\n"
		       "Site    Result         Text\n"
		       "lyon    done           done at lyon\n"
		       "nantes  done           done at nantes\n"
		       "brest   unreachable    ssh: connection refused\n",
		       "twinspan: brest: ssh: connection refused\n");
	world->gateways[0].refuses = true;
	assert_came_to(ALONE(world, "--on", "lyon,nantes", "rekey", "a/1"), 1,
		       "nantes  and more\n"
		       "Site    Result         Text\n"
		       "lyon    failed         lyon can't do that\n"
		       "nantes  done           done at nantes\n",
		       "twinspan: lyon: lyon can't do that\n");
	world_free(world);
}

static void
the_first_failure_stops_the_rest_where_that_is_wanted(void **state)
{
	struct world *world = world_new(THREE);

	world->gateways[0].refuses = true;
	assert_came_to(ALONE(world, "--on", "all", "--stop-on-failure", "rekey", "a/1"), 1,
		       "Site    Result         Text\n"
		       "lyon    failed         lyon can't do that\n"
		       "nantes  not done\n"
		       "brest   not done\n",
		       "twinspan: lyon: lyon can't do that\n");
	assert_int_equal(world->gateways[1].done, 0);
	assert_came_to(ALONE(world, "--on", "nantes,brest,lyon", "--stop-on-failure", "rekey", "a/1"), 3,
		       "nantes  and more\n"
		       "Site    Result         Text\n"
		       "nantes  done           done at nantes\n"
		       "brest   unreachable    ssh: connection refused\n"
		       "lyon    not done\n",
		       "twinspan: brest: ssh: connection refused\n");
	world_free(world);
}

static void
what_is_dangerous_on_several_sites_needs_their_number(void **state)
{
	struct world *world = world_new(TWO);

	assert_refused(
	    ALONE(world, "--on", "all", "drain", "a/1"), 2,
	    "'drain' on 2 sites wants to be confirmed, and there is no terminal to ask on: say --sites 2; "
	    "nothing was done");
	assert_refused(ALONE(world, "--on", "all", "--sites", "1", "drain", "a/1"), 2, "nothing was done");
	assert_int_equal(*opened, 0);
	assert_came_to(ALONE(world, "--on", "all", "--sites", "2", "drain", "a/1"), 0,
		       "lyon    and more\nnantes  and more\n"
		       "Site    Result         Text\n"
		       "lyon    done           done at lyon\n"
		       "nantes  done           done at nantes\n",
		       "lyon    would be done at lyon\nlyon    and more\n"
		       "nantes  would be done at nantes\nnantes  and more\n");
	assert_int_equal(*opened, 2); /* the dry run and the command go over one connection */
	assert_int_equal(world->gateways[0].dry + world->gateways[1].dry, 2);
	assert_int_equal(world->gateways[0].done + world->gateways[1].done, 2);
	/* who only wants to know is not asked */
	assert_came_to(ALONE(world, "--on", "all", "drain", "a/1", "--dry-run"), 0,
		       "lyon    would be done at lyon\nlyon    and more\n"
		       "nantes  would be done at nantes\nnantes  and more\n",
		       "");
	world_free(world);
}

static void
what_the_dry_run_refuses_is_left_out_or_stops_all(void **state)
{
	struct world *world = world_new(THREE);

	world->gateways[1].refuses = true;
	assert_came_to(ALONE(world, "--on", "all", "--sites", "3", "drain", "a/1"), 3,
		       "lyon    and more\n"
		       "Site    Result         Text\n"
		       "lyon    done           done at lyon\n"
		       "nantes  refused        nantes can't do that\n"
		       "brest   unreachable    ssh: connection refused\n",
		       "lyon    would be done at lyon\nlyon    and more\n"
		       "twinspan: nantes: nantes can't do that\ntwinspan: brest: ssh: connection refused\n");
	assert_int_equal(world->gateways[1].done, 0);
	world->gateways[0].done = 0;
	assert_came_to(
	    ALONE(world, "--on", "lyon,nantes", "--sites", "2", "--stop-on-failure", "drain", "a/1"), 1,
	    "Site    Result         Text\n"
	    "lyon    not done\n"
	    "nantes  refused        nantes can't do that\n",
	    "lyon    would be done at lyon\nlyon    and more\ntwinspan: nantes: nantes can't do that\n");
	assert_int_equal(world->gateways[0].done, 0);
	world_free(world);
}

static struct run *
asked(struct world *world, const char *question, const char *answer, const char *const *words)
{
	struct run *run = start_with(world->h, RUN_ON_TERMINAL, words);

	WAIT_FOR(world->h, (look(run), strstr(run->asked, question) != NULL));
	type_line(run, answer);
	WAIT_FOR(world->h, (look(run), run->ended));
	return run;
}

static void
the_number_is_asked_for_on_the_terminal(void **state)
{
	struct world *world = world_new(TWO);
	const char *const drain[] = {"--on", "all", "drain", "a/1", NULL};
	const char *const reset[] = {"--on", "all", "reset", "a/1", NULL};
	struct run *run =
	    asked(world, "'drain' on 2 sites: lyon, nantes.\r\nType 2 to do it: ", "y\n", drain);

	assert_string_equal(run->output, "");
	assert_non_null(strstr(run->errors, "nantes  would be done at nantes\n")); /* it had been shown */
	assert_non_null(strstr(run->errors, "twinspan: nothing was done\n"));
	assert_int_equal(run->exit_code, 1);
	finish(run);
	assert_int_equal(world->gateways[0].done + world->gateways[1].done, 0);
	run = asked(world, "Type 2 to do it: ", "2\n", drain);
	assert_int_equal(run->exit_code, 0);
	assert_non_null(strstr(run->output, "nantes  done           done at nantes\n"));
	finish(run);
	assert_int_equal(world->gateways[0].done + world->gateways[1].done, 2);
	*opened = 0;
	run =
	    asked(world, "'reset' on 2 sites: lyon, nantes. It can't be tried dry.\r\nType 2", "3\n", reset);
	assert_came_to(run, 1, "", "twinspan: nothing was done\n");
	assert_int_equal(*opened, 0);
	/* only those that would do it count */
	world->gateways[0].refuses = true;
	run = asked(world, "'drain' on 1 site: nantes.\r\nType 1", "1\n", drain);
	assert_int_equal(world->gateways[1].done, 2);
	finish(run);
	world_free(world);
}

static void
production_asks_for_its_name(void **state)
{
	struct world *world = world_new("sites: [{name: lyon, production: yes}, {name: nantes}]\n");
	const char *const drain[] = {"--on", "lyon", "drain", "a/1", NULL};
	const char *const both[] = {"--on", "all", "drain", "a/1", NULL};
	struct run *run;

	assert_refused(ALONE(world, "--on", "lyon", "drain", "a/1"), 2,
		       "'drain' on lyon, which is production, wants to be confirmed");
	run = asked(world, "'drain' on lyon, which is production. Type its name to do it: ", "lyo\n", drain);
	assert_came_to(run, 1, "", "would be done at lyon\nand more\ntwinspan: nothing was done\n");
	assert_int_equal(world->gateways[0].done, 0);
	run = asked(world, "Type its name to do it: ", "lyon\n", drain);
	assert_came_to(run, 0, "done at lyon\nand more\n", "would be done at lyon\nand more\n");
	assert_int_equal(world->gateways[0].done, 1);
	assert_came_to(ALONE(world, "--on", "lyon", "--sites", "1", "drain", "a/1"), 0,
		       "done at lyon\nand more\n", "would be done at lyon\nand more\n");
	assert_came_to(ALONE(world, "--on", "lyon", "rekey", "a/1"), 0, "done at lyon\nand more\n", "");
	run = start_with(world->h, RUN_PIPED, (const char *const[]){"--on", "lyon", "--plain", NULL});
	WAIT_FOR(world->h, (look(run), strstr(run->output, "q leaves.")));
	type_line(run, "drain a/1\n");
	WAIT_FOR(world->h, (look(run), strstr(run->output, " drain in production: type lyon to do it")));
	type_line(run, "yes\n");
	WAIT_FOR(world->h, (look(run), strstr(run->output, "Nothing was done.")));
	assert_int_equal(world->gateways[0].done, 3);
	type_line(run, "drain a/1\nlyon\n");
	WAIT_FOR(world->h, (look(run), world->gateways[0].done == 4));
	finish(run);
	finish(asked(world, "'drain' on 2 sites: lyon (production), nantes.\r\n", "\n", both));
	world_free(world);
}

/* --- the sites themselves ---------------------------------------------------------------------- */

static void
show_sites_says_how_each_one_stands(void **state)
{
	struct world *world = world_new(THREE);
	struct run *run;
	json_t *json, *lyon, *brest;

	put_peer(&world->gateways[0], "core", "Idle");
	run = ALONE(world, "show", "sites", "--json");
	json = json_loads(run->output, 0, NULL);
	lyon = json_array_get(json, 0);
	brest = json_array_get(json, 2);
	assert_int_equal(json_array_size(json), 3);
	assert_string_equal(json_string_value(json_object_get(lyon, "name")), "lyon");
	assert_string_equal(json_string_value(json_object_get(lyon, "host")), "a@192.0.2.1");
	assert_string_equal(json_string_value(json_object_get(lyon, "state")), "live");
	assert_true(json_is_null(json_object_get(lyon, "why")));
	assert_int_equal(json_integer_value(json_object_get(lyon, "connections_up")), 2);
	assert_int_equal(json_integer_value(json_object_get(lyon, "alarms")), 1);
	assert_non_null(strstr(json_string_value(json_object_get(lyon, "attention")), "core: BGP is Idle"));
	assert_string_equal(json_string_value(json_object_get(lyon, "version")), TWINSPAN_VERSION);
	assert_string_equal(json_string_value(json_object_get(lyon, "role")), "admin");
	assert_true(json_number_value(json_object_get(lyon, "rtt_ms")) > 0);
	assert_true(json_is_string(json_object_get(lyon, "heard_at")));
	assert_string_equal(json_string_value(json_object_get(brest, "state")), "unreachable");
	assert_string_equal(json_string_value(json_object_get(brest, "why")), "ssh: connection refused");
	assert_string_equal(json_string_value(json_object_get(brest, "group")), "plants");
	assert_true(json_is_null(json_object_get(brest, "rtt_ms")));
	json_decref(json);
	assert_string_equal(run->errors, "");
	assert_int_equal(run->exit_code, 0);
	finish(run);
	run = ALONE(world, "--on", "@plants", "show", "sites");
	assert_int_equal(line_count(run->output), 3);
	assert_null(strstr(run->output, "lyon"));
	assert_memory_equal(run->output, "Site    Host ", 13);
	finish(run);
	assert_refused(ALONE(world, "show", "sites", "paris"), 1, "no site is called 'paris'");
	world_free(world);
}

static void
without_sites_it_says_how_to_add_one(void **state)
{
	struct world *world = world_new("");
	struct run *run = ALONE(world, "show", "sites");

	assert_non_null(strstr(run->errors, "there are no sites yet; add one to "));
	assert_non_null(strstr(run->errors, "- {name: lyon, host: root@192.0.2.10}\n"));
	assert_int_equal(run->exit_code, 0);
	finish(run);
	assert_came_to(ALONE(world, "show", "sites", "--json"), 0, "[]\n", "");
	world_free(world);
}

static void
watching_sites_tells_when_one_goes_and_comes_back(void **state)
{
	struct world *world = world_new(TWO);
	struct run *run = start_with(world->h, RUN_ALONE,
				     (const char *const[]){"show", "sites", "--watch", "--json", NULL});

	WAIT_FOR(world->h, (look(run), line_count(run->output) >= 2));
	put_gateway(&world->gateways[1], 0);
	WAIT_FOR(world->h, (look(run), strstr(run->output, "\"connections_up\":0") != NULL));
	control_server_close(world->gateways[1].server);
	WAIT_FOR(world->h, (look(run), strstr(run->output, "\"state\":\"stale\"") != NULL));
	serve(world, 1);
	WAIT_FOR(world->h, (look(run), strstr(strstr(run->output, "\"state\":\"stale\""),
					      "\"state\":\"live\"") != NULL));
	finish(run);
	world_free(world);
}

static void
note_settled(void *context)
{
	*(bool *)context = true;
}

static void
a_site_that_nothing_comes_of_is_not_waited_for(void **state)
{
	struct world *world = world_new(TWO);
	struct settings_site sites[] = {{.name = "lyon"}, {.name = "oslo", .host = "d@192.0.2.4"}};
	struct settings settings = {.sites = sites, .site_count = COUNT_OF(sites)};
	bool settled = false;
	struct survey *survey = survey_new(
	    &world->h->loop, &settings,
	    &(struct survey_options){
		.patience_ms = 1000, .transport_to = way_to, .context = &settled, .settled = note_settled});
	struct model_store *store = survey_rows(survey);
	const struct model_site *row;

	survey_begin(survey);
	WAIT_FOR(world->h, settled);
	row = model_store_get(store, MODEL_KIND_SITE, "oslo");
	assert_string_equal(row->state, "unreachable");
	assert_string_equal(row->why, "no answer in 1 s");
	row = model_store_get(store, MODEL_KIND_SITE, "lyon");
	assert_string_equal(row->state, "live");
	assert_string_equal(row->host, "lyon");
	survey_close(survey);
	for (int i = 0; i < 20; i++)
		uv_run(&world->h->loop, UV_RUN_NOWAIT); /* its handles close */
	survey_free(survey);
	world_free(world);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(one_site_prints_as_the_gateway_here_does),
	    cmocka_unit_test(names_groups_and_all_choose_sites_each_once),
	    cmocka_unit_test(what_is_wrong_with_the_words_is_told_before_anything_is_connected),
	    cmocka_unit_test(a_table_has_one_head_and_fits_the_rows_of_all_sites),
	    cmocka_unit_test(json_is_an_object_a_line_with_the_site_first),
	    cmocka_unit_test(watching_tells_the_changes_of_all_sites),
	    cmocka_unit_test(a_site_that_is_not_reached_is_told_and_the_others_go_on),
	    cmocka_unit_test(an_action_ends_with_a_table_and_the_highest_exit_code),
	    cmocka_unit_test(the_first_failure_stops_the_rest_where_that_is_wanted),
	    cmocka_unit_test(what_is_dangerous_on_several_sites_needs_their_number),
	    cmocka_unit_test(what_the_dry_run_refuses_is_left_out_or_stops_all),
	    cmocka_unit_test(the_number_is_asked_for_on_the_terminal),
	    cmocka_unit_test(production_asks_for_its_name),
	    cmocka_unit_test(show_sites_says_how_each_one_stands),
	    cmocka_unit_test(without_sites_it_says_how_to_add_one),
	    cmocka_unit_test(watching_sites_tells_when_one_goes_and_comes_back),
	    cmocka_unit_test(a_site_that_nothing_comes_of_is_not_waited_for)};

	parts.console = fake_console;
	parts.transport = way_to;
	opened = mmap(NULL, sizeof(*opened), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (opened == MAP_FAILED)
		return 1;
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
