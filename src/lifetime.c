/* Marks and cleanups: lifetimes inside an arena, the calling thread's own.
 *
 * A mark is a position: the number of a save, the lease's serial, the bytes of text above its base and the ceiling (the
 * base may move down meanwhile), the chain's head and the newest cleanup. Rewinding to it ends the marks after it; ended
 * numbers are kept as at most ENDED_MAX ranges, newest last, merged where they meet. Only a program that nests more
 * unended marks than that could have a dead mark pass for a live one, and then only in the lease that it names.
 * SPDX-License-Identifier: MIT */
#include <errno.h>

#include "core.h"
#include "exact.h"
#include "order.h"

bool tlab_has_live_marks(const struct tlab *tlab) {
    bool all_ended = tlab->ended_count == 1 && tlab->ended[0].after == 0 && tlab->ended[0].upto == tlab->marks;
    return tlab->marks != 0 && !all_ended;
}

void tlab_end_marks(struct tlab *tlab) {
    tlab->ended_count = 1;
    tlab->ended[0] = (struct ended){0, tlab->marks};
}

static bool is_live(const struct tlab *tlab, uint64_t number) {
    if (number == 0 || number > tlab->marks) {
        return false;
    }
    for (uint32_t i = tlab->ended_count; i-- > 0 && number <= tlab->ended[i].upto;) {
        if (number > tlab->ended[i].after) {
            return false;
        }
    }
    return true;
}

/* Marks above `after` end. */
static void end_marks_after(struct tlab *tlab, uint64_t after) {
    if (after >= tlab->marks) {
        return;
    }
    while (tlab->ended_count > 0 && tlab->ended[tlab->ended_count - 1].upto >= after) {
        uint64_t inner = tlab->ended[--tlab->ended_count].after;
        after = inner < after ? inner : after;
    }
    if (tlab->ended_count == ENDED_MAX) {
        memmove(&tlab->ended[0], &tlab->ended[1], sizeof tlab->ended[0] * --tlab->ended_count);
    }
    tlab->ended[tlab->ended_count++] = (struct ended){after, tlab->marks};
}

static void save(struct arena *arena, bitena_mark *mark) {
    if (arena->mode == BITENA_EXACT) {
        exact_save(arena, mark);
        return;
    }
    int error;
    struct tlab *tlab = tlab_of_caller(arena, &error);
    if (error) {
        fail(arena, 0, 0, error, NULL);
    }
    mark->epoch = arena->epoch;
    mark->tlab = tlab;
    if (tlab) {
        tlab_close_window(tlab);
        mark->number = ++tlab->marks;
        mark->cleanups = tlab->cleanups;
        mark->serial = tlab->serial;
        mark->ceiling = tlab->ceiling;
        mark->text = tlab->floor - tlab->base;
        mark->outer_text = tlab->mark_text;
        mark->chain = tlab->chain;
        tlab->mark_text = mark->text + 1;
    }
}

bitena_mark bitena_save(bitena *arena) {
    REQUIRE(arena);
    bitena_mark mark;
    save(arena_of(arena), &mark);
    return mark;
}

bitena_scope_ bitena_scope_begin_(bitena *arena) {
    if (!arena) {
        null_parameter("BITENA_SCOPE", "arena");
    }
    bitena_scope_ scope;
    scope.arena = arena;
    scope.open = 1;
    save(arena_of(arena), &scope.mark);
    return scope;
}

/* The head is read and unlinked before each call, so that a cleanup may defer. */
static bool run_cleanups(struct cleanup **head, const void *upto) {
    bool ran = false;
    struct cleanup *cleanup;
    while ((cleanup = load_acquire(head)) != NULL && cleanup != upto) { /* [M14] */
        store_release(head, cleanup->next);                              /* [M14] */
        cleanup->fn(cleanup->argument);
        ran = true;
    }
    return ran;
}

static bool run_of_arena(struct arena *arena) {
    bool ran = run_cleanups(&arena->tlab.cleanups, NULL);
    ran = run_cleanups(&arena->cleanups, NULL) || ran;
    for (struct tlab *t = load_acquire(&arena->tlabs); t; t = load_relaxed(&t->next)) { /* [M11] */
        ran = run_cleanups(&t->cleanups, NULL) || ran;
    }
    return ran;
}

/* What absorbed children had absorbed themselves stands behind them in one list from now on. */
static void flatten_absorbed(struct arena *arena) {
    for (struct arena *a = arena->absorbed; a; a = a->absorbed_next) {
        struct arena *last = a->absorbed;
        if (last) {
            while (last->absorbed_next) {
                last = last->absorbed_next;
            }
            last->absorbed_next = a->absorbed_next;
            a->absorbed_next = a->absorbed;
            a->absorbed = NULL;
        }
    }
}

