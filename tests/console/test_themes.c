// SPDX-License-Identifier: GPL-2.0-or-later
/* The themes of the folder themes/, each of them: contrast, what must be told apart, and by whom. */
#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/text.h"
#include "tests/unit/test.h"
#include "tui/complete.h"
#include "tui/theme.h"

/* What stands on the ground of its own. */
static bool
is_ground(int role)
{
	return role == ROLE_selection || role == ROLE_dialog || role == ROLE_footer || role == ROLE_border;
}

static void
for_each_theme(void (*check)(const struct theme *theme))
{
	static const char folder[] = TEST_SOURCE "/themes";
	DIR *dir = opendir(folder);
	const struct dirent *entry;
	size_t count = 0;

	assert_non_null(dir);
	while ((entry = readdir(dir)) != NULL) {
		char path[4096], name[80];
		struct theme theme;
		struct error err = {""};

		if (strstr(entry->d_name, ".yaml") == NULL)
			continue;
		snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		if (!theme_load(path, &theme, &err))
			fail_msg("%s", err.text);
		snprintf(name, sizeof(name), "%s.yaml", theme.name);
		assert_string_equal(name, entry->d_name);
		check(&theme);
		count++;
	}
	closedir(dir);
	assert_true(count >= 9);
}

/* The palette entry that a terminal of 256 colours shows. */
static uint32_t
shown(uint32_t rgb, bool of_256)
{
	static const uint8_t steps[] = {0, 95, 135, 175, 215, 255};
	int index = of_256 ? theme_nearest_256(rgb) : 0;
	uint32_t grey = (uint32_t)(8 + (index - 232) * 10);

	if (!of_256)
		return rgb;
	if (index >= 232)
		return grey << 16 | grey << 8 | grey;
	index -= 16;
	return (uint32_t)steps[index / 36] << 16 | (uint32_t)steps[index / 6 % 6] << 8 | steps[index % 6];
}

/* Every role's text on every ground that it can stand on: the theme's background, selection, header, dialog;
 * `least` with the colours as they are, a little less where only 256 of them are. */
static void
check_contrast(const struct theme *theme, bool of_256, double least)
{
	static const enum theme_role grounds[] = {ROLE_text, ROLE_selection, ROLE_header, ROLE_dialog,
						  ROLE_footer};

	for (size_t g = 0; g < COUNT_OF(grounds); g++) {
		const struct theme_colour *ground = &theme->roles[grounds[g]].bg;

		for (int r = 0; r < ROLE_COUNT; r++) {
			const struct theme_style *style = &theme->roles[r];
			uint32_t under = style->bg.set ? shown(style->bg.rgb, of_256)
					 : ground->set ? shown(ground->rgb, of_256)
						       : theme->made_for;

			if (!style->fg.set || is_ground(r) ||
			    theme_contrast(shown(style->fg.rgb, of_256), under) >= least)
				continue;
			fail_msg("%s: %s on %s has a contrast of %.2f%s", theme->name,
				 theme_role_name((enum theme_role)r), theme_role_name(grounds[g]),
				 theme_contrast(shown(style->fg.rgb, of_256), under),
				 of_256 ? " in 256 colours" : "");
		}
	}
}

static void
contrast_of_one(const struct theme *theme)
{
	check_contrast(theme, false, strncmp(theme->name, "contrast", 8) == 0 ? 7 : 4.5);
	check_contrast(theme, true, 4);
}

static void
every_theme_has_the_contrast_of_wcag_aa(void **state)
{
	assert_true(fabs(theme_contrast(0x000000, 0xffffff) - 21) < 0.01);
	for_each_theme(contrast_of_one);
}

