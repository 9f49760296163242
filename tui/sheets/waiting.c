// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Switchovers, drains and downs that wait for their confirmation: they are seen from every panel, and where
 * exactly one waits, the key of `confirm` means that one wherever one is.
 */
#include <stdio.h>
#include <string.h>

#include "tui/sheets/sheets.h"

const struct model_connection *
waiting_only(const struct model_store *store)
{
	const struct model_connection *only = NULL;

	for (size_t i = 0; i < model_store_count(store, MODEL_KIND_CONNECTION); i++) {
		const struct model_connection *row = model_store_at(store, MODEL_KIND_CONNECTION, i);

		if (row->confirm_until == 0)
			continue;
		if (only != NULL)
			return NULL;
		only = row;
	}
	return only;
}

bool
waiting_say(const struct model_store *store, usec_t now, char *out, size_t size)
{
	const struct model_connection *first = NULL;
	char span[FORMAT_TEXT], key[16];
	size_t count = 0;

	for (size_t i = 0; i < model_store_count(store, MODEL_KIND_CONNECTION); i++) {
		const struct model_connection *row = model_store_at(store, MODEL_KIND_CONNECTION, i);

		if (row->confirm_until == 0)
			continue;
		count++;
		if (first == NULL || row->confirm_until < first->confirm_until)
			first = row;
	}
	if (first == NULL)
		return false;
	format_until(now, first->confirm_until, span);
	keys_name(keys_of(command_find("confirm"), 0), key, sizeof(key));
	if (count == 1)
		snprintf(out, size, "! %s goes back in %s: %s keeps it", connection_unconfirmed(first), span,
			 key);
	else
		snprintf(out, size, "! %s goes back in %s, and %zu more wait: select one, %s keeps it",
			 connection_unconfirmed(first), span, count - 1, key);
	return true;
}
