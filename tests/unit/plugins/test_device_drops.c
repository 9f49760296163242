// SPDX-License-Identifier: GPL-2.0-or-later
/* What devices drop: readings of /proc/net/dev, and whose they are counted as. No thread, no real device. */
#include "core/base/text.h"
#include "tests/unit/test.h"

#include <fcntl.h>
#include <unistd.h>

#include "plugins/dataplane_userspace/userspace.h"

#define TUNNELS 9

/* A device as the kernel has it. */
struct world {
	struct dataplane *plane;
	bool there[TUNNELS + 1];
	uint64_t dropped[TUNNELS + 1]; /* by the device that is there now */
	uint64_t known[TUNNELS + 1];   /* of that, what a reading has told */
	uint64_t sum[TUNNELS + 1];     /* over all devices of the tunnel, what readings have told */
};

static int
set_up(void **state)
{
	static struct world world;
	struct dataplane_host host = {0};

	world = (struct world){.plane = plane_create(&(struct dataplane_options){0}, &host)};
	*state = &world;
	return 0;
}

static int
tear_down(void **state)
{
	struct world *w = *state;

	plane_free(w->plane);
	return 0;
}

static void
add(struct world *w, uint32_t id)
{
	char name[16];

	snprintf(name, sizeof(name), "ts%u", id);
	assert_true(plane_tunnel_publish(
	    w->plane, tunnel_create(id, open("/dev/null", O_RDONLY | O_CLOEXEC), name), NULL));
	w->there[id] = true;
	w->dropped[id] = w->known[id] = w->sum[id] = 0;
}

static void
remove_tunnel(struct world *w, uint32_t id)
{
	plane_tunnel_remove(w->plane, id);
	w->there[id] = false;
}

/* Somebody removed the device; the kernel's counter begins at nothing. */
static void
renew(struct world *w, uint32_t id)
{
	plane_device_begins(w->plane, atomic_load(&w->plane->tunnels[id]));
	w->dropped[id] = w->known[id] = 0;
}

static void
read_devices(struct world *w)
{
	char text[4096] = "Inter-|   Receive\n face |bytes\n    lo: 1 2 3 4 5 6 7 8 9 10 11 999 13 14\n";
	FILE *in;

	for (uint32_t id = TUNNELS; id > 0; id--) {
		if (!w->there[id])
			continue;
		snprintf(text + strlen(text), sizeof(text) - strlen(text),
			 "   ts%u: 1 2 3 4 5 6 7 8 9 10 11 %llu 0 0 0 0\n", id,
			 (unsigned long long)w->dropped[id]);
		w->sum[id] += w->dropped[id] - w->known[id];
		w->known[id] = w->dropped[id];
	}
	in = fmemopen(text, strlen(text), "r");
	assert_non_null(in);
	plane_read_devices(w->plane, in);
	fclose(in);
}

static uint64_t
counted(struct world *w, uint32_t id)
{
	struct dataplane_counters counters;

	assert_true(plane_tunnel_counters(w->plane, id, &counters));
	return counters.drops.queue;
}

static void
each_reading_counts_once_for_the_tunnel_of_that_name(void **state)
{
	struct world *w = *state;

	add(w, 1);
	add(w, 2);
	assert_int_equal(counted(w, 1), 0);
	w->dropped[1] = 5;
	w->dropped[2] = 70;
	read_devices(w);
	for (int again = 0; again < 2; again++) {
		assert_int_equal(counted(w, 1), 5);
		assert_int_equal(counted(w, 2), 70);
	}
	w->dropped[1] = 6;
	assert_int_equal(counted(w, 1), 5); /* not read yet */
	read_devices(w);
	assert_int_equal(counted(w, 1), 6);
}

static void
a_tunnel_has_nothing_of_one_that_had_its_name_before(void **state)
{
	struct world *w = *state;

	add(w, 1);
	w->dropped[1] = 5;
	read_devices(w);
	remove_tunnel(w, 1);
	add(w, 1);
	assert_int_equal(counted(w, 1), 0);
	w->dropped[1] = 2;
	read_devices(w);
	assert_int_equal(counted(w, 1), 2);
}

static void
a_device_made_anew_counts_from_nothing_however_much_it_drops(void **state)
{
	struct world *w = *state;

	add(w, 1);
	w->dropped[1] = 5;
	read_devices(w);
	assert_int_equal(counted(w, 1), 5);
	renew(w, 1);
	w->dropped[1] = 9;
	assert_int_equal(counted(w, 1), 5);
	read_devices(w);
	assert_int_equal(counted(w, 1), 14);
}

static void
random_lives_of_tunnels_agree_with_a_model(void **state)
{
	struct world *w = *state;

	srand(7);
	for (int step = 0; step < 20000; step++) {
		uint32_t id = 1 + (uint32_t)rand() % TUNNELS;

		switch (rand() % 8) {
		case 0:
			if (w->there[id])
				remove_tunnel(w, id);
			break;
		case 1:
			if (w->there[id])
				renew(w, id);
			break;
		case 2:
			read_devices(w);
			/* the gateway asks for all of them many times between two readings */
			for (uint32_t i = 1; i <= TUNNELS; i++)
				if (w->there[i])
					counted(w, i);
			break;
		default:
			if (!w->there[id])
				add(w, id);
			else if (rand() % 2 == 0)
				w->dropped[id] += (uint64_t)rand() % 50;
			else
				assert_int_equal(counted(w, id), w->sum[id]);
		}
	}
}

TEST_MAIN(cmocka_unit_test_setup_teardown(each_reading_counts_once_for_the_tunnel_of_that_name, set_up,
					  tear_down),
	  cmocka_unit_test_setup_teardown(a_tunnel_has_nothing_of_one_that_had_its_name_before, set_up,
					  tear_down),
	  cmocka_unit_test_setup_teardown(a_device_made_anew_counts_from_nothing_however_much_it_drops,
					  set_up, tear_down),
	  cmocka_unit_test_setup_teardown(random_lives_of_tunnels_agree_with_a_model, set_up, tear_down))
