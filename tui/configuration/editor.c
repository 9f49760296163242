// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A person's editor on a private file: mode 0600 in a folder of its own of mode 0700, in the runtime folder
 * where there is one (it is no disk), removed in every case: when the editor has ended, when the console ends
 * or is told to, and by a handler that only calls unlink() when it crashes.
 *
 * The editor is our child in our own process group, so that its Ctrl-Z stops both and `fg` brings both back;
 * the keyboard's signals are its, and we let them pass while it runs. The loop goes on meanwhile: the gateway
 * hears us, and we it.
 */
#include <errno.h>
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tui/configuration/configuration_internal.h"

#define TEXT_MOST COMMAND_CONTENT_MOST

struct editor {
	uv_process_t process;
	bool ended;
	editor_done_fn done;
	void *context;
	struct sigaction quit;
};

/* One at a time: the crash's handler has to find it without asking anybody. */
static char folder[256], path[512];

static void
forget_file(void)
{
	DIR *dir = opendir(folder);
	const struct dirent *entry;

	/* editors leave files beside theirs: copies, swap files */
	while (dir != NULL && (entry = readdir(dir)) != NULL)
		unlinkat(dirfd(dir), entry->d_name, 0);
	if (dir != NULL)
		closedir(dir);
	rmdir(folder);
	path[0] = folder[0] = '\0';
}

/* Of a fatal signal: nothing but calls that are safe there. */
static void
on_crash(void)
{
	if (path[0] == '\0')
		return;
	unlink(path);
	rmdir(folder);
}

/* --- which editor -------------------------------------------------------------------------------- */

static bool
in_path(const char *program)
{
	const char *at = getenv("PATH");
	char file[512];

	for (at = at != NULL ? at : "/usr/bin:/bin"; *at != '\0';) {
		size_t length = strcspn(at, ":");

		snprintf(file, sizeof(file), "%.*s/%s", (int)length, at, program);
		if (length != 0 && access(file, X_OK) == 0)
			return true;
		at += length;
		at += *at == ':';
	}
	return false;
}

bool
editor_find(char *out, size_t size, struct error *err)
{
	static const char *const wishes[] = {"VISUAL", "EDITOR"}, *const usual[] = {"sensible-editor", "nano",
										    "vi"};

	for (size_t i = 0; i < COUNT_OF(wishes); i++) {
		const char *value = getenv(wishes[i]);

		if (value == NULL || value[strspn(value, " \t")] == '\0')
			continue;
		snprintf(out, size, "%s", value);
		return true;
	}
	for (size_t i = 0; i < COUNT_OF(usual); i++) {
		if (!in_path(usual[i]))
			continue;
		snprintf(out, size, "%s", usual[i]);
		return true;
	}
	return error_set(err, "there is no editor: set VISUAL or EDITOR, or install nano or vi");
}

/* --- the file ------------------------------------------------------------------------------------ */

static bool
make_folder(void)
{
	const char *runtime = getenv("XDG_RUNTIME_DIR");
	struct stat status;
	bool good = runtime != NULL && runtime[0] == '/' && strlen(runtime) < 200 &&
		    stat(runtime, &status) == 0 && S_ISDIR(status.st_mode) && status.st_uid == geteuid();

	if (good) {
		snprintf(folder, sizeof(folder), "%s/twinspan-XXXXXX", runtime);
		if (mkdtemp(folder) != NULL)
			return true;
	}
	snprintf(folder, sizeof(folder), "/tmp/twinspan-XXXXXX");
	return mkdtemp(folder) != NULL;
}

static bool
make_file(const char *name, const char *text, struct error *err)
{
	size_t length = strlen(text);
	int fd;
	bool good;

	if (!make_folder()) {
		error_set(err, "no private folder for the text can be made: %s", strerror(errno));
		folder[0] = '\0';
		return false;
	}
	snprintf(path, sizeof(path), "%s/%.120s", folder, name);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	good = fd >= 0;
	for (size_t done = 0; good && done < length;) {
		ssize_t wrote = write(fd, text + done, length - done);

		good = wrote > 0 || errno == EINTR;
		done += wrote > 0 ? (size_t)wrote : 0;
	}
	if (!good)
		error_set(err, "%s can't be written: %s", path, strerror(errno));
	if (fd >= 0)
		close(fd);
	if (!good)
		forget_file();
	return good;
}

/* The number of the line in which that byte is. */
static size_t
line_of(const char *text, size_t at)
{
	size_t line = 1;

	for (size_t i = 0; i < at; i++)
		line += text[i] == '\n';
	return line;
}

