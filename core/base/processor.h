// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Which processors a thread uses. Some requests keep the kernel busy for a tenth of a second without a pause
 * (a large node of its routing table grows), and no priority helps whoever waits on that processor. So
 * threads that make such requests keep to one processor, and those that must be on time keep off it. With
 * only one processor, or where the system refuses, nothing is changed.
 */
#ifndef TWINSPAN_BASE_PROCESSOR_H
#define TWINSPAN_BASE_PROCESSOR_H

/** The calling thread makes long requests: it runs on the last of the processors that it may use. */
void processor_keep_to_bulk(void);
/** The calling thread must be on time: it runs on any but that one. */
void processor_keep_off_bulk(void);

#endif
