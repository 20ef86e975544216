/* The bodies of bodies.h. Each uses what it takes, and asks with the try_ verbs only, so that a
 * refusal is counted and does not end the program.
 * SPDX-License-Identifier: MIT */
#include "support/bodies.h"

#include "support/random.h"

static bool use(void *p, size_t size, size_t round)
{
    return p && memset(p, (int)round, size < 64 ? size : 64);
}

bool body_small(bitena *arena, size_t round)
{
    bool served = true;
    for (size_t i = 0; i < 10; i++) {
        served = served && use(bitena_try_alloc(arena, 16 + i, 8), 16, round);
    }
    return served;
}

bool body_large(bitena *arena, size_t round)
{
    size_t half = bitena_capacity(arena) / 2;
    return use(bitena_try_alloc(arena, half - round % 1000, 16), 64, round) &&
           use(bitena_try_alloc(arena, half / 4, 16), 64, round);
}

bool body_mixed(bitena *arena, size_t round)
{
    static const size_t sizes[] = {1, 300, 24, 700, 3, 200, 90, 900, 16, 333};
    bool served = true;
    for (size_t i = 0; i < 10; i++) {
        size_t size = sizes[(i + round) % 10];
        served = served && use(bitena_try_alloc(arena, size, 8), size, round) &&
                 bitena_try_alloc_strn(arena, "0123456789", (i + round) % 10);
    }
    return served;
}

/* Something over half of the arena, in objects, texts and one large run. */
bool body_mixed_and_large(bitena *arena, size_t round)
{
    size_t size = bitena_capacity(arena) / 94;
    bool served = true;
    for (size_t i = 0; i < 25; i++) {
        served = served && use(bitena_try_alloc(arena, size, 8), size, round) &&
                 bitena_try_alloc_strn(arena, "text", 4);
    }
    return served && use(bitena_try_alloc(arena, size * 28, 8), 64, round);
}

bool body_growing_text(bitena *arena, size_t round)
{
    size_t size = 0;
    char *text = NULL;
    for (size_t next = 5 + round % 40; next < 900; next = next * 3 / 2) {
        text = bitena_try_resize(arena, text, size, next, 1);
        if (!use(text, next, round) || (round % 3 == 0 && !bitena_try_alloc(arena, 8, 8))) {
            return false;
        }
        size = next;
    }
    return true;
}

bool body_windows(bitena *arena, size_t round)
{
    for (size_t i = 0; i < 4; i++) {
        size_t room;
        char *window = bitena_try_window(arena, 100 + round % 300, 1, &room);
        if (!use(window, 100, round)) {
            return false;
        }
        bitena_commit(arena, window, room, i == 3 ? 0 : 100);
    }
    return true;
}

bool body_nested(bitena *arena, size_t round)
{
    bool served = body_small(arena, round);
    BITENA_SCOPE (arena) {
        served = served && body_mixed(arena, round);
        BITENA_SCOPE (arena) {
            served = served && body_growing_text(arena, round);
        }
    }
    return served;
}

bool body_child_inside(bitena *arena, size_t round)
{
    bool served = bitena_try_alloc(arena, 40, 8) != NULL;
    bitena *child = bitena_new_child(arena);
    served = served && child && body_small(child, round);
    if (round % 2) {
        served = served && bitena_try_alloc(arena, 90, 8);
    }
    bitena_drop(child);
    return served && body_small(arena, round);
}

/* Each scope's child is dropped by the next scope, before its own child is made or after. */
static bitena *outliving;

bool body_child_outlives(bitena *arena, size_t round)
{
    bool served = bitena_try_alloc(arena, 100, 8) != NULL;
    bitena *older = outliving;
    if (round % 3 == 0) {
        bitena_drop(older);
        older = NULL;
    }
    outliving = bitena_new_child(arena);
    served = served && outliving && body_small(outliving, round) && body_small(arena, round);
    bitena_drop(older);
    return served;
}

static size_t cleanups_run;

static void count_cleanup(void *number)
{
    cleanups_run += *(const size_t *)number;
}

bool body_cleanups_inside(bitena *arena, size_t round)
{
    bool served = true;
    for (size_t i = 0; i < 5; i++) {
        size_t *one = bitena_try_make(arena, size_t, 1);
        served = served && one && bitena_try_defer(arena, count_cleanup, one) == 0;
    }
    return served && cleanups_run == 5 * round;
}

/* 85 KiB in objects of random sizes with text between. */
bool body_random_sizes(bitena *arena, size_t round)
{
    struct random random = {round};
    bool served = true;
    for (size_t i = 0; i < 64; i++) {
        size_t size = random_between(&random, 1, 2000);
        served = served && use(bitena_try_alloc(arena, size, 8), size, round) &&
                 bitena_try_alloc_str(arena, "text on the floor") &&
                 bitena_try_alloc(arena, 300, 8);
    }
    return served;
}

/* 43 KiB in objects of a few sizes with text between. */
bool body_texts_and_objects(bitena *arena, size_t round)
{
    bool served = true;
    for (size_t i = 0; i < 64; i++) {
        served = served && use(bitena_try_alloc(arena, 200 + 100 * (i % 4), 8), 64, round) &&
                 bitena_try_alloc_str(arena, "refills, text beside object") &&
                 bitena_try_alloc(arena, 304, 8);
    }
    return served;
}

void bodies_begin(void)
{
    outliving = NULL;
    cleanups_run = 0;
}

void bodies_end(void)
{
    bitena_drop(outliving);
    outliving = NULL;
}

const struct named_body bodies[] = {
    {"small", body_small},
    {"large", body_large},
    {"mixed", body_mixed},
    {"mixed and large", body_mixed_and_large},
    {"growing text", body_growing_text},
    {"windows", body_windows},
    {"nested", body_nested},
    {"a child inside", body_child_inside},
    {"a child outlives", body_child_outlives},
    {"cleanups inside", body_cleanups_inside},
};
const size_t body_count = sizeof bodies / sizeof *bodies;
