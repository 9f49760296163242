// SPDX-License-Identifier: GPL-2.0-or-later
/* What a reload answers: the lines of change, what goes down, and why it was refused. */
#include "core/gateway_reload_internal.h"

#include <stdlib.h>
#include <string.h>

#define LINES_MOST 1000 /* of change that are answered */

json_t *
reload_lines(const struct text_list *list)
{
	json_t *lines = json_array();

	for (size_t i = 0; i < list->count && i < LINES_MOST; i++)
		json_array_append_new(lines, json_string(list->items[i]));
	if (list->count > LINES_MOST) {
		char *more = text_format("and %zu more", list->count - LINES_MOST);

		json_array_append_new(lines, json_string(more));
		free(more);
	}
	return lines;
}

json_t *
reload_result(const struct gateway_plan *plan, bool applied)
{
	json_t *lines = reload_lines(&plan->lines), *drops = reload_lines(&plan->drops);

	for (size_t i = 0; !applied && i < plan->preview.count; i++)
		json_array_append_new(lines, json_string(plan->preview.items[i]));

	for (size_t i = 0; !applied && i < json_array_size(drops); i++) {
		char *line = text_format("would go down: %s", json_string_value(json_array_get(drops, i)));

		json_array_append_new(lines, json_string(line));
		free(line);
	}
	return json_pack("{s:b, s:o, s:i, s:o}", "applied", applied, "lines", lines, "changes",
			 (int)plan->lines.count, "drops", drops);
}

/* The running configuration stays: said to whoever asked, and as an event. `result` (may be NULL) is taken.
 */
void
reload_refuse(struct gateway *gateway, const struct gateway_reload_wish *wish, json_t *result,
	      const char *format, ...)
{
	char text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (!wish->dry_run)
		gateway_event(gateway, "error", "config.refused", gateway->config->name,
			      "refused, the running configuration stays (%s): %s", wish->who, text);
	if (wish->request != NULL)
		control_request_refuse(wish->request, result, "%s", text);
	else
		json_decref(result);
}

void
reload_refuse_findings(struct gateway *gateway, const struct gateway_reload_wish *wish,
		       const struct config_findings *findings)
{
	const char *file = gateway->options->config;
	const struct config_finding *first = NULL;
	json_t *lines = json_array(), *result = json_pack("{s:o}", "lines", lines);

	for (size_t i = 0; i < findings->count; i++) {
		const struct config_finding *finding = &findings->items[i];
		char *line;

		if (finding->warning || json_array_size(lines) == LINES_MOST)
			continue;
		if (first == NULL)
			first = finding;
		line = text_format("%s:%u:%u: %s", file, finding->line, finding->column, finding->text);
		json_array_append_new(lines, json_string(line));
		free(line);
	}
	if (findings->errors == 1 && first != NULL) {
		json_decref(result);
		reload_refuse(gateway, wish, NULL, "%s:%u:%u: %s", file, first->line, first->column,
			      first->text);
		return;
	}
	if (first == NULL)
		reload_refuse(gateway, wish, result, "%s can't be read", file);
	else
		reload_refuse(gateway, wish, result, "%zu errors, the first: %s:%u:%u: %s", findings->errors,
			      file, first->line, first->column, first->text);
}
