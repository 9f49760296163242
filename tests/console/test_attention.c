// SPDX-License-Identifier: GPL-2.0-or-later
/* What needs a person because of certificates and of the gateway's machine, and what a detail has of them. */
#include "tests/console/harness.h"

#define DAY (24 * 3600 * USEC_PER_SEC)
#define FORWARDS_NOTHING "this machine forwards nothing: 'sysctl net.ipv4.ip_forward=1' mends that"

static const struct screen_options small = {.rows = 24, .cols = 80}, wide = {.rows = 36, .cols = 120};

/* Gives the tunnel a certificate that ends in so long. */
static void
certify(struct world *world, const char *tunnel, const char *subject, usec_t left)
{
	struct model_tunnel *t = world_take(world, MODEL_KIND_TUNNEL, tunnel);

	model_set(&t->certificate_subject, subject);
	model_set(&t->certificate_issuer, "O=Example, CN=root");
	t->certificate_not_after = clock_wall() + left;
	world_put(world, MODEL_KIND_TUNNEL, t);
}

static void
a_certificate_is_named_a_month_before_it_ends(void **state)
{
	struct world *world = screen_open_live(&wide);

	certify(world, "aws-paris/1", "CN=lyon", 31 * DAY);
	certify(world, "aws-paris/2", "CN=other", 6 * DAY + DAY / 2);
	screen_wait(world, "aws-paris/2: our certificate ends in 6 d, on 20");
	assert_false(screen_has(world, "CN=lyon"));
	certify(world, "aws-paris/1", "CN=lyon", 29 * DAY + DAY / 2);
	screen_wait(world, "aws-paris/1: our certificate ends in 29 d, on 20");
	certify(world, "aws-paris/1", "CN=lyon", -3 * DAY - DAY / 2);
	screen_wait(world, "aws-paris/1: our certificate ended 3 d ago, on 20");
	certify(world, "aws-paris/1", "CN=lyon", 300 * DAY);
	screen_wait_gone(world, "aws-paris/1: our certificate");
	screen_finish(world);
}

static void
tunnels_that_share_a_certificate_are_named_once(void **state)
{
	struct world *world = screen_open_live(&wide);
	struct model_tunnel *t;
	usec_t at = clock_wall() + 9 * DAY + DAY / 2;

	for (int i = 1; i <= 2; i++) {
		t = world_take(world, MODEL_KIND_TUNNEL, i == 1 ? "aws-paris/1" : "aws-paris/2");
		model_set(&t->certificate_subject, "CN=lyon");
		t->certificate_not_after = at;
		world_put(world, MODEL_KIND_TUNNEL, t);
	}
	screen_wait(world, "aws-paris/1 and 1 more: our certificate ends in 9 d");
	assert_false(screen_has(world, "aws-paris/2: our certificate"));
	screen_finish(world);
}

static void
the_detail_has_whose_certificate_it_is_and_its_end(void **state)
{
	struct world *world = screen_open_live(&wide);

	screen_type(world, "2g\r");
	screen_wait(world, "Child rekey");
	assert_false(screen_has(world, "Issued by"));
	certify(world, "aws-paris/1", "C=FR, CN=lyon", 94 * DAY + DAY / 2);
	screen_wait_row(world, "Certificate", "C=FR, CN=lyon");
	screen_wait_row(world, "Issued by", "O=Example, CN=root");
	screen_wait_row(world, "Valid until", "in 94 d (20");
	screen_finish(world);
}

static void
set_host(struct world *world, const char *text)
{
	struct model_gateway *g = world_take(world, MODEL_KIND_GATEWAY, NULL);

	text_list_free(&g->host_warnings);
	if (text != NULL)
		text_list_add(&g->host_warnings, text);
	world_put(world, MODEL_KIND_GATEWAY, g);
}

static void
what_the_machine_drops_is_named_until_it_is_mended(void **state)
{
	struct world *world = screen_open_live(&small);

	certify(world, "aws-paris/1", "CN=lyon", 9 * DAY);
	set_host(world, FORWARDS_NOTHING " (net.ipv4.ip_forward is 0: only its own traffic goes through)");
	screen_wait(world, "! " FORWARDS_NOTHING);
	screen_type(world, "!!");
	screen_wait(world, "Router ID");
	screen_wait_row(world, "Host", "this machine forwards");
	screen_wait(world, "2 of 3: this machine forwards nothing");
	screen_type(world, "!"); /* and on from there */
	screen_wait(world, "3 of 3: aws-paris/1: our certificate ends");
	set_host(world, NULL);
	screen_wait_gone(world, "this machine");
	screen_finish(world);
}

TEST_MAIN(cmocka_unit_test(a_certificate_is_named_a_month_before_it_ends),
	  cmocka_unit_test(tunnels_that_share_a_certificate_are_named_once),
	  cmocka_unit_test(the_detail_has_whose_certificate_it_is_and_its_end),
	  cmocka_unit_test(what_the_machine_drops_is_named_until_it_is_mended))
