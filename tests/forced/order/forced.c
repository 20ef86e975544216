/* The accesses that order_forced.h asks about. See forced.h.
 * SPDX-License-Identifier: MIT */
#include "forced.h"

#include <stdlib.h>

static unsigned fail_every;
static size_t swaps, failures;
static forced_watch *watch_fn;
static __thread bool is_watching;

__attribute__((constructor)) static void read_environment(void)
{
    const char *every = getenv("BITENA_FORCED_EVERY");
    fail_every = every ? (unsigned)strtoul(every, NULL, 10) : 0;
}

void forced_fail_every(unsigned every)
{
    fail_every = every;
}

size_t forced_failures(void)
{
    return __atomic_load_n(&failures, __ATOMIC_RELAXED);
}

void forced_call(forced_watch *watch)
{
    __atomic_store_n(&watch_fn, watch, __ATOMIC_RELEASE);
}

void forced_at(const void *word, enum forced_kind kind)
{
    forced_watch *watch = __atomic_load_n(&watch_fn, __ATOMIC_ACQUIRE);
    if (watch && !is_watching) {
        is_watching = true;
        watch(word, kind);
        is_watching = false;
    }
}

/* By the number of the swap alone, but in no step: a loop of as many swaps would fail for ever. */
static bool fails_now(size_t number)
{
    uint64_t z = (number ^ number >> 7) * UINT64_C(0x9E3779B97F4A7C15);
    return (z >> 32) % fail_every == 0;
}

bool forced_cas(void *word, void *expected, uintptr_t value, size_t size)
{
    forced_at(word, FORCED_CAS);
    bool fails = fail_every != 0 && fails_now(__atomic_add_fetch(&swaps, 1, __ATOMIC_RELAXED));
    if (size == sizeof(uint32_t)) {
        uint32_t *e = expected, *w = word;
        if (!fails) {
            return __atomic_compare_exchange_n(w, e, (uint32_t)value, 0, __ATOMIC_ACQ_REL,
                                               __ATOMIC_ACQUIRE);
        }
        *e = __atomic_load_n(w, __ATOMIC_RELAXED);
    } else {
        uint64_t *e = expected, *w = word;
        if (!fails) {
            return __atomic_compare_exchange_n(w, e, value, 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
        }
        *e = __atomic_load_n(w, __ATOMIC_RELAXED);
    }
    (void)__atomic_fetch_add(&failures, 1, __ATOMIC_RELAXED);
    return false;
}
