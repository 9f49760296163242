// SPDX-License-Identifier: GPL-2.0-or-later
/* The gateways elsewhere that console.yaml names, and how each is reached. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/control/commands.h"
#include "tui/settings_internal.h"
#include "tui/ssh/ssh.h"

static bool
read_text(const struct yaml_file *r, const yaml_node_t *value, const char *what, char *out, size_t size)
{
	if (!yaml_is_scalar(r, value, what))
		return false;
	if (strlen(yaml_text(value)) >= size)
		return yaml_fail(r, value->start_mark, "%s is longer than %zu bytes", what, size - 1);
	text_clean(out, size, yaml_text(value));
	return true;
}

/* Is it "user@host:port"? */
static bool
check_address(const struct yaml_file *r, const yaml_node_t *value, const char *what)
{
	struct error err = {""};
	char *user, *host;
	unsigned port;

	if (!yaml_is_scalar(r, value, what))
		return false;
	if (!ssh_parse_address(yaml_text(value), &user, &host, &port, &err))
		return yaml_fail(r, value->start_mark, "%s: %s", what, err.text);
	free(user);
	free(host);
	return true;
}

static bool
read_jump(struct yaml_file *r, yaml_node_t *item, void *out)
{
	if (!check_address(r, item, "jump"))
		return false;
	text_list_add(&((struct settings_site *)out)->jumps, yaml_text(item));
	return true;
}

static bool
read_role(const struct yaml_file *r, const yaml_node_t *value, char *out, size_t size)
{
	static const char *const roles[] = {"viewer", "operator", "admin", NULL};

	if (!read_text(r, value, "role", out, size))
		return false;
	return yaml_index_of(roles, out) >= 0 || yaml_fail_name(r, value, "role", roles);
}

static bool
read_pair(struct yaml_file *r, yaml_node_t *key, yaml_node_t *value, void *out)
{
	static const char *const names[] = {
	    "name",     "production",      "host", "jump", "group", "role", "command",
	    "compress", "identities_only", NULL};
	struct settings_site *site = out;

	switch (yaml_index_of(names, yaml_text(key))) {
	case 0:
		return read_text(r, value, "name", site->name, sizeof(site->name));
	case 1:
		return yaml_read_flag(r, value, "production", &site->production);
	case 2:
		return check_address(r, value, "host") &&
		       read_text(r, value, "host", site->host, sizeof(site->host));
	case 3:
		return value->type == YAML_SCALAR_NODE ? read_jump(r, value, site)
						       : yaml_read_list(r, value, "jump", read_jump, site);
	case 4:
		return read_text(r, value, "group", site->group, sizeof(site->group));
	case 5:
		return read_role(r, value, site->role, sizeof(site->role));
	case 6:
		return read_text(r, value, "command", site->command, sizeof(site->command));
	case 7:
		return yaml_read_flag(r, value, "compress", &site->compress);
	case 8:
		return yaml_read_flag(r, value, "identities_only", &site->identities_only);
	default:
		return yaml_fail_name(r, key, "key", names);
	}
}

/* --- names and changes -------------------------------------------------------------------------- */

static bool
good_name(const struct settings *settings, const char *name, struct error *err)
{
	if (name[0] == '\0')
		return error_set(err, "a site needs a name");
	if (strcmp(name, "all") == 0 || strpbrk(name, ", \t@'\"`$\\;&|<>(){}[]*?") != NULL || name[0] == '-')
		return error_set(
		    err,
		    "no site can be called '%s': a name is one word without ',', '@' and what a shell takes "
		    "apart, and not 'all'",
		    name);
	if (settings_site(settings, name) != NULL)
		return error_set(err, "two sites are called '%s'", name);
	return true;
}

static bool
good_address(const char *text, struct error *err)
{
	char *user, *host;
	unsigned port;

	if (!ssh_parse_address(text, &user, &host, &port, err))
		return false;
	free(user);
	free(host);
	return true;
}

bool
settings_add_site(struct settings *settings, const struct settings_site *site, struct error *err)
{
	enum command_role role;
	bool changed = settings->sites_changed, good;
	struct settings_site copy = *site;

	good = good_name(settings, site->name, err) &&
	       (site->host[0] == '\0' || good_address(site->host, err)) &&
	       (site->role[0] == '\0' || command_role_parse(site->role, &role) ||
		error_set(err, "no role is called '%s': viewer, operator or admin", site->role));
	for (size_t i = 0; good && i < site->jumps.count; i++)
		good = good_address(site->jumps.items[i], err);
	if (!good) {
		text_list_free(&copy.jumps);
		return false;
	}
	settings->sites =
	    memory_resize(settings->sites, (settings->site_count + 1) * sizeof(*settings->sites));
	settings->sites[settings->site_count++] = copy;
	settings->sites_changed = true;
	if (settings_save(settings, err))
		return true;
	text_list_free(&settings->sites[--settings->site_count].jumps);
	settings->sites_changed = changed;
	return false;
}

