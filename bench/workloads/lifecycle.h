/*
 * lifecycle.h - short lives: one operation is one cycle of n objects of 16 bytes, all of which go
 * back at its end.
 *
 *     lifecycle kind=reset|scope|child [n=10] [cycles=2000000 / (n + 20)] [passes=5]
 *
 * reset: of the whole room. scope: of what came since its begin. child: an arena for this cycle
 * alone, opened and closed. In the last two the room holds some objects that stay. A heap does
 * n times its malloc and n times its free, whatever the kind.
 * SPDX-License-Identifier: MIT
 */
#ifndef BENCH_LIFECYCLE_H
#define BENCH_LIFECYCLE_H

#include "absent.h"
#include "crew.h"

enum { SHORT_SIZE = 16, SHORT_HELD = 100 };

/* The kind's loop; the sum of what each cycle's newest object says. */
typedef uint64_t life_cycles(struct room *room, size_t n, size_t cycles);

struct life {
    struct crew crew;
    life_cycles *run;
    size_t n, cycles;
    void *held;
    uint64_t check;
};

/* n, if every object was written. */
BENCH_INLINE uint64_t life_newest(const void *list)
{
    return ((const uint64_t *)list)[1] + 1;
}

#if RIVAL_FREES_EACH

static BENCH_NOINLINE uint64_t life_heap(struct room *room, size_t n, size_t cycles)
{
    uint64_t check = 0;
    for (size_t i = 0; i < cycles; i++) {
        void *list = fill_same(room, n, SHORT_SIZE);
        check += life_newest(list);
        free_same(room, list, SHORT_SIZE);
    }
    return check;
}
#define LIFE_RESET life_heap
#define LIFE_SCOPE life_heap
#define LIFE_CHILD life_heap

#else

#ifdef RIVAL_RESET_APART
#define LIFE_RESET NULL
#else
#define LIFE_RESET life_reset
static BENCH_NOINLINE uint64_t life_reset(struct room *room, size_t n, size_t cycles)
{
    uint64_t check = 0;
    for (size_t i = 0; i < cycles; i++) {
        check += life_newest(fill_same(room, n, SHORT_SIZE));
        room_reset(room);
    }
    return check;
}
#endif

#ifndef RIVAL_HAS_SCOPE
#define LIFE_SCOPE NULL
#else
#define LIFE_SCOPE life_scope
static BENCH_NOINLINE uint64_t life_scope(struct room *room, size_t n, size_t cycles)
{
    uint64_t check = 0;
    for (size_t i = 0; i < cycles; i++) {
        struct scope scope;
        scope_begin(room, &scope);
        check += life_newest(fill_same(room, n, SHORT_SIZE));
        scope_end(room, &scope);
    }
    return check;
}
#endif

#ifndef RIVAL_HAS_CHILD
#define LIFE_CHILD NULL
#else
#define LIFE_CHILD life_child
static BENCH_NOINLINE uint64_t life_child(struct room *room, size_t n, size_t cycles)
{
    uint64_t check = 0;
    for (size_t i = 0; i < cycles; i++) {
        struct room child;
        child_open(&child, room);
        check += life_newest(fill_same(&child, n, SHORT_SIZE));
        child_close(&child);
    }
    return check;
}
#endif

#endif

static inline void life_hold(void *context, unsigned thread)
{
    struct life *life = (struct life *)context;
    life->held = fill_same(room_of(&life->crew, thread), SHORT_HELD, SHORT_SIZE);
}

static inline void life_body(void *context, unsigned thread)
{
    struct life *life = (struct life *)context;
    life->check = life->run(room_of(&life->crew, thread), life->n, life->cycles);
}

static inline double life_pass(void *context)
{
    struct life *life = (struct life *)context;
    return team_run(life->crew.team, life_body, life);
}

static inline life_cycles *life_choose(const char *kind)
{
    static const struct {
        const char *kind;
        life_cycles *run;
    } kinds[] = {{"reset", LIFE_RESET}, {"scope", LIFE_SCOPE}, {"child", LIFE_CHILD}};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (strcmp(kinds[i].kind, kind) == 0) {
            return kinds[i].run;
        }
    }
    die("kind=%s: reset, scope or child", kind);
}

static inline int workload_lifecycle(struct request *request, struct result *result)
{
    static struct life life;
    const char *kind = want_text(request, "kind", "reset");
    size_t passes = want_number(request, "passes", 5);
    life.n = want_number(request, "n", 10);
    life.cycles = want_number(request, "cycles", 2000000 / (life.n + 20) + 1);
    life.run = life_choose(kind);
    if (life.run == NULL) {
        return BENCH_NOT_OFFERED;
    }
    if (life.n == 0) {
        die("n: at least 1");
    }
    crew_open(&life.crew, 1, (life.n + SHORT_HELD) * (SHORT_SIZE + 16));
    if (strcmp(kind, "reset") != 0) {
        (void)team_run(life.crew.team, life_hold, &life);
    }
    result->operations = life.cycles;
    measure(result, passes, life_pass, &life);
    result->check = life.check;
#if RIVAL_FREES_EACH
    free_same(room_of(&life.crew, 0), life.held, SHORT_SIZE);
#endif
    crew_close(&life.crew);
    return BENCH_OK;
}

#endif
