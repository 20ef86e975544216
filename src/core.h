/* The core's structures and what its files offer each other. Included by src/ files only; the
 * public header knows no more of it than the owner word and one interval. Every field says who
 * may change it.
 *
 * Layers, downward: arena, child, grow, lifetime, alloc | lease, thread, failure | block |
 * platform.
 * SPDX-License-Identifier: MIT */
#ifndef BITENA_CORE_H
#define BITENA_CORE_H

#include <stdbool.h>

#include <bitena.h>

#include "block/block.h"
#include "place.h"

enum {
    LINE_BYTES = BLOCK_LINE_BYTES,
    LEASE_MIN = 1024, /* a TLAB's first lease; leases double from here to lease_max */
    LEASE_MAX_DEFAULT = 64 << 10,
    EXACT_BELOW = 16 << 10, /* a shared block smaller than this is made EXACT */
    LARGE_SHARE = 8,        /* a request above 1/8 of a lease gets a run of its own */
    RESET_SHARE = 64,       /* of the capacity an owner keeps 1/64, at most, through a reset */
    KEEP_SHARE = 64,      /* a lease with more than 1/64 free is kept when a request does not fit */
    WORTH_RECYCLING = 64, /* smaller rests stay with their run; in EXACT arenas none does */
    BIRTH_SERIAL = 1,     /* of a child's first lease, in which its struct stands */
    CLASS_COUNT = 48,     /* classes of recycled runs: floor(log2 bytes), so capacity < 2^48 */
    SMALL_CHILD = 4 << 10, /* a child's lease that is a spare without asking what remains */
    MARK_RUNS = 16,        /* descriptors set apart for ranges of ended marks */
    ENDED_NEAR = 6         /* ranges of ended marks kept in the TLAB itself */
};

/* A run of bytes [base, end), as offsets from the block's data, that is recycled or in a TLAB's
 * chain. Descriptors stand apart from the memory that users write. base, end and serial belong
 * to whoever holds the run. */
struct run {
    size_t base, end;
    uint32_t next;   /* index + 1 of the next in a stack or chain; atomic: racing poppers read it */
    uint32_t serial; /* low bits of the lease's serial; 0: not a lease */
};

/* A run in hand. run: its descriptor's index + 1, 0 without one. */
struct span {
    size_t base, end;
    uint32_t run;
};

/* What a root shares with its whole family. */
struct pool {
    /* constant between open and drop */
    uintptr_t data; /* address of offset 0 */
    size_t capacity;
    struct run *runs;
    uint32_t run_count;
    unsigned forks; /* when it was last made empty: see pool_take */
    bool upward; /* EXACT: the index counts used bytes and rises; else free bytes, and it falls */
    struct block block;

    /* moved by every taker and giver */
    __attribute__((aligned(LINE_BYTES))) size_t index;
    size_t recycled;      /* bytes in the stacks; raised before a push, lowered after a pop */
    size_t recycled_runs; /* how many; about */
    size_t runs_left;     /* of them after the last gather */
    size_t barrier; /* upward only: no run that is or was recycled, or a child's, ends above */
    size_t mark;    /* upward only: the position of the latest live mark; what is below it stays */
    uint64_t holds_begun, holds_done; /* times that runs were out of the stacks to be looked at */
    uint32_t gathering; /* 1 + the fork of the process in which somebody gathers; 0: nobody */

    /* heads of lock-free stacks: index + 1 of a run below, a tag that every change raises above */
    __attribute__((aligned(LINE_BYTES))) uint64_t spare_runs;
    uint32_t runs_begun;  /* descriptors ever used since the last reset; atomic */
    uint32_t marks_begun; /* the same of those behind run_count, for ranges of ended marks only */
    uint64_t spare_mark_runs;
    uint64_t classes[CLASS_COUNT];
};

/* Marks numbered above `after` up to `upto` have ended. */
struct ended {
    uint64_t after, upto;
};

/* A deferred call; stands in the arena's own memory. */
struct cleanup {
    void (*fn)(void *);
    void *argument;
    struct cleanup *next;
};

/* One thread's lease in one arena. Only its bearer writes; words marked (r) are read by others
 * for statistics and so atomic. The first three are the public header's. */
