// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The way to a site: which hosts one goes through, and the first socket. Jumps stand in console.yaml or in
 * ~/.ssh/config (ProxyJump, or a ProxyCommand that runs `ssh -W`). libssh makes such a command of the former
 * too; we take it apart again and go the way ourselves, as OpenSSH's client would ask its questions over the
 * console's screen.
 */
#include "tui/ssh/ssh_internal.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/clock.h"

#define LOOK_EVERY_MS 200

bool
ssh_fault_set(struct ssh_fault *fault, bool lasting, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(fault->error.text, sizeof(fault->error.text), format, args);
	va_end(args);
	fault->lasting = lasting;
	return false;
}

void
ssh_stop_free(struct ssh_stop *stop)
{
	FREE_AND_NULL(stop->host);
	FREE_AND_NULL(stop->user);
}

static char *
copy_part(const char *text, size_t length)
{
	return text_format("%.*s", (int)length, text);
}

static bool
plain_word(const char *text, size_t length)
{
	/* a host or user that begins with '-' would be an option to whoever runs a command with it */
	if (length == 0 || text[0] == '-')
		return false;
	for (size_t i = 0; i < length; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c <= ' ' || c == 0x7f || strchr("'\"`$\\;&|<>(){}*?", c) != NULL)
			return false;
	}
	return true;
}

bool
ssh_parse_address(const char *text, char **user, char **host, unsigned *port, struct error *err)
{
	const char *at = strrchr(text, '@'), *begin = at != NULL ? at + 1 : text, *end, *rest;
	uint64_t number = 0;

	*user = *host = NULL;
	*port = 0;
	if (begin[0] == '[') {
		begin++;
		end = begin + strcspn(begin, "]");
		rest = *end == ']' ? end + 1 : end;
	} else {
		/* more than one colon and no brackets: an IPv6 address without a port */
		end = strchr(begin, ':') != strrchr(begin, ':') ? begin + strlen(begin)
								: begin + strcspn(begin, ":");
		rest = end;
	}
	if (!plain_word(begin, (size_t)(end - begin)) || (begin > text && begin[-1] == '[' && *end != ']') ||
	    (at != NULL && !plain_word(text, (size_t)(at - text))) || (*rest != '\0' && *rest != ':'))
		return error_set(err, "%s is no address such as user@host:port", text_quoted(text));
	if (*rest == ':' && (!text_parse_number(rest + 1, 65535, &number) || number == 0))
		return error_set(err, "%s: a port is a number from 1 to 65535", text_quoted(text));
	*user = at != NULL ? copy_part(text, (size_t)(at - text)) : NULL;
	*host = copy_part(begin, (size_t)(end - begin));
	*port = (unsigned)number;
	return true;
}

/* --- jumps ------------------------------------------------------------------------------------- */

static bool
add_jump(struct ssh_stop *stops, size_t *count, const char *text, struct ssh_fault *fault)
{
	struct ssh_stop *stop = &stops[*count];
	struct error err = {""};

	if (*count == SSH_MOST_JUMPS)
		return ssh_fault_set(fault, true, "there are more than %d jump hosts on the way",
				     SSH_MOST_JUMPS);
	if (!ssh_parse_address(text, &stop->user, &stop->host, &stop->port, &err))
		return ssh_fault_set(fault, true, "jump host %s", err.text);
	(*count)++;
	return true;
}

/* "ssh [-q] [-l USER] [-p PORT] [-J HOSTS] -W %h:%p HOST" taken apart; texts point into it. */
struct proxy_words {
	const char *user, *port, *host;
	char *before;
	bool forwards; /* it has -W with the target's address */
	bool made;     /* by libssh of a ProxyJump, not written by a person */
};

static bool
take_words(char *command, struct proxy_words *out)
{
	char *next = NULL, *word = strtok_r(command, " \t", &next);

	*out = (struct proxy_words){NULL};
	if (word == NULL || strcmp(word, "ssh") != 0)
		return false;
	while ((word = strtok_r(NULL, " \t", &next)) != NULL) {
		char *value = NULL;

		if (word[0] != '-' && out->host == NULL) {
			out->host = word;
			continue;
		}
		if (strcmp(word, "-q") == 0)
			continue;
		if (word[0] != '-' || (value = strtok_r(NULL, " \t", &next)) == NULL)
			return false;
		if (strcmp(word, "-l") == 0)
			out->user = value;
		else if (strcmp(word, "-p") == 0)
			out->port = value;
		else if (strcmp(word, "-J") == 0)
			out->before = value;
		else if (strcmp(word, "-W") == 0)
			out->forwards = strcmp(value, "%h:%p") == 0 || strcmp(value, "[%h]:%p") == 0 ||
					(out->made = strcmp(value, "'[%h]:%p'") == 0);
		else
			return false;
	}
	return out->forwards && out->host != NULL;
}

static bool
add_last(struct ssh_stop *stops, size_t *count, const struct proxy_words *words, struct ssh_fault *fault)
{
	bool bare = strchr(words->host, ':') != NULL && words->host[0] != '[';
	char *address =
	    text_format("%s%s%s%s%s%s%s", words->user != NULL ? words->user : "",
			words->user != NULL ? "@" : "", bare ? "[" : "", words->host, bare ? "]" : "",
			words->port != NULL ? ":" : "", words->port != NULL ? words->port : "");
	bool good = add_jump(stops, count, address, fault);

	free(address);
	return good;
}

