// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The lab's network: five namespaces in a row, joined by veth pairs.
 *
 *   site ---- customer ---- internet ---- hub ---- vpc
 *
 * The internet only knows the outside addresses, so what reached the other host must have gone through a
 * tunnel. The hub has two outside addresses, as an AWS connection has two endpoints. Links are made inside
 * the namespaces, so nothing ever shows up outside them. Named namespaces are used (as `ip netns` makes
 * them), so that `ip netns exec` and all else that knows them works.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/text.h"
#include "core/lab/lab_internal.h"

static const char *const node_names[LAB_NODES] = {
    [LAB_SITE] = "site", [LAB_CUSTOMER] = "customer", [LAB_INTERNET] = "internet",
    [LAB_HUB] = "hub",   [LAB_VPC] = "vpc",
};

static const struct {
	enum lab_node left;
	const char *left_name;
	enum lab_node right;
	const char *right_name;
} links[] = {
    {LAB_SITE, "eth0", LAB_CUSTOMER, "lan"},
    {LAB_CUSTOMER, "wan", LAB_INTERNET, "customer"},
    {LAB_INTERNET, "hub", LAB_HUB, "wan"},
    {LAB_HUB, "lan", LAB_VPC, "eth0"},
};

/* What each namespace is told, in the words of ip(8). */
static const char *const setup[LAB_NODES] = {
    [LAB_SITE] = "link set lo up\nlink set eth0 up\naddress add " LAB_SITE_HOST "/24 dev eth0\n"
		 "route add default via 10.20.0.1\n",
    [LAB_CUSTOMER] = "link set lo up\nlink set lan up\nlink set wan up\naddress add 10.20.0.1/24 dev lan\n"
		     "address add 192.0.2.10/24 dev wan\nroute add default via 192.0.2.1\n",
    [LAB_INTERNET] =
	"link set lo up\nlink set customer up\nlink set hub up\naddress add 192.0.2.1/24 dev customer\n"
	"address add 203.0.113.1/24 dev hub\n",
    [LAB_HUB] = "link set lo up\nlink set lan up\nlink set wan up\naddress add 203.0.113.17/24 dev wan\n"
		"address add 203.0.113.201/24 dev wan\naddress add 10.50.0.1/24 dev lan\n"
		"route add default via 203.0.113.1\n",
    [LAB_VPC] = "link set lo up\nlink set eth0 up\naddress add " LAB_VPC_HOST "/24 dev eth0\n"
		"route add default via 10.50.0.1\n",
};

/*
 * New namespaces may inherit the machine's values, so that each is set. The tunnels of a connection carry the
 * two directions independently of each other: strict reverse-path filtering would drop that.
 */
static const struct {
	const char *file, *value;
} sysctls[] = {
    {"/proc/sys/net/ipv4/ip_forward", "1"},
    {"/proc/sys/net/ipv4/conf/all/rp_filter", "0"},
    {"/proc/sys/net/ipv4/conf/default/rp_filter", "0"},
    {"/proc/sys/net/ipv4/conf/all/send_redirects", "0"},
    {"/proc/sys/net/ipv4/conf/default/send_redirects", "0"},
};

const char *
lab_node_name(enum lab_node node)
{
	return node_names[node];
}

static const char *
namespace_of(const char *id, enum lab_node node, char out[LAB_NAME])
{
	snprintf(out, LAB_NAME, "ts%.7s-%.16s", id, node_names[node]);
	return out;
}

const char *
lab_namespace(const struct lab *lab, enum lab_node node, char out[LAB_NAME])
{
	return namespace_of(lab->id, node, out);
}

/*
 * Runs ip; a failure's text is what ip said. It runs inside the namespace: its own option for that (-n) wants
 * to remount the root, which not every container or chroot allows.
 */
