// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * charon's socket, answered by the data plane, which owns UDP 500 and 4500 because ESP comes in on 4500 too.
 *
 * In: the plane's threads put raw messages into a bounded queue; charon's receiver waits on it. Nothing of
 * strongSwan is called from the plane's threads: its objects belong to its own. The wait can be cancelled,
 * which is how charon stops. Out: charon's sender hands packets over; a keepalive (RFC 3948 2.3) is told
 * apart by its one byte.
 *
 * The non-ESP marker (RFC 3948 2.2) is the plane's business on the wire, but charon's sender and receiver
 * deal with it too, by the rule "neither port is 500". So it is taken off here on the way out and put back on
 * the way in.
 */
#include "core/ike/ike_internal.h"

#include <stdlib.h>
#include <string.h>

#include <network/socket.h>
#include <threading/thread.h>

#define MOST_MESSAGES 4096
#define MOST_BYTES (8u << 20)
#define MARKER 4

struct message {
	struct message *next;
	struct ip_address from, to;
	uint16_t from_port, to_port;
	size_t length;
	uint8_t bytes[];
};

static struct {
	pthread_mutex_t lock;
	pthread_cond_t filled;
	struct message *head, **tail;
	size_t count, bytes;
} queue = {.lock = PTHREAD_MUTEX_INITIALIZER, .filled = PTHREAD_COND_INITIALIZER, .tail = &queue.head};

void
socket_adaptor_message(const struct ip_address *from, uint16_t from_port, const struct ip_address *to,
		       uint16_t to_port, const uint8_t *bytes, size_t length)
{
	bool marked = from_port != 500 && to_port != 500;
	size_t total = length + (marked ? MARKER : 0);
	struct message *message;

	if (length == 0 || length > UINT16_MAX)
		return;
	message = malloc(sizeof(*message) + total);
	if (!message)
		return;
	*message = (struct message){NULL, *from, *to, from_port, to_port, total};
	if (marked)
		memset(message->bytes, 0, MARKER);
	memcpy(message->bytes + (total - length), bytes, length);
	pthread_mutex_lock(&queue.lock);
	if (queue.count < MOST_MESSAGES && queue.bytes + total <= MOST_BYTES) {
		*queue.tail = message;
		queue.tail = &message->next;
		queue.count++;
		queue.bytes += total;
		message = NULL;
		pthread_cond_signal(&queue.filled);
	}
	pthread_mutex_unlock(&queue.lock);
	free(message); /* too many: the peer sends it again */
}

static struct message *
take(void)
{
	struct message *message = queue.head;

	if (message) {
		queue.head = message->next;
		if (!queue.head)
			queue.tail = &queue.head;
		queue.count--;
		queue.bytes -= message->length;
	}
	return message;
}

static void
unlock_queue(void *unused)
{
	pthread_mutex_unlock(&queue.lock);
}

static struct message *
wait_for_message(void)
{
	struct message *message;

	pthread_mutex_lock(&queue.lock);
	while (!(message = take())) {
		bool before;

		thread_cleanup_push(unlock_queue, NULL);
		before = thread_cancelability(TRUE);
		pthread_cond_wait(&queue.filled, &queue.lock);
		thread_cancelability(before);
		thread_cleanup_pop(FALSE);
	}
	pthread_mutex_unlock(&queue.lock);
	return message;
}

static status_t
receive(socket_t *this, packet_t **packet)
{
	struct message *message = wait_for_message();

	*packet = packet_create_from_data(host_of_address(&message->from, message->from_port),
					  host_of_address(&message->to, message->to_port),
					  chunk_clone(chunk_create(message->bytes, message->length)));
	free(message);
	return SUCCESS;
}

static status_t
send_packet(socket_t *this, packet_t *packet)
{
	static const uint8_t marker[MARKER];
	const struct dataplane_ops *ops = the_ike->options.ops;
	struct dataplane *plane = the_ike->options.plane;
	host_t *source = packet->get_source(packet), *destination = packet->get_destination(packet);
	struct ip_address from = address_of_host(source), to = address_of_host(destination);
	uint16_t from_port = source->get_port(source), to_port = destination->get_port(destination);
	chunk_t data = packet->get_data(packet);

	if (data.len == 1 && data.ptr[0] == 0xff)
		return ops->keepalive_send(plane, &from, &to, to_port) ? SUCCESS : FAILED;
	if (from_port != 500 && to_port != 500 && data.len > MARKER && memcmp(data.ptr, marker, MARKER) == 0)
		data = chunk_skip(data, MARKER);
	return ops->ike_send(plane, &from, from_port, &to, to_port, data.ptr, data.len) ? SUCCESS : FAILED;
}

static uint16_t
get_port(socket_t *this, bool nat_t)
{
	return nat_t ? 4500 : 500;
}

static socket_family_t
supported_families(socket_t *this)
{
	return SOCKET_FAMILY_BOTH;
}

static void
destroy(socket_t *this)
{
	struct message *message;

	pthread_mutex_lock(&queue.lock);
	while ((message = take()))
		free(message);
	pthread_mutex_unlock(&queue.lock);
}

static socket_t *
create(void)
{
	static socket_t adaptor = {
	    .receive = receive,
	    .send = send_packet,
	    .get_port = get_port,
	    .supported_families = supported_families,
	    .destroy = destroy,
	};

	return &adaptor;
}

void
socket_adaptor_register(struct ike *ike)
{
	static plugin_feature_t features[] = {
	    PLUGIN_CALLBACK(socket_register, create),
	    PLUGIN_PROVIDE(CUSTOM, "socket"),
	    PLUGIN_SDEPEND(CUSTOM, "kernel-ipsec"),
	};

	lib->plugins->add_static_features(lib->plugins, "twinspan-socket", features, countof(features), TRUE,
					  NULL, NULL);
}
