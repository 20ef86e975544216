/* src/lease.c, function by function: the index, the recycled runs, the descriptors. agree.py compares each inline that
 * says "of FILE" with the function of that name: the verbs, on which words, and the calls, in their order.
 * A step is a verb with what the thread then does in private. Arguments of the source that are missing here are
 * variables of the process: the span found (sb, se, sr), the one given (gb, ge, gr). Short of descriptors
 * (run_surely's wait, pool_give_part's refusal) is not modelled: there are enough.
 * SPDX-License-Identifier: MIT */

#if UPWARD
#define ROOM(cur) (C - cur)
#define FROM(cur) cur
#define TO(cur) (want < C - cur -> cur + wish : C)
#define NEW(sb, se) se
#else
#define ROOM(cur) cur
#define FROM(cur) (want < cur -> cur - wish : 0)
#define TO(cur) cur
#define NEW(sb, se) sb
#endif

inline push(s, r)        /* of src/lease.c */
{
    atomic { load_relaxed(stack, s) };
    do
    :: store_relaxed(next, r, hd);
       atomic {
           cas_weak_release(stack, s, r);
           if
           :: ok -> pushed(s, r); hd = 0; ok = false; break
           :: else
           fi
       }
    od
}

inline pop(s, r)         /* of src/lease.c */
{
    atomic { load_acquire(stack, s) };
    do
    :: atomic { hd == 0 -> watch[me] = 0; stale[me] = false; r = 0; break }
    :: atomic { hd != 0 -> load_relaxed(next, hd, nx) };
       atomic {
           r = hd;
           cas_weak_acq_rel(stack, s, nx);
           nx = 0;
           if
           :: ok -> popped(r); hd = 0; ok = false; break
           :: else -> r = 0
           fi
       };
       atomic { load_acquire(stack, s) }
    od
}

inline new_from(r)       /* of src/lease.c */
{
    pop(SPARE, r);
    if
    :: r == 0 ->
        load_relaxed(counter, begun);
        do
        :: atomic {
               begun < R -> cas_weak_relaxed(counter, begun, begun + 1);
               if
               :: ok -> r = begun + 1; begun = 0; ok = false; break
               :: else
               fi
           }
        :: atomic { begun == R -> begun = 0; r = 0; break }
        od
    :: else
    fi
}

inline run_new(r)        /* of src/lease.c */
{
    new_from(r)
}

inline run_surely(r)     /* cut short, see above */
{
    run_new(r);
    assert(r != 0)
}

inline run_free(r)       /* of src/lease.c */
{
    if
    :: r != 0 -> push(SPARE, r)
    :: else
    fi
}

inline raise_barrier(to) /* of src/lease.c */
{
    load_relaxed(barrier, old);
    do
    :: atomic {
           old < to -> cas_weak_relaxed(barrier, old, to);
           if
           :: ok -> break
           :: else
           fi
       }
    :: atomic { old >= to -> break }
    od;
    old = 0;
    ok = false
}

inline recycle(r)        /* of src/lease.c */
{
#ifdef PLANT_count       /* the count is raised when the run may be gone already */
    push(CLASS(ends[r] - base[r]), r);
    atomic { add_relaxed(recycled, ends[r] - base[r], 0); add_relaxed(recycled_runs, 1, 0) }
#else
    atomic {             /* one step: nothing that is modelled looks at recycled_runs */
        add_relaxed(recycled, ends[r] - base[r], 0);
        add_relaxed(recycled_runs, 1, 0)
    };
    push(CLASS(ends[r] - base[r]), r)
#endif
}

inline pool_extend(from, more) /* of src/lease.c */
{
    cur = from;
    done = false;
    do
    :: cur == from ->
       LOOK(cur);
       atomic {
           cas_weak_acquire(index, cur, from - more);
           if
           :: ok -> grant(from - more, from); done = true; break
           :: else
           fi
       }
    :: cur != from -> break
    od;
    cur = 0;
    ok = false
}