struct tlab {
    uintptr_t ceiling;   /* (r) */
    uintptr_t serial;    /* raised with every new lease */
    uintptr_t floor;     /* (r) equals ceiling while a window starves the interval */
    uintptr_t base, end; /* the current lease; base <= floor <= ceiling <= end */
    uintptr_t window;    /* (r) the true floor while a window is open, else 0 */
    size_t window_room;  /* what the latest window said it had; with its address, its token */
    size_t mark_text; /* 1 + bytes below the floor of the latest live mark in this lease; 0: none */
    uint64_t bearer;  /* (r) whose it is; changed by an heir, in its slot, after it is gone */
    uint32_t lease;   /* descriptor of the current lease, if it has one */
    uint32_t chain;   /* newest run that this TLAB has retired or taken apart */
    uint32_t spare;   /* a run kept at hand for the next child or lease */
    uint32_t ended_count;
    uint32_t ended_older; /* descriptors that hold more ranges, newest first */
    uint32_t mark_chain;  /* the chain at the latest live mark: younger runs may be merged */
    size_t spare_bytes;   /* (r) */
    size_t next_lease;
    size_t apart;      /* bytes served apart to keep the current lease */
    intptr_t children; /* made less dropped by this bearer; only the sum over all means something */
    struct cleanup *cleanups; /* newest first; the node is complete before it is linked */
    uint64_t marks;           /* number of the newest mark ever */
    struct tlab *next;        /* (r) in the arena's list; set once */
    struct ended ended[ENDED_NEAR];
};

/* The table's stride: no two TLABs on one pair of lines. */
union tlab_slot {
    struct tlab tlab;
    char stride[2 * LINE_BYTES];
};

struct arena {
    uint64_t owner; /* [M12] whose thread bumps inline; see thread.h for the words of nobody */
    uint64_t epoch; /* [M12] unlike that of any arena that stood here before; changed by reset */
    struct pool *pool;
    struct arena *parent; /* NULL: a root */
    const void *copy;     /* the copy of the library whose thread slots index the table */
    union tlab_slot *table;
    uint32_t table_count;
    int mode;
    const char *name;
    size_t lease_max;
    bitena_failure *on_failure;
    void *context;

    __attribute__((aligned(LINE_BYTES))) struct tlab tlab; /* the owner's */

    /* rare, shared: atomic */
    __attribute__((aligned(LINE_BYTES)))
    intptr_t children;        /* counted by threads without a TLAB here */
    struct cleanup *cleanups; /* likewise; and all of an EXACT arena's */
    struct arena *absorbed;   /* newest first, linked by absorbed_next */
    struct arena *absorbed_next;
    struct tlab *tlabs;  /* table TLABs ever borne */
    size_t tlabs_in_use; /* with the owner's */
};

struct root {
    struct arena arena;
    struct pool pool;
};

_Static_assert(offsetof(struct arena, tlab) - offsetof(struct arena, owner) == BITENA_OWNER_BEFORE_,
               "public layout");
_Static_assert(offsetof(struct tlab, ceiling) == offsetof(struct bitena, ceiling), "public layout");
_Static_assert(offsetof(struct tlab, floor) == offsetof(struct bitena, floor), "public layout");
_Static_assert(sizeof(struct tlab) <= 2 * LINE_BYTES, "a TLAB fits its slot");

static inline struct arena *arena_of(const bitena *arena)
{
    return (struct arena *)((uintptr_t)arena - offsetof(struct arena, tlab));
}
static inline bitena *public_of(const struct arena *arena)
{
    return (bitena *)(uintptr_t)&arena->tlab;
}
static inline uintptr_t address_of(const struct pool *pool, size_t offset)
{
    return pool->data + offset;
}
static inline size_t worth_recycling(const struct pool *pool)
{
    return pool->upward ? 1 : WORTH_RECYCLING;
}
static inline size_t offset_of(const struct pool *pool, uintptr_t address)
{
    return address - pool->data;
}

static inline struct run *run_at(const struct pool *pool, uint32_t run)
{
    return &pool->runs[run - 1];
}

/* failure.c */

/* Calls the arena's failure handler; does not return. reason: for the default message; NULL: by
 * error. */
_Noreturn void fail(const struct arena *arena, size_t size, size_t align, int error,
                    const char *reason);
#define REQUIRE(parameter) BITENA_REQUIRE_(parameter)

/* lease.c: the index, the recycled runs, the descriptors. Any thread; lock-free. */

/* As new, but for `leased` bytes that the index leaves out (not upward); the caller is alone. */
void pool_clear(struct pool *pool, size_t leased);
size_t pool_free(const struct pool *pool);
/* A run in which size bytes fit, aligned; of `want` bytes if that many are at hand, else what
 * there is. want 0: no more than the request needs. */
bool pool_take(struct pool *pool, size_t size, size_t align, size_t want, struct span *out);
/* The same, and the run has a descriptor. False also when none is left. */
bool pool_take_recorded(struct pool *pool, size_t size, size_t align, size_t want,
                        struct span *out);
/* A run without a descriptor is lost until the reset when none is left; parts are refused then
 * instead. */
void pool_give(struct pool *pool, struct span span);
bool pool_give_part(struct pool *pool, size_t base, size_t end);
void pool_settle(struct pool *pool); /* after giving back: joins recycled runs, now and then */
/* base of the lowest lease moves down by `bytes` if the index stands there; false: it does not,
 * or has no room. */
