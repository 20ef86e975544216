/* src/gather.c: joining recycled runs, and the rewind of an EXACT arena beside its children. sort_runs and join_runs
 * work on runs in hand; each is one step here but for the descriptors that join_runs frees.
 * SPDX-License-Identifier: MIT */

inline begin_gather()    /* of src/gather.c */
{
    load_relaxed(gathering, now);
    if
    :: atomic { !now -> cas_weak_acq_rel(gathering, now, true) }
    :: else
    fi;
    now = false
}

inline end_gather()      /* of src/gather.c */
{
#ifndef PLANT_endless
    store_release(gathering, false)
#else
    skip
#endif
}

inline pop_all()         /* of src/gather.c */
{
    bin = 0;
    do
    :: bin == CLASSES -> break
    :: else ->
        pop(bin, sr);
        if
        :: sr == 0 -> bin++
        :: else ->
            atomic {
                add_release(recycled, 0, ends[sr] - base[sr]);
                add_relaxed(recycled_runs, 0, 1);
                store_relaxed(next, sr, list);
                list = sr;
                sr = 0
            }
        fi
    od;
    bin = 0
}

inline pop_held()        /* of src/gather.c */
{
    all = false;
    do
    :: !all && (TRIES == 0 || held_tries < TRIES) ->
        atomic { load_acquire(holds_done) };
        pop_all();
        load_acquire(holds_begun, all);
        if
        :: TRIES != 0 -> held_tries++
        :: else
        fi
    :: else -> break
    od;
    held_tries = 0
}

inline sort_runs()       /* ascending by base; in hand: by insertion into `sorted` */
{
    d_step {
        do
        :: list == 0 -> break
        :: else ->
            sr = list;
            list = next[sr];
            if
            :: sorted == 0 || base[sr] < base[sorted] -> next[sr] = sorted; sorted = sr
            :: else ->
                i = sorted;
                do
                :: next[i] == 0 || base[sr] < base[next[i]] -> break
                :: else -> i = next[i]
                od;
                next[sr] = next[i];
                next[i] = sr
            fi
        od;
        list = sorted;
        sorted = 0;
        sr = 0;
        i = 0
    }
}

inline join_runs()       /* of src/gather.c */
{
    sorted = list;
    do
    :: atomic { sorted == 0 -> break }
    :: atomic {
           sorted != 0 ->
           sr = next[sorted];
           if
           :: sr != 0 && base[sr] == ends[sorted] ->
               ends[sorted] = ends[sr];
               store_relaxed(next, sorted, next[sr])
           :: else -> sorted = sr; sr = 0
           fi
       };
       run_free(sr);
       sr = 0
    od
}

#define JOIN_ONLY 255

inline gather(from_index) /* of src/gather.c */
{
    begin_gather();
    if
    :: atomic { ok ->
        ok = false };
        if
        :: size == JOIN_ONLY -> pop_all(); all = true
        :: else -> pop_held()
        fi;
        sort_runs();
        join_runs();
        do
        :: atomic { list == 0 -> break }
        :: atomic {
               list != 0 -> gr = list; gb = base[gr]; ge = ends[gr]; list = next[gr];
               if
               :: !found && ge - gb >= size -> found = true; sb = gb; se = ge; sr = gr; gr = 0; gb = 0; ge = 0
               :: else
               fi
           };
           if
           :: gr != 0 -> pool_give()
           :: else
           fi
        od;
        if
        :: found -> split_off(); atomic { grant(sb, se) }
        :: !found && from_index -> take_index()
        :: else
        fi;
        store_relaxed(runs_left, load_relaxed(recycled_runs));
        end_gather();
        busily = !found && !all
    :: else -> busily = true
    fi;
    all = false
}

inline join_all()        /* of src/gather.c */
{
    size = JOIN_ONLY;
    gather(false)
}

inline rewind_beside_children(to) /* of src/gather.c */
{
    do
    :: load_acquire(index, cur);
       atomic {
           load_relaxed(barrier, old);
           old = (old > to -> old : to);
           if
           :: old >= cur -> break
           :: else
           fi
       };
       LOOK(cur);
       atomic {
           begun = cur;
           cas_weak_acq_rel(index, cur, old);
           if
           :: ok -> rewound(old, begun); break
           :: else
           fi
       }
    od;
    begun = 0;
    old = 0;
    cur = 0;
    ok = false
}
