// SPDX-License-Identifier: GPL-2.0-or-later
/* Any bytes as a configuration: no crash, no leak, bounded work; what is refused says why, what is taken is
 * whole, and can be shown. */
#include <stdint.h>
#include <stdlib.h>

#include "core/config/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The text without its secrets, and that one with them again. What could be read can be shown. */
static void
mask(const char *text, size_t size, bool good)
{
	struct config_findings findings = {0};
	size_t masked_size = 0, full_size = 0;
	char *masked = config_mask(text, size, &masked_size, &findings), *full = NULL;

	if (good && masked == NULL)
		abort();
	if (masked != NULL)
		full = config_unmask(masked, masked_size, text, size, &full_size, &findings);
	if ((masked != NULL && masked[masked_size] != '\0') || (full != NULL && full[full_size] != '\0'))
		abort();
	free(masked);
	free(full);
	config_findings_free(&findings);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct config_findings findings = {0};
	struct config *config = config_parse("/nonexistent/fuzz.yaml", (const char *)data, size, &findings);

	if ((config != NULL) != (findings.errors == 0))
		abort();
	for (size_t i = 0; i < findings.count; i++) {
		if (findings.items[i].line == 0 || findings.items[i].column == 0 ||
		    findings.items[i].text[0] == '\0')
			abort();
	}
	for (size_t i = 0; config != NULL && i < config->connection_count; i++) {
		for (size_t j = 0; j < config->connections[i].tunnel_count; j++) {
			const struct config_tunnel *tunnel = &config->connections[i].tunnels[j];

			if ((tunnel->psk_length == 0 && tunnel->credentials == NULL) ||
			    tunnel->ike.proposals.count == 0 || tunnel->esp.lifetime_s == 0)
				abort();
		}
	}
	mask((const char *)data, size, config != NULL);
	config_free(config);
	config_findings_free(&findings);
	return 0;
}
