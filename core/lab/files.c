// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The lab's folder, /run/twinspan-lab-XXXX: for each gateway its configuration, its secrets, its control
 * socket, its state and its log, and one state file that says which process keeps the lab. A process is named
 * by its pid and the time it started, so that a pid used again is not taken for the keeper. The folder
 * appears under its name only when the state file is in it: whoever looks for dead labs never sees a young
 * one without.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <jansson.h>

#include "core/base/text.h"
#include "core/lab/lab_internal.h"

#define RUN "/run"
#define PREFIX "twinspan-lab-"
#define ID_LENGTH 4
#define SECRET_BYTES 28
/* AWS takes 8 to 64 letters, digits, '.' and '_' that don't begin with 0. */
#define SECRET_PREFIX "lab_"
#define SECRET_TEXT (sizeof(SECRET_PREFIX) + 2 * SECRET_BYTES)
/* A folder without a readable state file is a leftover when it is older than this. */
#define YOUNG_S 60

static const char customer_configuration[] =
    "# Written by `twinspan lab`: the customer's side.\n"
    "gateway:\n"
    "  name: lyon\n"
    "  role: customer\n"
    "  asn: 65010\n"
    "  router_id: 192.0.2.10\n"
    "  outside: 192.0.2.10\n"
    "  networks: [10.20.0.0/16]\n"
    "\n"
    "connections:\n"
    "  - name: aws-paris\n"
    "    routing: dynamic\n"
    "    protect: [10.50.0.0/16]\n"
    "    peer_asn: 64512\n"
    "    bgp: {keepalive: 3s, hold: 9s}\n"
    "    tunnels:\n"
    "      - {remote: 203.0.113.17, inside: 169.254.44.242/30, psk_file: psk/1}\n"
    "      - {remote: 203.0.113.201, inside: 169.254.44.246/30, psk_file: psk/2}\n";

static const char hub_configuration[] =
    "# Written by `twinspan lab`: the hub, with two outside addresses.\n"
    "gateway:\n"
    "  name: paris\n"
    "  role: hub\n"
    "  asn: 64512\n"
    "  router_id: 203.0.113.17\n"
    "  outside: any\n"
    "  networks: [10.50.0.0/16]\n"
    "\n"
    "defaults:\n"
    "  start: respond\n"
    "\n"
    "connections:\n"
    "  - name: lyon\n"
    "    routing: dynamic\n"
    "    protect: [10.20.0.0/16]\n"
    "    peer_asn: 65010\n"
    "    bgp: {keepalive: 3s, hold: 9s}\n"
    "    tunnels:\n"
    "      - {local: 203.0.113.17, remote: 192.0.2.10, inside: 169.254.44.241/30, psk_file: psk/1}\n"
    "      - {local: 203.0.113.201, remote: 192.0.2.10, inside: 169.254.44.245/30, psk_file: psk/2}\n";

const char *
lab_path(const struct lab *lab, enum lab_node node, const char *name, char out[LAB_PATH])
{
	snprintf(out, LAB_PATH, "%s/%s/%s", lab->folder, lab_node_name(node), name);
	return out;
}

uint64_t
lab_process_start(pid_t pid)
{
	char path[64], text[1024];
	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	FILE *file = fopen(path, "re");
	if (!file)
		return 0;
	size_t length = fread(text, 1, sizeof(text) - 1, file);
	fclose(file);
	text[length] = '\0';
	/* The name in parentheses may hold anything; state is the third field, the start time the 22nd
	 * (proc(5)). */
	const char *at = strrchr(text, ')');
	uint64_t start = 0;
	char state = 'X';
	if (!at ||
	    sscanf(at + 1,
		   " %c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %" SCNu64,
		   &state, &start) != 2)
		return 0;
	return state == 'Z' || state == 'X' ? 0 : start;
}

/* Writes a new file of mode 0600. */
static bool
write_file(const char *path, const char *text, struct error *err)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return error_set(err, "can't write %s: %s", path, strerror(errno));
	bool good = write(fd, text, strlen(text)) == (ssize_t)strlen(text);
	int why = errno;
	close(fd);
	return good ? true : error_set(err, "can't write %s: %s", path, strerror(why));
}

static bool
make_folder(const char *path, struct error *err)
{
	return mkdir(path, 0700) == 0 ? true
				      : error_set(err, "can't make the folder %s: %s", path, strerror(errno));
}

static bool
write_state(const char *folder, struct error *err)
{
	char path[LAB_PATH];
	snprintf(path, sizeof(path), "%.64s/lab.json", folder);
	json_t *state =
	    json_pack("{s:i, s:I}", "pid", (int)getpid(), "start", (json_int_t)lab_process_start(getpid()));
	char *text = state ? json_dumps(state, JSON_COMPACT) : NULL;
	json_decref(state);
	bool good = text ? write_file(path, text, err) : error_set(err, "out of memory");
	free(text);
	return good;
}