bool pool_extend(struct pool *pool, size_t base, size_t bytes);
/* Lowers the index of an upward pool to `to`, but not below what children may hold. The arena's
 * caller is alone; its children's threads are not. */
void pool_rewind(struct pool *pool, size_t to, bool beside_children);

/* Free pages of the span beyond *keep bytes to the system; *keep falls by what was kept. 0, or
 * -1 with errno. */
int pool_discard(const struct pool *pool, struct span span, size_t *keep);
int pool_trim(struct pool *pool, size_t keep);

uint32_t run_new(struct pool *pool);       /* 0: none left */
uint32_t run_for_marks(struct pool *pool); /* from those set apart, where no other is left */
uint32_t run_surely(struct pool *pool);    /* joins runs to get one */
void run_free(struct pool *pool, uint32_t run);

/* tlab.c, unwind.c: one thread's lease. Its bearer only. */

struct request {
    size_t size, align;
    bool up;      /* at the floor */
    bool growing; /* will want to go on: twice the room */
};

void tlab_clear(struct arena *arena, struct tlab *tlab);
void tlab_set_empty(struct arena *arena, struct tlab *tlab);
/* The empty lease becomes the block's uppermost bytes, which the index has left out. */
void tlab_lease_top(struct tlab *tlab, size_t bytes);
void *tlab_bump(struct tlab *tlab, const struct request *request);
/* `most`, but not more than an eighth of an equal share of what remains. */
size_t fair_share(const struct arena *arena, size_t most);
/* What tlab_bump could not serve, from the pool; NULL: no room, nothing changed. */
void *tlab_refill(struct arena *arena, struct tlab *tlab, const struct request *request);
/* A run of its own; tlab NULL: recorded nowhere. */
void *run_apart(struct arena *arena, struct tlab *tlab, const struct request *request);
/* The run of `size` bytes that ends at the floor goes to a new lease, and its room back. */
void *tlab_move_last(struct arena *arena, struct tlab *tlab, const struct request *request,
                     void *last, size_t size);
void tlab_close_window(struct tlab *tlab);
void tlab_install(struct tlab *tlab, const struct pool *pool, struct span span);
void tlab_retire(struct arena *arena, struct tlab *tlab);
/* What the bearer may still take from it without the pool; any thread, an estimate from others. */
size_t tlab_free(const struct tlab *tlab);
/* Gives back the chain down to `chain` and the current lease, but for the lease with `serial`
 * (0: none), which becomes current, whole. Keeps one run as the spare of *keeper (or NULL).
 * True: that lease is current. */
bool tlab_unwind(struct arena *arena, struct tlab *tlab, uint32_t chain, uintptr_t serial,
                 struct tlab *keeper);
/* Of the current lease, what is free beyond a fair share goes back, unless text stands at its
 * floor. */
void tlab_give_rest(struct arena *arena, struct tlab *tlab);
/* The spare, if it has `need` bytes: no shared operation. */
bool tlab_take_spare(const struct pool *pool, struct tlab *tlab, size_t need, struct span *span);
/* The span becomes the spare of *keeper; false: it is given back, there is no keeper or it has
 * one. */
bool tlab_keep_spare(struct arena *arena, struct tlab *keeper, struct span span);
void tlab_give_spare(struct arena *arena, struct tlab *tlab);

/* alloc.c */

/* The caller's TLAB. NULL: *error is EPERM for a stranger in a LOCAL arena, 0 for a thread that
 * the index serves. */
struct tlab *tlab_of_caller(struct arena *arena, int *error);
/* The same, but registering and inheriting nothing. */
struct tlab *tlab_peek(struct arena *arena);
/* NULL: errno is ENOMEM or EPERM. The request is checked already; it may be of size 0. */
void *arena_try(struct arena *arena, const struct request *request);
int check_request(size_t size, size_t align); /* 0, EINVAL or EOVERFLOW */
/* Unaligned, at the floor, where the caller's TLAB was not found at first sight or is full. */
void *bytes_or_fail(bitena *arena, size_t size);
void *try_bytes(bitena *arena, size_t size);

/* lifetime.c */

bool tlab_has_live_marks(const struct tlab *tlab);
void tlab_free_ended(struct arena *arena, struct tlab *tlab); /* the descriptors of old ranges */

/* No mark of this TLAB is live any more. */
static inline void tlab_end_marks(struct arena *arena, struct tlab *tlab)
{
    if (tlab->ended_older != 0) {
        tlab_free_ended(arena, tlab);
    }
    tlab->ended_count = 1;
    tlab->ended[0] = (struct ended){0, tlab->marks};
}

bool run_all_cleanups(
    struct arena *arena); /* until none remain; true: some ran; the caller is alone */

/* child.c */

bool has_children(const struct arena *arena); /* exact when the caller is alone */
void drop_child(struct arena *child);
void reset_child(struct arena *child);

#endif