bool run_all_cleanups(struct arena *arena) {
    bool any = false;
    for (bool ran = true; ran; any = any || ran) {
        ran = run_of_arena(arena);
        flatten_absorbed(arena);
        for (struct arena *a = arena->absorbed; a; a = a->absorbed_next) {
            ran = run_of_arena(a) || ran;
        }
    }
    return any;
}

static bool names_a_place(const struct arena *arena, const struct tlab *tlab, const bitena_mark *mark) {
    if (mark->epoch != arena->epoch || mark->tlab != tlab || !is_live(tlab, mark->number)) {
        return false;
    }
    if (arena->mode == BITENA_EXACT) {
        return true;
    }
    bool in_lease = tlab->serial == mark->serial;
    return !in_lease || (mark->ceiling >= tlab->ceiling && mark->ceiling <= tlab->end &&
                         mark->text <= (tlab->window ? tlab->window : tlab->floor) - tlab->base);
}

static void rewind_exact(struct arena *arena, const bitena_mark *mark, bool ends) {
    arena->tlab.mark_text = ends ? mark->outer_text : mark->text + 1;
    exact_rewind(arena, mark);
}

static void rewind_tlab(struct arena *arena, struct tlab *tlab, const bitena_mark *mark, bool ends) {
    tlab_close_window(tlab);
    bool in_place = tlab->serial == mark->serial && tlab->chain == mark->chain;
    if (in_place || tlab_unwind(arena, tlab, mark->chain, mark->serial, tlab)) {
        store_relaxed(&tlab->floor, tlab->base + mark->text); /* [M10] */
        store_relaxed(&tlab->ceiling, mark->ceiling);         /* [M10] */
        tlab->mark_text = ends ? mark->outer_text : mark->text + 1;
        tlab_give_rest(arena, tlab, arena->lease_max);
    }
}

/* ends: the mark itself ends too. */
static int rewind_to(struct arena *arena, const bitena_mark *mark, bool ends) {
    bool exact = arena->mode == BITENA_EXACT;
    int error = 0;
    struct tlab *tlab = exact ? &arena->tlab : tlab_of_caller(arena, &error);
    if (!tlab && !error && !mark->tlab && mark->epoch == arena->epoch) {
        return 0; /* a thread that the index serves has nothing of its own to give back */
    }
    bool named = tlab && names_a_place(arena, tlab, mark);
    if (named && run_cleanups(exact ? &arena->cleanups : &tlab->cleanups, mark->cleanups)) {
        named = names_a_place(arena, tlab, mark); /* again: a cleanup may have rewound further */
    }
    if (!named) {
        errno = EINVAL;
        return -1;
    }
    if (exact) {
        rewind_exact(arena, mark, ends);
    } else {
        rewind_tlab(arena, tlab, mark, ends);
    }
    end_marks_after(tlab, mark->number - (ends ? 1 : 0));
    return 0;
}

int bitena_rewind(bitena *arena, bitena_mark mark) {
    REQUIRE(arena);
    return rewind_to(arena_of(arena), &mark, false);
}

/* A scope whose mark ended early, by an outer rewind or a reset inside, has nothing left to do. */
void bitena_scope_end_(bitena_scope_ *scope) {
    int saved = errno;
    (void)rewind_to(arena_of(scope->arena), &scope->mark, true);
    errno = saved;
}

static void link_cleanup(struct cleanup **head, struct cleanup *cleanup) {
    cleanup->next = load_relaxed(head); /* [M14] */
    while (!cas_weak_release(head, &cleanup->next, cleanup)) { /* [M14] */
    }
}

int bitena_try_defer(bitena *arena, void (*cleanup)(void *), void *argument) {
    REQUIRE(arena);
    REQUIRE(cleanup);
    struct arena *a = arena_of(arena);
    struct cleanup *node =
        (struct cleanup *)arena_try(a, &(struct request){sizeof *node, _Alignof(struct cleanup), false, false});
    if (!node) {
        return -1;
    }
    node->fn = cleanup;
    node->argument = argument;
    struct tlab *tlab = tlab_peek(a);
    if (tlab) {
        node->next = tlab->cleanups;
        store_release(&tlab->cleanups, node); /* [M14] whole before it is linked, for a fork in between */
    } else {
        link_cleanup(&a->cleanups, node);
    }
    return 0;
}

void bitena_defer(bitena *arena, void (*cleanup)(void *), void *argument) {
    REQUIRE(arena);
    REQUIRE(cleanup);
    if (bitena_try_defer(arena, cleanup, argument) != 0) {
        fail(arena_of(arena), sizeof(struct cleanup), _Alignof(struct cleanup), errno, NULL);
    }
}
