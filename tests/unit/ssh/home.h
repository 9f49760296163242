// SPDX-License-Identifier: GPL-2.0-or-later
/* A home of the test's own, with an empty ~/.ssh. */
#ifndef TWINSPAN_TESTS_UNIT_SSH_HOME_H
#define TWINSPAN_TESTS_UNIT_SSH_HOME_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/test.h"

static char home[64];

/* Of a file in ~/.ssh; good until it is called again. */
static inline const char *
home_path(const char *name)
{
	static char path[512];

	snprintf(path, sizeof(path), "%s/.ssh/%s", home, name);
	return path;
}

static inline void
home_write_bytes(const char *name, const char *bytes, size_t length)
{
	FILE *out = fopen(home_path(name), "w");

	assert_non_null(out);
	assert_int_equal(fwrite(bytes, 1, length, out), length);
	fclose(out);
}

static inline void
home_write(const char *name, const char *text)
{
	home_write_bytes(name, text, strlen(text));
}

/* 0, or -1 with errno. */
static inline int
home_make(void)
{
	snprintf(home, sizeof(home), "/tmp/twinspan-test-XXXXXX");
	if (mkdtemp(home) == NULL)
		return -1;
	setenv("HOME", home, 1);
	return mkdir(home_path(""), 0700);
}

/* With the files in ~/.ssh of these names, where they are; -1 where others are left. */
static inline int
home_remove(const char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++)
		unlink(home_path(names[i]));
	rmdir(home_path(""));
	return rmdir(home);
}

#endif