/*
 * Is it a command that only goes through other hosts with OpenSSH's client? Then those are taken. With
 * OpenSSH the hosts of -J come before HOST; the command that libssh makes of "ProxyJump first,second" has the
 * first one as HOST and the others in -J.
 */
static bool
take_proxy_jump(const char *command, struct ssh_stop *stops, size_t *count, struct ssh_fault *fault)
{
	char *copy = text_copy(command), *next = NULL, *word;
	struct proxy_words words;
	bool good = true;

	if (take_words(copy, &words)) {
		if (words.made)
			good = add_last(stops, count, &words, fault);
		for (word = words.before != NULL ? strtok_r(words.before, ",", &next) : NULL;
		     word != NULL && good; word = strtok_r(NULL, ",", &next))
			good = add_jump(stops, count, word, fault);
		if (!words.made && good)
			good = add_last(stops, count, &words, fault);
	}
	free(copy);
	return good;
}

/* What ~/.ssh/config says of the way to a stop: the jumps before it. */
static bool
configured_jumps(const struct ssh_stop *stop, struct ssh_stop *stops, size_t *count, struct ssh_fault *fault)
{
	ssh_session session = ssh_hop_new(stop, false, fault);
	char *command = NULL;
	bool good = true;

	if (session == NULL)
		return false;
	if (ssh_options_get(session, SSH_OPTIONS_PROXYCOMMAND, &command) == SSH_OK && command != NULL)
		good = take_proxy_jump(command, stops, count, fault);
	ssh_string_free_char(command);
	ssh_free(session);
	return good;
}

/* The first stop may itself have to be reached through others, and so on. */
static bool
prepend_configured(struct ssh_stop *stops, size_t *count, struct ssh_fault *fault)
{
	for (;;) {
		struct ssh_stop before[SSH_MOST_JUMPS];
		size_t more = 0;
		bool good = configured_jumps(&stops[0], before, &more, fault);

		if (good && more + *count > SSH_MOST_JUMPS + 1)
			good =
			    ssh_fault_set(fault, true, "there are more than %d jump hosts on the way to %s",
					  SSH_MOST_JUMPS, stops[*count - 1].host);
		if (!good || more == 0) {
			while (more > 0)
				ssh_stop_free(&before[--more]);
			return good;
		}
		memmove(stops + more, stops, *count * sizeof(*stops));
		memcpy(stops, before, more * sizeof(*stops));
		*count += more;
	}
}

size_t
ssh_route(const struct ssh_target *target, struct ssh_stop *stops, struct ssh_fault *fault)
{
	size_t count = 0;
	bool good = true;

	for (size_t i = 0; target->jumps != NULL && i < target->jumps->count && good; i++)
		good = add_jump(stops, &count, target->jumps->items[i], fault);
	if (good)
		stops[count++] = (struct ssh_stop){
		    .host = text_copy(target->host), .user = text_copy(target->user), .port = target->port};
	if (good && prepend_configured(stops, &count, fault))
		return count;
	while (count > 0)
		ssh_stop_free(&stops[--count]);
	return 0;
}

/* --- the socket -------------------------------------------------------------------------------- */

/* Waits until a socket that connects does, is refused, or the attempt is given up. */
static int
wait_connected(struct ssh_link *link, int fd, usec_t until)
{
	struct pollfd wait = {.fd = fd, .events = POLLOUT};
	int error = ETIMEDOUT;
	socklen_t length = sizeof(error);

	while (clock_monotonic() < until) {
		if (ssh_link_abandoned(link))
			return ECANCELED;
		if (poll(&wait, 1, LOOK_EVERY_MS) > 0) {
			getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length);
			return error;
		}
	}
	return ETIMEDOUT;
}

/* One address. Returns the socket, or -1 with errno. */
static int
dial_one(struct ssh_link *link, const struct addrinfo *address)
{
	static const int on = 1, unanswered_ms = SSH_PATIENCE_S * 1000;
	int fd = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), error;

	if (fd < 0)
		return -1;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &unanswered_ms, sizeof(unanswered_ms));
	error = connect(fd, address->ai_addr, address->ai_addrlen) == 0 ? 0 : errno;
	if (error == EINPROGRESS)
		error = wait_connected(link, fd, clock_monotonic() + SSH_PATIENCE_S * USEC_PER_SEC);
	if (error == 0 && ssh_link_holds(link, fd))
		return fd;
	close(fd);
	errno = error != 0 ? error : ECANCELED;
	return -1;
}

int
ssh_route_dial(struct ssh_link *link, const char *host, unsigned port, struct ssh_fault *fault)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG}, *found = NULL, *one;
	char service[8];
	int fd = -1, wrong;

	snprintf(service, sizeof(service), "%u", port);
	wrong = getaddrinfo(host, service, &hints, &found);
	if (wrong != 0) {
		ssh_fault_set(fault, false, "no address is known for %s: %s", host, gai_strerror(wrong));
		return -1;
	}
	for (one = found; one != NULL && fd < 0; one = one->ai_next)
		fd = dial_one(link, one);
	if (fd < 0)
		ssh_fault_set(fault, false, "%s: ssh to %s port %u", strerror(errno), host, port);
	freeaddrinfo(found);
	return fd;
}
