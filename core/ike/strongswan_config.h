// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Stands in for the config.h that strongSwan's own build generates: its public headers refuse to be read
 * without one. The compiler includes it first for every file of this room (CHARON_CPPFLAGS).
 *
 * Two of these decide the layout of structures and must say what the distribution built with: ME (Debian
 * configures
 * --enable-mediation, which adds members to daemon_t, peer_cfg_t, ike_sa_t and values to task_type_t) and
 * HAVE_STDBOOL_H (the width of bool). layout.c compares them with the installed libraries. The others only
 * keep the headers from declaring replacements for functions that glibc has.
 */
#ifndef TWINSPAN_IKE_STRONGSWAN_CONFIG_H
#define TWINSPAN_IKE_STRONGSWAN_CONFIG_H

#define CONFIG_H_INCLUDED 1

#define ME 1
#define HAVE_STDBOOL_H 1

#define USE_IKEV1 1
#define USE_IKEV2 1

#define HAVE_ALLOCA_H 1
#define HAVE_CLOCK_GETTIME 1
#define HAVE_CLOSEFROM 1
#define HAVE_CONDATTR_CLOCK_MONOTONIC 1
#define HAVE_EXPLICIT_BZERO 1
#define HAVE_FMEMOPEN 1
#define HAVE_INT128 1
#define HAVE_MEMRCHR 1
#define HAVE_PRINTF_SPECIFIER 1
#define HAVE_SIGWAITINFO 1
#define HAVE_SYS_PARAM_H 1

#endif
