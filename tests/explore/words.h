/* The words that atomics have touched: where threads may meet, learnt while runs are walked, and
 * those outside of the world's memory, which are put back as each run begins. Included by
 * explore.c only.
 * SPDX-License-Identifier: MIT */
#ifndef BITENA_EXPLORE_WORDS_H
#define BITENA_EXPLORE_WORDS_H

#include <stdbool.h>
#include <stdint.h>

void words_forget_meetings(void);
/* Notes an access. True: another thread accesses the word too, in this run or in one before, and
 * one of both writes. *learnt becomes true when that is new. */
bool word_meets(const void *word, int who, bool writes, bool *learnt);

void words_keep(const void *word); /* of the program's static data: its value now is restored */
void words_restore(void);
uint64_t words_hash(uint64_t hash);

#endif
