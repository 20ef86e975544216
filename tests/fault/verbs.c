/* The verbs of verbs.h.
 * SPDX-License-Identifier: MIT */
#include "verbs.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { UNTOUCHED = 4242 };

size_t faults_found;

void expect(bool good, const char *file, int line, const char *what)
{
    if (!good && faults_found++ < 3 && !fault_plan->quiet) {
        const char *name = strrchr(file, '/');
        fprintf(stderr, "    %s:%d: not so: %s (errno %d)\n", name ? name + 1 : file, line, what,
                errno);
    }
}

static void look_at_refusal(const bitena_options *options, int error, const char *because)
{
    char text[256], first[8], number[32];
    EXPECT(error == ENOMEM);
    size_t length = bitena_open_error(text, sizeof text);
    EXPECT(length > 0 && length < sizeof text && strlen(text) == length);
    (void)snprintf(number, sizeof number, "(%zu bytes)", options->capacity);
    EXPECT(strstr(text, number) != NULL);
    EXPECT(strstr(text, "refused by ") != NULL);
    EXPECT(!because || strstr(text, because) != NULL);
    EXPECT(bitena_open_error(first, sizeof first) == length);
    EXPECT(strncmp(first, text, sizeof first - 1) == 0 && first[sizeof first - 1] == 0);
    EXPECT(bitena_open_error(NULL, 0) == length);
}

bitena *open_arena(const bitena_options *options)
{
    size_t mmaps = fault_plan->failed[CALL_mmap], populates = fault_plan->populate_failed;
    struct fault_ledger before = fault_ledger();
    errno = UNTOUCHED;
    bitena *arena = bitena_open(options);
    int error = errno;
    bool populate = fault_plan->populate_failed > populates;
    struct fault_ledger after = fault_ledger();
    if (fault_plan->failed[CALL_mmap] > mmaps || populate) {
        EXPECT(arena == NULL);
        EXPECT(after.bytes == before.bytes && after.files == before.files);
        look_at_refusal(options, error, populate ? "prefault" : NULL);
    } else {
        EXPECT(arena != NULL);
        EXPECT(error == UNTOUCHED);
        EXPECT(after.mappings == before.mappings + 1);
    }
    return arena;
}

void open_refused(const bitena_options *options, const char *because)
{
    struct fault_ledger before = fault_ledger();
    errno = UNTOUCHED;
    bitena *arena = bitena_open(options);
    int error = errno;
    struct fault_ledger after = fault_ledger();
    EXPECT(arena == NULL);
    EXPECT(after.bytes == before.bytes && after.files == before.files);
    look_at_refusal(options, error, because);
}

void drop_arena(bitena *arena)
{
    errno = UNTOUCHED;
    bitena_drop(arena);
    EXPECT(errno == UNTOUCHED);
}

void trim_arena(bitena *arena, size_t keep)
{
    size_t used = bitena_used(arena), refused = fault_plan->failed[CALL_madvise];
    errno = UNTOUCHED;
    int result = bitena_trim(arena, keep);
    int error = errno;
    if (fault_plan->failed[CALL_madvise] > refused) {
        EXPECT(result == -1);
        EXPECT(error == fault_plan->last_error);
    } else {
        EXPECT(result == 0);
        EXPECT(error == UNTOUCHED);
    }
    EXPECT(bitena_used(arena) == used);
}

/* One object, the way that `kind` says. */
static unsigned char *take(bitena *arena, size_t kind, size_t size)
{
    static const char letters[] = "a text whose bytes are then written over, all of them";
    size_t room;
    unsigned char *p;
    switch (kind % 5) {
    case 0:
        return bitena_try_alloc(arena, size, 16);
    case 1:
        size = size < sizeof letters ? size : sizeof letters;
        return (unsigned char *)bitena_try_alloc_strn(arena, letters, size - 1);
    case 2:
        p = bitena_try_resize(arena, NULL, 0, size / 2, 8);
        return p ? bitena_try_resize(arena, p, size / 2, size, 8) : NULL;
    case 3:
        p = bitena_try_window(arena, size, 8, &room);
        if (p) {
            bitena_commit(arena, p, room, size);
        }
        return p;
    default:
        return bitena_try_alloc_slice(arena, unsigned char, size);
    }
}

void take_objects(bitena *arena, struct objects *objects, unsigned char mark)
{
    *objects = (struct objects){.mark = mark};
    for (size_t i = 0; i < OBJECTS; i++) {
        size_t size = i % 5 == 1 ? 8 + i : 16 + 11 * i;
        errno = UNTOUCHED;
        unsigned char *p = take(arena, i, size);
        EXPECT(p != NULL);
        EXPECT(errno == UNTOUCHED);
        if (p) {
            memset(p, (int)(mark + i), size);
            objects->at[objects->count++] = (struct object){p, size};
        }
    }
    look_at_objects(objects);
}

void look_at_objects(const struct objects *objects)
{
    bool whole = objects->count == OBJECTS;
    for (size_t i = 0; i < objects->count; i++) {
        for (size_t k = 0; k < objects->at[i].size; k++) {
            whole = whole && objects->at[i].p[k] == (unsigned char)(objects->mark + i);
        }
    }
    EXPECT(whole);
}

static void count_one(void *count)
{
    ++*(size_t *)count;
}

void reset_arena(bitena *arena)
{
    errno = UNTOUCHED;
    EXPECT(bitena_reset(arena) == 0);
    EXPECT(errno == UNTOUCHED);
    EXPECT(bitena_used(arena) == 0);
}

static void use_once(bitena *arena, size_t *cleaned)
{
    struct objects kept, scoped, childs, absorbed;
    take_objects(arena, &kept, 10);
    EXPECT(bitena_try_defer(arena, count_one, cleaned) == 0);
    BITENA_SCOPE (arena) {
        take_objects(arena, &scoped, 60);
    }
    errno = UNTOUCHED;
    bitena *child = bitena_new_child(arena);
    bitena *other = bitena_new_child(arena);
    EXPECT(errno == UNTOUCHED);
    EXPECT(child && other);
    if (child && other) {
        take_objects(child, &childs, 90);
        take_objects(other, &absorbed, 140);
        EXPECT(bitena_absorb(arena, other) == 0);
        look_at_objects(&childs);
        drop_arena(child);
        look_at_objects(&absorbed);
    }
    look_at_objects(&kept);
}

void use_arena(bitena *arena)
{
    size_t cleaned = 0;
    for (size_t round = 1; round <= 2; round++) {
        use_once(arena, &cleaned);
        reset_arena(arena);
        EXPECT(cleaned == round);
    }
}
