/* The words that threads share, the verbs of include/bitena/order.h on them, and the ghosts that the claims are about.
 * Included first by each model. One verb is one step; orders weaker than sequential consistency are not modelled.
 *
 * Finite, and still for programs of any length:
 *   - A tag never comes back, so a compare-and-swap on a stack succeeds exactly if nobody changed the head since
 *     this thread loaded it: `stale` says whether somebody did.
 *   - holds_begun equals an earlier holds_done exactly if nobody held then and nobody began since: `holders`, `quiet`.
 * Both are exact but for the wrap of 32 and 64 bits.
 *
 * SPDX-License-Identifier: MIT */
#ifndef N
#define N 2              /* threads */
#endif
#ifndef C
#define C 4              /* capacity, in units; alignment is tests/proof's affair */
#endif
#ifndef R
#define R C              /* descriptors */
#endif
#ifndef UPWARD
#define UPWARD 0
#endif
#ifndef TRIES
#define TRIES 0          /* for TRIES and for the patience of a gather; 0: waits as long as it takes */
#endif
#ifndef SETTLES
#define SETTLES 0        /* 1: threads also gather when they please, as pool_settle does */
#endif
#ifndef SPURIOUS
#define SPURIOUS 0       /* 1: any compare-and-swap may fail without a reason, any number of times */
#endif

#if C < 4
#define CLASSES 2
#else
#define CLASSES 3
#endif
#define SPARE 3          /* the stack of spare descriptors; those below are the classes */
#define CLASS(n) ((n) < 2 -> 0 : ((n) < 4 -> 1 : 2))
#define ALL ((1 << C) - 1)
#define BYTES(from, to) ((1 << (to)) - (1 << (from)))

byte index = (UPWARD -> 0 : C);
byte recycled, recycled_runs, runs_begun, barrier, mark;
bool gathering;
byte head[4], next[R + 1], base[R + 1], ends[R + 1];
byte watch[N];           /* 1 + the stack whose head this thread has loaded */
bool stale[N];
byte holders;
bool quiet;

/* Ghosts, as sets of units. */
byte held[N];            /* what users hold */
byte room = ALL;         /* what nobody holds, wherever it stands, once it has been given back */
byte since[N];           /* of that, what was so ever since this thread's request began */
byte lost;               /* below a barrier after a rewind: waits for the reset */
bool stacked[R + 1];     /* the descriptor is in a stack */
byte lent;               /* descriptors that users keep with what they hold */
byte busy;               /* threads inside an operation */

#if N == 2
#define HELD (held[0] | held[1])
#define EACH(what) what(0); what(1)
#else
#define HELD (held[0] | held[1] | held[2])
#define EACH(what) what(0); what(1); what(2)
#endif

#define load_relaxed(word, ...) LOAD_##word(__VA_ARGS__)
#define load_acquire(word, ...) LOAD_##word(__VA_ARGS__)
#define store_relaxed(word, ...) STORE_##word(__VA_ARGS__)
#define store_release(word, ...) STORE_##word(__VA_ARGS__)
#define add_relaxed(word, ...) ADD_##word(__VA_ARGS__)
#define add_release(word, ...) ADD_##word(__VA_ARGS__)
#define add_acq_rel(word, ...) ADD_##word(__VA_ARGS__)
#define cas_weak_relaxed(word, ...) CAS_##word(__VA_ARGS__)
#define cas_weak_acquire(word, ...) CAS_##word(__VA_ARGS__)
#define cas_weak_release(word, ...) CAS_##word(__VA_ARGS__)
#define cas_weak_acq_rel(word, ...) CAS_##word(__VA_ARGS__)

/* Plain words. A failed compare-and-swap loads what is there. */
#ifdef PLANT_stuck       /* it does not, for the index: the retry never ends */
#define RELOAD(word, expected) ok = false
#else
#define RELOAD(word, expected) expected = word; ok = false
#endif
#define CAS(word, expected, new)                                        \
    if                                                                  \
    :: word == expected -> word = new; ok = true                        \
    :: SPURIOUS || word != expected -> expected = word; ok = false      \
    fi
#ifdef PLANT_lost        /* a load and a store: `same` was looked at in a step before */
#define LOOK(expected) same = index == expected
#define CAS_index(expected, new)                                        \
    if                                                                  \
    :: same -> index = new; ok = true                                   \
    :: else -> RELOAD(index, expected)                                  \
    fi;                                                                 \
    same = false
