/* Copies of text. They rise from the floor, where nothing is lost to alignment. Out of line as a
 * whole: a copy of any length ends in a call anyway, and one call is less than an inlined placing
 * and a memcpy.
 * SPDX-License-Identifier: MIT */
#include "core.h"
#include "thread.h"
#include <bitena/order.h>

/* The TLAB that is the caller's at first sight: its own arena's, or the one it used last. */
static inline struct tlab *near_tlab(struct arena *arena)
{
    if (__builtin_expect(load_relaxed(&arena->owner) == bitena_thread_id, 1)) { /* [M12] */
        return &arena->tlab;
    }
    return load_relaxed(&arena->epoch) == thread_last.epoch ? thread_last.tlab : NULL; /* [M12] */
}

/* Short texts by two moves whose places overlap. Source and copy never do: the copy is new. */
static inline char *copied(char *to, const char *s, size_t length)
{
    to[length] = 0;
    if (length >= 16) {
        return memcpy(to, s, length);
    }
    if (length >= 8) {
        uint64_t head, tail;
        memcpy(&head, s, 8);
        memcpy(&tail, s + length - 8, 8);
        memcpy(to, &head, 8);
        memcpy(to + length - 8, &tail, 8);
    } else if (length >= 4) {
        uint32_t head, tail;
        memcpy(&head, s, 4);
        memcpy(&tail, s + length - 4, 4);
        memcpy(to, &head, 4);
        memcpy(to + length - 4, &tail, 4);
    } else {
        to[length / 2] = s[length / 2];
        to[length - 1] = s[length - 1];
        to[0] = s[0];
    }
    return to;
}

typedef void *bytes_verb(bitena *arena, size_t size);

/* Nothing to copy, no text, no arena, or not at first sight. */
static __attribute__((noinline)) char *copy_slow(bitena *arena, const char *s, size_t length,
                                                 bytes_verb *bytes, const char *name)
{
    static char empty[1];
    if (!arena) {
        bitena_null_(name, "arena");
    }
    if (!s && length != 0) {
        bitena_null_(name, "s");
    }
    if (length == 0) {
        (void)arena_try(arena_of(arena), &(struct request){0, 1, true, false}); /* ends a window */
        return empty;
    }
    char *copy = bytes(arena, length != SIZE_MAX ? length + 1 : SIZE_MAX);
    return copy ? copied(copy, s, length) : NULL;
}

static inline char *copy_text(bitena *arena, const char *s, size_t length, bytes_verb *bytes,
                              const char *name)
{
    struct tlab *tlab;
    if (__builtin_expect(arena && length != 0 && s && (tlab = near_tlab(arena_of(arena))), 1)) {
        uintptr_t floor = tlab->floor;
        if (__builtin_expect(length < tlab->ceiling - floor, 1)) {
            store_relaxed(&tlab->floor, floor + length + 1); /* [M10] */
            return copied((char *)floor, s, length);
        }
    }
    return copy_slow(arena, s, length, bytes, name);
}

static size_t length_of(const char *s, const char *name)
{
    if (!s) {
        bitena_null_(name, "s");
    }
    return strlen(s);
}

char *bitena_alloc_strn(bitena *arena, const char *s, size_t length)
{
    return copy_text(arena, s, length, bytes_or_fail, "bitena_alloc_strn");
}

char *bitena_try_alloc_strn(bitena *arena, const char *s, size_t length)
{
    return copy_text(arena, s, length, try_bytes, "bitena_try_alloc_strn");
}

char *bitena_alloc_str(bitena *arena, const char *s)
{
    size_t length = length_of(s, "bitena_alloc_str");
    return copy_text(arena, s, length, bytes_or_fail, "bitena_alloc_str");
}

char *bitena_try_alloc_str(bitena *arena, const char *s)
{
    size_t length = length_of(s, "bitena_try_alloc_str");
    return copy_text(arena, s, length, try_bytes, "bitena_try_alloc_str");
}