bool
settings_remove_site(struct settings *settings, const char *name, struct error *err)
{
	const struct settings_site *site = settings_site(settings, name);
	bool changed = settings->sites_changed;
	struct settings_site gone;
	size_t at;

	if (site == NULL)
		return error_set(err, "no site is called '%s' in %s", name, settings->path);
	gone = *site;
	at = (size_t)(site - settings->sites);
	settings->site_count--;
	memmove(&settings->sites[at], &settings->sites[at + 1],
		(settings->site_count - at) * sizeof(*settings->sites));
	settings->sites_changed = true;
	if (settings_save(settings, err)) {
		text_list_free(&gone.jumps);
		return true;
	}
	memmove(&settings->sites[at + 1], &settings->sites[at],
		(settings->site_count - at) * sizeof(*settings->sites));
	settings->sites[at] = gone;
	settings->site_count++;
	settings->sites_changed = changed;
	return false;
}

/* A YAML text in double quotes (YAML 1.1, 5.7). */
static void
write_quoted(FILE *out, const char *text)
{
	fputc('"', out);
	for (; *text != '\0'; text++) {
		if (*text == '"' || *text == '\\')
			fputc('\\', out);
		fputc(*text, out);
	}
	fputc('"', out);
}

static void
write_pair(FILE *out, const char *key, const char *text)
{
	if (text[0] == '\0')
		return;
	fprintf(out, ", %s: ", key);
	write_quoted(out, text);
}

void
settings_write_sites(FILE *out, const struct settings *settings)
{
	if (settings->site_count > 0)
		fprintf(out, "sites:\n");
	for (size_t i = 0; i < settings->site_count; i++) {
		const struct settings_site *site = &settings->sites[i];

		fprintf(out, "  - {name: ");
		write_quoted(out, site->name);
		write_pair(out, "host", site->host);
		for (size_t k = 0; k < site->jumps.count; k++) {
			fprintf(out, k == 0 ? ", jump: [" : ", ");
			write_quoted(out, site->jumps.items[k]);
			fprintf(out, k + 1 == site->jumps.count ? "]" : "");
		}
		write_pair(out, "group", site->group);
		write_pair(out, "role", site->role);
		write_pair(out, "command", site->command);
		fprintf(out, "%s%s%s}\n", site->production ? ", production: yes" : "",
			site->compress ? ", compress: yes" : "",
			site->identities_only ? ", identities_only: yes" : "");
	}
}

/* --- reading an item ----------------------------------------------------------------------------- */

/* A name is a word of the command line: `--on lyon,hub-1`, `--on all`. */
static bool
check_name(const struct yaml_file *r, const yaml_node_t *item, const struct settings *settings,
	   const struct settings_site *site)
{
	struct error err = {""};

	return good_name(settings, site->name, &err) || yaml_fail(r, item->start_mark, "%s", err.text);
}

bool
settings_read_site(struct yaml_file *r, yaml_node_t *item, void *out)
{
	struct settings *settings = out;
	struct settings_site site = {""};

	if (!yaml_read_map(r, item, "a site", read_pair, &site) || !check_name(r, item, settings, &site)) {
		text_list_free(&site.jumps);
		return false;
	}
	settings->sites =
	    memory_resize(settings->sites, (settings->site_count + 1) * sizeof(*settings->sites));
	settings->sites[settings->site_count++] = site;
	return true;
}

void
settings_free_sites(struct settings *settings)
{
	for (size_t i = 0; i < settings->site_count; i++)
		text_list_free(&settings->sites[i].jumps);
	FREE_AND_NULL(settings->sites);
	settings->site_count = 0;
}

const struct settings_site *
settings_site(const struct settings *settings, const char *name)
{
	for (size_t i = 0; name != NULL && i < settings->site_count; i++) {
		if (strcmp(settings->sites[i].name, name) == 0)
			return &settings->sites[i];
	}
	return NULL;
}

bool
settings_production(const struct settings *settings, const char *name)
{
	const struct settings_site *site = settings_site(settings, name);

	return site != NULL && site->production;
}