#else
#define LOOK(expected) skip
#define CAS_index(expected, new)                                        \
    if                                                                  \
    :: index == expected -> index = new; ok = true                      \
    :: SPURIOUS || index != expected -> RELOAD(index, expected)         \
    fi
#endif
#define LOAD_index(into) into = index
#define LOAD_barrier(into) into = barrier
#define CAS_barrier(expected, new) CAS(barrier, expected, new)
#define LOAD_mark(into) into = mark
#define STORE_mark(value) mark = value
#define LOAD_counter(into) into = runs_begun
#define CAS_counter(expected, new) CAS(runs_begun, expected, new)
#define LOAD_gathering(into) into = gathering
#define CAS_gathering(expected, new) CAS(gathering, expected, new)
#define STORE_gathering(value) gathering = value
#define LOAD_recycled(into) into = recycled
#define ADD_recycled(more, less) assert(recycled + (more) >= (less)); recycled = recycled + (more) - (less)
#define ADD_recycled_runs(more, less) recycled_runs = recycled_runs + (more) - (less)
#define LOAD_recycled_runs() skip   /* for pool_settle's guess alone */
#define STORE_runs_left(value) value

/* Links and heads. */
#define LOAD_next(r, into) into = next[r]
#define STORE_next(r, value) next[r] = value
#define LOAD_stack(s) hd = head[s]; watch[me] = (s) + 1; stale[me] = false
#define OUTDATE(t) stale[t] = stale[t] || watch[t] == watch[me]
#ifdef PLANT_untagged
#define SAME(s) (head[s] == hd)
#else
#define SAME(s) (!stale[me])
#endif
#define CAS_stack(s, new)                                                              \
    if                                                                                 \
    :: SAME(s) -> head[s] = new; EACH(OUTDATE); watch[me] = 0; stale[me] = false; ok = true \
    :: SPURIOUS || !SAME(s) -> LOAD_stack(s); ok = false                               \
    fi

/* Announcements. */
#define ADD_holds_begun() holders++; quiet = false
#define ADD_holds_done() holders--
#define LOAD_holds_done() quiet = holders == 0
#define LOAD_holds_begun(into) into = quiet

/* The claims. */
#define FORGET(t) since[t] = since[t] & (ALL - given)
inline grant(from, to)   /* units become this thread's */
{
    given = BYTES(from, to);
    assert((HELD & given) == 0);
    held[me] = held[me] | given;
    room = room & (ALL - given);
    EACH(FORGET);
    given = 0
}

#define PUBLISH(from, to) room = room | BYTES(from, to)

#ifdef PLANT_early       /* pushed() would see it at once: another holder has to */
#define PLANTED_EARLY true
#else
#define PLANTED_EARLY false
#endif

inline pushed(s, r)      /* into at most one stack, and not while somebody uses what it describes */
{
    assert(!stacked[r]);
    stacked[r] = true;
    if
    :: s != SPARE -> assert(PLANTED_EARLY || (HELD & BYTES(base[r], ends[r])) == 0); PUBLISH(base[r], ends[r])
    :: else
    fi
}

inline popped(r)
{
    assert(stacked[r]);
    stacked[r] = false
}

/* Refused: no `size` neighbours were free from the beginning of the request to its end. In a pool that rises,
 * single units only: below a live mark a run stays apart from what is free at the index, and that is meant. */
inline refused(size)
{
    i = 0;
    do
    :: i + size > C || (UPWARD && size > 1) -> break
    :: else -> assert((since[me] & BYTES(i, i + size)) != BYTES(i, i + size)); i++
    od;
    i = 0
}

/* Nobody is inside an operation: every unit is in one place, the counts are right, no descriptor is lost. */
inline conserved()
{
    assert(!gathering && holders == 0);
    given = (UPWARD -> BYTES(index, C) : BYTES(0, index));
    sum = 0; count = 0; s = 0;
    do
    :: s == 4 -> break
    :: else ->
        i = head[s];
        do
        :: i == 0 -> break
        :: else ->
            assert(stacked[i]);
            count++;
            if
            :: s != SPARE ->
                assert((given & BYTES(base[i], ends[i])) == 0 && CLASS(ends[i] - base[i]) == s);
                given = given | BYTES(base[i], ends[i]);
                sum = sum + ends[i] - base[i]
            :: else
            fi;
            i = next[i]
        od;
        s++;
        if
        :: s == SPARE -> assert(recycled_runs == count)
        :: else
        fi
    od;
    assert(recycled == sum && given == room && (given & (HELD | lost)) == 0);
    assert((given | HELD | lost) == ALL && count + lent == runs_begun);
    given = 0; sum = 0; count = 0; s = 0
}
