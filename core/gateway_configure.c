// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The commands of the configuration: `reload` takes over the file as it is now, `configuration` shows what
 * runs without its secrets, `configure` takes a new text for the file. And the file itself, which is
 * replaced as a whole (rename) and never written into.
 */
#include "core/gateway_configure_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

/* --- the file ---------------------------------------------------------------------------------- */

/* Keyed, since a plain digest of a text with a weak secret in it would let that be guessed. */
void
gateway_source_digest(const struct gateway_source *source, char out[17])
{
	static uint8_t key[32];
	static bool keyed;
	uint8_t digest[EVP_MAX_MD_SIZE] = {0};

	if (!keyed)
		keyed = getrandom(key, sizeof(key), 0) == sizeof(key);
	HMAC(EVP_sha256(), key, sizeof(key), (const uint8_t *)source->text, source->length, digest, NULL);
	for (unsigned i = 0; i < 8; i++)
		snprintf(out + (size_t)i * 2, 3, "%02x", digest[i]);
}

bool
gateway_source_read(const char *file, struct gateway_source *out, struct error *err)
{
	struct config_findings findings = {0};

	out->text = config_read(file, &out->length, &findings);
	if (out->text == NULL)
		error_set(err, "%s %s", file, findings.count != 0 ? findings.items[0].text : "can't be read");
	config_findings_free(&findings);
	return out->text != NULL;
}

static bool
write_all(int fd, const char *bytes, size_t length)
{
	while (length != 0) {
		ssize_t wrote = write(fd, bytes, length);

		if (wrote < 0 && errno == EINTR)
			continue;
		if (wrote < 0)
			return false;
		bytes += wrote;
		length -= (size_t)wrote;
	}
	return true;
}

/* A file of that content beside its place, with the mode and owner of `like`, and then in its place. */
static bool
put_file(const char *path, const struct gateway_source *source, const struct stat *like, struct error *err)
{
	char *fresh = text_format("%s.new", path);
	int fd;
	bool good;

	unlink(fresh);
	fd = open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	good = fd >= 0 && write_all(fd, source->text, source->length) &&
	       fchown(fd, like->st_uid, like->st_gid) == 0 && fchmod(fd, like->st_mode & 07777) == 0 &&
	       fsync(fd) == 0 && rename(fresh, path) == 0;
	if (!good) {
		error_set(err, "can't write %s: %s", path, strerror(errno));
		unlink(fresh);
	}
	if (fd >= 0)
		close(fd);
	free(fresh);
	return good;
}

/* The renames themselves must outlast a power cut. */
static void
sync_folder(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *folder =
	    text_format("%.*s", slash != NULL ? (int)(slash - path) + 1 : 1, slash != NULL ? path : ".");
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd >= 0) {
		fsync(fd);
		close(fd);
	}
	free(folder);
}

bool
gateway_source_write(const char *file, const struct gateway_source *source, struct error *err)
{
	char *path = realpath(file, NULL), *previous; /* a link stays one */
	struct gateway_source before = {0};
	struct stat status;
	bool good;

	if (path == NULL || stat(path, &status) != 0) {
		free(path);
		return error_set(err, "can't replace %s: %s", file, strerror(errno));
	}
	previous = text_format("%s.previous", path);
	good = gateway_source_read(path, &before, err) && put_file(previous, &before, &status, err) &&
	       put_file(path, source, &status, err);
	if (good)
		sync_folder(path);
	gateway_source_free(&before);
	free(previous);
	free(path);
	return good;
}

/* --- reload ------------------------------------------------------------------------------------ */

static void
do_reload(void *context, struct control_request *request)
{
	struct gateway *gateway = context;
	struct gateway_reload_wish wish = {
	    .request = request,
	    .who = control_request_who(request),
	    .dry_run = control_request_flag(request, "dry_run"),
	    .force = control_request_flag(request, "force"),
	};
	struct error err;

	if (!gateway_asked_seconds(request, &wish.confirm_s))
		return;
	if (!control_request_flag(request, "keep")) {
		gateway_reload(gateway, &wish);
	} else if (wish.dry_run || wish.confirm_s != GATEWAY_UNSAID) {
		control_request_fail(request, "--keep stands alone");
	} else if (!gateway_reload_keep(gateway, wish.who, &err)) {
		control_request_fail(request, "%s", err.text);
	} else {
		control_request_done(request, NULL, "the configuration stays as it is now");
	}
}