static bool
read_file(struct editor_end *end)
{
	FILE *file = fopen(path, "re");
	static char zero[80];
	const char *at;

	if (file == NULL) {
		end->why = "the file is gone";
		return false;
	}
	end->text = memory_zeroed(TEXT_MOST + 2, 1);
	end->length = fread(end->text, 1, TEXT_MOST + 1, file);
	fclose(file);
	at = memchr(end->text, '\0', end->length);
	if (end->length > TEXT_MOST) {
		end->why = "it is too large: at most 1,000,000 bytes can be sent";
	} else if (at != NULL) {
		snprintf(zero, sizeof(zero), "it is no text: line %zu has a byte 0x00",
			 line_of(end->text, (size_t)(at - end->text)));
		end->why = zero;
	}
	return end->why == NULL;
}

/* What can't be taken is not thrown away: the file itself is moved to where it is kept. */
static void
keep_file(struct editor_end *end)
{
	struct error err = {""};
	FILE *from, *to;
	char bytes[4096];
	size_t got;

	if (end->text == NULL)
		return;
	memory_wipe_free(end->text, end->length);
	end->text = NULL;
	if (!keep_text("", end->kept, sizeof(end->kept), &err)) {
		end->kept[0] = '\0';
		return;
	}
	from = fopen(path, "re");
	to = fopen(end->kept, "we");
	while (from != NULL && to != NULL && (got = fread(bytes, 1, sizeof(bytes), from)) > 0)
		fwrite(bytes, 1, got, to);
	if (from != NULL)
		fclose(from);
	if (to != NULL)
		fclose(to);
}

/* --- the child ----------------------------------------------------------------------------------- */

static void
on_closed(uv_handle_t *handle)
{
	free(handle->data);
}

static void
on_exit_of(uv_process_t *process, int64_t status, int number)
{
	struct editor *editor = process->data;
	struct editor_end end = {.exit_code = (int)status, .signal = number};

	editor->ended = true;
	sigaction(SIGQUIT, &editor->quit, NULL);
	if (end.exit_code > 128 && end.exit_code < 160) { /* the shell says so of what it ran */
		end.signal = end.exit_code - 128;
		end.exit_code = 0;
	}
	if (!read_file(&end))
		keep_file(&end);
	forget_file();
	terminal_on_crash(NULL);
	uv_close((uv_handle_t *)process, on_closed);
	editor->done(editor->context, &end);
}

struct editor *
editor_start(uv_loop_t *loop, const char *command, const char *name, const char *text, editor_done_fn done,
	     void *context, struct error *err)
{
	char script[1024];
	char *argv[] = {"sh", "-c", script, "editor", path, NULL};
	uv_stdio_container_t streams[3];
	uv_process_options_t options = {
	    .exit_cb = on_exit_of, .file = "/bin/sh", .args = argv, .stdio = streams, .stdio_count = 3};
	struct sigaction ignore = {.sa_handler = SIG_IGN};
	struct editor *editor;
	int failed;

	if (!make_file(name, text, err))
		return NULL;
	for (int i = 0; i < 3; i++) {
		streams[i].flags = UV_INHERIT_FD;
		streams[i].data.fd = i == 2 ? STDOUT_FILENO : i;
	}
	snprintf(script, sizeof(script), "%s \"$1\"", command);
	editor = memory_zeroed(1, sizeof(*editor));
	editor->done = done;
	editor->context = context;
	editor->process.data = editor;
	sigaction(SIGQUIT, &ignore, &editor->quit);
	terminal_on_crash(on_crash);
	failed = uv_spawn(loop, &editor->process, &options);
	if (failed == 0)
		return editor;
	error_set(err, "the editor can't be started: %s", uv_strerror(failed));
	sigaction(SIGQUIT, &editor->quit, NULL);
	terminal_on_crash(NULL);
	forget_file();
	uv_close((uv_handle_t *)&editor->process, on_closed);
	return NULL;
}

void
editor_stop(struct editor *editor, char **text)
{
	struct editor_end end = {0};

	if (editor == NULL || editor->ended)
		return;
	sigaction(SIGQUIT, &editor->quit, NULL);
	uv_process_kill(&editor->process, SIGHUP); /* with which editors save what they can */
	if (read_file(&end) && text != NULL)
		*text = end.text;
	else if (end.text != NULL)
		memory_wipe_free(end.text, end.length);
	forget_file();
	terminal_on_crash(NULL);
	uv_close((uv_handle_t *)&editor->process, on_closed);
}
