// SPDX-License-Identifier: GPL-2.0-or-later
/* See agent_keys.h. */
#include "tui/ssh/agent_keys.h"

#include <openssl/evp.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *
base64(const uint8_t *bytes, size_t length)
{
	char *text = memory_zeroed(1, (length + 2) / 3 * 4 + 1);

	EVP_EncodeBlock((unsigned char *)text, bytes, (int)length);
	return text;
}

static const uint8_t *
read_string(struct reader *r, size_t *length)
{
	*length = reader_u32(r);
	return reader_bytes(r, *length);
}

bool
agent_keys_read(struct agent_keys *keys, const uint8_t *message, size_t length, struct error *err)
{
	struct reader r = reader_over(message, length);
	bool is_answer = reader_u8(&r) == AGENT_IDENTITIES_ANSWER;
	uint32_t count = reader_u32(&r);

	*keys = (struct agent_keys){0};
	if (!is_answer || r.failed)
		return error_set(err, "the agent does not tell its keys");
	if (count > AGENT_MOST_KEYS)
		return error_set(err, "the agent has more than %d keys", AGENT_MOST_KEYS);
	keys->items = memory_zeroed(count + 1, sizeof(*keys->items));
	for (uint32_t i = 0; i < count; i++) {
		size_t blob_length, comment_length;
		const uint8_t *blob = read_string(&r, &blob_length);
		const uint8_t *comment = read_string(&r, &comment_length);
		struct agent_key *key = &keys->items[i];

		if (r.failed) {
			agent_keys_free(keys);
			return error_set(err, "the agent's list of keys ends too early");
		}
		key->blob = memory_zeroed(blob_length + 1, 1);
		memcpy(key->blob, blob, blob_length);
		key->length = blob_length;
		key->comment = text_format("%.*s", (int)comment_length, (const char *)comment);
		key->text = base64(blob, blob_length);
		keys->count = i + 1;
	}
	return true;
}

void
agent_keys_free(struct agent_keys *keys)
{
	for (size_t i = 0; i < keys->count; i++) {
		free(keys->items[i].blob);
		free(keys->items[i].comment);
		free(keys->items[i].text);
	}
	FREE_AND_NULL(keys->items);
	keys->count = 0;
}

static void
append_u32(struct buffer *out, size_t value)
{
	uint8_t bytes[4];
	struct writer w = writer_over(bytes, sizeof(bytes));

	writer_u32(&w, (uint32_t)value);
	buffer_append(out, bytes, sizeof(bytes));
}

static void
append_string(struct buffer *out, const void *bytes, size_t length)
{
	append_u32(out, length);
	buffer_append(out, bytes, length);
}

void
agent_keys_write(const struct agent_key *key, struct buffer *out)
{
	static const uint8_t type = AGENT_IDENTITIES_ANSWER;
	struct buffer body = {0};

	buffer_append(&body, &type, 1);
	append_u32(&body, key != NULL ? 1 : 0);
	if (key != NULL) {
		append_string(&body, key->blob, key->length);
		append_string(&body, key->comment, strlen(key->comment));
	}
	append_string(out, buffer_head(&body), body.length);
	buffer_free(&body);
}

void
agent_fingerprint(const uint8_t *blob, size_t length, char *out, size_t size)
{
	uint8_t hash[SHA256_DIGEST_LENGTH];
	char *text;

	SHA256(blob, length, hash);
	text = base64(hash, sizeof(hash));
	text[strcspn(text, "=")] = '\0';
	snprintf(out, size, "SHA256:%s", text);
	free(text);
}
