/* Pools: objects of one size in an arena, taken and given back one by one from any thread,
 * lock-free, without a header per object. Each thread keeps free objects for itself, in the
 * magazines of Bonwick and Adams (Magazines and Vmem, 2001), so that usually nothing shared is
 * touched: up to two batches, and up to 32 once it has given back so many in a row; further ones
 * are exchanged as wholes. A pool never gives memory to its arena: it ends with the arena's reset
 * or drop, which runs no destructors of objects that still live.
 * SPDX-License-Identifier: MIT
 *
 * Who may call what at once: everything together, but for two calls on one object, which its
 * holders order. Not from signal handlers. Growing allocates in the arena, by its rules: in a LOCAL
 * arena or a child only the owner's takes grow the pool, another thread's are refused with EPERM
 * when they find nothing free. A rewind must not reach back past a take that grew the pool:
 * `reserve` beforehand what a scope will need. In the child of a fork, what other threads had free
 * may be lost to it. */
#ifndef BITENA_POOL_H
#define BITENA_POOL_H

#include <bitena.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct bitena_pool bitena_pool;

/* Zeroed fields mean the defaults. Switches: 0 off, else on. */
typedef struct bitena_pool_options {
    size_t size;    /* of an object in bytes; one takes at least a pointer's size */
    size_t align;   /* of an object, a power of two; 0: as for malloc */
    size_t reserve; /* so many objects are carved at once; later the pool grows by itself */
    unsigned batch; /* objects that threads exchange as one; 0: 64, less above 256 bytes each */
    int checked;    /* refuse what is not a live object of this pool, for a bit per object and
                      * some 20 ns per call */
    int counted;    /* objects have counts of references, for 8 bytes each */
    void (*destroy)(void *context, void *object); /* called by give and by the last release; may
                      * take and give; NULL: nothing is called */
    void *context;                                /* first argument of destroy */
} bitena_pool_options;

/* A pool in this arena (not NULL), for objects of size bytes, a multiple of align or not. try_:
 * NULL with EINVAL (align), EOVERFLOW, or the arena's refusal; nothing is changed then. The plain
 * verbs call the arena's failure handler instead. options is not NULL and not kept. */
BITENA_API bitena_pool *bitena_pool_new(bitena *arena, size_t size, size_t align);
BITENA_API bitena_pool *bitena_pool_try_new(bitena *arena, size_t size, size_t align);
BITENA_API bitena_pool *bitena_pool_open(bitena *arena, const bitena_pool_options *options);
BITENA_API bitena_pool *bitena_pool_try_open(bitena *arena, const bitena_pool_options *options);

/* An object, its bytes not initialised; in a counted pool with one reference, the caller's. The
 * one that this thread gave back last, if any; else a batch of free ones; else the pool grows by an
 * eighth, or a batch, or one object, as the arena has room. try_: NULL with the arena's refusal.
 * Objects that other threads have free are not found. Cost: about 30 instructions. */
BITENA_API void *bitena_pool_take(bitena_pool *pool);
BITENA_API void *bitena_pool_try_take(bitena_pool *pool);

/* T *bitena_pool_make(pool, T, initialiser...): an object so initialised; zeroed without. A T that
 * is larger or more aligned than the pool's objects aborts. Each argument is evaluated once. */
#define bitena_pool_make(pool, ...)     BITENA_MAKE_(bitena_pool_take_for_, pool, __VA_ARGS__, )
#define bitena_pool_try_make(pool, ...) BITENA_MAKE_(bitena_pool_try_take_for_, pool, __VA_ARGS__, )
BITENA_API void *bitena_pool_take_for_(bitena_pool *pool, size_t size, size_t align);
BITENA_API void *bitena_pool_try_take_for_(bitena_pool *pool, size_t size, size_t align);

/* ---- Four ways to part with an object (not NULL), by any thread. 0; or -1, nothing done: EBUSY in
 * a counted pool where others hold references; EINVAL in a checked pool where it is no live object
 * of this pool. Without `checked` such a call is undefined. These allocate nothing and have always
 * room. Cost: about 30 instructions. ---- */

BITENA_API int bitena_pool_give(bitena_pool *pool, void *object);    /* destroys, takes back */
BITENA_API int bitena_pool_reclaim(bitena_pool *pool, void *object); /* takes back only */
/* The object's bytes go to `to` (the pool's size of them, not NULL, apart from the object); its
 * memory is taken back. Nothing is destroyed: the value lives on there. */
BITENA_API int bitena_pool_move_out(bitena_pool *pool, void *object, void *to);
/* The object lives until the arena's reset and is no longer the pool's: nobody will destroy it, a
 * checked pool refuses it from now on. */
BITENA_API int bitena_pool_leak(bitena_pool *pool, void *object);

/* ---- References, in a counted pool only; elsewhere EINVAL. The last release destroys the object;
 * its memory is taken back when no weak reference is left either. At most 2^32 - 1 references,
 * and one less of the weak. ---- */

/* One more reference. The caller holds one, or a weak one; then NULL with ENOENT says that the
 * object has been destroyed. ERANGE: too many. */
BITENA_API void *bitena_pool_retain(bitena_pool *pool, void *object);
/* One less: 1 if it was the last, else 0. -1 with EINVAL, nothing done: there was none. */
BITENA_API int bitena_pool_release(bitena_pool *pool, void *object);
/* The same for weak references; the caller holds one, or a strong one. release_weak gives 1 if the
 * memory was taken back. */
BITENA_API void *bitena_pool_retain_weak(bitena_pool *pool, void *object);
BITENA_API int bitena_pool_release_weak(bitena_pool *pool, void *object);

/* Numbers of objects; exact while nobody else calls, else about right. O(threads). */
typedef struct bitena_pool_numbers {
    size_t capacity; /* carved, without the leaked ones */
    size_t live;     /* taken and not taken back */
    size_t free;     /* the rest, whichever thread has it */
} bitena_pool_numbers;
BITENA_API bitena_pool_numbers bitena_pool_count(const bitena_pool *pool);

#ifdef __cplusplus
}
#endif

#endif
