/* What the source files of pools know of each other: pool.c has magazines and verbs, pool_depot.c
 * what all threads share, pool_references.c the counts of references. Included by them only; not installed.
 * SPDX-License-Identifier: MIT */
#ifndef BITENA_POOL_PARTS_H
#define BITENA_POOL_PARTS_H

#include <bitena/pool.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
    POOL_FAR = 128,   /* apart enough for two threads */
    POOL_LEVELS = 13, /* level n has the 2^n magazines of slots 2^n - 1 and on; the last has none */
    POOL_CHECKED = 1, /* flags */
    POOL_COUNTED = 2,
    POOL_DESTROYS = 4
};

/* A free object: its first word links it into a list, which is one thread's at any time. */
struct pool_link {
    struct pool_link *next;
};
struct pool_slab;

struct bitena_pool {
    /* constant; but levels come */
    unsigned flags;
    uint32_t batch;
    uintptr_t levels[POOL_LEVELS]; /* [P03] 0, or where slot -1 would have its magazine */
    size_t size, align, stride, counts_at;
    unsigned unit_bits; /* descriptors stand at multiples of 2^unit_bits from the pool */
    const char *copy;   /* of the library, whose thread slots index the levels */
    bitena *arena;
    void (*destroy)(void *context, void *object);
    void *context;

    char apart[POOL_FAR]; /* what is above is only read */

    /* moved by every exchange. Heads of stacks: a batch's number, above it a tag that every change
     * raises */
    __attribute__((aligned(8))) uint64_t full; /* on 32-bit x86 too */
    uint64_t spare;
    struct pool_link *strays;      /* one by one; always taken as a whole, so without a tag */
    struct pool_slab *slabs;       /* newest first */
    size_t carved, shared, leaked; /* objects; shared: in full and strays */
};

/* Behind an object of a counted pool: strong references in the lower half, weak ones in the upper; all
 * strong ones together hold one weak one. One word: of two, a holder who changes its kind between the
 * looks at them would be in neither. */
struct pool_counts {
    __attribute__((aligned(8))) uint64_t word; /* [P07] */
};
enum { POOL_STRONG = 0, POOL_WEAK = 32 }; /* shifts */

/* The counts of an object with one holder, a strong one. */
static inline uint64_t pool_sole(void)
{
    return (uint64_t)1 << POOL_WEAK | (uint64_t)1 << POOL_STRONG;
}

static inline struct pool_counts *pool_counts_of(const bitena_pool *pool, void *object)
{
    return (struct pool_counts *)(void *)((char *)object + pool->counts_at);
}

extern const char bitena_pool_copy_;

typedef void *pool_alloc(bitena *arena, size_t size, size_t align);

/* A list of *count objects, the caller's: strays, a full batch, or carved by alloc. NULL: the
 * arena refuses. */
struct pool_link *bitena_pool_obtain_(bitena_pool *pool, pool_alloc *alloc, size_t *count);
/* The list becomes a full batch; false, nothing done: each spare descriptor is in somebody's hand
 * just now. */
int bitena_pool_share_(bitena_pool *pool, struct pool_link *list, size_t count);
void bitena_pool_stray_(bitena_pool *pool, struct pool_link *list, size_t count);

/* Memory for so many objects, aligned to slab_align, and how it becomes the pool's. */
size_t bitena_pool_slab_align_(const bitena_pool *pool);
size_t bitena_pool_slab_bytes_(const bitena_pool *pool, size_t objects);
void bitena_pool_add_slab_(bitena_pool *pool, void *memory, size_t objects);

/* The object, which is nobody's, is free from now on. */
void bitena_pool_put_(bitena_pool *pool, void *object);

/* In a checked pool: the word with the bit that says whether the object is live; NULL: it is no
 * object of this pool. */
uint32_t *bitena_pool_life_(const bitena_pool *pool, const void *object, uint32_t *bit);

#ifdef __cplusplus
}
#endif

#endif
