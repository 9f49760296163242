// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Tables for people: the columns of each kind that fit on 80 of a terminal, numbers to the right, "-" for
 * what is not known, so that the columns can be cut by other programs too. Titles are the schema's.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tui/show_internal.h"

#define CELL 256
#define WIDEST 48 /* a column grows no further; what is longer moves the rest of its line */

static const char *const columns[MODEL_KIND_COUNT] = {
    [MODEL_KIND_GATEWAY] = "name role asn version dataplane connections_up connections_total started_at",
    [MODEL_KIND_CONNECTION] = "name state active routing pinned failovers rx_bps tx_bps attention",
    [MODEL_KIND_TUNNEL] = "name state active remote established_at rtt_ms loss_percent rx_bps tx_bps",
    [MODEL_KIND_PEER] = "name remote_asn state established_at received accepted advertised remote_address",
    [MODEL_KIND_ROUTE] = "prefix best installed source tunnel next_hop as_path",
    [MODEL_KIND_RECEIVED] = "peer prefix accepted next_hop med local_pref as_path",
    [MODEL_KIND_ADVERTISED] = "peer prefix next_hop med local_pref as_path",
    [MODEL_KIND_POLICY] = "peer direction rule name action matched match changes",
    [MODEL_KIND_ROUTE_CHANGE] = "at prefix text",
    [MODEL_KIND_COLLECTOR] = "name state since messages bytes queue_bytes connections last_error",
    [MODEL_KIND_EVENT] = "at severity kind subject text",
    [MODEL_KIND_USAGE] = "connection from connection_hours rx_bytes tx_bytes amount currency",
    [MODEL_KIND_USAGE_DAY] = "connection from connection_hours rx_bytes tx_bytes amount currency",
    [MODEL_KIND_HISTORY] = "name at rx_bps tx_bps rtt_ms loss_percent received established_percent",
    [MODEL_KIND_SITE] =
	"name host group state connections_up connections_total alarms version role rtt_ms heard_at why",
    [MODEL_KIND_PLUGIN] = "name kind version state description",
};

/* Widths of the columns of large kinds, whose rows are printed before the last is known. */
static const struct {
	const char *field;
	int width;
} usual[] = {{"prefix", 18}, {"next_hop", 15},  {"tunnel", 12},  {"peer", 12}, {"source", 9},
	     {"med", 5},     {"local_pref", 8}, {"subject", 12}, {"kind", 14}};

/* --- cells ------------------------------------------------------------------------------------------- */

/* "12.4 M": a number with the prefix that leaves at most four digits. */
static void
scaled(char *out, size_t size, double value, const char *unit)
{
	static const char *const prefixes[] = {"", "k", "M", "G", "T", "P", "E"};
	size_t i = 0;

	while (value >= 999.95 && i + 1 < COUNT_OF(prefixes)) {
		value /= 1000;
		i++;
	}
	snprintf(out, size, "%.*f %s%s", i == 0 ? 0 : 1, value, prefixes[i], unit);
}

/* Local time for what is looked up, an age for what is looked at. */
static void
time_cell(const struct model_kind_info *info, usec_t at, char *out, size_t size)
{
	time_t seconds = (time_t)(at / USEC_PER_SEC);
	usec_t now = clock_wall();
	struct tm tm;
	char span[32];

	if (info->storage == MODEL_STORED && at <= now) {
		snprintf(out, size, "%s", clock_format_span(now - at, span, sizeof(span)));
	} else if (info->kind == MODEL_KIND_USAGE || info->kind == MODEL_KIND_USAGE_DAY) {
		/* months and days are UTC's, wherever one looks at them */
		gmtime_r(&seconds, &tm);
		strftime(out, size, "%Y-%m-%d", &tm);
	} else if (info->storage == MODEL_STORED) {
		snprintf(out, size, "in %s", clock_format_span(at - now, span, sizeof(span)));
	} else {
		localtime_r(&seconds, &tm);
		strftime(out, size, "%Y-%m-%d %H:%M:%S", &tm);
	}
}

/* A field's text in a table; "-" where it is unset. */
static const char *
cell(const struct model_kind_info *info, const struct model_field *field, const void *row, char out[CELL])
{
	const void *at = (const char *)row + field->offset;
	uint64_t number = field->type == MODEL_UINT ? *(const uint64_t *)at : MODEL_UINT_UNSET;
	double real = field->type == MODEL_REAL ? *(const double *)at : NAN;

	if (number != MODEL_UINT_UNSET && strcmp(field->unit, "bps") == 0)
		scaled(out, CELL, (double)number, "b/s");
	else if (number != MODEL_UINT_UNSET && strcmp(field->unit, "bytes") == 0)
		scaled(out, CELL, (double)number, "B");
	else if (isfinite(real) && strcmp(field->unit, "ms") == 0)
		snprintf(out, CELL, "%.1f ms", real);
	else if (isfinite(real) && strcmp(field->unit, "percent") == 0)
		snprintf(out, CELL, "%.1f %%", real);
	else if (field->type == MODEL_TIME && *(const usec_t *)at != 0)
		time_cell(info, *(const usec_t *)at, out, CELL);
	else
		model_field_text(field, row, out, CELL);
	if (out[0] == '\0')
		strcpy(out, "-");
	return out;
}

