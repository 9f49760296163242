// SPDX-License-Identifier: GPL-2.0-or-later
/* The settings of a tunnel as YAML: algorithms, times, who begins. What is not said is a comment; see
 * write.c.
 */
#include "plugins/import_aws/import_aws.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* "8h", "50m", "3540s". */
static const char *
duration(uint32_t seconds, char out[16])
{
	if (seconds % 3600 == 0 && seconds != 0)
		snprintf(out, 16, "%uh", seconds / 3600);
	else if (seconds % 60 == 0 && seconds != 0)
		snprintf(out, 16, "%um", seconds / 60);
	else
		snprintf(out, 16, "%us", seconds);
	return out;
}

static void
put_list(FILE *out, const struct text_list *list)
{
	fputs("proposals: [", out);
	for (size_t i = 0; i < list->count; i++)
		fprintf(out, "%s%s", i != 0 ? ", " : "", list->items[i]);
	fputs("], ", out);
}

/* Is what is said of a phase only the sample that all files have? */
static bool
is_sample(const struct aws_tunnel *tunnel, const struct aws_phase *phase)
{
	return !tunnel->options && (aws_is_minimum(phase) || phase->encryption == 0);
}

/* AWS's real options, and not just a sample's, leave no other version. */
static bool
only_version_1(const struct aws_tunnel *tunnel)
{
	return tunnel->options && tunnel->ikev1 && !tunnel->ikev2;
}

/* The proposals of a phase, with what there is to say of them before the line that they stand on. */
static void
choose_proposals(struct aws_writing *writing, FILE *out, const struct aws_tunnel *tunnel, bool esp,
		 struct text_list *list)
{
	const struct aws_phase plain = aws_phase_of_version_1(&tunnel->ike), *phase;
	const char *what = esp ? "ESP" : "IKE";
	char text[200], remote[IP_ADDRESS_TEXT];
	bool nearest;

	phase = esp ? &tunnel->esp : only_version_1(tunnel) ? &plain : &tunnel->ike;
	if (is_sample(tunnel, phase)) {
		if (esp && is_sample(tunnel, &tunnel->ike))
			fputs("# ESP: as with IKE.\n", out);
		else
			fprintf(
			    out,
			    "# %s: AWS's file shows the least that AWS takes, not what its tunnel options "
			    "allow. These are\n"
			    "# in what `aws ec2 describe-vpn-connections` prints; twinspan's own proposals "
			    "are among AWS's defaults.\n",
			    what);
		return;
	}
	aws_proposals(phase, esp, writing->options->accepts, list, &nearest);
	if (!nearest)
		return;
	aws_phase_text(phase, text, sizeof(text));
	fprintf(out,
		"# %s: AWS's file has %s, which this version does not carry:\n"
		"# this is the nearest that it does, and AWS's tunnel options must allow it.\n",
		what, text);
	aws_note(&writing->findings, tunnel->line,
		 "the tunnel to %s: AWS has %s for %s, which this version of twinspan does not carry: %s is "
		 "written instead, and AWS's tunnel options must allow it",
		 ip_address_format(&tunnel->remote, remote), text, what, list->items[0]);
}

static void
put_ike(struct aws_writing *writing, FILE *out, const struct aws_tunnel *tunnel)
{
	struct text_list list = {0};
	char text[16];

	choose_proposals(writing, out, tunnel, false, &list);
	if (!tunnel->ikev2 && !only_version_1(tunnel))
		fprintf(
		    out,
		    "# AWS's file names %s, as all such files do; AWS takes version 2 as well, unless its "
		    "options say otherwise.\n",
		    tunnel->ikev1 ? "IKE version 1 only" : "no IKE version");
	fprintf(out, "ike: {version: %d, ", only_version_1(tunnel) ? 1 : 2);
	if (list.count != 0)
		put_list(out, &list);
	fprintf(out, "lifetime: %s}\n",
		duration(tunnel->ike.lifetime_s != 0 ? tunnel->ike.lifetime_s : 28800, text));
	text_list_free(&list);
}

static void
put_esp(struct aws_writing *writing, FILE *out, const struct aws_tunnel *tunnel)
{
	uint32_t ike = tunnel->ike.lifetime_s != 0 ? tunnel->ike.lifetime_s : 28800;
	uint32_t lifetime = tunnel->esp.lifetime_s != 0 ? tunnel->esp.lifetime_s : 3600;
	struct text_list list = {0};
	char text[16];

	/* ESP's must be the shorter one. */
	if (lifetime >= ike)
		lifetime = ike > 960 ? ike - 60 : 900;
	choose_proposals(writing, out, tunnel, true, &list);
	fputs("esp: {", out);
	if (list.count != 0)
		put_list(out, &list);
	fprintf(out, "lifetime: %s", duration(lifetime, text));
	if (tunnel->replay_window != 0)
		fprintf(out, ", replay_window: %u", tunnel->replay_window);
	fputs("}\n", out);
	text_list_free(&list);
}

static void
put_bgp(struct aws_writing *writing, FILE *out, const struct aws_tunnel *tunnel)
{
	char a[16], b[16];

	if (!tunnel->has_hold)
		return;
	if (tunnel->hold_s != 0)
		fprintf(out, "bgp: {keepalive: %s, hold: %s}\n", duration(tunnel->hold_s / 3, a),
			duration(tunnel->hold_s, b));
	else
		fputs("bgp: {hold: 0}\n", out);
}

static void
put_rekey(struct aws_writing *writing, FILE *out, const struct aws_tunnel *tunnel)
{
	char text[16];

	if (tunnel->rekey_margin_s == 0 && !tunnel->has_fuzz)
		return;
	fputs("rekey: {", out);
	if (tunnel->rekey_margin_s != 0)
		fprintf(out, "margin: %s%s", duration(tunnel->rekey_margin_s, text),
			tunnel->has_fuzz ? ", " : "");
	if (tunnel->has_fuzz)
		fprintf(out, "fuzz: %u", tunnel->rekey_fuzz);
	fputs("}\n", out);
}

static void
put_dpd(struct aws_writing *writing, FILE *out, const struct aws_tunnel *tunnel)
{
	char a[16], b[16];

	fprintf(out, "dpd: {interval: %s, timeout: %s, action: restart}\n",
		duration(tunnel->dpd_interval_s, a), duration(tunnel->dpd_timeout_s, b));
}

static void
put_start(struct aws_writing *writing, FILE *out, const struct aws_tunnel *tunnel)
{
	if (tunnel->starts)
		fputs("# AWS initiates as well; this side does so too, to be up soon after a restart.\n",
		      out);
	fputs("start: initiate\n", out);
}

/* What may stand under a connection or a tunnel, as lines without indentation. */
static void (*const settings[])(struct aws_writing *writing, FILE *out, const struct aws_tunnel *tunnel) = {
    put_bgp, put_ike, put_esp, put_rekey, put_dpd, put_start};

_Static_assert(COUNT_OF(settings) == AWS_SETTINGS, "import_aws.h says how many");

char *
aws_setting(struct aws_writing *writing, size_t which, const struct aws_tunnel *tunnel)
{
	char *text = NULL;
	size_t length;
	FILE *out = open_memstream(&text, &length);

	if (out == NULL)
		abort();
	settings[which](writing, out, tunnel);
	fclose(out);
	return text;
}
