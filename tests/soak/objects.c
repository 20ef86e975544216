/* Objects of the soak: noted when taken, verified before they go back. The first fault ends the
 * program. Nothing here orders threads, so that ThreadSanitizer sees the library's own order.
 * SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "soak/soak.h"
#include "support/stamp.h"

uint64_t soak_seed;

_Noreturn void soak_fault(const char *what, const void *p, size_t size)
{
    static int faults;
    if (__atomic_fetch_add(&faults, 1, __ATOMIC_RELAXED) == 0) {
        printf("soak: FAULT: %s: %p, %zu bytes; seed %" PRIu64 "\n", what, p, size, soak_seed);
        fflush(stdout);
        _exit(1);
    }
    for (;;) {
        pause();
    }
}

void list_open(struct list *list, size_t room)
{
    *list = (struct list){.items = malloc(room * sizeof *list->items), .room = room};
    if (!list->items) {
        perror("soak");
        exit(2);
    }
}

void list_close(struct list *list)
{
    free(list->items);
    *list = (struct list){0};
}

static inline uint64_t stamp_of(const struct object *o)
{
    return ((uint64_t)o->number << 32 | 0xa5) ^ (uintptr_t)o->at * 0x9e3779b97f4a7c15u;
}

void note(const struct site *site, void *p, size_t size, size_t align)
{
    struct list *list = site->list;
    struct object *o = &list->items[list->count++];
    *o = (struct object){p, (uint32_t)size, site->me->next_number++};
    list->bytes += size;
    site->me->counts.allocations++;
    if (((uintptr_t)p & (align - 1)) != 0) {
        soak_fault("misaligned", p, size);
    }
    if (site->family->mapped) {
        site->me->counts.mapped++;
        if (!overlap_claim(&site->family->map, p, size)) {
            soak_fault("overlapping or out of bounds", p, size);
        }
    }
    stamp_write(p, size, stamp_of(o));
}

void verify(struct family *family, struct list *list, size_t first, bool forget)
{
    for (size_t i = first; i < list->count; i++) {
        const struct object *o = &list->items[i];
        if (!stamp_is(o->at, o->size, stamp_of(o))) {
            soak_fault("its bytes have changed: an overlap", o->at, o->size);
        }
        if (forget) {
            list->bytes -= o->size;
            if (family->mapped && !overlap_release(&family->map, o->at, o->size)) {
                soak_fault("the map says that it was nobody's", o->at, o->size);
            }
        }
    }
    list->count = forget ? first : list->count;
}
