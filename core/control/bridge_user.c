// SPDX-License-Identifier: GPL-2.0-or-later
/* Who is at the other end of SSH: what sshd says of it. */
#include "core/control/bridge_internal.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/text.h"

#define LONGEST_KEY 8192 /* of a key in base64 */

const char *
bridge_client_address(char *out, size_t size)
{
	const char *connection = getenv("SSH_CONNECTION");
	size_t length = connection != NULL ? strcspn(connection, " ") : 0;

	if (length == 0 || length >= size)
		return NULL;
	memcpy(out, connection, length);
	out[length] = '\0';
	return text_is_utf8(out, length) ? out : NULL;
}

const char *
bridge_fingerprint(const char *base64, size_t length, char *out, size_t size)
{
	unsigned char key[LONGEST_KEY], digest[EVP_MAX_MD_SIZE];
	char encoded[64];
	unsigned digest_length = 0;
	int key_length;

	if (length == 0 || length % 4 != 0 || length > LONGEST_KEY)
		return NULL;
	key_length = EVP_DecodeBlock(key, (const unsigned char *)base64, (int)length);
	if (key_length < 0)
		return NULL;
	for (size_t i = length; i > length - 2 && base64[i - 1] == '='; i--)
		key_length--; /* EVP_DecodeBlock counts the padding */
	if (EVP_Digest(key, (size_t)key_length, digest, &digest_length, EVP_sha256(), NULL) != 1)
		return NULL;
	EVP_EncodeBlock((unsigned char *)encoded, digest, (int)digest_length);
	encoded[strcspn(encoded, "=")] = '\0';
	return snprintf(out, size, "SHA256:%s", encoded) < (int)size ? out : NULL;
}

const char *
bridge_client_key(char *out, size_t size)
{
	const char *path = getenv("SSH_USER_AUTH");
	char text[LONGEST_KEY * 2], *line, *next;
	const char *found = NULL;
	ssize_t got;
	int fd;

	if (path == NULL || (fd = open(path, O_RDONLY | O_CLOEXEC)) < 0)
		return NULL;
	got = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (got <= 0)
		return NULL;
	text[got] = '\0';
	/* a line a method: "publickey ssh-ed25519 AAAA…"; the last key is the one that let in */
	for (line = strtok_r(text, "\n", &next); line != NULL; line = strtok_r(NULL, "\n", &next)) {
		char *type = strchr(line, ' '), *key = type != NULL ? strchr(type + 1, ' ') : NULL;

		if (key != NULL && strncmp(line, "publickey ", 10) == 0) {
			const char *one = bridge_fingerprint(key + 1, strcspn(key + 1, " "), out, size);

			found = one != NULL ? one : found;
		}
	}
	return found;
}

const char *
bridge_asked_role(char *out, size_t size)
{
	static const char option[] = "--role";
	const char *command = getenv("SSH_ORIGINAL_COMMAND");
	const char *at = command != NULL ? strstr(command, option) : NULL;
	size_t length;

	if (at == NULL)
		return NULL;
	at += sizeof(option) - 1;
	at += strspn(at, " =");
	length = strspn(at, "abcdefghijklmnopqrstuvwxyz");
	if (length == 0 || length >= size)
		return NULL;
	memcpy(out, at, length);
	out[length] = '\0';
	return out;
}
