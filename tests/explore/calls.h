/* One call each, for the programs of scenarios: what they leave to the next call stands in
 * world_mine().
 * SPDX-License-Identifier: MIT */
#ifndef BITENA_EXPLORE_CALLS_H
#define BITENA_EXPLORE_CALLS_H

enum { RUN = 128 }; /* the size of recycled runs */

/* From the world's arena: within a lease, about an eighth of a lease, apart from it. */
void call_small(void);
void call_lease(void);
void call_apart(void);
void call_since(void); /* like call_lease; the next rewind gives it back */
void call_save(void);
void call_rewind(void);
void call_take(void); /* a run from the pool, and back */
void call_give(void);
void call_make(void); /* a child; an object in it; and its end */
void call_child_alloc(void);
void call_drop(void);
void call_defer(void);
void call_numbers(void);
void call_trim(void);

#endif
