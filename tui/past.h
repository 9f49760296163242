// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What was before the console was opened, asked of the gateway: who draws a graph wants the past of what it
 * draws, and only that is asked for, tunnel after tunnel, so that a key never waits for a thousand of them.
 * What comes goes into the scene's history. After a loss of the gateway everything is asked for anew when it
 * is drawn: that fills the gap, where the gateway has it.
 */
#ifndef TWINSPAN_TUI_PAST_H
#define TWINSPAN_TUI_PAST_H

#include "core/model/history.h"

struct past;
struct scene;

/** `scene` is borrowed. */
struct past *past_new(struct scene *scene);
/** Before the scene's client is closed. NULL is fine. */
void past_free(struct past *past);
/** A tunnel's or session's graph shows this span. `past` may be NULL: then nobody is asked. */
void past_want(struct past *past, const char *name, enum history_span span);
/** A frame was drawn. True where something is wanted in it that was not in the one before. */
bool past_frame_over(struct past *past);
/** Begins to ask for what was wanted in the last frame: once the screen rests, no key must wait for it. */
void past_ask(struct past *past);
/** The gateway is there again: what was asked for is worth to be asked for again. */
void past_forget(struct past *past);

#endif
