// SPDX-License-Identifier: GPL-2.0-or-later
/* The days of a month of usage, each with a bar that compares what it carried with the month's fullest day.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tui/format.h"
#include "tui/panels/detail_internal.h"
#include "tui/panels/text.h"

#define MOST_DAYS 31
#define DAY_COLS 12     /* of "2026-11-27" */
#define FIGURES_COLS 42 /* without the amount */
#define AMOUNT_COLS 16
#define BAR_MOST 40

struct day {
	usec_t from;
	double hours, amount;
	uint64_t in, out;
	char currency[16];
};

struct question {
	struct days *days; /* NULL: nobody waits any more */
};

struct days {
	struct scene *scene;
	char filter[300];
	struct question *question;
	bool known;
	char trouble[160];
	struct day all[MOST_DAYS];
	size_t count;
};

struct days *
days_new(struct scene *scene, const struct model_usage *month)
{
	struct days *days = memory_zeroed(1, sizeof(*days));
	char from[CLOCK_TEXT];

	days->scene = scene;
	/* "2026-11-": months and days are UTC's */
	snprintf(days->filter, sizeof(days->filter), "connection=\"%s\" from:%.8s",
		 month->connection != NULL ? month->connection : "", clock_format(month->from, from));
	return days;
}

void
days_free(struct days *days)
{
	if (days != NULL && days->question != NULL)
		days->question->days = NULL;
	free(days);
}

static uint64_t
known(uint64_t bytes)
{
	return bytes != MODEL_UINT_UNSET ? bytes : 0;
}

static void
on_days(void *context, const struct control_page *page)
{
	struct question *question = context;
	struct days *days = question->days;

	free(question);
	if (days == NULL)
		return;
	days->question = NULL;
	days->trouble[0] = '\0';
	if (page->ok) {
		days->known = true;
		days->count = 0;
	} else {
		text_clean(days->trouble, sizeof(days->trouble),
			   page->text != NULL ? page->text : "no answer");
	}
	for (size_t i = 0; i < page->count && page->ok && i < MOST_DAYS; i++) {
		const struct model_usage_day *row = page->rows[i];
		struct day *day = &days->all[days->count++];

		*day = (struct day){.from = row->from,
				    .hours = row->connection_hours,
				    .amount = row->amount,
				    .in = known(row->rx_bytes),
				    .out = known(row->tx_bytes)};
		snprintf(day->currency, sizeof(day->currency), "%s",
			 row->currency != NULL ? row->currency : "");
	}
	days->scene->changed(days->scene->context);
}

void
days_ask(struct days *days)
{
	if (days->question != NULL || days->scene->client == NULL)
		return;
	days->question = memory_zeroed(1, sizeof(*days->question));
	days->question->days = days;
	control_client_query(days->scene->client, MODEL_KIND_USAGE_DAY, days->filter, NULL, MOST_DAYS,
			     on_days, days->question);
}

static void
write_day(const struct day *day, struct panel *page, uint64_t most, int cols)
{
	char date[FORMAT_TEXT], in[FORMAT_TEXT], out[FORMAT_TEXT], figures[200], bar[BAR_MOST * 4 + 1] = "";
	time_t seconds = (time_t)(day->from / USEC_PER_SEC);
	bool priced =
	    day->currency[0] != '\0' && !isnan(day->amount) && cols >= DAY_COLS + FIGURES_COLS + AMOUNT_COLS;
	int room = cols - DAY_COLS - FIGURES_COLS - (priced ? AMOUNT_COLS : 0) - 4;
	size_t used;
	struct tm tm;

	gmtime_r(&seconds, &tm);
	strftime(date, sizeof(date), "%Y-%m-%d", &tm);
	used = (size_t)snprintf(figures, sizeof(figures), "%6.2f h   in %9s   out %9s",
				isnan(day->hours) ? 0 : day->hours, format_bytes(day->in, in),
				format_bytes(day->out, out));
	if (priced && used < sizeof(figures)) /* a hostile gateway sends hours of 300 digits */
		snprintf(figures + used, sizeof(figures) - used, "   %8.2f %s", day->amount, day->currency);
	room = room > BAR_MOST ? BAR_MOST : room;
	for (int i = 0; i < room && most > 0 &&
			((double)i + 0.5) * (double)most < (double)room * (double)(day->in + day->out);
	     i++)
		strcat(bar, "█");
	text_panel_row(page, &(struct text_row){.label = date,
						.text = figures,
						.tail = bar[0] != '\0' ? bar : NULL,
						.label_cols = DAY_COLS,
						.role = ROLE_text,
						.tail_role = ROLE_graph});
}

void
days_write(const struct days *days, struct panel *page, int cols)
{
	uint64_t most = 0;

	text_panel_clear(page);
	if (days->trouble[0] != '\0')
		text_panel_add(page, ROLE_bad, days->trouble);
	else if (!days->known)
		text_panel_add(page, ROLE_dim, "asking the gateway …");
	else if (days->count == 0)
		text_panel_add(page, ROLE_dim, "no day of it is known; days are kept for thirteen months");
	for (size_t i = 0; i < days->count; i++) {
		uint64_t sum = days->all[i].in + days->all[i].out;

		most = sum > most ? sum : most;
	}
	for (size_t i = days->count; i > 0; i--)
		write_day(&days->all[i - 1], page, most, cols);
}