bool
lab_files_make(struct lab *lab, struct error *err)
{
	char young[] = RUN "/" PREFIX "new-XXXXXX";
	if (!mkdtemp(young))
		return error_set(err, "can't make a folder in " RUN ": %s", strerror(errno));
	if (!write_state(young, err)) {
		rmdir(young);
		return false;
	}
	for (int i = 0; i < 100; i++) {
		uint16_t number;
		char name[LAB_NAME], netns[64];
		if (getrandom(&number, sizeof(number), 0) != sizeof(number))
			continue;
		snprintf(lab->id, sizeof(lab->id), "%04x", number);
		snprintf(netns, sizeof(netns), "/run/netns/%s", lab_namespace(lab, LAB_SITE, name));
		snprintf(lab->folder, sizeof(lab->folder), RUN "/" PREFIX "%s", lab->id);
		/* A name that is taken makes rename fail: the folder there is not empty. */
		if (access(netns, F_OK) != 0 && rename(young, lab->folder) == 0) {
			lab->folder_owned = true;
			return true;
		}
	}
	char state[LAB_PATH];
	snprintf(state, sizeof(state), "%s/lab.json", young);
	unlink(state);
	rmdir(young);
	return error_set(err, "can't find a free name for the lab's folder in " RUN);
}

static bool
make_secret(char text[SECRET_TEXT], struct error *err)
{
	uint8_t bytes[SECRET_BYTES];
	if (getrandom(bytes, sizeof(bytes), 0) != sizeof(bytes))
		return error_set(err, "can't get random bytes: %s", strerror(errno));
	size_t at = (size_t)snprintf(text, SECRET_TEXT, SECRET_PREFIX);
	for (size_t i = 0; i < sizeof(bytes); i++, at += 2)
		snprintf(text + at, SECRET_TEXT - at, "%02x", bytes[i]);
	explicit_bzero(bytes, sizeof(bytes));
	return true;
}

static bool
configure_gateway(const struct lab *lab, enum lab_node node, const char *configuration, struct error *err)
{
	char path[LAB_PATH];
	snprintf(path, sizeof(path), "%s/%s", lab->folder, lab_node_name(node));
	return make_folder(path, err) && make_folder(lab_path(lab, node, "psk", path), err) &&
	       make_folder(lab_path(lab, node, "state", path), err) &&
	       write_file(lab_path(lab, node, "gateway.yaml", path), configuration, err);
}

bool
lab_files_configure(const struct lab *lab, struct error *err)
{
	if (!configure_gateway(lab, LAB_CUSTOMER, customer_configuration, err) ||
	    !configure_gateway(lab, LAB_HUB, hub_configuration, err))
		return false;
	static const char *const names[] = {"psk/1", "psk/2"};
	bool good = true;
	for (size_t i = 0; i < COUNT_OF(names) && good; i++) {
		char secret[SECRET_TEXT], path[LAB_PATH];
		good = make_secret(secret, err) &&
		       write_file(lab_path(lab, LAB_CUSTOMER, names[i], path), secret, err) &&
		       write_file(lab_path(lab, LAB_HUB, names[i], path), secret, err);
		explicit_bzero(secret, sizeof(secret));
	}
	return good;
}

/* --- removing --- */

static int
remove_entry(const char *path, const struct stat *status, int type, struct FTW *place)
{
	(void)status, (void)place;
	if (type == FTW_DP || type == FTW_D)
		rmdir(path);
	else
		unlink(path);
	return 0;
}

static void
remove_folder(const char *folder)
{
	/* Neither through symbolic links nor into another file system. */
	nftw(folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
}

void
lab_files_remove(const char *id)
{
	char folder[64];
	snprintf(folder, sizeof(folder), RUN "/" PREFIX "%.7s", id);
	remove_folder(folder);
}

static bool
is_id(const char *text)
{
	return strlen(text) == ID_LENGTH && strspn(text, "0123456789abcdef") == ID_LENGTH;
}

/* Whether the keeper that a folder's state file names is gone. */
static bool
is_dead(const char *folder)
{
	char path[LAB_PATH];
	struct stat status;
	snprintf(path, sizeof(path), "%.64s/lab.json", folder);
	json_t *state = json_load_file(path, JSON_REJECT_DUPLICATES, NULL);
	json_int_t pid = 0, start = 0;
	bool known = state && json_unpack(state, "{s:I, s:I}", "pid", &pid, "start", &start) == 0;
	json_decref(state);
	if (known)
		return lab_process_start((pid_t)pid) != (uint64_t)start;
	return lstat(folder, &status) == 0 && time(NULL) - status.st_mtime > YOUNG_S;
}

unsigned
lab_files_clear_dead(void)
{
	unsigned cleared = 0;
	DIR *run = opendir(RUN);
	if (!run)
		return 0;
	struct dirent *entry;
	while ((entry = readdir(run))) {
		if (strncmp(entry->d_name, PREFIX, strlen(PREFIX)) != 0)
			continue;
		const char *id = entry->d_name + strlen(PREFIX);
		char folder[64];
		struct stat status;
		if (snprintf(folder, sizeof(folder), RUN "/%s", entry->d_name) >= (int)sizeof(folder) ||
		    lstat(folder, &status) != 0 || !S_ISDIR(status.st_mode) || status.st_uid != 0 ||
		    !is_dead(folder))
			continue;
		if (is_id(id)) {
			lab_network_remove(id);
			cleared++;
		} else if (strncmp(id, "new-", 4) != 0) {
			continue;
		}
		remove_folder(folder);
	}
	closedir(run);
	return cleared;
}
