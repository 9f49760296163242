// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Answers that say more than a line: an explanation, a drill's report, whatever comes with lines of its own.
 * They open a page on top of the panel, which stays until it is closed; the message line keeps the summary.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "tui/app.h"
#include "tui/format.h"
#include "tui/panels/explain.h"
#include "tui/panels/text.h"

#define LABEL 14
#define OFFSET 15 /* "+ 12.4 s" in a drill's course */
#define DATE 18   /* "2026-01-02 03:04" of one before */

static const char *
text_of(const json_t *object, const char *name)
{
	return json_string_value(json_object_get(object, name));
}

/* NaN where there is none, or none that makes sense: what a gateway says is not trusted. */
static double
number_of(const json_t *object, const char *name)
{
	double value = json_number_value(json_object_get(object, name));

	return json_is_number(json_object_get(object, name)) && value >= 0 && value < 1e15 ? value : NAN;
}

/* --- a drill ------------------------------------------------------------------------------------- */

static void
add_fact(struct panel *page, const char *label, enum theme_role role, const char *text)
{
	text_panel_row(page,
		       &(struct text_row){.label = label, .text = text, .label_cols = LABEL, .role = role});
}

/* One step of the course, `at` ms after the silence began; none where it was not reached. */
static void
add_step(struct panel *page, double at, struct look_of look, const char *text)
{
	char offset[FORMAT_TEXT], label[FORMAT_TEXT + 4];

	if (isnan(at))
		return;
	snprintf(label, sizeof(label), "  + %8s", at > 0 ? format_ms(at, offset) : "0 ms");
	text_panel_row(page, &(struct text_row){.label = label,
						.mark = look.glyph,
						.text = text,
						.label_cols = OFFSET,
						.mark_cols = 2,
						.mark_role = look.role,
						.role = ROLE_text});
}

static void
add_course(struct panel *page, const json_t *report)
{
	static const struct look_of bad = {"✕", "", ROLE_bad}, good = {"●", "", ROLE_good},
				    warning = {"!", "", ROLE_warning}, plain = {"·", "", ROLE_dim};
	const char *to = text_of(report, "to"), *cause = text_of(report, "cause"),
		   *tunnel = text_of(report, "tunnel");
	double silenced = number_of(report, "silenced_ms");
	char text[400];

	text_panel_add(page, ROLE_text, "");
	text_panel_add(page, ROLE_title, "Its course");
	snprintf(text, sizeof(text), "%s is silenced, both directions",
		 tunnel != NULL ? tunnel : "the tunnel");
	add_step(page, 0, plain, text);
	snprintf(text, sizeof(text), "noticed: %s", cause != NULL ? cause : "the loss");
	add_step(page, number_of(report, "noticed_ms"), warning, text);
	snprintf(text, sizeof(text), "traffic moves to %s", to != NULL ? to : "nothing: no other is usable");
	add_step(page, number_of(report, "noticed_ms"), to != NULL ? good : bad, text);
	add_step(page, silenced, plain, "the silence ends: it passes packets again");
	add_step(page, silenced + number_of(report, "usable_again_ms"), good, "it is usable again");
}

static void
add_figures(struct panel *page, const json_t *report)
{
	double outage = number_of(report, "outage_ms"), in = number_of(report, "rx_bps_before"),
	       out = number_of(report, "tx_bps_before");
	char text[200], one[FORMAT_TEXT], two[FORMAT_TEXT];

	if (!isnan(outage))
		snprintf(text, sizeof(text), "%s without received packets, by the data plane's counters",
			 format_ms(outage, one));
	else
		snprintf(text, sizeof(text), "not measured: %s",
			 isnan(number_of(report, "noticed_ms"))
			     ? "nothing took over while the tunnel was silent"
			     : "no traffic was flowing, or none came back");
	add_fact(page, "Outage", isnan(outage) ? ROLE_warning : ROLE_title, text);
	if (!isnan(in) && !isnan(out)) {
		snprintf(text, sizeof(text), "in %s, out %s",
			 format_rate((uint64_t)in, one) + strspn(one, " "),
			 format_rate((uint64_t)out, two) + strspn(two, " "));
		add_fact(page, "Before", ROLE_text, text);
	}
}

