/* Marks and cleanups: lifetimes inside an arena, the calling thread's own.
 *
 * A mark is a position: the number of a save, the lease's serial, the bytes of text above its
 * base and the ceiling (the base may move down meanwhile), the chain's head and the newest
 * cleanup. Rewinding to it ends the marks after it. Ended numbers are kept as ranges, merged
 * where they meet, the newest in the TLAB and older ones in run descriptors: so many as there
 * are live marks with ended ones between them, one for scopes in a loop. Where descriptors
 * run out the two oldest are joined, and live marks between them refused.
 * SPDX-License-Identifier: MIT */
#include <errno.h>

#include "core.h"
#include "exact.h"
#include <bitena/order.h>

bool tlab_has_live_marks(const struct tlab *tlab)
{
    /* the first range starts at 0 if it is the only one, and ends below the others else */
    return tlab->ended[0].upto != tlab->marks;
}

/* The newest range of those that a descriptor holds comes back, as the only one; false: there is
 * none. */
static bool fetch_older(struct arena *arena, struct tlab *tlab)
{
    uint32_t run = tlab->ended_older;
    if (run == 0) {
        return false;
    }
    const struct run *r = run_at(arena->pool, run);
    tlab->ended[0] = (struct ended){r->base, r->end};
    tlab->ended_count = 1;
    tlab->ended_older = r->next;
    run_free(arena->pool, run);
    return true;
}

/* The oldest range in the TLAB goes to a descriptor. Without one it is joined with the next:
 * live marks between them are refused from then on, rather than a dead one taken. */
static void store_oldest(struct arena *arena, struct tlab *tlab)
{
    uint32_t run = run_for_marks(arena->pool);
    if (run != 0) {
        struct run *r = run_at(arena->pool, run);
        r->base = (size_t)tlab->ended[0].after;
        r->end = (size_t)tlab->ended[0].upto;
        store_relaxed(&r->next, tlab->ended_older); /* [M03] in hand */
        tlab->ended_older = run;
    } else {
        tlab->ended[1].after = tlab->ended[0].after;
    }
    memmove(&tlab->ended[0], &tlab->ended[1], sizeof tlab->ended[0] * --tlab->ended_count);
}

void tlab_free_ended(struct arena *arena, struct tlab *tlab)
{
    while (fetch_older(arena, tlab)) {
    }
}

static bool is_live(const struct arena *arena, const struct tlab *tlab, uint64_t number)
{
    if (number == 0 || number > tlab->marks) {
        return false;
    }
    for (uint32_t i = tlab->ended_count; i-- > 0;) {
        if (number > tlab->ended[i].after) {
            return number > tlab->ended[i].upto;
        }
    }
    uint32_t run = tlab->ended_older; /* the oldest range of all starts at 0: the search ends */
    while (number <= run_at(arena->pool, run)->base) {
        run = run_at(arena->pool, run)->next;
    }
    return number > run_at(arena->pool, run)->end;
}

/* Marks above `after` end; what ended before and meets them becomes one range with them. */
static void end_marks_after(struct arena *arena, struct tlab *tlab, uint64_t after)
{
    if (after >= tlab->marks) {
        return;
    }
    while (tlab->ended_count > 0 && tlab->ended[tlab->ended_count - 1].upto >= after) {
        uint64_t inner = tlab->ended[--tlab->ended_count].after;
        after = inner < after ? inner : after;
        if (tlab->ended_count == 0) {
            (void)fetch_older(arena, tlab);
        }
    }
    if (tlab->ended_count == ENDED_NEAR) {
        store_oldest(arena, tlab);
    }
    tlab->ended[tlab->ended_count++] = (struct ended){after, tlab->marks};
}

static void save(struct arena *arena, bitena_mark *mark)
{
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
        tlab->mark_chain = tlab->chain;
    }
}

bitena_mark bitena_save(bitena *arena)
{
    REQUIRE(arena);
    bitena_mark mark;
    save(arena_of(arena), &mark);
    return mark;
}

bitena_scope_ bitena_scope_begin_(bitena *arena)
{
    if (!arena) {
        bitena_null_("BITENA_SCOPE", "arena");
    }
    bitena_scope_ scope;
    scope.arena = arena;
    scope.open = 1;
    save(arena_of(arena), &scope.mark);
    return scope;
}

static struct cleanup *newest_cleanup(struct cleanup **head, const void *upto)
{
    struct cleanup *cleanup = load_acquire(head); /* [M14] */
    return cleanup != upto ? cleanup : NULL;
}

/* Unlinked before it is called, so that it may defer. */
static void run_cleanup(struct cleanup **head, const struct cleanup *cleanup)
{
    store_release(head, cleanup->next); /* [M14] */
    cleanup->fn(cleanup->argument);
}

static bool run_cleanups(struct cleanup **head)
{
    bool ran = false;
    for (const struct cleanup *c; (c = newest_cleanup(head, NULL)) != NULL; ran = true) {
        run_cleanup(head, c);
    }
    return ran;
}

static bool run_of_arena(struct arena *arena)
{
    bool ran = run_cleanups(&arena->tlab.cleanups);
    ran = run_cleanups(&arena->cleanups) || ran;
    for (struct tlab *t = load_acquire(&arena->tlabs); t; t = load_relaxed(&t->next)) { /* [M11] */
        ran = run_cleanups(&t->cleanups) || ran;
    }
    return ran;
}

