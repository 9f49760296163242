// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One end of a negotiation: a process of its own (there is one charon in a process) that reads commands as
 * lines on stdin and writes events as lines on stdout.
 *
 *   add ID NAME key=value...   local remote local_id remote_id psk version ike esp initiate encap dpd
 * dpd_timeout restart ike_life esp_life v6 ts remote_ts certificate=FOLDER,NAME,CA[,crl|-[,INTERMEDIATE]]
 * (end.c) certify ID FOLDER,... up|down|rekey|probe|remove ID    silence 0|1|4500    refuse 0|1 status ID sas
 * ID quit soft|hard|moved ID         the plane reports a limit of the inbound SA, or port 4777 as its source
 *
 *   event KIND TUNNEL code=WORD peer=0|1 count=N text=...    status ...    sas ...    done
 *   known TUNNEL hint=<> ours=<> theirs=<> evidence=<LINE|LINE>     after each event failed
 */
#ifndef TWINSPAN_TESTS_UNIT_IKE_END_H
#define TWINSPAN_TESTS_UNIT_IKE_END_H

#include <stdbool.h>

/** The whole life of the process. With `real` packets are carried by the userspace plugin, over interfaces
 * tsID. */
int end_main(bool real);

#endif
