/* The watch of watch.h. Everything here is relaxed or the caller's own, so that ThreadSanitizer
 * sees only the order that the library and the caller give.
 * SPDX-License-Identifier: MIT */
#include "support/watch.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "support/stamp.h"

void watch_open(struct watch *watch, const bitena_options *options, uint64_t seed)
{
    *watch = (struct watch){.arena = bitena_open(options), .seed = seed};
    watch->capacity = options->capacity;
    watch->size_log = 11;
    if (!watch->arena) {
        perror("bitena_open");
        abort();
    }
    overlap_open(&watch->map, options->capacity);
    overlap_locate(&watch->map, bitena_alloc(watch->arena, 0, 1));
}

void watch_close(struct watch *watch)
{
    bitena_drop(watch->arena);
    overlap_close(&watch->map);
}

bool watch_is_wrong(const struct watch *watch)
{
    return __atomic_load_n(&watch->wrong, __ATOMIC_RELAXED) != 0;
}

bool watch_report(struct watch *watch, const char *what, const void *p, size_t size)
{
    if (__atomic_exchange_n(&watch->wrong, 1, __ATOMIC_RELAXED) == 0) {
        printf("%s: %p, %zu bytes; seed %" PRIu64 "\n", what, p, size, watch->seed);
    }
    return false;
}

bool watch_take(struct watch *watch, bitena *arena, struct random *random, struct object *object)
{
    size_t size = random_skewed(random, random_one_in(random, 64) ? 15 : watch->size_log);
    size_t align = (size_t)1 << random_below(random, 7);
    unsigned char *p = bitena_try_alloc(arena, size, align);
    if (!p) {
        return watch->may_refuse && errno == ENOMEM
                   ? false
                   : watch_report(watch, strerror(errno), NULL, size);
    }
    uint64_t stamp = __atomic_add_fetch(&watch->last_stamp, 1, __ATOMIC_RELAXED);
    *object = (struct object){p, size, stamp};
    __atomic_fetch_add(&watch->taken, 1, __ATOMIC_RELAXED);
    if ((uintptr_t)p % align != 0) {
        return watch_report(watch, "misaligned", p, size);
    }
    if (!overlap_claim(&watch->map, p, size)) {
        return watch_report(watch, "overlapping or out of bounds", p, size);
    }
    stamp_write(p, size, stamp);
    return true;
}

void watch_verify(struct watch *watch, const struct object *o, bool release)
{
    if (!stamp_is(o->at, o->size, o->stamp)) {
        watch_report(watch, "its bytes have changed", o->at, o->size);
    }
    if (release && !overlap_release(&watch->map, o->at, o->size)) {
        watch_report(watch, "the map says that it was nobody's", o->at, o->size);
    }
}

/* What is deferred: its argument stands in the arena, and must still be whole when it runs. */
struct deferred {
    struct watch *watch;
    uint64_t guard;
};

static const uint64_t guard_live = 0x6c6976652d6f6e65, guard_over = 0x6f7665722d6e6f77;

static void count_cleanup(void *argument)
{
    struct deferred *deferred = argument;
    if (deferred->guard != guard_live) {
        fprintf(stderr, "a cleanup ran twice, or too late: its argument is gone\n");
        abort();
    }
    deferred->guard = guard_over;
    __atomic_fetch_add(&deferred->watch->ran, 1, __ATOMIC_RELAXED);
}

void watch_defer(struct watch *watch, bitena *arena)
{
    struct deferred *argument =
        bitena_try_alloc(arena, sizeof *argument, _Alignof(struct deferred));
    if (!argument) {
        if (!watch->may_refuse) {
            watch_report(watch, "no room to defer", NULL, sizeof *argument);
        }
        return;
    }
    *argument = (struct deferred){watch, guard_live};
    if (!overlap_claim(&watch->map, argument, sizeof *argument) ||
        !overlap_release(&watch->map, argument, sizeof *argument)) {
        watch_report(watch, "overlapping or out of bounds", argument, sizeof *argument);
    }
    if (bitena_try_defer(arena, count_cleanup, argument) == 0) {
        __atomic_fetch_add(&watch->deferred, 1, __ATOMIC_RELAXED);
    } else if (!watch->may_refuse) {
        watch_report(watch, "refused to defer", NULL, 0);
    }
}

void watch_scope(struct watch *watch, bitena *arena, struct random *random)
{
    size_t count = random_between(random, 1, WATCH_SCOPE_MAX);
    BITENA_SCOPE (arena) {
        struct object objects[WATCH_SCOPE_MAX];
        size_t made = 0;
        while (made < count && watch_take(watch, arena, random, &objects[made])) {
            made++;
        }
        if (random_one_in(random, 3)) {
            watch_defer(watch, arena);
        }
        for (size_t i = 0; i < made; i++) {
            watch_verify(watch, &objects[i], true);
        }
    }
}

void watch_reset(struct watch *watch)
{
    if (bitena_reset(watch->arena) != 0) {
        watch_report(watch, strerror(errno), NULL, 0);
    }
    if (bitena_remaining(watch->arena) != watch->capacity || bitena_used(watch->arena) != 0) {
        watch_report(watch, "reset has not given all back", NULL, bitena_remaining(watch->arena));
    }
    if (watch->ran != watch->deferred) {
        printf("%zu cleanups deferred, %zu have run\n", watch->deferred, watch->ran);
        watch_report(watch, "not every cleanup has run once", NULL, 0);
    }
    overlap_clear(&watch->map);
}
