/* A pool that rises: the user of an EXACT arena allocates, resizes and rewinds for ever beside the thread of a child,
 * which takes runs and gives them back. The child lives throughout, so every rewind is one beside children.
 * SPDX-License-Identifier: MIT */
#define UPWARD 1
#include "order.pml"

#define LOCALS                                                          \
    byte hd, nx, begun, old, cur, cut, bin, list, sorted, tries, held_tries; \
    byte size, want, wish, sb, se, sr, gb, ge, gr, i, s, given, sum, count; \
    bool ok, now, done, found, all, busily, same

#include "lease.pml"
#include "gather.pml"

byte mine;               /* ghost: of what the arena's user holds, what is younger than its mark */

inline rewound(to, from) /* the index fell: nobody else's units, and no recycled run, are above it */
{
    given = BYTES(to, from);
    assert(((HELD | room) & given) == 0);
    lost = lost & (ALL - given);
    room = room | given;
    given = 0
}

inline exact_bump()      /* of src/exact.h */
{
    load_relaxed(index, cur);
    do
    :: C - cur < size -> break
    :: else ->
        LOOK(cur);
        atomic {
            sb = cur;
            se = cur + size;
            cas_weak_acquire(index, cur, se);
            if
            :: ok -> grant(sb, se); found = true; break
            :: else -> sb = 0; se = 0
            fi
        }
    od;
    cur = 0;
    ok = false
}

inline exact_move_end(from, to) /* of src/exact.c */
{
    load_relaxed(barrier, old);
    cur = ge;
    done = false;
    do
    :: from >= old && cur == ge ->
       LOOK(cur);
       atomic {
           cas_weak_acq_rel(index, cur, to);
           if
           :: ok && to > ge -> grant(ge, to); done = true; break
           :: ok && to <= ge -> PUBLISH(to, ge); done = true; break
           :: else
           fi
       }
    :: else -> break
    od;
    old = 0;
    cur = 0;
    ok = false
}

inline begins()
{
    busy++;
    since[me] = room
}

inline ends_here()
{
    sb = 0; se = 0; sr = 0; gb = 0; ge = 0; gr = 0;
    size = 0; want = 0; wish = 0; found = false; busily = false; done = false;
    since[me] = 0;
    busy--;
    if
    :: busy == 0 -> conserved()
    :: else
    fi
}

proctype arena(byte me)
{
    LOCALS;
    byte text, ub, ue, chain;
    do
    :: atomic {          /* the user is alone with its arena, the child's thread is not */
           mine == 0 && chain == 0 && text == 0 -> begins(); load_relaxed(index, text)
       };
       store_relaxed(mark, text);
progress_saved:
       d_step { ends_here() }
    :: atomic {
           text != 0 && chain == 0 ->
           begins();
           if
           :: size = 1
           :: size = 2
           fi;
           wish = size
       };
       exact_bump();
       if
       :: !found -> pool_take() /* exact_try: what children left, through run_apart */
       :: else
       fi;
progress_allocated:
       d_step {
           if
           :: found -> ub = sb; ue = se; chain = sr; mine = mine | BYTES(sb, se); lent = lent + (sr != 0)
           :: !found && !busily -> refused(size)
           :: else
           fi;
           ends_here()
       }
    :: atomic {
           ub != ue && chain == 0 ->
           begins();
           ge = ue;
           if
           :: se = ub + 1
           :: ue < C -> se = ue + 1
           fi;
           if            /* what the user no longer wants it leaves before it says so */
           :: se < ge -> held[me] = held[me] & (ALL - BYTES(se, ge)); mine = mine & held[me]
           :: else
           fi
       };
       exact_move_end(ub, se);
progress_resized:
       d_step {
           if
           :: done && se > ge -> mine = mine | BYTES(ge, se); ue = se
           :: done && se <= ge -> ue = se
           :: !done && se < ge -> lost = lost | BYTES(se, ge); ue = se
           :: else
           fi;
           ends_here()
       }
    :: atomic {
           text != 0 -> begins();
           held[me] = held[me] & (ALL - mine);
           gr = chain;
           lent = lent - (chain != 0);
           if
           :: gr != 0 -> gb = ub; ge = ue; mine = mine & (ALL - BYTES(gb, ge))
           :: else
           fi;
           lost = lost | mine;
           mine = 0; ub = 0; ue = 0; chain = 0
       };
       if
       :: gr != 0 -> pool_give()
       :: else
       fi;
       rewind_beside_children(text);
       store_relaxed(mark, 0);
progress_rewound:
       d_step { text = 0; ends_here() }
    od
}

proctype child(byte me)
{
    LOCALS;
    byte ub, ue, ur;
    do
    :: atomic {
           ub == ue -> begins();
           if
           :: size = 1
           :: size = 1; want = 2
           fi;
           wish = (want > size -> want : size)
       };
       pool_take();
progress_taken:
       d_step {
           if
           :: found -> ub = sb; ue = se; ur = sr; lent = lent + (sr != 0)
           :: !found && !busily -> refused(size)
           :: else
           fi;
           ends_here()
       }
    :: atomic {
           ub != ue -> begins();
           gb = ub; ge = ue; gr = ur;
           lent = lent - (ur != 0);
           ub = 0; ue = 0; ur = 0;
           held[me] = held[me] & (ALL - BYTES(gb, ge))
       };
       pool_give();
progress_given:
       d_step { ends_here() }
    :: atomic { SETTLES -> begins() };
       join_all();       /* pool_settle, whenever it may think it worth it */
progress_settled:
       d_step { ends_here() }
    od
}

init {
    atomic {
        index = 1;       /* what the arena's user took before its marks */
        held[0] = 1;
        room = ALL - 1;
        run arena(0);
        run child(1)
    }
}
