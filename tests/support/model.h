/* A model of one family of arenas, for random programs: which objects live and what their bytes
 * are, which marks, cleanups, windows and children there are, and what each verb must do to them.
 * Several threads take part, one at a time: who has the turn may touch the model. On the first
 * difference it prints the seed, the step and the last operations, and exits. It knows the public
 * header only. Included by tests/model/operations.c and the model's own files.
 *
 * A "lane" is what a rewind gives back together: one thread's in a shared arena, else the whole
 * arena's.
 * SPDX-License-Identifier: MIT */
#ifndef TESTS_MODEL_H
#define TESTS_MODEL_H

#include <setjmp.h>

#include <bitena.h>

#include "support/overlap.h"
#include "support/random.h"

enum {
    MODEL_ARENAS = 12,
    MODEL_OBJECTS = 1500,
    MODEL_MARKS = 96,
    MODEL_CLEANUPS = 400,
    MODEL_WINDOWS = 16,
    MODEL_WORKERS = 3,
    MODEL_DEPTH = 5, /* live marks of one lane */
    MODEL_LOG = 32,
    MODEL_WORLDS = 6
};

enum model_kind { KIND_SHARED, KIND_EXACT, KIND_LOCAL, KIND_CHILD };

/* Lies that the harness tells the model: each stands for a bug and has to be found. */
enum model_plant {
    PLANT_NOTHING,
    PLANT_SHIFT,   /* a pointer one byte off */
    PLANT_RELEASE, /* an object given back that should live */
    PLANT_BYTES,   /* a byte of a live object changed */
    PLANT_CLEANUP, /* a cleanup that does not run */
    PLANT_ORDER,   /* two cleanups in the wrong order */
    PLANT_REFUSAL, /* a refused request that took something */
    PLANT_REFUSED, /* a request refused though there is room */
    PLANT_MARK,    /* a dead mark taken for a live one */
    PLANT_RESET,   /* a reset that leaves something */
    PLANT_COUNT
};

struct model_arena {
    bitena *handle; /* NULL: the slot is free */
    enum model_kind kind;
    int parent;      /* slot; -1: the root */
    uint64_t id;     /* never used twice */
    uint64_t owner;  /* thread, of LOCAL arenas and children */
    unsigned scopes; /* open, on some thread's stack */
    unsigned children;
    bool plain; /* EXACT without a child since its reset: every byte is accounted for */
};

struct model_object {
    unsigned char *at;
    size_t size;
    int arena;
    bool absorbed; /* no rewind reaches it */
    bool opaque;   /* a child's struct: its bytes are the library's */
    uint64_t lane, born, id;
};

struct model_mark {
    bitena_mark mark;
    int arena;
    uint64_t arena_id, lane, born, thread;
    bool live, is_scope;
};

struct model_cleanup {
    uint64_t id, list, lane, born;
    uint64_t guard; /* object that must be whole when it runs; 0: none */
    int arena;
    bool absorbed, due;
};

struct model_window {
    unsigned char *at;
    size_t room;
    int arena;
    uint64_t thread;
};

struct model {
    struct random random;
    struct overlap map;
    size_t capacity;
    uint64_t seed, step, steps, clock;
    size_t world;
    enum model_plant plant;
    uint64_t thread; /* whose turn it is; threads are numbered from 1 and never again */
    int worker;      /* its place */
    bool finishing;

    struct model_arena arenas[MODEL_ARENAS];
    struct model_object objects[MODEL_OBJECTS];
    struct model_mark marks[MODEL_MARKS];
    struct model_cleanup cleanups[MODEL_CLEANUPS];
    struct model_window windows[MODEL_WINDOWS];
    size_t object_count, mark_count, cleanup_count, window_count;

    bool unlogged; /* for speed */
    bool aborts;   /* at a difference: for a fuzzer, which keeps the input then */
    bool running_cleanups;
    bool armed; /* the failure handler may be called, and goes to `jump` */
    jmp_buf jump;
    size_t failed_size, failed_align;
    int failed_error;
    char log[MODEL_LOG][120];
    size_t logged, refused, ran, rewinds, resets;
};

extern struct model model;

/* model.c: the books */
_Noreturn void model_mismatch(const char *format, ...) __attribute__((format(printf, 1, 2)));
void model_log(const char *format, ...) __attribute__((format(printf, 1, 2)));
bool model_lies(enum model_plant plant); /* that plant is on, and now is the time */
uint64_t model_lane(int arena);
bool model_may_use(int arena);
struct model_object *model_add(int arena, void *p, size_t size, size_t align);
void model_claim(const void *p, size_t size); /* nobody else has a byte of it */
void model_forget(size_t object);             /* its bytes are free; verified before */
void model_verify(const struct model_object *object);
void model_verify_all(void);
void model_fill(const struct model_object *object, size_t from);
size_t model_live_bytes(int arena); /* -1: of the whole family */
size_t model_pieces(void);          /* at most so many things cut up the free memory */
void model_check_numbers(int arena);
void model_close_window(int arena);                   /* the caller's, because another verb comes */
void model_close_windows(int arena, uint64_t thread); /* 0: every thread's */
void model_on_failure(void *context, bitena *arena, size_t size, size_t align, int error);

/* model_verbs.c: what allocates. Each does one random operation on the arena. */
void model_alloc(int arena);
void model_text(int arena);
void model_resize(int arena);
void model_bad_request(int arena);

/* model_rooms.c: windows, strangers, trim */
void model_open_window(int arena);
void model_commit(int arena);
void model_stranger(int arena);
void model_trim(int arena);

/* model_lifetimes.c: what ends. */
void model_save(int arena);
void model_rewind(int arena);
void model_rewind_dead(int arena);
void model_scope(int arena, void (*inside)(void));
void model_defer(int arena);
/* Ends what the lane has taken since `born`. absorbed and other lanes stay; lane UINT64_MAX: all
 * of the arena. */
void model_begin_end(int arena, uint64_t lane, uint64_t born);
void model_finish_end(int arena, uint64_t lane, uint64_t born);
void model_end_marks(int arena, uint64_t lane, uint64_t born);
void model_rewind_to(const struct model_mark *mark);
void model_rewind_to_first(void);     /* the caller's first mark in the root */
void model_check_all_went_back(void); /* after every lane has rewound to its first mark */

/* model_family.c: whole arenas */
void model_open_root(enum model_kind kind, const bitena_options *options, void *buffer,
                     size_t size);
void model_reset(int arena);
void model_new_child(int parent);
void model_drop(int arena);
void model_absorb(int arena);
void model_own(int arena);
void model_drop_children(void); /* those in which no scope is open, whoever owns them */
void model_thread_ends(void);   /* the caller's */

/* model_world.c */
void model_run_world(size_t number, uint64_t seed, uint64_t steps, enum model_plant plant);
void model_end_workers(void);

#endif
