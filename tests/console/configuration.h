// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A canned gateway that has a configuration: it is shown, checked, applied or refused as a test says. A test
 * has a folder of its own for editors, what they leave, and the console's private files.
 */
#ifndef TWINSPAN_TESTS_CONSOLE_CONFIGURATION_H
#define TWINSPAN_TESTS_CONSOLE_CONFIGURATION_H

#include <sys/types.h>

#include "tests/console/harness.h"

#define BYTES 65536

struct canned {
	struct world *world;
	char text[BYTES], hash[17];
	bool exact; /* the gateway says the text byte by byte too */
	bool differs, refuses_apply, guarded;
	/* What was asked last: */
	char file[BYTES], secrets[1024], confirm[16], base[32];
	bool append, force;
	size_t dry, applied, kept;
};

/* The gateway of the test that runs, and the text it starts with. */
extern struct canned canned;
extern const char first_text[];

int make_scratch(void **state);
int remove_scratch(void **state);
#define IN_SCRATCH(test) cmocka_unit_test_setup_teardown(test, make_scratch, remove_scratch)

/** The path of a file in the test's folder; good for a few calls more. */
const char *in_scratch(const char *name);
void write_file(const char *name, const char *text, mode_t mode);
/** How many entries a folder in it has. */
size_t entries(const char *name);
/** VISUAL is this shell script; it starts in the test's folder, "$1" is the file to edit. */
void use_editor(const char *script);
/* In an editor: waits for a file; not for ever, as nobody may be left to make it. */
#define WAIT_FOR(file) \
	"n=0; while [ ! -e " file " ] && [ -e editor ] && [ $n -lt 300 ]; do sleep 0.1; n=$((n+1)); done"
/** The text that the console kept, which is the only one; NULL where there is none. */
const char *kept_text(void);

/** Copies a text; NULL is "". */
void take(char *to, size_t size, const char *text);
/** The gateway's row says that the configuration was loaded, and goes back at that time; 0: it stays. */
void set_confirm(struct canned *c, usec_t until);
/** The canned gateway answers for its configuration; before world_serve(). */
void configuration_handle(struct world *world);

/** A console on it that is live. */
struct world *open_with(const struct screen_options *options);
struct world *open_sized(int rows, int cols);
/** Ends both, and sees that nothing of a private file is left. */
void finish_config(struct world *world);
/** Turns until the count is that. / until the file is there. Fail the test where that never is. */
void wait_until(struct world *world, const size_t *count, size_t is);
void wait_file(struct world *world, const char *name);

#endif