/* --- configuration ----------------------------------------------------------------------------- */

#define BYTE_ORDER_MARK "\xef\xbb\xbf"

static size_t
mark_length(const char *text, size_t length)
{
	size_t size = strlen(BYTE_ORDER_MARK);

	return length >= size && memcmp(text, BYTE_ORDER_MARK, size) == 0 ? size : 0;
}

/* Messages carry no control bytes: a text goes as its lines, for people to read. */
static json_t *
text_lines(const char *text, size_t length)
{
	json_t *lines = json_array();

	for (size_t at = mark_length(text, length); at < length;) {
		const char *end = memchr(text + at, '\n', length - at);
		size_t whole = end != NULL ? (size_t)(end - text) - at : length - at, used = 0;
		char *line = memory_zeroed(whole * 8 + 1, 1);

		for (size_t i = 0; i < whole; i++) {
			char c = text[at + i];

			if (c == '\t') {
				memset(line + used, ' ', 8 - used % 8);
				used += 8 - used % 8;
			} else if (c != '\r') {
				line[used++] = c;
			}
		}
		json_array_append_new(lines, json_stringn(line, used));
		free(line);
		at += whole + 1;
	}
	return lines;
}

/*
 * Where the lines do not say all (tabs, carriage returns, a byte order mark, no line end at the end), the
 * text as text_escape() has it, for whoever edits it and hands it in again. NULL: they do.
 */
static char *
exact_text(const char *text, size_t length)
{
	if (length > 0 && text[length - 1] == '\n' && memchr(text, '\t', length) == NULL &&
	    memchr(text, '\r', length) == NULL && memmem(text, length, "\xc2\x85", 2) == NULL &&
	    mark_length(text, length) == 0)
		return NULL;
	return text_escape(text, length);
}

/* Why a text can't be shown: the first error in it. */
static void
refuse_to_show(struct control_request *request, const char *file, const struct config_findings *findings)
{
	const struct config_finding *why = findings->count > 0 ? &findings->items[0] : NULL;

	if (why != NULL)
		control_request_fail(request, "%s:%u:%u: %s. It can't be shown without its secrets", file,
				     why->line, why->column, why->text);
	else
		control_request_fail(request, "%s can't be shown without its secrets: it is no YAML", file);
}

/* One of the two texts, for whoever asked. `source` is what runs, or what stands on the disk. */
static void
show_text(const struct gateway *gateway, struct control_request *request, const struct gateway_source *source,
	  bool differs)
{
	const char *file = gateway->options->config;
	struct config_findings findings = {0};
	char hash[17];
	size_t length;
	char *masked, *exact;

	if (source->length > COMMAND_CONTENT_MOST) {
		control_request_fail(
		    request, "the configuration has %zu bytes, and at most %d are shown here: look at %s",
		    source->length, COMMAND_CONTENT_MOST, file);
		return;
	}
	masked = config_mask(source->text, source->length, &length, &findings);
	if (masked == NULL) {
		refuse_to_show(request, file, &findings);
		config_findings_free(&findings);
		return;
	}
	exact = exact_text(masked, length);
	gateway_source_digest(source, hash);
	control_request_done(request,
			     json_pack("{s:s, s:s, s:b, s:o, s:s*}", "file", file, "hash", hash,
				       "changed_on_disk", differs, "lines", text_lines(masked, length),
				       "exact", exact),
			     "%s", "");
	config_findings_free(&findings);
	free(exact);
	memory_wipe_free(masked, length);
}

static void
do_configuration(void *context, struct control_request *request)
{
	struct gateway *gateway = context;
	struct gateway_source disk = {0};
	char hash[17], on_disk[17] = "";
	struct error err;
	bool there;

	there = gateway_source_read(gateway->options->config, &disk, &err);
	gateway_source_digest(&gateway->source, hash);
	if (there)
		gateway_source_digest(&disk, on_disk);
	if (!control_request_flag(request, "on_disk"))
		show_text(gateway, request, &gateway->source, strcmp(hash, on_disk) != 0);
	else if (there)
		show_text(gateway, request, &disk, strcmp(hash, on_disk) != 0);
	else
		control_request_fail(request, "%s", err.text);
	gateway_source_free(&disk);
}