/* A drill before this one, as the gateway has it in its state folder. */
static void
add_drill(struct panel *page, const json_t *drill)
{
	const char *at = text_of(drill, "at"), *by = text_of(drill, "by");
	const char *result = text_of(drill, "result");
	double outage = number_of(drill, "outage_ms"), noticed = number_of(drill, "noticed_ms");
	bool good = !isnan(noticed) && text_of(drill, "to") != NULL;
	char label[FORMAT_TEXT] = "", text[400], one[FORMAT_TEXT] = "not measured", two[FORMAT_TEXT];
	usec_t wall;

	if (at != NULL && clock_parse(at, &wall))
		format_date(wall, label);
	if (!isnan(outage))
		format_ms(outage, one);
	if (good)
		snprintf(text, sizeof(text), "outage %s, noticed after %s, by %s", one,
			 format_ms(noticed, two), by != NULL ? by : "?");
	else
		snprintf(text, sizeof(text), "%s, by %s", result != NULL ? result : "it failed",
			 by != NULL ? by : "?");
	text_panel_row(page, &(struct text_row){.label = label,
						.mark = good ? "●" : "!",
						.text = text,
						.label_cols = DATE,
						.mark_cols = 2,
						.mark_role = good ? ROLE_good : ROLE_warning,
						.role = ROLE_text});
}

static void
add_earlier(struct panel *page, const json_t *earlier)
{
	const json_t *drill;
	size_t i;

	if (!json_is_array(earlier))
		return; /* a gateway that doesn't tell */
	text_panel_add(page, ROLE_text, "");
	text_panel_add(page, ROLE_title, "Drills before");
	if (json_array_size(earlier) == 0)
		text_panel_add(page, ROLE_dim, "None: this was the first that is kept.");
	json_array_foreach (earlier, i, drill)
		add_drill(page, drill);
}

static struct panel *
drill_page(struct scene *scene, const struct control_reply *reply)
{
	const json_t *report = reply->result;
	const char *connection = text_of(report, "connection"), *by = text_of(report, "by"),
		   *file = text_of(report, "file"), *at = text_of(report, "at");
	bool good = !isnan(number_of(report, "noticed_ms")) && text_of(report, "to") != NULL;
	struct panel *page;
	char title[300];

	snprintf(title, sizeof(title), "drill → %s", connection);
	page = text_panel(scene, title, MODEL_KIND_CONNECTION, connection);
	text_panel_note(page, ROLE_dim, "%s by %s%s", at != NULL ? at : "", by != NULL ? by : "?",
			json_is_true(json_object_get(report, "forced")) ? ", forced" : "");
	text_panel_row(page, &(struct text_row){.mark = good ? "●" : "!",
						.text = reply->text,
						.mark_cols = 2,
						.mark_role = good ? ROLE_good : ROLE_warning,
						.role = ROLE_title});
	text_panel_add(page, ROLE_text, "");
	add_figures(page, report);
	add_course(page, report);
	add_earlier(page, json_object_get(report, "earlier"));
	if (file != NULL) {
		text_panel_add(page, ROLE_text, "");
		add_fact(page, "Report", ROLE_dim, file);
	}
	return page;
}

/* --- any other ----------------------------------------------------------------------------------- */

static struct panel *
lines_page(struct scene *scene, const char *title, const json_t *lines)
{
	struct panel *page = text_panel(scene, title, MODEL_KIND_GATEWAY, NULL);
	const json_t *line;
	size_t i;

	json_array_foreach (lines, i, line) {
		if (json_is_string(line))
			text_panel_add(page, ROLE_text, json_string_value(line));
	}
	return page;
}

/* An explanation that is open already is renewed where it is. */
static void
open_explanation(struct app *app, const char *target, const json_t *answer)
{
	struct panel *top = app_panel(app);

	app->message.text[0] = '\0';
	if (explain_panel_of(top, target)) {
		explain_panel_renew(top, answer);
		return;
	}
	navigation_leave(app);
	app_push_panel(app, explain_panel(&app->scene, target, answer));
}

bool
report_open(struct app *app, const char *command, const json_t *arguments, const char *what,
	    const struct control_reply *reply)
{
	const json_t *lines = json_object_get(reply->result, "lines");
	const char *target = text_of(arguments, "target");

	if (!reply->ok || json_array_size(lines) < 2 || app->line == APP_LINE_FILTER)
		return false; /* what is being typed filters the panel under it */
	app->scene.now = clock_wall();
	if (strcmp(command, "explain") == 0 && target != NULL) {
		open_explanation(app, target, reply->result);
		return true;
	}
	navigation_leave(app);
	if (strcmp(command, "drill") == 0 && text_of(reply->result, "connection") != NULL)
		app_push_panel(app, drill_page(&app->scene, reply));
	else
		app_push_panel(app, lines_page(&app->scene, what, lines));
	return false;
}
