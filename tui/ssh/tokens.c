// SPDX-License-Identifier: GPL-2.0-or-later
#include "tui/ssh/tokens.h"

#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

void
ssh_tokens_home(char *out, size_t size)
{
	ssh_folder(out, size);
	out[strlen(out) - strlen("/.ssh")] = '\0';
}

void
ssh_tokens_tell(struct ssh_tokens *out, const struct ssh_stop *stop, ssh_session session, const char *alias)
{
	struct passwd entry, *found = NULL;
	char texts[4096], *user = NULL;
	unsigned port;

	*out = (struct ssh_tokens){.typed = stop->host, .alias = alias};
	ssh_hop_address(session, out->host, sizeof(out->host), &port);
	snprintf(out->port, sizeof(out->port), "%u", port);
	ssh_tokens_home(out->home, sizeof(out->home));
	snprintf(out->number, sizeof(out->number), "%u", (unsigned)getuid());
	if (getpwuid_r(getuid(), &entry, texts, sizeof(texts), &found) == 0 && found != NULL)
		snprintf(out->caller, sizeof(out->caller), "%s", entry.pw_name);
	ssh_options_get(session, SSH_OPTIONS_USER, &user);
	snprintf(out->user, sizeof(out->user), "%s", user != NULL ? user : out->caller);
	ssh_string_free_char(user);
}

/* NULL for what is not known. */
static const char *
meaning(const struct ssh_tokens *tokens, char letter)
{
	const struct {
		char letter;
		const char *text;
	} all[] = {
	    {'%', "%"},
	    {'d', tokens->home},
	    {'h', tokens->host},
	    {'i', tokens->number},
	    {'k', tokens->alias},
	    {'n', tokens->typed},
	    {'p', tokens->port},
	    {'r', tokens->user},
	    {'u', tokens->caller},
	};

	for (size_t i = 0; i < COUNT_OF(all); i++) {
		if (all[i].letter == letter)
			return all[i].text != NULL && all[i].text[0] != '\0' ? all[i].text : NULL;
	}
	return NULL;
}

/* Does ssh put something else there? */
static bool
stands_for_more(const char *word, const char *at)
{
	return at[0] == '%' || (at[0] == '$' && at[1] == '{') || (at == word && at[0] == '~');
}

const char *
ssh_tokens_put(const struct ssh_tokens *tokens, const char *word, char *out, size_t size)
{
	const char *unknown = NULL;
	size_t length = 0;

	out[0] = '\0';
	for (const char *c = word; *c != '\0' && length + 1 < size; c++) {
		const char *put = c == word && c[0] == '~' && c[1] == '/' ? tokens->home
				  : c[0] == '%'                           ? meaning(tokens, c[1])
									  : NULL;

		if (put == NULL && unknown == NULL && stands_for_more(word, c))
			unknown = c;
		if (put != NULL)
			snprintf(out + length, size - length, "%s", put);
		else
			snprintf(out + length, size - length, "%c", *c);
		c += put != NULL && c[0] == '%';
		length += strlen(out + length);
	}
	return unknown;
}
