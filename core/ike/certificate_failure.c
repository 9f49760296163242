// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Why an authentication by certificates failed. charon tells of a certificate that it finds bad (an alert)
 * before it refuses the peer for want of a good one; the first that is found is the cause.
 */
#include "core/ike/ike_internal.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include <credentials/certificates/certificate.h>

static const char *
date_of(time_t when, char out[32])
{
	struct tm parts;

	gmtime_r(&when, &parts);
	strftime(out, 32, "%Y-%m-%d %H:%M:%S UTC", &parts);
	return out;
}

static bool
is_out_of_time(certificate_t *certificate, char *out, size_t size)
{
	time_t now = time(NULL), from, to;
	char date[32];

	if (certificate->get_validity(certificate, &now, &from, &to))
		return false;
	if (now < from)
		snprintf(out, size, "is not valid before %s", date_of(from, date));
	else
		snprintf(out, size, "expired on %s", date_of(to, date));
	return true;
}

void
note_certificate(struct track *track, alert_t alert, certificate_t *certificate)
{
	static const char revoked[] = "certificate was ";
	char subject[120], issuer[120], why[180] = "";

	if (track->certificate_failure != FAILURE_NONE)
		return;
	snprintf(subject, sizeof(subject), "%Y", certificate->get_subject(certificate));
	snprintf(issuer, sizeof(issuer), "%Y", certificate->get_issuer(certificate));
	track->certificate_failure = FAILURE_CERTIFICATE_UNTRUSTED;
	switch (alert) {
	case ALERT_CERT_EXPIRED:
		track->certificate_failure = FAILURE_CERTIFICATE_EXPIRED;
		is_out_of_time(certificate, why, sizeof(why));
		break;
	case ALERT_CERT_REVOKED:
		track->certificate_failure = FAILURE_CERTIFICATE_REVOKED;
		/* The log line before has the date and the reason. */
		snprintf(why, sizeof(why), "was %s",
			 strncmp(track->evidence, revoked, sizeof(revoked) - 1) == 0
			     ? track->evidence + sizeof(revoked) - 1
			     : "revoked");
		break;
	case ALERT_CERT_NO_ISSUER:
		snprintf(why, sizeof(why), "comes from '%s', which is not among the CAs here", issuer);
		break;
	case ALERT_CERT_UNTRUSTED_ROOT:
		snprintf(why, sizeof(why), "is a root that is not among the CAs here");
		break;
	case ALERT_CERT_EXCEEDED_PATH_LEN:
		snprintf(why, sizeof(why), "is too far from its root");
		break;
	default:
		snprintf(why, sizeof(why), "breaks a rule of its CA");
		break;
	}
	snprintf(track->certificate_text, sizeof(track->certificate_text), "the certificate '%s' %s", subject,
		 why);
}

bool
report_certificate(struct ike *ike, struct track *track, const struct ike_failure *known, const char *peer)
{
	if (track->certificate_failure != FAILURE_NONE)
		report_failure(ike, track, track->certificate_failure, known, NULL, "can't verify %s: %s",
			       peer, track->certificate_text);
	else if (strstr(track->evidence, "not authenticated by CA"))
		report_failure(ike, track, FAILURE_CERTIFICATE_UNTRUSTED, known, NULL, "can't verify %s: %s",
			       peer, track->evidence);
	else if (strncmp(track->evidence, "no trusted", strlen("no trusted")) == 0)
		report_failure(ike, track, FAILURE_CERTIFICATE_IDENTITY, known, NULL,
			       "can't verify %s: no certificate that it showed has this identity", peer);
	else
		return false;
	return true;
}

bool
report_certificate_refused(struct ike *ike, struct track *track, const struct ike_failure *known,
			   const char *peer, const char *us, const char *them)
{
	bool asked = strcmp(them, "%any") != 0;
	char why[64];

	if (!track->tunnel || !track->tunnel->credentials)
		return false;
	if (is_out_of_time(credentials_certificate(track->tunnel->credentials), why, sizeof(why)))
		report_failure(ike, track, FAILURE_CERTIFICATE_EXPIRED, known, NULL,
			       "%s refuses us as '%s': our certificate %s", peer, us, why);
	else
		report_failure(
		    ike, track, FAILURE_CERTIFICATE_THERE, known,
		    asked ? "on the other side: does it trust the CA of our certificate, expect this "
			    "identity, and show the one that we ask for (remote_id) in its own?"
			  : NULL,
		    "%s refuses our certificate of '%s'%s%s%s", peer, us, asked ? " (we ask for '" : "",
		    asked ? them : "", asked ? "')" : "");
	return true;
}
