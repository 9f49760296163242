// SPDX-License-Identifier: GPL-2.0-or-later
/* Certificates for tests, made by openssl in a folder of their own: tests/lib/certificates.sh has the words.
 */
#ifndef TWINSPAN_TESTS_UNIT_CERTIFICATES_H
#define TWINSPAN_TESTS_UNIT_CERTIFICATES_H

#include <stdio.h>
#include <stdlib.h>

/** Makes the folder by its template (mkdtemp(3)) and runs the script in it. 0, or -1 with openssl's words on
 * stderr. */
static inline int
certificates_make(char *folder, const char *script)
{
	char path[64], command[128];
	FILE *out;

	if (mkdtemp(folder) == NULL)
		return -1;
	snprintf(path, sizeof(path), "%s/make", folder);
	out = fopen(path, "w");
	if (out == NULL)
		return -1;
	fprintf(out, ". " TEST_LIB "/certificates.sh\n%s", script);
	fclose(out);
	snprintf(command, sizeof(command), "cd %s && sh make >log 2>&1 || { cat log >&2; exit 1; }", folder);
	return system(command) == 0 ? 0 : -1;
}

/** Removes it with all that is in it. */
static inline int
certificates_remove(const char *folder)
{
	char command[64];

	snprintf(command, sizeof(command), "rm -f %s/* && rmdir %s", folder, folder);
	return system(command) == 0 ? 0 : -1;
}

#endif