/* --- configure --------------------------------------------------------------------------------- */

/* Errors are told at their place in the text as it was given, masks and all. */
static void
refuse_text(struct control_request *request, const char *file, const struct config_findings *findings)
{
	json_t *lines = json_array();
	const char *first = NULL;

	for (size_t i = 0; i < findings->count; i++) {
		const struct config_finding *finding = &findings->items[i];
		char *line;

		if (finding->warning)
			continue;
		line = text_format("%s:%u:%u: %s", file, finding->line, finding->column, finding->text);
		json_array_append_new(lines, json_string(line));
		free(line);
	}
	first = json_string_value(json_array_get(lines, 0));
	if (first == NULL)
		first = "the text can't be read";
	if (json_array_size(lines) > 1)
		control_request_refuse(request, json_pack("{s:O}", "lines", lines),
				       "%zu errors, the first: %s", findings->errors, first);
	else
		control_request_fail(request, "%s", first);
	json_decref(lines);
}

/* What was given, as the whole of the file: a block with --append comes into what is there. Returns new. */
static char *
whole_text(struct control_request *request, const struct gateway_source *disk, size_t *length,
	   struct config_findings *findings)
{
	const char *given = control_request_text(request, "file");

	if (control_request_flag(request, "append"))
		return config_append(disk->text, disk->length, given, length, findings);
	*length = strlen(given);
	return text_copy(given);
}

/* The text with its secrets; false after the request was answered. */
static bool
full_text(struct gateway *gateway, struct control_request *request, const struct gateway_source *disk,
	  struct gateway_reload_wish *wish)
{
	const char *file = gateway->options->config;
	struct gateway_source *out = &wish->source;
	struct config_findings findings = {0};
	struct config *checked = NULL;
	size_t length = 0;
	char *given = whole_text(request, disk, &length, &findings);

	if (given != NULL)
		checked = config_parse_with(file, given, length, &wish->secrets, &findings);
	if (checked != NULL)
		out->text = config_unmask(given, length, disk->text, disk->length, &out->length, &findings);
	if (out->text == NULL)
		refuse_text(request, file, &findings);
	memory_wipe_free(given, length);
	config_free(checked);
	config_findings_free(&findings);
	return out->text != NULL;
}

static void
do_configure(void *context, struct control_request *request)
{
	struct gateway *gateway = context;
	const char *base = control_request_text(request, "base"), *file = gateway->options->config;
	const char *secrets = control_request_text(request, "secrets");
	struct gateway_reload_wish wish = {
	    .request = request,
	    .who = control_request_who(request),
	    .configure = true,
	    .dry_run = control_request_flag(request, "dry_run"),
	    .force = control_request_flag(request, "force"),
	};
	struct gateway_source disk = {0};
	char hash[17] = "";
	struct error err;

	if (!gateway_asked_seconds(request, &wish.confirm_s))
		return;
	if (secrets != NULL && !config_secrets_parse(secrets, &wish.secrets, &err)) {
		control_request_fail(request, "%s", err.text);
		return;
	}
	if (!gateway_source_read(file, &disk, &err)) {
		config_secrets_free(&wish.secrets);
		control_request_fail(request, "%s", err.text);
		return;
	}
	gateway_source_digest(&disk, hash);
	if (base != NULL && strcmp(base, hash) != 0) {
		control_request_refuse(
		    request, json_pack("{s:b}", "changed_on_disk", 1),
		    "%s is not the one that you began with: somebody changed it. Read it anew "
		    "('twinspan reload' takes over what is on the disk)",
		    file);
	} else if (full_text(gateway, request, &disk, &wish)) {
		gateway_reload(gateway, &wish);
		wish.secrets = (struct config_secrets){0};
	}
	config_secrets_free(&wish.secrets);
	gateway_source_free(&disk);
}

void
gateway_configure_register(struct gateway *gateway)
{
	control_server_handle(gateway->server, "reload", do_reload, gateway);
	control_server_handle(gateway->server, "configuration", do_configuration, gateway);
	control_server_handle(gateway->server, "configure", do_configure, gateway);
}
