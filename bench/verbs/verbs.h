/* The frame of the instruction counts: what a verb under measurement looks like and what stands
 * around it. A verb_NAME does one verb once; all that brings the arena into the state it is
 * measured in stands in functions of other names, so that callgrind's count of the calls from
 * count_calls to verb_NAME is the cost of the verb and one ret.
 *
 * Built with -DVERBS_PLANTED some verbs are slower: what the self test of the check must find.
 * SPDX-License-Identifier: MIT */
#ifndef BITENA_BENCH_VERBS_H
#define BITENA_BENCH_VERBS_H

#include <bitena.h>

enum {
    CAPACITY = 256 << 20, /* never refilled from recycled runs, whatever the count of calls */
    CALLS = 1000,
    WARM_CALLS = 100,
    PROMISE = 14, /* most instructions of the inline path, with the ret */
    TEN = 10
};

/* What a case keeps from its opening to its end. */
struct scene {
    bitena *root, *child; /* dropped at the end, the child first; the child may be NULL */
    bitena *arena;        /* first parameter of the verb */
    bitena *other;        /* the second arena of some verbs and preparations */
    size_t size;          /* third parameter of the verb */
    void *run;            /* what the last verb returned, or what the next one works on */
    void *buffer;
    bitena_mark mark;
};

typedef void *verb_function(bitena *arena, struct scene *scene, size_t size);
typedef void scene_function(struct scene *scene);

struct verb_case {
    const char *name; /* NULL ends a list */
    const char *what;
    verb_function *verb;
    scene_function *open;    /* once before; makes scene->arena */
    scene_function *prepare; /* before each call; may be NULL */
    scene_function *settle;  /* after each call; may be NULL */
    int is_inline;           /* not one instruction more is allowed */
    int limit;               /* by promise; 0: only what is recorded */
    int by_stranger;         /* all but open by a thread that does not own the arena */
};

extern const struct verb_case allocation_verbs[], lifetime_verbs[], arena_verbs[];

#if defined __has_attribute
#if __has_attribute(noipa)
#define APART __attribute__((noipa)) /* not inlined, cloned or merged with its like */
#endif
#endif
#ifndef APART
#define APART __attribute__((noinline))
#endif

#define VERB(name)                                                              \
    static APART void *verb_##name(__attribute__((unused)) bitena *arena,       \
                                   __attribute__((unused)) struct scene *scene, \
                                   __attribute__((unused)) size_t size)

/* name, what, then from open on: is_inline, limit and by_stranger end it. */
/* clang-format off */
#define CASE(name, what, ...) {#name, what, verb_##name, __VA_ARGS__}
/* clang-format on */

#ifdef VERBS_PLANTED
#define PLANTED_INLINE __asm__ volatile("nop");
#define PLANTED_CALL   planted_call();
#else
#define PLANTED_INLINE
#define PLANTED_CALL
#endif
void planted_call(void);

/* Openings and preparations that several lists use; main.c. */

_Noreturn void broken(const char *what);
bitena *checked(bitena *arena); /* ends the program where it could not be made */
void take_ten(bitena *arena);

void open_shared(struct scene *scene); /* its leases have grown to their full size */
void open_marked(struct scene *scene); /* the same with a live mark */
void open_exact(struct scene *scene);
void open_exact_marked(struct scene *scene);
void open_local(struct scene *scene);
void open_child(struct scene *scene);        /* arena: a child of other */
void open_beside_child(struct scene *scene); /* other: a child of arena */
void mark_here(struct scene *scene);
void rewind_here(struct scene *scene);
void prepare_ten(struct scene *scene);
void leave_room(struct scene *scene); /* the caller's interval has some KiB */
size_t room_of(bitena *arena);        /* of the caller's interval; not in an EXACT arena */
void use_up(bitena *arena);           /* the caller's interval is empty then */
void grow_leases(bitena *arena);

#endif
