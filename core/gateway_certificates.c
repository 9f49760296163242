// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Our own certificates end one day, and then no tunnel comes up by them: that is told 30 days before, 7 days
 * before, and when it has happened. Tunnels that share a certificate are told of by one event. What was told
 * of is remembered for as long as the gateway runs; a certificate that takes its place begins anew.
 */
#include "core/gateway_internal.h"

#include <string.h>

enum stage { STAGE_FAR, STAGE_MONTH, STAGE_WEEK, STAGE_ENDED };

static enum stage
stage_of(usec_t not_after, usec_t now)
{
	const usec_t day = 24 * 3600 * USEC_PER_SEC;

	if (not_after == 0 || not_after > now + 30 * day)
		return STAGE_FAR;
	return not_after <= now ? STAGE_ENDED : not_after <= now + 7 * day ? STAGE_WEEK : STAGE_MONTH;
}

/* The others by the same certificate, which are taken as told. */
static size_t
take_others(struct gateway *gateway, const struct gateway_tunnel *first)
{
	const struct config_credentials *credentials = first->config->credentials;
	size_t count = 0;

	for (size_t i = 0; i < gateway->tunnel_count; i++) {
		struct gateway_tunnel *tunnel = gateway->tunnels[i];

		if (tunnel == first || tunnel->config->credentials != credentials)
			continue;
		tunnel->certificate_told = first->certificate_told;
		tunnel->certificate_told_of = first->certificate_told_of;
		count++;
	}
	return count;
}

static void
tell(struct gateway_tunnel *tunnel, enum stage stage, usec_t now)
{
	static const char *const severities[] = {[STAGE_FAR] = "debug",
						 [STAGE_MONTH] = "notice",
						 [STAGE_WEEK] = "warning",
						 [STAGE_ENDED] = "error"};
	const struct config_credentials *credentials = tunnel->config->credentials;
	size_t others = take_others(tunnel->gateway, tunnel);
	bool ended = stage == STAGE_ENDED;
	char date[CLOCK_TEXT], span[32], more[48] = "";

	clock_format(credentials->not_after, date);
	clock_format_span(ended ? now - credentials->not_after : credentials->not_after - now, span,
			  sizeof(span));
	if (others != 0)
		snprintf(more, sizeof(more), " and %zu other tunnel%s", others, PLURAL(others, "s"));
	gateway_event(tunnel->gateway, severities[stage],
		      ended ? "certificate.expired" : "certificate.expires", tunnel->config->name,
		      "our certificate %s, of %s%s, %s %.10s, %s%s%s", credentials->subject,
		      tunnel->config->name, more, ended ? "ended on" : "ends on", date, ended ? "" : "in ",
		      span, ended ? " ago: nothing comes up by it" : "");
}

void
gateway_certificates_look(struct gateway *gateway)
{
	usec_t now = clock_wall();

	for (size_t i = 0; i < gateway->tunnel_count; i++) {
		struct gateway_tunnel *tunnel = gateway->tunnels[i];
		const struct config_credentials *credentials = tunnel->config->credentials;
		usec_t not_after = credentials != NULL ? credentials->not_after : 0;
		enum stage stage = stage_of(not_after, now);

		if (not_after != tunnel->certificate_told_of)
			tunnel->certificate_told = STAGE_FAR;
		tunnel->certificate_told_of = not_after;
		if (stage <= tunnel->certificate_told)
			continue;
		tunnel->certificate_told = stage;
		tell(tunnel, stage, now);
	}
}
