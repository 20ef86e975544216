/*
 * harness.h - what every benchmark program shares: its arguments, its threads, its clock, its
 * one line of output. It knows no allocator. Each rival is one program, bench_NAME:
 *
 *     bench_NAME WORKLOAD [key=value]...
 *
 * runs one workload in a fresh process and prints one line of JSON, times in nanoseconds per
 * operation. Rounds, order, statistics over rounds and goals are tools/bench's business.
 *
 * For C11 and C++17 alike. A failure of any kind ends the process with a message and status 1.
 * SPDX-License-Identifier: MIT
 */
#ifndef BENCH_HARNESS_H
#define BENCH_HARNESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define BENCH_INLINE   static inline __attribute__((always_inline, unused))
#define BENCH_NOINLINE __attribute__((noinline))

enum {
    BENCH_OK = 0,
    BENCH_FAILED = 1,
    BENCH_UNKNOWN = 2,     /* workload or argument */
    BENCH_NOT_OFFERED = 3, /* this rival has nothing like it: shown as "-", never as a zero */
    MAX_THREADS = 64,
    MAX_PASSES = 64
};

/* ---- The request. A key that no workload asks for is an error: it is a misspelt one. ---- */
struct request;
size_t want_number(struct request *request, const char *key, size_t otherwise);
const char *want_text(struct request *request, const char *key, const char *otherwise);
/* A file's bytes, mapped read-only; the file named by the key must exist and not be empty. */
const char *want_file(struct request *request, const char *key, size_t *length);

/* ---- The result. All bytes are totals over all threads; 0 where the workload has none. ---- */
struct result {
    size_t operations;  /* in one pass, over all threads: set before measure() */
    double ns;          /* per operation: the median of the passes */
    double low, high;   /* of the passes */
    size_t bytes_asked; /* that the program wanted for its objects */
    size_t bytes_used;  /* that the allocator says these took; 0: it does not say */
    size_t resident;    /* bytes by which the process grew; 0: not looked at */
    uint64_t check;     /* the same for every rival: the program did the same work */
};

/* Runs pass once to warm up and then `passes` times. It returns the nanoseconds that count. With
 * passes 0 it runs once, cold, and that is the result. */
typedef double bench_pass(void *context);
void measure(struct result *result, size_t passes, bench_pass *pass, void *context);

double now_ns(void);
size_t resident_bytes(void); /* private pages of this process, huge ones included */
void no_huge_pages(void);    /* from now on, for this whole process */

/* Ends the process. */
__attribute__((noreturn, cold, format(printf, 1, 2))) void die(const char *format, ...);

/* What an allocator gave, if it gave. */
BENCH_INLINE void *given(void *p)
{
    if (__builtin_expect(p == 0, 0)) {
        die("the allocator refused");
    }
    return p;
}

/* ---- The threads: pinned in turn to the processors this process may use. With one thread no
 * other is ever started (C libraries go another way once there are two): the caller does it. ---- */
struct team;
typedef void team_body(void *context, unsigned thread);
struct team *team_start(unsigned threads);
/* All run the body at once; the time from the first one's start to the last one's end. */
double team_run(struct team *team, team_body *body, void *context);
/* Only one of them does, the others sleep; its time. */
double team_run_one(struct team *team, unsigned thread, team_body *body, void *context);
/* Of the latest run, the longest time of one member. */
double team_longest(const struct team *team);
unsigned team_size(const struct team *team);
void team_stop(struct team *team);

/* ---- The program ---- */
struct workload {
    const char *name;
    int (*run)(struct request *request, struct result *result); /* BENCH_OK or why not */
};
int bench_main(int argc, char **argv, const char *rival, const struct workload *workloads,
               size_t count);

#ifdef __cplusplus
}
#endif

#endif
