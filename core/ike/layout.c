// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * strongSwan promises no binary interface: between versions, and between two builds of one version, members
 * of its structures come and go. Calling through a shifted structure would crash, so that what is installed
 * is compared with what this program was compiled for, first without touching any structure.
 *
 * Every enum of strongSwan has a table of names whose layout never changed: a list of ranges. Its last value
 * tells whether the enum grew or shrank. One #ifdef changes layouts in Debian's build, ME (mediation); a
 * function that exists only with it tells. Once charon runs, pointers at the far ends of its structures must
 * lead into its library.
 *
 * configure compiles and runs this file too (m4/strongswan.m4).
 */
#include <dlfcn.h>
#include <malloc.h>
#include <stddef.h>
#include <string.h>

#include <daemon.h>
#include <library.h>
#include <config/child_cfg.h>
#include <config/peer_cfg.h>
#include <encoding/payloads/notify_payload.h>
#include <encoding/payloads/payload.h>
#include <sa/child_sa.h>
#include <sa/ike_sa.h>
#include <sa/task.h>

#include "core/ike/ike.h"

#define ADVICE "; build twinspan again for the installed strongSwan (./setup build)"

static const struct {
	const char *table;
	unsigned long last;
} enums[] = {
    {"task_type_names", TASK_ISAKMP_CERT_POST},
    {"debug_names", DBG_ANY},
    {"ike_sa_state_names", IKE_DESTROYING},
    {"child_sa_state_names", CHILD_DESTROYING},
    {"ike_version_names", IKEV2},
    {"unique_policy_names", UNIQUE_KEEP},
    {"ipsec_mode_names", MODE_DROP},
    {"hw_offload_names", HW_OFFLOAD_AUTO},
    {"status_names", NEED_MORE},
};

/* Only with ME, or only since 5.9.6 and before 6.0: each says something of the version. */
static const char *const functions[] = {"ike_me_create",
					"library_init",
					"libcharon_init",
					"peer_cfg_create",
					"ike_cfg_create",
					"child_cfg_create",
					"kernel_ipsec_register",
					"socket_register",
					"ike_dpd_create",
					"ike_cfg_has_address",
					"key_exchange_method_names",
					"sec_label_from_string"};

static bool
table_last(const char *name, unsigned long *last)
{
	enum_name_t **table = dlsym(RTLD_DEFAULT, name), *range;
	unsigned ranges = 0;

	if (!table || !*table)
		return false;
	/* The list ends in NULL, or in itself for sets of flags. */
	for (range = *table; range->next && range->next != range && ranges < 64; range = range->next)
		ranges++;
	*last = (unsigned long)range->last;
	return true;
}

bool
ike_check_layout(struct error *err)
{
	for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++)
		if (!dlsym(RTLD_DEFAULT, functions[i]))
			return error_set(
			    err,
			    "the installed strongSwan is not the one this program was built for: %s is "
			    "missing" ADVICE,
			    functions[i]);
	for (size_t i = 0; i < sizeof(enums) / sizeof(enums[0]); i++) {
		unsigned long last;

		if (!table_last(enums[i].table, &last))
			return error_set(
			    err,
			    "the installed strongSwan is not the one this program was built for: %s is "
			    "missing" ADVICE,
			    enums[i].table);
		if (last != enums[i].last)
			return error_set(
			    err,
			    "the installed strongSwan is not the one this program was built for: %s ends "
			    "at %lu, not at %lu" ADVICE,
			    enums[i].table, last, enums[i].last);
	}
	return true;
}

static bool
leads_into(const void *pointer, const char *library)
{
	Dl_info info;

	return pointer && dladdr(pointer, &info) && info.dli_fname && strstr(info.dli_fname, library);
}

bool layout_check_running(struct error *err);

struct pointer {
	const char *what;
	const void *pointer;
	const char *owner; /* part of its library's name */
};

static bool
check_pointers(const struct pointer *pointers, size_t count, struct error *err)
{
	for (size_t i = 0; i < count; i++)
		if (!leads_into(pointers[i].pointer, pointers[i].owner))
			return error_set(
			    err,
			    "the installed strongSwan has other structures than this program was built "
			    "for: %s does not lead into %s" ADVICE,
			    pointers[i].what, pointers[i].owner);
	return true;
}

bool
layout_check_running(struct error *err)
{
	/* Functions that are members of the two roots come first: only where they fit are the objects
	 * followed. */
	const struct pointer roots[] = {
	    {"library_t.get", lib->get, "libstrongswan"},
	    {"library_t.set", lib->set, "libstrongswan"},
	    {"daemon_t.initialize", charon->initialize, "libcharon"},
	    {"daemon_t.start", charon->start, "libcharon"},
	    {"daemon_t.set_level", charon->set_level, "libcharon"},
	};

	if (malloc_usable_size(lib) < sizeof(library_t) || malloc_usable_size(charon) < sizeof(daemon_t))
		return error_set(
		    err,
		    "the installed strongSwan has other structures than this program was built for" ADVICE);
	if (!check_pointers(roots, sizeof(roots) / sizeof(roots[0]), err))
		return false;
	if (!lib->settings || !lib->scheduler || !lib->processor || !lib->credmgr || !lib->plugins ||
	    !charon->bus || !charon->backends || !charon->kernel || !charon->socket)
		return error_set(
		    err,
		    "the installed strongSwan has other structures than this program was built for" ADVICE);

	const struct pointer objects[] = {
	    {"settings_t.set_int", lib->settings->set_int, "libstrongswan"},
	    {"scheduler_t.schedule_job_ms", lib->scheduler->schedule_job_ms, "libstrongswan"},
	    {"processor_t.queue_job", lib->processor->queue_job, "libstrongswan"},
	    {"credential_manager_t.add_set", lib->credmgr->add_set, "libstrongswan"},
	    {"plugin_loader_t.add_static_features", lib->plugins->add_static_features, "libstrongswan"},
	    {"bus_t.add_listener", charon->bus->add_listener, "libcharon"},
	    {"backend_manager_t.add_backend", charon->backends->add_backend, "libcharon"},
	    {"kernel_interface_t.expire", charon->kernel->expire, "libcharon"},
	    {"socket_manager_t.get_port", charon->socket->get_port, "libcharon"},
	};

	return check_pointers(objects, sizeof(objects) / sizeof(objects[0]), err);
}
