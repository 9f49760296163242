// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Any bytes as a file of AWS's: no crash, no leak, bounded work; what is refused says why, what is taken is
 * written as clean text, with secrets that stay below their folder. Compiled once for each of the three
 * readers, with READER the one, so that the corpora don't mix; what a file is by its first character is
 * unit-tested.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "plugins/import_aws/import_aws.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_text(const char *text, size_t length)
{
	if (length == 0 || text[length - 1] != '\n' || !text_is_utf8(text, length))
		abort();
	for (size_t i = 0; i < length; i++) {
		if ((text[i] >= 0 && text[i] < 0x20 && text[i] != '\n') || text[i] == 0x7f)
			abort();
	}
}

static void
write_all(const struct import_file *file, bool connection_only, bool inline_secrets)
{
	const struct import_options options = {
	    .source = "fuzz", .connection_only = connection_only, .inline_secrets = inline_secrets};
	struct import_result result = {0};
	struct import_finding why = {0};

	if (!aws_write(file, &options, &result, &why))
		abort();
	check_text(result.text, result.length);
	for (size_t i = 0; i < result.secret_count; i++) {
		const char *name = result.secrets[i].file;

		if (inline_secrets || strncmp(name, "psk/", 4) != 0 || strchr(name + 4, '/') != NULL ||
		    name[4] == '.')
			abort();
	}
	aws_result_free(&result);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct import_file file = {0};
	struct import_finding why = {0};
	struct aws_reading reading = {.file = &file, .why = &why};

	/* What the door makes sure of. */
	if (memchr(data, '\0', size) != NULL || !text_is_utf8((const char *)data, size))
		return 0;
	if (READER(&reading, (const char *)data, size) && aws_finish(&reading)) {
		write_all(&file, false, false);
		write_all(&file, true, true);
	} else if (why.text[0] == '\0') {
		abort();
	}
	for (size_t i = 0; i < file.count; i++)
		aws_connection_clear(&file.connections[i]);
	free(file.connections);
	free(file.findings.items);
	return 0;
}
