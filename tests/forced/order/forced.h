/* What a test may decide about the library's accesses to shared words, in a build of the shipped
 * sources with order_forced.h: weak compare-and-swaps that fail, and an act of its own just before a
 * chosen access, as if another thread had come between. For test programs only; set up by one thread.
 * SPDX-License-Identifier: MIT */
#ifndef BITENA_TESTS_FORCED_H
#define BITENA_TESTS_FORCED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum forced_kind { FORCED_LOAD, FORCED_STORE, FORCED_CHANGE, FORCED_CAS };

/* One in so many weak compare-and-swaps fails without a reason, the same ones in each run of one
 * thread; 0: none. At first the number in the environment's BITENA_FORCED_EVERY, for programs that
 * know nothing of this page. */
void forced_fail_every(unsigned every);
size_t forced_failures(void); /* how many did */

/* Called before each access, but not for those that it makes itself; NULL: nobody is. */
typedef void forced_watch(const void *word, enum forced_kind kind);
void forced_call(forced_watch *watch);

void forced_at(const void *word, enum forced_kind kind);
bool forced_cas(void *word, void *expected, uintptr_t value, size_t size);

#endif
