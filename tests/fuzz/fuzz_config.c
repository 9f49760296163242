// SPDX-License-Identifier: GPL-2.0-or-later
/* Any bytes as a configuration: no crash, no leak, bounded work; what is refused says why, what is taken is
 * whole. */
#include <stdint.h>
#include <stdlib.h>

#include "core/config/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

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

			if (tunnel->psk_length == 0 || tunnel->ike.proposals.count == 0 ||
			    tunnel->esp.lifetime_s == 0)
				abort();
		}
	}
	config_free(config);
	config_findings_free(&findings);
	return 0;
}