static void
states_of_one(const struct theme *theme)
{
	const struct theme_style *good = &theme->roles[ROLE_good], *warning = &theme->roles[ROLE_warning],
				 *bad = &theme->roles[ROLE_bad];

	if (strcmp(theme->name, "mono") == 0)
		return;
	/* as names, of which terminals of 8 have the first half */
	assert_int_not_equal(good->fg.ansi % 8, warning->fg.ansi % 8);
	assert_int_not_equal(good->fg.ansi % 8, bad->fg.ansi % 8);
	assert_int_not_equal(warning->fg.ansi % 8, bad->fg.ansi % 8);
	assert_int_not_equal(theme_nearest_256(good->fg.rgb), theme_nearest_256(warning->fg.rgb));
	assert_int_not_equal(theme_nearest_256(good->fg.rgb), theme_nearest_256(bad->fg.rgb));
	assert_int_not_equal(theme_nearest_256(warning->fg.rgb), theme_nearest_256(bad->fg.rgb));
}

static void
good_warning_and_bad_differ_in_every_tier(void **state)
{
	for_each_theme(states_of_one);
}

static void
production_of_one(const struct theme *theme)
{
	const struct theme_style *production = &theme->roles[ROLE_production],
				 *header = &theme->roles[ROLE_header];

	if (strcmp(theme->name, "mono") == 0) {
		assert_int_not_equal(production->attributes, header->attributes);
		return;
	}
	assert_true(production->fg.set && production->bg.set);
	assert_int_not_equal(production->bg.ansi % 8, header->bg.ansi % 8);
	assert_true(theme_contrast(production->bg.rgb, header->bg.rgb) > 1.3);
}

static void
production_has_a_ground_of_its_own_in_every_theme(void **state)
{
	for_each_theme(production_of_one);
}

/* --- who can't tell red from green ------------------------------------------------------------------- */

static double
linear(uint32_t rgb, int shift)
{
	double value = (double)(rgb >> shift & 0xff) / 255;

	return value <= 0.04045 ? value / 12.92 : pow((value + 0.055) / 1.055, 2.4);
}

/* Distance of two colours as one sees them who lacks a kind of cones (Machado, Oliveira, Fernandes 2009, at
 * severity 1), in CIE L*a*b* (CIE 15). */
static double
distance(const double matrix[9], uint32_t a, uint32_t b)
{
	static const double xyz[9] = {0.4124, 0.3576, 0.1805, 0.2126, 0.7152, 0.0722, 0.0193, 0.1192, 0.9505},
			    white[3] = {0.9505, 1, 1.089};
	double lab[2][3], total = 0;

	for (int c = 0; c < 2; c++) {
		double f[3], seen[3];

		for (int i = 0; i < 3; i++) {
			seen[i] = 0;
			for (int k = 0; k < 3; k++)
				seen[i] += matrix[3 * i + k] * linear(c == 0 ? a : b, 16 - 8 * k);
			seen[i] = seen[i] < 0 ? 0 : seen[i] > 1 ? 1 : seen[i];
		}
		for (int i = 0; i < 3; i++) {
			double value =
			    (xyz[3 * i] * seen[0] + xyz[3 * i + 1] * seen[1] + xyz[3 * i + 2] * seen[2]) /
			    white[i];

			f[i] = value > 0.008856 ? cbrt(value) : 7.787 * value + 16.0 / 116;
		}
		lab[c][0] = 116 * f[1] - 16;
		lab[c][1] = 500 * (f[0] - f[1]);
		lab[c][2] = 200 * (f[1] - f[2]);
	}
	for (int i = 0; i < 3; i++)
		total += (lab[0][i] - lab[1][i]) * (lab[0][i] - lab[1][i]);
	return sqrt(total);
}

static void
apart_of_one(const struct theme *theme)
{
	static const double protan[9] = {0.152286, 1.052583,  -0.204868, 0.114503, 0.786281,
					 0.099216, -0.003882, -0.048116, 1.051998},
			    deutan[9] = {0.367322, 0.860646,  -0.227968, 0.280085, 0.672501,
					 0.047413, -0.011820, 0.042940,  0.968881};
	static const enum theme_role states[] = {ROLE_good, ROLE_warning, ROLE_bad};

	if (strncmp(theme->name, "colourblind", 11) != 0)
		return;
	for (size_t i = 0; i < COUNT_OF(states); i++) {
		for (size_t k = 0; k < i; k++) {
			uint32_t a = theme->roles[states[i]].fg.rgb, b = theme->roles[states[k]].fg.rgb;
			double p = distance(protan, a, b), d = distance(deutan, a, b);

			if (p < 20 || d < 20)
				fail_msg("%s: %s and %s are %.0f and %.0f apart", theme->name,
					 theme_role_name(states[k]), theme_role_name(states[i]), p, d);
		}
	}
}