static bool
run_ip(const char *netns, const char *const *argv, const char *input, const char *what, struct error *err)
{
	char output[400];
	struct error why;
	int status = lab_run_program(netns, argv, input, output, sizeof(output), 20000, &why);
	if (status == 0)
		return true;
	if (status < 0)
		return error_set(err, "%s: %s", what, why.text);
	char said[300];
	output[strcspn(output, "\n")] = '\0';
	text_clean(said, sizeof(said), output);
	return error_set(err, "%s: ip says: %s", what, said);
}

bool
lab_network_enter(const char *name, struct error *err)
{
	char path[64];
	snprintf(path, sizeof(path), "/run/netns/%s", name);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return error_set(err, "can't open the network namespace %s: %s", path, strerror(errno));
	int failed = setns(fd, CLONE_NEWNET);
	int why = errno;
	close(fd);
	return failed ? error_set(err, "can't enter the network namespace %s: %s", path, strerror(why))
		      : true;
}

static bool
write_text(const char *file, const char *text)
{
	int fd = open(file, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	bool good = write(fd, text, strlen(text)) == (ssize_t)strlen(text);
	close(fd);
	return good;
}

/* sysctls under net/ are those of the process's namespace: a child goes there and writes. */
static bool
set_sysctls(const struct lab *lab, enum lab_node node, struct error *err)
{
	pid_t child = fork();
	if (child < 0)
		return error_set(err, "can't start a process: %s", strerror(errno));
	if (child == 0) {
		char name[LAB_NAME];
		if (!lab_network_enter(lab_namespace(lab, node, name), NULL))
			_exit(100);
		for (size_t i = 0; i < COUNT_OF(sysctls); i++) {
			if (!write_text(sysctls[i].file, sysctls[i].value))
				_exit((int)i + 1);
		}
		_exit(0);
	}
	int status = 0;
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return true;
	size_t which = WIFEXITED(status) ? (size_t)WEXITSTATUS(status) - 1 : COUNT_OF(sysctls);
	return error_set(err, "can't write %s in the namespace of %s",
			 which < COUNT_OF(sysctls) ? sysctls[which].file : "sysctls", node_names[node]);
}

static bool
add_link(const struct lab *lab, size_t i, struct error *err)
{
	char left[LAB_NAME], right[LAB_NAME];
	lab_namespace(lab, links[i].left, left);
	const char *argv[] = {"ip",
			      "link",
			      "add",
			      links[i].left_name,
			      "type",
			      "veth",
			      "peer",
			      "name",
			      links[i].right_name,
			      "netns",
			      lab_namespace(lab, links[i].right, right),
			      NULL};
	return run_ip(left, argv, NULL, "can't make a veth pair", err);
}

bool
lab_network_make(const struct lab *lab, struct error *err)
{
	char name[LAB_NAME];
	for (enum lab_node node = 0; node < LAB_NODES; node++) {
		const char *argv[] = {"ip", "netns", "add", lab_namespace(lab, node, name), NULL};
		if (!run_ip(NULL, argv, NULL, "can't make a network namespace", err))
			return false;
		if (!set_sysctls(lab, node, err))
			return false;
	}
	for (size_t i = 0; i < COUNT_OF(links); i++) {
		if (!add_link(lab, i, err))
			return false;
	}
	for (enum lab_node node = 0; node < LAB_NODES; node++) {
		static const char *const argv[] = {"ip", "-batch", "-", NULL};
		if (!run_ip(lab_namespace(lab, node, name), argv, setup[node],
			    "can't set up a network namespace", err))
			return false;
	}
	return true;
}

void
lab_network_remove(const char *id)
{
	for (enum lab_node node = 0; node < LAB_NODES; node++) {
		char name[LAB_NAME], path[64];
		snprintf(path, sizeof(path), "/run/netns/%s", namespace_of(id, node, name));
		if (access(path, F_OK) != 0)
			continue;
		const char *argv[] = {"ip", "netns", "delete", name, NULL};
		run_ip(NULL, argv, NULL, name, NULL);
	}
}
