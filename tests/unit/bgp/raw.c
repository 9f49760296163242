// SPDX-License-Identifier: GPL-2.0-or-later
/* See raw.h. */
#include "tests/unit/bgp/raw.h"

#include <errno.h>

void
raw_connect(struct raw *raw, unsigned from, const struct node *to)
{
	struct sockaddr_storage local, remote;
	struct ip_address here = ip_address_v4(0x7f000000 + from);

	*raw = (struct raw){.fd = socket(AF_INET, SOCK_STREAM, 0)};
	assert_true(raw->fd >= 0);
	assert_int_equal(bind(raw->fd, (struct sockaddr *)&local, ip_address_to_sockaddr(&here, 0, &local)),
			 0);
	assert_int_equal(connect(raw->fd, (struct sockaddr *)&remote,
				 ip_address_to_sockaddr(&to->address, to->port, &remote)),
			 0);
}

void
raw_send(struct raw *raw, const char *text)
{
	uint8_t bytes[4096];
	size_t count = 0;
	unsigned value;

	for (; sscanf(text, "%2x", &value) == 1; text += 2)
		bytes[count++] = (uint8_t)value;
	assert_int_equal(send(raw->fd, bytes, count, MSG_NOSIGNAL), count);
}

void
raw_update(struct raw *raw, const char *withdrawn, const char *attributes, const char *reachable)
{
	char text[2 * BGP_MESSAGE_MOST + 1];
	size_t gone = strlen(withdrawn) / 2, section = strlen(attributes) / 2;

	snprintf(text, sizeof(text), MARK "%04zx02%04zx%s%04zx%s%s",
		 BGP_HEADER + 4 + gone + section + strlen(reachable) / 2, gone, withdrawn, section,
		 attributes, reachable);
	raw_send(raw, text);
}

static void
raw_read(struct raw *raw)
{
	ssize_t got = recv(raw->fd, raw->in + raw->length, sizeof(raw->in) - raw->length, MSG_DONTWAIT);

	if (got > 0)
		raw->length += (size_t)got;
	else if (got == 0 || (errno != EAGAIN && errno != EWOULDBLOCK))
		raw->ended = true;
}

const uint8_t *
raw_message(struct raw *raw, uint8_t type)
{
	raw_read(raw);
	for (size_t at = 0; at + 19 <= raw->length;) {
		size_t length = (size_t)raw->in[at + 16] << 8 | raw->in[at + 17];

		if (length < 19 || at + length > raw->length)
			return NULL;
		if (raw->in[at + 18] == type)
			return raw->in + at;
		at += length;
	}
	return NULL;
}
