// SPDX-License-Identifier: GPL-2.0-or-later
/* Patterns, as known_hosts and ~/.ssh/config have them. */
#include "tui/ssh/pattern.h"

#include <ctype.h>
#include <string.h>

static bool
same(char a, char b, bool fold)
{
	return a == b || (fold && tolower((unsigned char)a) == tolower((unsigned char)b));
}

bool
ssh_pattern_matches(const char *pattern, const char *end, const char *name, bool fold)
{
	const char *star = NULL, *behind = NULL;

	while (*name != '\0') {
		if (pattern < end && *pattern == '*') {
			star = pattern++;
			behind = name;
		} else if (pattern < end && (*pattern == '?' || same(*pattern, *name, fold))) {
			pattern++;
			name++;
		} else if (star != NULL) {
			pattern = star + 1;
			name = ++behind;
		} else {
			return false;
		}
	}
	while (pattern < end && *pattern == '*')
		pattern++;
	return pattern == end;
}

bool
ssh_pattern_list_has(const char *list, const char *name, bool fold)
{
	bool has = false;

	while (*list != '\0') {
		size_t length = strcspn(list, ",");
		bool except = list[0] == '!';

		if (ssh_pattern_matches(list + (except ? 1 : 0), list + length, name, fold)) {
			if (except)
				return false;
			has = true;
		}
		list += length + (list[length] == ',' ? 1 : 0);
	}
	return has;
}
