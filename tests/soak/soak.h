/* The soak's parts and what they offer each other. Families of arenas live in a world; workers go
 * through epochs together, and between two epochs one of them, alone, checks, resets and makes the
 * next world. Every live object is stamped by who took it and verified before it goes back. For
 * tests/soak only.
 * SPDX-License-Identifier: MIT */
#ifndef TESTS_SOAK_H
#define TESTS_SOAK_H

#include <pthread.h>
#include <setjmp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <bitena.h>

#include "support/overlap.h"
#include "support/random.h"

enum {
    WORKERS = 4,
    FAMILIES = 6,
    SHELVES = 8,
    PARCEL_ROOM = 512, /* objects that a child may take from hand to hand */
    LIST_MARGIN = 80,  /* more than one maker makes */
    MAKERS_MOST = 16
};

/* number: whose and the how manieth; with the address it gives the stamp. */
struct object {
    unsigned char *at;
    uint32_t size, number;
};

struct list {
    struct object *items;
    size_t count, room, bytes;
};

/* One root. What the epoch decides changes only between epochs. */
struct family {
    bitena *arena;
    const char *kind;
    int mode; /* as it behaves: a tiny shared one is EXACT */
    size_t capacity;
    unsigned char *buffer; /* the caller's, or NULL */
    size_t buffer_bytes;
    long pages;      /* that opening it mapped */
    unsigned number; /* in the world */
    unsigned owner;  /* a LOCAL one's, or the only user of a solo one, in this epoch */
    bool solo;       /* this epoch's only thread is the owner, but for children */
    bool mapped;     /* every object of this epoch is claimed in the byte map */
    bool balanced;   /* all that this epoch takes it gives back */
    struct overlap map;
    /* atomic, relaxed */
    uint64_t deferred, deferred_ids, ran, ran_ids;
    bool
        lasting; /* a thread without a TLAB took, or a child was absorbed: memory until the reset */
};

struct counts {
    uint64_t allocations, mapped, refusals, threads, children, handed, absorbed, cleanups,
        disturbed, families, epochs, balanced, made[MAKERS_MOST];
};

struct guest;
struct worker {
    unsigned number;
    uint32_t next_number; /* of its next object */
    uint64_t next_cleanup;
    struct random random;
    struct list live;                               /* ends with a scope or child; a stack */
    struct list kept[FAMILIES], absorbed[FAMILIES]; /* until the mark, until the reset */
    bitena_mark mark[FAMILIES];
    uint64_t refused[FAMILIES]; /* in this epoch */
    struct counts counts;
    struct guest *guest; /* a short thread that it started, or NULL */
    jmp_buf back;        /* where a failure handler jumps to while armed */
    bool armed;
    int reported;
};

/* Where something is made: by whom, in which arena of which family, and who shall verify it. */
struct site {
    struct worker *me;
    struct family *family;
    bitena *arena;
    struct list *list;
    bool plain; /* by the verbs that call the handler */
};

/* objects.c */
_Noreturn void soak_fault(const char *what, const void *p, size_t size);
#define SOAK_REQUIRE(condition) ((condition) ? (void)0 : soak_fault(#condition, NULL, 0))
extern uint64_t soak_seed;
void list_open(struct list *list, size_t room);
void list_close(struct list *list);
/* A good object: aligned, nobody else's; stamped and put on the list. size is not 0. */
void note(const struct site *site, void *p, size_t size, size_t align);
/* All from the first-th on are as they were; the map forgets them. They leave the list if told. */
void verify(struct family *family, struct list *list, size_t first, bool forget);

/* makers.c: verbs that make objects, the programmer's errors, and cleanups. */
extern __thread struct worker *soak_me;
extern const unsigned maker_count;
const char *maker_name(unsigned maker);
bitena_failure soak_failed;
void make_some(const struct site *site, unsigned times);
/* Of a LOCAL arena: refused without a change. */
void check_stranger(const struct family *family);

/* lifetimes.c: scopes, marks, children from hand to hand. */
void use_scope(struct site site, unsigned depth);
void use_marks(struct site site);
void use_child(struct site site, unsigned depth);
void use_parcel(struct worker *me, struct family *family);
void drain_parcels(struct worker *me);

/* world.c: families, and what is checked between epochs. The caller is alone there. */
extern struct family families[FAMILIES];
void world_next(struct worker *me, unsigned epoch, struct worker *all);
void world_close(void);
bool may_use(const struct worker *me, const struct family *family);
/* This thread may save and rewind in it. */
bool has_marks(const struct worker *me, const struct family *family);

/* threads.c */
extern struct worker workers[WORKERS];
/* A lone moment in which more threads come than there are slots. */
void crowd(struct worker *me);
/* Until goes_on says no, which is asked between epochs by whoever is alone then. */
void soak_threads(uint64_t seed, bool (*goes_on)(void));
void counts_add(struct counts *to, const struct counts *from);

/* perturb.c */
void perturb_begin(uint64_t seed);
uint64_t perturb_count(void); /* of the calling thread */

#endif
