// SPDX-License-Identifier: GPL-2.0-or-later
/* Any bytes as an agent's list of its keys: no crash, no leak; what is taken is told again as it was. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tui/ssh/agent_keys.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct agent_keys keys, again;
	struct error err = {""};

	if (!agent_keys_read(&keys, data, size, &err)) {
		if (err.text[0] == '\0' || keys.count != 0)
			abort();
		return 0;
	}
	for (size_t i = 0; i < keys.count; i++) {
		struct buffer out = {0};

		agent_keys_write(&keys.items[i], &out);
		if (!agent_keys_read(&again, buffer_head(&out) + 4, out.length - 4, &err) ||
		    again.count != 1 || strcmp(again.items[0].text, keys.items[i].text) != 0 ||
		    strcmp(again.items[0].comment, keys.items[i].comment) != 0)
			abort();
		agent_keys_free(&again);
		buffer_free(&out);
	}
	agent_keys_free(&keys);
	return 0;
}
