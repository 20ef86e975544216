/* A pool that falls: every thread takes, extends and gives back runs for ever, as it likes.
 * SPDX-License-Identifier: MIT */
#include "order.pml"

#ifndef SPANS
#define SPANS 1          /* that the second thread may hold at once; the others hold one */
#endif
#ifndef ASK              /* what a thread may ask for: size, and how much it would like */
#define ASK size = 1 :: size = 2
#endif

/* The variables of the functions of lease.pml and gather.pml; 0 while none of them runs. */
#define LOCALS                                                          \
    byte hd, nx, begun, old, cur, cut, bin, list, sorted, tries, held_tries; \
    byte size, want, wish, sb, se, sr, gb, ge, gr, i, s, given, sum, count;   \
    bool ok, now, done, found, all, busily, same

#include "lease.pml"
#include "gather.pml"

inline begins()
{
    busy++;
    since[me] = room
}

inline ends_here()
{
    sb = 0; se = 0; sr = 0; size = 0; want = 0; wish = 0; found = false; busily = false; done = false;
    since[me] = 0;
    busy--;
    if
    :: busy == 0 -> conserved()
    :: else
    fi
}

proctype user(byte me; byte most)
{
    LOCALS;
    byte spans, ub[SPANS + 1], ue[SPANS + 1], ur[SPANS + 1];
    do
    :: atomic {
           spans < most ->
           begins();
           if
           :: ASK
           fi;
           wish = (want > size -> want : size)
       };
       pool_take();
progress_taken:
       d_step {
           if
           :: found -> ub[spans] = sb; ue[spans] = se; ur[spans] = sr; lent = lent + (sr != 0); spans++
           :: !found && !busily -> refused(size)
           :: else        /* TRIES ran out: another gathers, or holds what it looks at */
           fi;
           ends_here()
       }
    :: atomic {
           spans > 0 ->
           begins();
           if
           :: true
           :: spans == 2 -> /* the older one */
               gb = ub[0]; ge = ue[0]; gr = ur[0];
               ub[0] = ub[1]; ue[0] = ue[1]; ur[0] = ur[1];
               ub[1] = gb; ue[1] = ge; ur[1] = gr
           fi;
           spans--;
           gb = ub[spans]; ge = ue[spans]; gr = ur[spans];
           ub[spans] = 0; ue[spans] = 0; ur[spans] = 0;
           lent = lent - (gr != 0);
#ifndef PLANT_early
           held[me] = held[me] & (ALL - BYTES(gb, ge))
#else
           sb = gb; se = ge
#endif
       };
       pool_give();
#ifdef PLANT_early
       held[me] = held[me] & (ALL - BYTES(sb, se));
#endif
progress_given:
       d_step { ends_here() }
    :: atomic { SETTLES -> begins() };
       join_all();       /* pool_settle, whenever it may think it worth it */
progress_settled:
       d_step { ends_here() }
    :: atomic {
           spans > 0 && index == ub[spans - 1] && index > 0 ->
           begins()
       };
       pool_extend(ub[spans - 1], 1);
progress_extended:
       d_step {
           ub[spans - 1] = ub[spans - 1] - done;
           ends_here()
       }
    od
}

init {
    atomic {
        run user(0, 1);
        run user(1, SPANS);
#if N > 2
        run user(2, 1);
#endif
    }
}
