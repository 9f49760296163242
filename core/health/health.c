// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Fusing what several watchers say of one tunnel into one verdict.
 *
 * The rule, in words: whoever sees the tunnel itself (IKE, its child SA, BFD, a probe) may declare it dead.
 * BGP may only where it was once well: a session that never came up says nothing about the tunnel below it.
 * Traffic can only make suspicious, since silence may have other reasons. A suspicion of anyone is a
 * suspicion; else one good word is enough. What each source's word weighs stands in one table. Of several
 * that decide, the one that spoke first is the evidence.
 */
#include "core/health/health.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"

/* What a source's FAILED does. */
enum weight { DECIDES, DECIDES_ONCE_OK, RAISES_SUSPICION };

static const struct {
	const char *name;
	enum weight failed;
} sources[HEALTH_SOURCES] = {
    [HEALTH_IKE] = {"ike", DECIDES},         [HEALTH_CHILD] = {"child", DECIDES},
    [HEALTH_BGP] = {"bgp", DECIDES_ONCE_OK}, [HEALTH_BFD] = {"bfd", DECIDES},
    [HEALTH_PROBE] = {"probe", DECIDES},     [HEALTH_TRAFFIC] = {"traffic", RAISES_SUSPICION},
};

struct word {
	bool spoke, was_ok;
	enum health_verdict verdict;
	usec_t at, since; /* of its last word; of its present verdict */
	char text[160];
};

struct health {
	void (*changed)(void *context, enum health_verdict verdict, const char *evidence);
	void *context;
	struct word words[HEALTH_SOURCES];
	enum health_verdict verdict;
	usec_t since;
	char evidence[240];
};

const char *
health_verdict_name(enum health_verdict verdict)
{
	static const char *const names[] = {"unknown", "ok", "suspect", "failed"};

	return (unsigned)verdict < COUNT_OF(names) ? names[verdict] : "unknown";
}

const char *
health_source_name(enum health_source source)
{
	return (unsigned)source < HEALTH_SOURCES ? sources[source].name : "unknown";
}

struct health *
health_new(void (*changed)(void *context, enum health_verdict verdict, const char *evidence), void *context)
{
	struct health *health = memory_zeroed(1, sizeof(*health));

	health->changed = changed;
	health->context = context;
	health->since = clock_monotonic();
	snprintf(health->evidence, sizeof(health->evidence), "nothing is known yet");
	return health;
}

void
health_free(struct health *health)
{
	free(health);
}

/* What a source's word counts for in the sum. */
static enum health_verdict
weigh(const struct word *word, enum health_source source)
{
	if (!word->spoke)
		return HEALTH_UNKNOWN;
	if (word->verdict != HEALTH_FAILED || sources[source].failed == DECIDES)
		return word->verdict;
	if (sources[source].failed == RAISES_SUSPICION)
		return HEALTH_SUSPECT;
	return word->was_ok ? HEALTH_FAILED : HEALTH_UNKNOWN;
}

/* The gravest word, and among equals the one that holds longest. -1: nobody says anything. */
static int
decide(const struct health *health, enum health_verdict *verdict)
{
	int deciding = -1;

	*verdict = HEALTH_UNKNOWN;
	for (int i = 0; i < HEALTH_SOURCES; i++) {
		enum health_verdict weighed = weigh(&health->words[i], (enum health_source)i);

		if (weighed > *verdict || (deciding >= 0 && weighed == *verdict &&
					   health->words[i].since < health->words[deciding].since)) {
			*verdict = weighed;
			deciding = i;
		}
	}
	return deciding;
}

static void
write_evidence(struct health *health, int deciding)
{
	size_t used = 0;

	if (deciding < 0) {
		snprintf(health->evidence, sizeof(health->evidence), "nothing is known");
		return;
	}
	if (health->verdict != HEALTH_OK) {
		const char *text = health->words[deciding].text;

		snprintf(health->evidence, sizeof(health->evidence), "%s: %s", sources[deciding].name,
			 text[0] != '\0' ? text : health_verdict_name(health->words[deciding].verdict));
		return;
	}
	/* All is well: all who say so. */
	for (int i = 0; i < HEALTH_SOURCES; i++) {
		if (weigh(&health->words[i], (enum health_source)i) == HEALTH_OK &&
		    used < sizeof(health->evidence))
			used += (size_t)snprintf(health->evidence + used, sizeof(health->evidence) - used,
						 "%s%s", used != 0 ? ", " : "", sources[i].name);
	}
}

void
health_report(struct health *health, enum health_source source, enum health_verdict verdict, const char *text)
{
	struct word *word = &health->words[source];
	enum health_verdict before = health->verdict;
	usec_t now = clock_monotonic();
	int deciding;

	if (!word->spoke || word->verdict != verdict)
		word->since = now;
	word->spoke = verdict != HEALTH_UNKNOWN;
	word->was_ok |= verdict == HEALTH_OK;
	word->verdict = verdict;
	word->at = now;
	text_clean(word->text, sizeof(word->text), text != NULL ? text : "");

	deciding = decide(health, &health->verdict);
	if (health->verdict != before)
		health->since = now;
	write_evidence(health, deciding);
	if (health->verdict != before && health->changed != NULL)
		health->changed(health->context, health->verdict, health->evidence);
}

enum health_verdict
health_verdict(const struct health *health, const char **evidence, usec_t *since)
{
	if (evidence != NULL)
		*evidence = health->evidence;
	if (since != NULL)
		*since = health->since;
	return health->verdict;
}

bool
health_source_says(const struct health *health, enum health_source source, enum health_verdict *verdict,
		   const char **text, usec_t *at)
{
	const struct word *word = &health->words[source];

	if (!word->spoke)
		return false;
	if (verdict != NULL)
		*verdict = word->verdict;
	if (text != NULL)
		*text = word->text;
	if (at != NULL)
		*at = word->at;
	return true;
}
