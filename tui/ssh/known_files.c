// SPDX-License-Identifier: GPL-2.0-or-later
/* Which files of known hosts count: those that ~/.ssh/config names (ssh_config(5)), or the usual ones. */
#include "tui/ssh/known.h"

#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "tui/ssh/configured.h"

/* What a file's name is made of. */
struct tokens {
	char host[256], port[16], home[512], user[128], caller[128], number[16];
	const char *alias, *typed;
};

static void
tell_tokens(struct tokens *tokens, const struct ssh_stop *stop, ssh_session session)
{
	struct passwd entry, *found = NULL;
	char texts[4096], *user = NULL;
	unsigned port;

	ssh_hop_address(session, tokens->host, sizeof(tokens->host), &port);
	snprintf(tokens->port, sizeof(tokens->port), "%u", port);
	ssh_config_path(stop, "%d", tokens->home, sizeof(tokens->home));
	snprintf(tokens->number, sizeof(tokens->number), "%u", (unsigned)getuid());
	if (getpwuid_r(getuid(), &entry, texts, sizeof(texts), &found) == 0 && found != NULL)
		snprintf(tokens->caller, sizeof(tokens->caller), "%s", entry.pw_name);
	ssh_options_get(session, SSH_OPTIONS_USER, &user);
	snprintf(tokens->user, sizeof(tokens->user), "%s", user != NULL ? user : tokens->caller);
	ssh_string_free_char(user);
}

/* What is put for what stands there, NULL for nothing else; `*length`: of what is read. */
static const char *
token(const struct tokens *tokens, const char *word, const char *at, size_t *length)
{
	*length = at[0] == '%' ? 2 : 1;
	if (at == word && at[0] == '~' && at[1] == '/')
		return tokens->home;
	if (at[0] != '%')
		return NULL;
	if ((at[1] == 'r' && tokens->user[0] == '\0') || (at[1] == 'u' && tokens->caller[0] == '\0'))
		return NULL;
	return at[1] == '%'   ? "%"
	       : at[1] == 'd' ? tokens->home
	       : at[1] == 'h' ? tokens->host
	       : at[1] == 'i' ? tokens->number
	       : at[1] == 'k' ? tokens->alias
	       : at[1] == 'n' ? tokens->typed
	       : at[1] == 'p' ? tokens->port
	       : at[1] == 'r' ? tokens->user
	       : at[1] == 'u' ? tokens->caller
			      : NULL;
}

/* Does ssh put something else there, which is not known here? */
static bool
stands_for_more(const char *word, const char *at)
{
	return at[0] == '%' || (at[0] == '$' && at[1] == '{') || (at == word && at[0] == '~');
}

/* ssh_config(5), TOKENS. `option`: whose file must not be taken for an empty one because its name is not
 * understood; NULL for an option that has no tokens with ssh. */
static void
expand(struct ssh_known *known, const struct tokens *tokens, const char *option, const char *word,
       struct text_list *out)
{
	char path[1200] = "";
	size_t length = 0, read;

	for (const char *c = word; *c != '\0' && length + 1 < sizeof(path); c += read) {
		const char *put = token(tokens, word, c, &read);

		if (put != NULL) {
			snprintf(path + length, sizeof(path) - length, "%s", put);
		} else {
			if (option != NULL && stands_for_more(word, c))
				ssh_fault_set(&known->fault, true,
					      "%s of ~/.ssh/config: what '%.2s' stands for in %.200s is not "
					      "known here: every host is refused",
					      option, c, word);
			snprintf(path + length, sizeof(path) - length, "%c", *c);
			read = 1;
		}
		length += strlen(path + length);
	}
	if (length + 1 >= sizeof(path))
		ssh_fault_set(&known->fault, true, "%.64s...: that path is too long: every host is refused",
			      word);
	text_list_add(out, path);
}

/* The words of ssh_configured_several(). */
static void
add_files(struct ssh_known *known, const struct tokens *tokens, const char *option, char *value,
	  struct text_list *out)
{
	char *next = NULL;

	for (char *word = strtok_r(value, " ", &next); word != NULL; word = strtok_r(NULL, " ", &next)) {
		for (char *c = strchr(word, SSH_CONFIGURED_BLANK); c != NULL;
		     c = strchr(c, SSH_CONFIGURED_BLANK))
			*c = ' ';
		if (strcasecmp(word, "none") != 0)
			expand(known, tokens, option, word, out);
	}
}

void
ssh_known_find_files(struct ssh_known *known, const struct ssh_stop *stop, ssh_session session,
		     const char *alias)
{
	struct tokens tokens = {.alias = alias, .typed = stop->host};
	char value[2048], folder[512];

	tell_tokens(&tokens, stop, session);
	if (ssh_configured_several(stop, "UserKnownHostsFile", value, sizeof(value), &known->fault)) {
		add_files(known, &tokens, "UserKnownHostsFile", value, &known->files);
	} else {
		ssh_folder(folder, sizeof(folder));
		snprintf(value, sizeof(value), "%s/known_hosts", folder);
		text_list_add(&known->files, value);
		snprintf(value, sizeof(value), "%s/known_hosts2", folder);
		text_list_add(&known->files, value);
	}
	known->users = known->files.count;
	if (ssh_configured_several(stop, "GlobalKnownHostsFile", value, sizeof(value), &known->fault)) {
		add_files(known, &tokens, NULL, value, &known->files);
	} else {
		text_list_add(&known->files, "/etc/ssh/ssh_known_hosts");
		text_list_add(&known->files, "/etc/ssh/ssh_known_hosts2");
	}
	if (ssh_configured_several(stop, "RevokedHostKeys", value, sizeof(value), &known->fault))
		add_files(known, &tokens, "RevokedHostKeys", value, &known->revoked);
}
