// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What is wrong with a file, and where. A bad file of ten megabytes has millions of faults, so a bounded
 * number is kept and the rest is counted. Text of the file ends up in messages: it is cleaned here, once for
 * all.
 */
#include "core/config/config_internal.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define PRINTED_MOST 100

static void
add(struct config_findings *findings, bool warning, struct position at, const char *format, va_list args)
{
	char raw[1024];
	size_t errors = findings->errors - findings->more_errors;
	size_t kept = warning ? findings->count - errors : errors;

	if (!warning)
		findings->errors++;
	if (kept == CONFIG_FINDINGS_KEPT) {
		if (warning)
			findings->more_warnings++;
		else
			findings->more_errors++;
		return;
	}
	if ((findings->count & (findings->count - 1)) == 0) /* doubled: one by one, each would move all */
		findings->items =
		    memory_resize(findings->items, (findings->count != 0 ? 2 * findings->count : 1) *
						       sizeof(*findings->items));
	struct config_finding *item = &findings->items[findings->count++];

	*item = (struct config_finding){.warning = warning, .line = at.line, .column = at.column};
	vsnprintf(raw, sizeof(raw), format, args);
	text_clean(item->text, sizeof(item->text), raw);
}

void
finding_error(struct config_findings *findings, struct position at, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	add(findings, false, at, format, args);
	va_end(args);
}

void
finding_warning(struct config_findings *findings, struct position at, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	add(findings, true, at, format, args);
	va_end(args);
}

bool
findings_full(const struct config_findings *findings)
{
	return findings->errors >= CONFIG_FINDINGS_KEPT;
}

static int
compare(const void *left, const void *right)
{
	const struct config_finding *a = left, *b = right;

	if (a->warning != b->warning)
		return a->warning ? 1 : -1;
	if (a->line != b->line)
		return a->line < b->line ? -1 : 1;
	if (a->column != b->column)
		return a->column < b->column ? -1 : 1;
	return strcmp(a->text, b->text);
}

void
findings_sort(struct config_findings *findings)
{
	size_t kept = 0;

	if (findings->count == 0)
		return;
	qsort(findings->items, findings->count, sizeof(*findings->items), compare);
	findings->errors = findings->more_errors;
	for (size_t i = 0; i < findings->count; i++) {
		if (kept != 0 && compare(&findings->items[kept - 1], &findings->items[i]) == 0)
			continue;
		findings->items[kept++] = findings->items[i];
		findings->errors += !findings->items[i].warning;
	}
	findings->count = kept;
}

/* Prints the findings of one kind, at most PRINTED_MOST of them. */
static void
print_kind(const struct config_findings *findings, bool warning, const char *file, FILE *out)
{
	size_t printed = 0, more = warning ? findings->more_warnings : findings->more_errors;

	for (size_t i = 0; i < findings->count; i++) {
		const struct config_finding *item = &findings->items[i];

		if (item->warning != warning)
			continue;
		if (printed == PRINTED_MOST) {
			more++;
			continue;
		}
		fprintf(out, "%s:%u:%u: %s%s\n", file, item->line, item->column, warning ? "warning: " : "",
			item->text);
		printed++;
	}
	if (more != 0)
		fprintf(out, "%s:1:1: %sand %zu more %s\n", file, warning ? "warning: " : "", more,
			warning ? "warnings" : "errors");
}

void
config_findings_print(const struct config_findings *findings, const char *file, FILE *out)
{
	char name[4096];

	text_clean(name, sizeof(name), file);
	print_kind(findings, false, name, out);
	print_kind(findings, true, name, out);
}

void
config_findings_free(struct config_findings *findings)
{
	free(findings->items);
	*findings = (struct config_findings){0};
}