const char *
show_field_text(const struct model_kind_info *info, const struct model_field *field, const void *row,
		char *out, size_t size)
{
	char text[CELL];

	snprintf(out, size, "%s", cell(info, field, row, text));
	return out;
}

int
show_width(const char *text)
{
	int width = 0;

	for (; *text != '\0'; text++)
		width += ((unsigned char)*text & 0xc0) != 0x80;
	return width;
}

static bool
is_number(const struct model_field *field)
{
	return field->type == MODEL_UINT || field->type == MODEL_REAL;
}

/* --- tables ------------------------------------------------------------------------------------------ */

static int
usual_width(const char *field)
{
	for (size_t i = 0; i < COUNT_OF(usual); i++) {
		if (strcmp(usual[i].field, field) == 0)
			return usual[i].width;
	}
	return 0;
}

void
show_table_init(struct show_table *table, const struct model_kind_info *info)
{
	const char *names = columns[info->kind] != NULL ? columns[info->kind] : "name";

	*table = (struct show_table){.info = info, .told = UINT64_MAX, .out = stdout};
	while (*names != '\0' && table->count < SHOW_COLUMNS) {
		size_t length = strcspn(names, " ");
		char name[32];
		int field, width;

		snprintf(name, sizeof(name), "%.*s", (int)length, names);
		names += length + (names[length] == ' ');
		field = model_field_find(info->shape, name);
		if (field < 0)
			continue;
		table->fields[table->count] = &info->shape->fields[field];
		width = show_width(info->shape->fields[field].title);
		if (info->storage != MODEL_STORED && usual_width(name) > width)
			width = usual_width(name);
		table->widths[table->count++] = width;
	}
}

/* The cell of a column. */
static const char *
cell_at(const struct show_table *table, size_t i, const void *row, char out[CELL])
{
	size_t field = (size_t)(table->fields[i] - table->info->shape->fields);

	return (table->told >> field & 1) != 0 ? cell(table->info, table->fields[i], row, out) : "-";
}

void
show_table_measure(struct show_table *table, const void *row)
{
	char text[CELL];

	for (size_t i = 0; i < table->count; i++) {
		int width = show_width(cell_at(table, i, row, text));

		if (width > table->widths[i])
			table->widths[i] = width < WIDEST ? width : WIDEST;
	}
}

const char *
show_untold(const struct show_table *table, char *out, size_t size)
{
	size_t used = 0;

	out[0] = '\0';
	for (size_t i = 0; i < table->count && used < size; i++) {
		const struct model_field *field = table->fields[i];

		if ((table->told >> (field - table->info->shape->fields) & 1) == 0)
			used += (size_t)snprintf(out + used, size - used, "%s%s", used > 0 ? ", " : "",
						 field->title);
	}
	return out;
}

/* One cell with its padding; the last one of a line has none. */
static void
print_cell(const struct show_table *table, size_t i, const char *text)
{
	int padding = table->widths[i] - show_width(text);
	bool last = i + 1 == table->count, right = is_number(table->fields[i]);

	if (padding < 0)
		padding = 0;
	fprintf(table->out, "%*s%s%*s%s", right ? padding : 0, "", text, right || last ? 0 : padding, "",
		last ? "\n" : "  ");
}

void
table_print_head(const struct show_table *table)
{
	for (size_t i = 0; i < table->count; i++)
		print_cell(table, i, table->fields[i]->title);
}

void
table_print_row(const struct show_table *table, const void *row)
{
	char text[CELL];

	for (size_t i = 0; i < table->count; i++)
		print_cell(table, i, cell_at(table, i, row, text));
}

/* The fields of one shape; nested ones stand under their own title. */
static void
print_fields(FILE *out, const struct model_kind_info *info, const struct model_shape *shape, const void *row,
	     uint64_t told, int indent)
{
	for (size_t i = 0; i < shape->count; i++) {
		const struct model_field *field = &shape->fields[i];
		const void *at = (const char *)row + field->offset;
		char text[CELL];

		if ((told >> i & 1) == 0)
			continue;
		if (field->type == MODEL_SUB) {
			if (!*(const bool *)at)
				continue;
			fprintf(out, "%*s%s\n", indent, "", field->title);
			print_fields(out, info, field->sub, at, UINT64_MAX, indent + 2);
		} else if (strcmp(cell(info, field, row, text), "-") != 0) {
			fprintf(out, "%*s%-*s  %s\n", indent, "", 16 - indent, field->title, text);
		}
	}
}

void
table_print_whole(FILE *out, const struct model_kind_info *info, const void *row, uint64_t told)
{
	print_fields(out, info, info->shape, row, told, 0);
}