static void
colour_blind_people_can_tell_the_states_apart(void **state)
{
	for_each_theme(apart_of_one);
}

/* --- files ------------------------------------------------------------------------------------------- */

static void
mono_is_what_terminals_without_colours_get(void **state)
{
	struct theme file, built_in;
	struct error err = {""};

	theme_monochrome(&built_in);
	if (!theme_load(TEST_SOURCE "/themes/mono.yaml", &file, &err))
		fail_msg("%s", err.text);
	for (int r = 0; r < ROLE_COUNT; r++) {
		assert_int_equal(file.roles[r].attributes, built_in.roles[r].attributes);
		assert_false(file.roles[r].fg.set || file.roles[r].bg.set);
	}
}

static void
write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "we");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static void
a_persons_own_themes_come_first_and_are_completed(void **state)
{
	char folder[] = "/tmp/twinspan-themes-XXXXXX", path[128], own[256];
	struct text_list names = {0};
	struct completion completion;
	struct theme theme;
	struct error err = {""};

	assert_non_null(mkdtemp(folder));
	setenv("XDG_CONFIG_HOME", folder, 1);
	snprintf(path, sizeof(path), "%s/twinspan", folder);
	mkdir(path, 0700);
	snprintf(path, sizeof(path), "%s/twinspan/themes", folder);
	mkdir(path, 0700);
	snprintf(own, sizeof(own), "%s/dark.yaml", path);
	write_file(own, "name: my dark\nroles: {good: {fg: blue}}\n");
	assert_true(theme_find("dark", &theme, &err));
	assert_string_equal(theme.name, "my dark");
	/* a role that the file knows nothing of, and that must not be invisible */
	assert_true(theme.roles[ROLE_production].attributes & THEME_REVERSE);
	unlink(own);
	snprintf(own, sizeof(own), "%s/zebra.yaml", path);
	write_file(own, "name: zebra\n");
	theme_names(&names);
	assert_true(text_list_has(&names, "zebra") && text_list_has(&names, "dark") &&
		    text_list_has(&names, "solarized-light"));
	completion_make(NULL, MODEL_KIND_TUNNEL, "theme z", &completion);
	assert_int_equal(completion.words.count, 1);
	assert_string_equal(completion.words.items[0], "zebra");
	completion_free(&completion);
	text_list_free(&names);
	assert_false(theme_find("nowhere", &theme, &err));
	assert_non_null(strstr(err.text, path));
	unlink(own);
	rmdir(path);
	*strrchr(path, '/') = '\0';
	rmdir(path);
	rmdir(folder);
	unsetenv("XDG_CONFIG_HOME");
}

static void
a_background_is_light_where_black_stands_out_more(void **state)
{
	assert_true(theme_is_light(0xffffff));
	assert_true(theme_is_light(0xfdf6e3));
	assert_false(theme_is_light(0x002b36));
	assert_false(theme_is_light(0x000000));
	assert_false(theme_is_light(0x555555));
}

TEST_MAIN(cmocka_unit_test(every_theme_has_the_contrast_of_wcag_aa),
	  cmocka_unit_test(good_warning_and_bad_differ_in_every_tier),
	  cmocka_unit_test(production_has_a_ground_of_its_own_in_every_theme),
	  cmocka_unit_test(colour_blind_people_can_tell_the_states_apart),
	  cmocka_unit_test(mono_is_what_terminals_without_colours_get),
	  cmocka_unit_test(a_persons_own_themes_come_first_and_are_completed),
	  cmocka_unit_test(a_background_is_light_where_black_stands_out_more))
