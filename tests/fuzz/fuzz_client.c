// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Any bytes from a gateway: no crash, no leak, nothing shown that holds a control byte. The client follows
 * tunnels, peers and events and waits for a page and for a command's answer.
 */
#include <stdlib.h>
#include <string.h>

#include "core/control/client_internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Whatever the copy holds can be put on a terminal. */
static void
check_row(const struct model_kind_info *info, const void *row)
{
	char text[4096];

	for (size_t i = 0; i < info->shape->count; i++) {
		model_field_text(&info->shape->fields[i], row, text, sizeof(text));
		for (const char *at = text; *at != '\0'; at++) {
			if ((unsigned char)*at < 0x20 || *at == 0x7f)
				abort();
		}
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const enum model_kind kinds[] = {MODEL_KIND_TUNNEL, MODEL_KIND_PEER, MODEL_KIND_EVENT};
	struct control_client *client =
	    control_client_new_detached(UINT64_C(1) << MODEL_KIND_TUNNEL | UINT64_C(1) << MODEL_KIND_PEER |
					    UINT64_C(1) << MODEL_KIND_EVENT,
					UINT64_C(1) << MODEL_KIND_ROUTE);
	struct model_store *store = control_client_store(client);
	struct error err = {""};

	if (!control_client_input(client, data, size, &err) && err.text[0] == '\0')
		abort();
	for (size_t k = 0; k < COUNT_OF(kinds); k++) {
		for (size_t i = 0; i < model_store_count(store, kinds[k]); i++)
			check_row(model_kind_info(kinds[k]), model_store_at(store, kinds[k], i));
	}
	control_client_free_detached(client);
	return 0;
}
