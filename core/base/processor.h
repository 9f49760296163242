// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Which processors threads use. Some requests keep the kernel busy for a tenth of a second without a pause (a
 * large node of its routing table grows), and no priority helps whoever waits on that processor. So a thread
 * that makes such requests keeps to one processor, the last one, and others keep off it: always those that
 * must be on time, the rest while such work is under way. With only one processor, or where the system
 * refuses, nothing is changed.
 */
#ifndef TWINSPAN_BASE_PROCESSOR_H
#define TWINSPAN_BASE_PROCESSOR_H

#include <stdbool.h>

/** The calling thread makes long requests: it runs on the last of the processors that it may use. */
void processor_keep_to_bulk(void);
/** The calling thread must be on time: it runs on any but that one. It has a real-time priority already. */
void processor_keep_off_bulk(void);
/**
 * Long requests begin (true) or are over: all threads of the process, but `bulk` and those with a real-time
 * priority, keep off the processor meanwhile.
 */
void processor_clear_bulk(bool clear, int bulk_thread);
/** The calling thread's number, for processor_clear_bulk. */
int processor_thread(void);

#endif
