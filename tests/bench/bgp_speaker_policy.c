// SPDX-License-Identifier: GPL-2.0-or-later
/* See bgp_speaker_policy.h. */
#include "tests/bench/bgp_speaker_policy.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"

static bool
read_patterns(const char *path, struct policy_set *set, struct error *err)
{
	FILE *file = fopen(path, "re");
	char line[200];
	bool fine = file != NULL || error_set(err, "%s: %s", path, strerror(errno));

	while (fine && fgets(line, sizeof(line), file) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		fine = policy_set_add(set, line, err);
	}
	if (file != NULL)
		fclose(file);
	policy_set_seal(set);
	return fine;
}

static struct policy_set *
one_pattern(enum policy_set_kind kind, const char *text, struct error *err)
{
	struct policy_set *set = policy_set_new(kind, NULL);

	if (!policy_set_add(set, text, err)) {
		policy_set_release(set);
		return NULL;
	}
	policy_set_seal(set);
	return set;
}

static bool
read_word(struct policy_rule *rule, char *word, struct error *err)
{
	char *value = strchr(word, '=');

	if (value == NULL)
		return error_set(err, "%s: no value", word);
	*value++ = '\0';
	if (strcmp(word, "prefixes") == 0) {
		rule->match.prefixes = policy_set_new(POLICY_PREFIXES, value);
		return read_patterns(value, rule->match.prefixes, err);
	}
	if (strcmp(word, "as_path") == 0)
		return (rule->match.as_path = one_pattern(POLICY_AS_PATHS, value, err)) != NULL;
	if (strcmp(word, "community") == 0)
		return (rule->match.community = one_pattern(POLICY_COMMUNITIES, value, err)) != NULL;
	if (strcmp(word, "add") == 0) {
		rule->set.add.items = memory_zeroed(1, sizeof(*rule->set.add.items));
		rule->set.add.count = 1;
		return policy_community_parse(value, false, rule->set.add.items, err);
	}
	if (strcmp(word, "local_preference") == 0)
		rule->set.local_preference = (struct policy_number){true, (uint32_t)strtoul(value, NULL, 10)};
	else if (strcmp(word, "med") == 0)
		rule->set.med = (struct policy_number){true, (uint32_t)strtoul(value, NULL, 10)};
	else if (strcmp(word, "prepend") == 0 && rule->set.prepend.count < POLICY_PREPEND_MOST)
		rule->set.prepend.items[rule->set.prepend.count++] = (uint32_t)strtoul(value, NULL, 10);
	else
		return error_set(err, "%s: no such word", word);
	return true;
}

static bool
read_rule(char *line, struct policy *import, struct policy *export, struct error *err)
{
	static const char *const actions[] = {"accept", "deny", "next"};
	char *save, *word = strtok_r(line, "\t\n", &save);
	struct policy_rule *rule;

	if (word == NULL)
		return true;
	rule = policy_add(strcmp(word, "import") == 0 ? import : export);
	if (rule == NULL)
		return error_set(err, "more than %d rules", POLICY_RULES_MOST);
	word = strtok_r(NULL, "\t\n", &save);
	for (unsigned i = 0; i < COUNT_OF(actions); i++) {
		if (word != NULL && strcmp(word, actions[i]) == 0)
			rule->action = (enum policy_action)i;
	}
	while ((word = strtok_r(NULL, "\t\n", &save)) != NULL) {
		if (!read_word(rule, word, err))
			return false;
	}
	return true;
}

bool
speaker_policy_read(const char *path, struct policy *import, struct policy *export, struct error *err)
{
	FILE *file = fopen(path, "re");
	char line[1000];
	bool fine = file != NULL || error_set(err, "%s: %s", path, strerror(errno));

	while (fine && fgets(line, sizeof(line), file) != NULL)
		fine = read_rule(line, import, export, err);
	if (file != NULL)
		fclose(file);
	policy_seal(import);
	policy_seal(export);
	return fine;
}
