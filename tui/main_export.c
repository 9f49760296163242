// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Exporting, as the console wants it: from the masked text that a gateway gives, which may be far away. It
 * stands beside main.c for the same reason as main_import.c.
 */
#include "tui/main_export.h"

#include <string.h>

#include "core/base/text.h"
#include "core/exporter.h"

static bool
write_export(const char *format, const char *configuration, const char *names, char **text, struct error *err)
{
	struct config_findings findings = {0};
	struct config *config =
	    config_parse_public("gateway.yaml", configuration, strlen(configuration), &findings);
	struct exporter_result result;
	struct text_list list = {0};
	bool good = false;

	exporter_names(names, &list);
	if (config == NULL)
		error_set(err, "line %u: %s", findings.items[0].line, findings.items[0].text);
	else
		good = exporter_write(format, config, &list, false, &result, err);
	if (good) {
		*text = text_copy(result.text);
		exporter_result_free(&result);
	}
	text_list_free(&list);
	config_free(config);
	config_findings_free(&findings);
	return good;
}

const struct console_export main_export = {.formats = exporter_formats, .write = write_export};
