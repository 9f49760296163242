// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What SSH asks, on the screen: whether a host key is the right one, a passphrase, a code. Cancel has the
 * focus; what is typed in secret is not shown and is wiped when the dialog closes.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tui/app.h"
#include "tui/overlay.h"
#include "tui/sites/fleet.h"

struct asking {
	struct overlay overlay;
	char site[80]; /* by its name: places in the list may move */
	struct ssh_question question;
	struct dialog dialog;
	struct input input;
	bool typing; /* the line has the keys, not the buttons */
	bool over;   /* it is no longer asked: what is typed still goes nowhere else */
};

static struct app *
app_of(struct asking *asking)
{
	return asking->overlay.app;
}

static void
answer(struct asking *asking, const char *text)
{
	struct app *app = app_of(asking);
	size_t site = fleet_find(app->fleet, asking->site);

	if (site >= fleet_count(app->fleet))
		return;
	/* taken, the next question comes up by itself: a key's passphrase after the host's key */
	fleet_at(app->fleet, site)->wanted = text != NULL;
	fleet_answer(app->fleet, site, text);
}

/* Any key but those that close it. It may be asked anew by then. */
static bool
over_key(struct asking *asking, key_code key)
{
	struct app *app = app_of(asking);
	size_t site = fleet_find(app->fleet, asking->site);

	if (key != KEYS_ESCAPE && key != KEYS_CONTROL + 'c' && key != KEYS_ENTER)
		return true;
	if (site >= fleet_count(app->fleet) || !fleet_at(app->fleet, site)->asks)
		return false;
	question_open(app, site); /* in its place */
	return true;
}

static void
write_body(struct asking *asking, const struct area *screen)
{
	struct draft *body = &asking->dialog.body, *foot = &asking->dialog.foot;
	char shown[INPUT_TEXT];
	int cols = dialog_cols(screen);

	draft_begin(body, cols);
	draft_begin(foot, cols);
	draft_line(body);
	draft_wrap(body, 0, true, ROLE_text, asking->question.text);
	if (asking->over) {
		draft_gap(body);
		draft_line(body);
		draft_wrap(body, 0, true, ROLE_warning,
			   "This is no longer asked: the connection has ended meanwhile.");
		return;
	}
	if (asking->question.kind == SSH_QUESTION_HOST_KEY) {
		draft_gap(body);
		draft_line(body);
		draft_wrap(body, 0, true, ROLE_title, asking->question.detail);
		draft_gap(body);
		draft_line(body);
		draft_wrap(
		    body, 0, true, ROLE_text,
		    "Compare it with what the machine itself says: ssh-keygen -lf "
		    "/etc/ssh/ssh_host_ed25519_key.pub. Taken once, it is asked about no more; another one "
		    "later is refused.");
		return;
	}
	if (asking->question.detail[0] != '\0') {
		draft_gap(body);
		draft_line(body);
		draft_wrap(body, 0, true, ROLE_text, asking->question.detail);
	}
	snprintf(shown, sizeof(shown), "%s", asking->input.text);
	if (asking->question.kind == SSH_QUESTION_SECRET)
		snprintf(shown, sizeof(shown), "%zu character%s", strlen(asking->input.text),
			 strlen(asking->input.text) == 1 ? "" : "s");
	draft_gap(body);
	draft_line(body);
	draft_print(body, 0, ROLE_accent, "› %s", shown);
}

static void
asking_draw(struct overlay *overlay, const struct area *body)
{
	struct asking *asking = (struct asking *)overlay;

	write_body(asking, body);
	dialog_draw(&asking->dialog, body);
}

static bool
typed(struct asking *asking, key_code key)
{
	if (key == KEYS_ENTER) {
		answer(asking, asking->input.text);
		return false;
	}
	if (key == KEYS_TAB)
		asking->typing = false;
	else
		input_key(&asking->input, key);
	return true;
}

static bool
asking_key(struct overlay *overlay, key_code key)
{
	struct asking *asking = (struct asking *)overlay;

	if (asking->over)
		return over_key(asking, key);
	if (key == KEYS_ESCAPE || key == KEYS_CONTROL + 'c') {
		answer(asking, NULL);
		return false;
	}
	if (asking->typing)
		return typed(asking, key);
	switch (dialog_key(&asking->dialog, key)) {
	case DIALOG_DO:
		answer(asking, asking->input.text);
		return false;
	case DIALOG_CANCEL:
		answer(asking, NULL);
		return false;
	case DIALOG_STAYS:
		break;
	}
	return true;
}

static void
asking_close(struct overlay *overlay)
{
	struct asking *asking = (struct asking *)overlay;

	explicit_bzero(&asking->input, sizeof(asking->input));
	dialog_free(&asking->dialog);
	free(asking);
}

static const char *const hints[] = {"Tab", "choose", "Enter", "press", "Esc", "no", NULL};
static const struct overlay_ops ops = {
    .draw = asking_draw, .key = asking_key, .close = asking_close, .hints = hints};

void
question_open(struct app *app, size_t index)
{
	const struct fleet_site *site = fleet_at(app->fleet, index);
	struct asking *asking;

	if (!site->asks)
		return;
	asking = memory_zeroed(1, sizeof(*asking));
	asking->overlay.ops = &ops;
	asking->question = *fleet_question(site);
	snprintf(asking->site, sizeof(asking->site), "%s", site->name);
	snprintf(asking->dialog.title, sizeof(asking->dialog.title), "%s", site->name);
	snprintf(asking->dialog.action, sizeof(asking->dialog.action), "%s",
		 asking->question.kind == SSH_QUESTION_HOST_KEY ? "take this key" : "answer");
	asking->typing = asking->question.kind != SSH_QUESTION_HOST_KEY;
	overlay_open(app, &asking->overlay);
}

/* The site's question, where it is on the screen. */
static struct asking *
asking_of(struct app *app, size_t index)
{
	struct asking *asking = (struct asking *)app->overlay;

	return app->overlay != NULL && app->overlay->ops == &ops &&
		       strcmp(asking->site, fleet_at(app->fleet, index)->name) == 0
		   ? asking
		   : NULL;
}

void
question_withdraw(struct app *app, size_t index)
{
	struct asking *asking = asking_of(app, index);

	if (asking == NULL)
		return;
	asking->over = true;
	asking->dialog.action[0] = '\0';
	explicit_bzero(&asking->input, sizeof(asking->input));
}

void
question_close(struct app *app, size_t index)
{
	if (asking_of(app, index) != NULL)
		overlay_close(app);
}
