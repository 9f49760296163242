// SPDX-License-Identifier: GPL-2.0-or-later
/* See imports.h. */
#include "tests/unit/plugins/imports.h"

#include "core/base/file.h"

#define SAMPLES "tests/unit/plugins/samples/"

char *
sample(const char *name, size_t *length)
{
	const char *top = getenv("TWINSPAN_SOURCE");
	char path[4096];
	char *text;

	snprintf(path, sizeof(path), "%s/" SAMPLES "%s", top != NULL ? top : ".", name);
	text = file_read(path, 1 << 20, length, NULL);
	assert_non_null(text);
	return text;
}

char *
changed(const char *name, const char *from, const char *to)
{
	size_t length;
	char *text = sample(name, &length), *at = strstr(text, from), *out;

	assert_non_null(at);
	*at = '\0';
	out = text_format("%s%s%s", text, to, at + strlen(from));
	free(text);
	return out;
}

struct import_file *
opened_text(const char *text)
{
	struct import_finding why = {0};
	struct import_file *file = aws_import_ops.open(text, strlen(text), &why);

	if (file == NULL)
		fail_msg("line %u: %s", why.line, why.text);
	return file;
}

struct import_file *
opened(const char *name)
{
	size_t length;
	char *text = sample(name, &length);
	struct import_file *file = opened_text(text);

	free(text);
	return file;
}

struct import_result
written(struct import_file *file, struct import_options options)
{
	struct import_result result = {0};
	struct import_finding why = {0};

	if (options.accepts == NULL)
		options.accepts = config_accepts_proposal;
	if (!aws_import_ops.write(file, &options, &result, &why))
		fail_msg("%s", why.text);
	return result;
}

struct config *
imported_text(const char *text)
{
	struct import_file *file = opened_text(text);
	struct import_result result = written(file, (struct import_options){.inline_secrets = true});
	struct config_findings findings = {0};
	struct config *config = config_parse("/imported.yaml", result.text, result.length, &findings);

	if (config == NULL)
		fail_msg("%s:\n%s", findings.items[0].text, result.text);
	config_findings_free(&findings);
	aws_import_ops.result_free(&result);
	aws_import_ops.close(file);
	return config;
}

struct config *
imported(const char *name)
{
	size_t length;
	char *text = sample(name, &length);
	struct config *config = imported_text(text);

	free(text);
	return config;
}

void
assert_refused(const char *text, size_t length, unsigned line, const char *words)
{
	struct import_finding why = {0};
	struct import_file *file = aws_import_ops.open(text, length, &why);

	assert_null(file);
	assert_non_null(strstr(why.text, words));
	assert_int_equal(why.line, line);
}

void
assert_address(const struct ip_address *address, const char *text)
{
	char out[IP_ADDRESS_TEXT];

	assert_string_equal(ip_address_format(address, out), text);
}

void
assert_inside(const struct config_tunnel *tunnel, const char *text)
{
	char out[IP_PREFIX_TEXT];

	assert_string_equal(ip_prefix_format(&tunnel->inside[0], out), text);
}

void
assert_psk(const struct config_tunnel *tunnel, const char *text)
{
	assert_int_equal(tunnel->psk_length, strlen(text));
	assert_memory_equal(tunnel->psk, text, strlen(text));
}

bool
has_finding(const struct import_result *result, const char *words)
{
	for (size_t i = 0; i < result->finding_count; i++) {
		if (strstr(result->findings[i].text, words) != NULL)
			return true;
	}
	return false;
}