/* What absorbed children had absorbed themselves stands behind them in one list from now on. */
static void flatten_absorbed(struct arena *arena)
{
    for (struct arena *a = load_acquire(&arena->absorbed); a; a = a->absorbed_next) { /* [M15] */
        struct arena *last = load_acquire(&a->absorbed);                              /* [M15] */
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

bool run_all_cleanups(struct arena *arena)
{
    bool any = false;
    if (!arena->tlab.cleanups && !load_acquire(&arena->cleanups) && /* [M14] */
        !load_acquire(&arena->tlabs) &&                             /* [M11] */
        !load_acquire(&arena->absorbed)) {                          /* [M15] */
        return false;
    }
    for (bool ran = true; ran; any = any || ran) {
        ran = run_of_arena(arena);
        flatten_absorbed(arena);
        for (struct arena *a = load_acquire(&arena->absorbed); a;
             a = a->absorbed_next) { /* [M15] */
            ran = run_of_arena(a) || ran;
        }
    }
    return any;
}

static bool names_a_place(const struct arena *arena, const struct tlab *tlab,
                          const bitena_mark *mark)
{
    if (mark->epoch != arena->epoch || mark->tlab != tlab || !is_live(arena, tlab, mark->number)) {
        return false;
    }
    bool in_lease = tlab->serial == mark->serial; /* an EXACT arena's has the serial of no lease */
    return !in_lease || (mark->ceiling >= tlab->ceiling && mark->ceiling <= tlab->end &&
                         mark->text <= (tlab->window ? tlab->window : tlab->floor) - tlab->base);
}

static void rewind_tlab(struct arena *arena, struct tlab *tlab, const bitena_mark *mark, bool ends)
{
    tlab_close_window(tlab);
    bool in_place = tlab->serial == mark->serial && tlab->chain == mark->chain;
    if (in_place || tlab_unwind(arena, tlab, mark->chain, mark->serial, tlab)) {
        store_relaxed(&tlab->floor, tlab->base + mark->text); /* [M10] */
        store_relaxed(&tlab->ceiling, mark->ceiling);         /* [M10] */
        tlab->mark_text = ends ? mark->outer_text : mark->text + 1;
        tlab_give_rest(arena, tlab);
    }
}

/* ends: the mark itself ends too. */
static int rewind_to(struct arena *arena, const bitena_mark *mark, bool ends)
{
    bool exact = arena->mode == BITENA_EXACT;
    int error = 0;
    struct tlab *tlab = exact ? &arena->tlab : tlab_of_caller(arena, &error);
    if (!tlab && !error && !mark->tlab && mark->epoch == arena->epoch) {
        return 0; /* a thread that the index serves has nothing of its own to give back */
    }
    bool named = tlab && names_a_place(arena, tlab, mark);
    struct cleanup **head = exact || !tlab ? &arena->cleanups : &tlab->cleanups;
    const struct cleanup *cleanup;
    while (named && (cleanup = newest_cleanup(head, mark->cleanups)) != NULL) {
        end_marks_after(arena, tlab, mark->number); /* first: it must not rewind to one of them */
        run_cleanup(head, cleanup);
        named = names_a_place(arena, tlab, mark); /* it may have rewound further */
    }
    if (!named) {
        errno = EINVAL;
        return -1;
    }
    if (exact) {
        exact_rewind(arena, mark, ends);
    } else {
        rewind_tlab(arena, tlab, mark, ends);
    }
    end_marks_after(arena, tlab, mark->number - (ends ? 1 : 0));
    return 0;
}

int bitena_rewind(bitena *arena, bitena_mark mark)
{
    REQUIRE(arena);
    return rewind_to(arena_of(arena), &mark, false);
}

/* A scope whose mark ended early, by an outer rewind or a reset inside, has nothing left to do. */
void bitena_scope_end_(bitena_scope_ *scope)
{
    int saved = errno;
    (void)rewind_to(arena_of(scope->arena), &scope->mark, true);
    errno = saved;
}

static void link_cleanup(struct cleanup **head, struct cleanup *cleanup)
{
    cleanup->next = load_relaxed(head);                        /* [M14] */
    while (!cas_weak_release(head, &cleanup->next, cleanup)) { /* [M14] */
    }
}

int bitena_try_defer(bitena *arena, void (*cleanup)(void *), void *argument)
{
    REQUIRE(arena);
    REQUIRE(cleanup);
    struct arena *a = arena_of(arena);
    struct cleanup *node = (struct cleanup *)arena_try(
        a, &(struct request){sizeof *node, _Alignof(struct cleanup), false, false});
    if (!node) {
        return -1;
    }
    node->fn = cleanup;
    node->argument = argument;
    struct tlab *tlab = tlab_peek(a);
    if (tlab) {
        node->next = tlab->cleanups;
        store_release(&tlab->cleanups,
                      node); /* [M14] whole before it is linked, for a fork in between */
    } else {
        link_cleanup(&a->cleanups, node);
    }
    return 0;
}

void bitena_defer(bitena *arena, void (*cleanup)(void *), void *argument)
{
    REQUIRE(arena);
    REQUIRE(cleanup);
    if (bitena_try_defer(arena, cleanup, argument) != 0) {
        fail(arena_of(arena), sizeof(struct cleanup), _Alignof(struct cleanup), errno, NULL);
    }
}