inline give_to_index()   /* of src/lease.c */
{
    done = false;
#if UPWARD
    load_relaxed(mark, old);
#endif
    if
    :: gb < old
    :: else ->
        do
        :: atomic {
               load_relaxed(index, cur);
               if
               :: cur != NEW(gb, ge) -> break
               :: else
               fi
           };
           LOOK(cur);
           atomic {
               cas_weak_release(index, cur, NEW(ge, gb));
               if
               :: ok -> PUBLISH(gb, ge); done = true; break
               :: else
               fi
           }
        od
    fi;
    old = 0;
    cur = 0;
    ok = false
}

inline pool_give_part()  /* of src/lease.c */
{
    done = gb == ge;
    if
    :: !done -> give_to_index()
    :: else
    fi;
    if
    :: !done ->
        run_surely(gr);
        base[gr] = gb;
        ends[gr] = ge;
        recycle(gr)
    :: else
    fi
}

inline pool_give()       /* of src/lease.c */
{
    if
    :: gr == 0 -> pool_give_part()
    :: else ->
        done = gb == ge;
        if
        :: !done -> give_to_index()
        :: else
        fi;
        if
        :: done -> run_free(gr)
        :: else ->
            base[gr] = gb;
            ends[gr] = ge;
            recycle(gr)
        fi
    fi;
    gb = 0;
    ge = 0;
    gr = 0;
    done = false
}

inline split_off()       /* of src/lease.c */
{
    cut = (want < se - sb -> se - want : sb);
    cut = (cut < se - size -> cut : se - size);
    if
    :: cut > sb ->
        run_new(gr);
        if
        :: gr != 0 -> gb = sb; ge = cut; sb = cut; pool_give()
        :: else
        fi
    :: else
    fi;
    cut = 0
}

inline search_classes(least) /* of src/lease.c */
{
    bin = CLASS(least);
    do
    :: bin == CLASSES -> break
    :: else ->
        pop(bin, sr);
        if
        :: sr == 0
        :: sr != 0 && ends[sr] - base[sr] < least -> push(bin, sr)
        :: else ->
            atomic {
                add_release(recycled, 0, ends[sr] - base[sr]);
                add_relaxed(recycled_runs, 0, 1);
                sb = base[sr];
                se = ends[sr]
            };
            split_off();
            atomic { grant(sb, se); found = true; break }
        fi;
        sr = 0;
        bin++
    od;
    bin = 0
}

inline hold()            /* of src/lease.h */
{
    atomic { add_acq_rel(holds_begun) }
}

inline unhold()          /* of src/lease.h */
{
    atomic { add_release(holds_done) }
}

inline take_recycled(least) /* of src/lease.c */
{
    load_acquire(recycled, cur);
    if
    :: cur >= least ->
        cur = 0;
#ifndef PLANT_unheld
        hold();
#endif
        search_classes(least);
#ifndef PLANT_unheld
        unhold()
#endif
    :: else -> cur = 0
    fi
}

inline take_index()      /* of src/lease.c */
{
    load_acquire(index, cur);
    do
    :: ROOM(cur) < size -> break
    :: else ->
        sb = FROM(cur);
        se = TO(cur);
#ifndef PLANT_late
#if UPWARD
        raise_barrier(se);
#endif
#endif
        LOOK(cur);
        atomic {
            cas_weak_acq_rel(index, cur, NEW(sb, se));
            if
            :: ok -> grant(sb, se); found = true; break
            :: else -> sb = 0; se = 0
            fi
        }
    od;
    cur = 0;
    ok = false;
#ifdef PLANT_late
    if
    :: found -> raise_barrier(se)
    :: else
    fi
#endif
}

inline take(from_index)  /* of src/lease.c */
{
    busily = true;
    do
    :: busily && (TRIES == 0 || tries < TRIES) ->
        take_recycled(wish);
        if
        :: !found && from_index -> take_index()
        :: else
        fi;
        if
        :: !found -> take_recycled(size)
        :: else
        fi;
        if
        :: found -> break
        :: else
        fi;
        gather(from_index);
        if
        :: TRIES != 0 -> tries++
        :: else
        fi
    :: else -> break
    od;
    tries = 0
}

inline pool_take()       /* of src/lease.c */
{
    take(true)
}
