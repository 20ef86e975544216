/* SPDX-License-Identifier: MIT
 *
 * rival.h - what a rival's file says of itself. Each rival is one file: it defines what stands
 * below, includes ../workloads/all.h last, and is a program. The workloads are compiled into
 * it, so that what an allocator inlines is inlined.
 *
 * Needed:
 *   #define RIVAL_NAME "mimalloc"
 *   #define RIVAL_SHARES 1        threads may allocate from one room; 0: each opens its own
 *   #define RIVAL_FREES_EACH 1    objects go back one by one; 0: room_reset takes them all
 *   struct room { ... };          what a thread allocates from
 *   static void room_open(struct room *room, size_t bytes);
 *       Room for `bytes` in all, what the workload needs with alignment. Called by the thread that
 *       will allocate; of a shared room, by the first one.
 *   BENCH_INLINE void *room_alloc(struct room *room, size_t size, size_t align);
 *       align up to 16. May return NULL when it is out of memory.
 *   static void room_close(struct room *room);
 *   with RIVAL_FREES_EACH: BENCH_INLINE void room_free(struct room *room, void *p, size_t size);
 *   without:               static void room_reset(struct room *room);
 *       Nobody allocates then; the room stays usable.
 *
 * Offered where the allocator has it, each with its switch:
 *   RIVAL_HAS_SETUP    static void rival_setup(size_t bytes);  called once by the main thread,
 *                      before any room, bytes for all rooms together
 *   RIVAL_RESET_APART  room_reset is another thread's work here: its time is not counted
 *   RIVAL_HAS_TEXT     BENCH_INLINE char *room_text(struct room *, const char *s, size_t length);
 *                      a zero terminated copy; without: room_alloc(length + 1, 1) and memcpy
 *   RIVAL_HAS_RESIZE   BENCH_INLINE void *room_resize(struct room *, void *p, size_t old_size,
 *                      size_t new_size); p NULL: a new one; aligned to 8; without: a new one and memcpy
 *   RIVAL_HAS_GROW     a text that grows, for rivals whose room_reset takes it back; one at a
 *                      time, and nothing else is allocated meanwhile:
 *                      struct growing; grow_begin(struct room *, struct growing *);
 *                      grow_append(struct room *, struct growing *, const void *, size_t length);
 *                      char *grow_finish(struct room *, struct growing *, size_t *length), which
 *                      needs no zero; without: a capacity that doubles, over room_resize
 *   RIVAL_HAS_SCOPE    struct scope; static inline void scope_begin(struct room *, struct scope *);
 *                      scope_end(struct room *, struct scope *): all since scope_begin goes back
 *   RIVAL_HAS_CHILD    static inline void child_open(struct room *child, struct room *parent);
 *                      child_close(struct room *child): an arena inside or beside another one,
 *                      made and ended as the allocator means it for one request of a server
 *   RIVAL_HAS_USED     static size_t room_used(const struct room *): bytes taken by what is
 *                      allocated now, padding included, by the allocator's own account
 *   RIVAL_HAS_PREFAULT static inline void room_open_prefaulted(struct room *, size_t bytes);
 *                      room_open, and every page is there when it returns
 *   RIVAL_HAS_ADOPT    static inline void room_adopt(struct room *, char *block, size_t bytes);
 *                      instead of room_open: on the workload's block, which stays its own; such
 *                      a room is neither reset nor closed, and its state stands in the block
 *   RIVAL_ONE_ROOM     the room is static state: there can only be one in a process (so it is
 *                      with RIVAL_RESET_APART). Without RIVAL_FREES_EACH only: a heap's rooms
 *                      are all the same
 *   RIVAL_IS_HANDLE    struct room is a pointer and no more: loops keep it in a register
 *   RIVAL_OWN_FILLS    the loops of fill.h are compiled elsewhere (another language)
 *   RIVAL_OWN_TEXT     so is this loop of text.h: void fill_text(struct room *, const struct word
 *                      *words, size_t count, char **copies), the copies in the order of the
 *                      words; a rival with RIVAL_OWN_FILLS and without it does not offer `text`
 *   RIVAL_OWN_TREES    so is this function of programs/trees.h: void *trees_build(struct room *,
 *                      unsigned depth); 16 bytes for each node, the children first
 *   RIVAL_TEXT_ONLY    room_text alone: no objects, no room_alloc
 *
 * A rival gets its kindest sensible settings: enough memory at the start, no checks. Say which.
 */
#ifndef BENCH_RIVAL_H
#define BENCH_RIVAL_H

#include "../harness/harness.h"

#include <string.h>

#endif
