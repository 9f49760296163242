// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Any bytes as the configuration that a gateway gives, without its secrets: what can be read can be exported
 * in every format or is refused with words, and what is written is clean text in UTF-8, line by line, in
 * which no text of the configuration begins a line of its own.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/exporter.h"
#include "plugins/export_aws_cli/export_aws_cli.h"
#include "plugins/export_bird/export_bird.h"
#include "plugins/export_frr/export_frr.h"
#include "plugins/export_swanctl/export_swanctl.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct export_ops *const formats[] = {&aws_cli_export_ops, &bird_export_ops, &frr_export_ops,
						   &swanctl_export_ops};

static void note(struct export_output *output, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void
note(struct export_output *output, const char *format, ...)
{
	(void)output;
	if (format[0] == '\0')
		abort();
}

static void
check_text(const char *text, size_t length)
{
	if (!text_is_utf8(text, length) || (length != 0 && text[length - 1] != '\n'))
		abort();
	for (size_t i = 0; i < length; i++) {
		if ((text[i] >= 0 && text[i] < 0x20 && text[i] != '\n') || text[i] == 0x7f)
			abort();
	}
}

static void
write_all(const struct export_view *view)
{
	for (size_t i = 0; i < COUNT_OF(formats); i++) {
		struct export_output output = {.note = note};
		char *text = NULL;
		size_t length = 0;
		bool good;

		output.out = open_memstream(&text, &length);
		if (output.out == NULL)
			abort();
		good = formats[i]->write(view, &output);
		fclose(output.out);
		if (good)
			check_text(text, length);
		else if (output.why[0] == '\0')
			abort();
		free(text);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct config_findings findings = {0};
	struct config *config =
	    config_parse_public("/nonexistent/fuzz.yaml", (const char *)data, size, &findings);
	struct text_list none = {0};
	struct exporter_view view;
	struct error err = {""};

	for (size_t i = 0; config != NULL && i < config->connection_count; i++) {
		for (size_t j = 0; j < config->connections[i].tunnel_count; j++) {
			if (config->connections[i].tunnels[j].psk != NULL)
				abort();
		}
	}
	if (config != NULL && exporter_view_make(config, &none, true, &view, &err)) {
		write_all(&view.view);
		exporter_view_free(&view);
	}
	config_free(config);
	config_findings_free(&findings);
	return 0;
}
