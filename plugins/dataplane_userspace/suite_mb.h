// SPDX-License-Identifier: GPL-2.0-or-later
/* What the files that use Intel's ipsec-mb share: its managers. See suite_mb.c. */
#ifndef TWINSPAN_DATAPLANE_USERSPACE_SUITE_MB_H
#define TWINSPAN_DATAPLANE_USERSPACE_SUITE_MB_H

#include <intel-ipsec-mb.h>

#include "plugins/dataplane_userspace/userspace.h"

/**
 * This thread's manager, made when it is first asked for and freed when the thread ends. NULL where memory is
 * out or the processor lacks what the library needs. A job is never left in it.
 */
IMB_MGR *suite_mb_manager(void);

extern const struct suite_ops suite_mb_gcm_ops, suite_mb_chacha_ops, suite_mb_cbc_ops;

#endif
