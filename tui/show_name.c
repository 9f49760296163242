// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What `show KIND NAME` means: NAME is the row's own name, or that of what it belongs to ("show tunnels
 * aws-paris" has both tunnels, "show routes 10.50.0.0/16" that prefix, "show routes 10.50.1.2" the routes
 * that hold the address).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/address.h"
#include "tui/show_internal.h"

static const char *const belongs[] = {"connection", "tunnel", "peer", "subject"};

static bool
field_is(const struct model_kind_info *info, const void *row, const char *field, const char *name)
{
	int i = model_field_find(info->shape, field);
	char text[256];

	return i >= 0 &&
	       strcmp(model_field_text(&info->shape->fields[i], row, text, sizeof(text)), name) == 0;
}

bool
name_matches(const struct model_kind_info *info, const void *row, const char *name)
{
	char key[256];

	if (strcmp(model_row_key(info, row, key, sizeof(key)), name) == 0)
		return true;
	for (size_t i = 0; i < COUNT_OF(info->key) && info->key[i] != NULL; i++) {
		if (field_is(info, row, info->key[i]->name, name))
			return true;
	}
	for (size_t i = 0; i < COUNT_OF(belongs); i++) {
		if (field_is(info, row, belongs[i], name))
			return true;
	}
	return false;
}

/* The field of a large kind that NAME is compared with. */
static const char *
field_for(const struct model_kind_info *info, const char *name)
{
	struct ip_prefix prefix;

	if (ip_prefix_parse(name, &prefix))
		return "prefix";
	if (info->kind == MODEL_KIND_RECEIVED || info->kind == MODEL_KIND_ADVERTISED)
		return "peer";
	return info->kind == MODEL_KIND_ROUTE && strchr(name, '/') != NULL ? "tunnel" : "connection";
}

char *
name_filter(const struct model_kind_info *info, const char *name, const char *filter, struct error *err)
{
	const char *rest = filter != NULL ? filter : "";
	struct ip_address address;

	if (name == NULL)
		return text_copy(rest);
	if (strchr(name, '"') != NULL) {
		error_set(err, "a name has no quotes");
		return NULL;
	}
	if (ip_address_parse(name, &address) && model_field_find(info->shape, "prefix") >= 0)
		return text_format("has:%s %s", name, rest);
	return text_format("%s=\"%s\" %s", field_for(info, name), name, rest);
}
