/*
 * run.c - measures: every run is a forked process of its own, so that its largest resident set
 * (from wait4) is its own, and no run inherits the heap of an earlier one.
 *
 * In each round all variants run, in rotated order; the first round is dropped. What a run found
 * comes back through a page that both processes share, and so does its progress.
 *
 * SPDX-License-Identifier: MIT
 */
#define _DEFAULT_SOURCE 1

#include "wordcount.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { BAR_WIDTH = 40, POLL_MILLISECONDS = 100 };

static const double bar_after_seconds = 1.0;
static const double enough_seconds = 12.0; /* no further round after that */

struct progress {
    bool on;
    bool drawn;
    double start;
    double runs_done;
    double runs; /* expected */
};

static void draw(struct progress *progress, double part_of_run)
{
    double done = (progress->runs_done + part_of_run) / progress->runs;
    if (!progress->on || seconds_now() - progress->start < bar_after_seconds) {
        return;
    }
    int filled = (int)(done * BAR_WIDTH);
    filled = filled > BAR_WIDTH ? BAR_WIDTH : filled;
    fprintf(stderr, "\r[");
    for (int i = 0; i < BAR_WIDTH; i++) {
        fputc(i < filled ? '#' : '.', stderr);
    }
    fprintf(stderr, "] %3d %%", (int)(done * 100.0));
    fflush(stderr);
    progress->drawn = true;
}

static void erase(struct progress *progress)
{
    if (progress->drawn) {
        fprintf(stderr, "\r%*s\r", BAR_WIDTH + 8, "");
        fflush(stderr);
        progress->drawn = false;
    }
}

/* Waits for the measured process; draws meanwhile if there is a bar. */
static pid_t wait_for(pid_t child, int *status, struct rusage *usage, const struct texts *texts,
                      struct outcome *outcome, struct progress *progress)
{
    for (;;) {
        pid_t ended = wait4(child, status, progress->on ? WNOHANG : 0, usage);
        if (ended == child || (ended < 0 && errno != EINTR)) {
            return ended;
        }
        if (ended == 0) {
            struct timespec pause = {.tv_nsec = POLL_MILLISECONDS * 1000000L};
            uint64_t done = atomic_load_explicit(&outcome->bytes_done, memory_order_relaxed);
            draw(progress, (double)done / (double)(texts->bytes + 1));
            nanosleep(&pause, NULL);
        }
    }
}

static double seconds_of(struct timeval time)
{
    return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

static bool run(const struct texts *texts, size_t threads, enum variant variant,
                struct outcome *outcome, struct sample *sample, struct progress *progress)
{
    memset((void *)outcome, 0, sizeof *outcome);
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        const struct store *store = variant == VARIANT_ARENA ? &arena_store : &malloc_store;
        count_texts(texts, store, threads, variant == VARIANT_READ, outcome);
        _exit(EXIT_SUCCESS);
    }
    int status = 0;
    struct rusage usage;
    if (child < 0 || wait_for(child, &status, &usage, texts, outcome, progress) < 0) {
        fprintf(stderr, "wordcount: cannot run a measured process: %s\n", strerror(errno));
        return false;
    }
    if (!WIFEXITED(status) || WEXITSTATUS(status) != EXIT_SUCCESS) {
        erase(progress);
        fprintf(stderr, "wordcount: a measured process failed (%s %d)\n",
                WIFEXITED(status) ? "exit status" : "signal",
                WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
        return false;
    }
    sample->seconds = outcome->count_seconds + outcome->free_seconds;
    sample->free_seconds = outcome->free_seconds;
    sample->cpu_seconds = seconds_of(usage.ru_utime) + seconds_of(usage.ru_stime);
    sample->peak_kib = (double)usage.ru_maxrss;
    progress->runs_done += 1.0;
    return true;
}

static bool same_words(const struct outcome *a, const struct outcome *b)
{
    bool totals = a->files == b->files && a->unreadable == b->unreadable && a->bytes == b->bytes &&
                  a->words == b->words && a->distinct == b->distinct && a->digest == b->digest &&
                  a->top_count == b->top_count;
    for (size_t i = 0; totals && i < a->top_count; i++) {
        totals = a->top[i].count == b->top[i].count && a->top[i].files == b->top[i].files &&
                 strcmp(a->top[i].text, b->top[i].text) == 0;
    }
    return totals;
}

/* The reading run finds no words, so only what it read must agree. */
static bool agrees(const struct measurement *result, enum variant variant,
                   const struct outcome *found)
{
    const struct outcome *first = &result->outcomes[VARIANT_ARENA];
    return variant == VARIANT_READ ? found->bytes == first->bytes : same_words(first, found);
}

static bool run_round(const struct texts *texts, size_t threads, size_t round,
                      struct outcome *found, struct measurement *result, struct progress *progress)
{
    size_t slot = round == 0 ? 0 : round - 1;
    for (size_t i = 0; i < VARIANTS; i++) {
        enum variant variant = (enum variant)((round + i) % VARIANTS);
        if (!run(texts, threads, variant, found, &result->samples[variant][slot], progress)) {
            return false;
        }
        if (round == 0) {
            memcpy((void *)&result->outcomes[variant], (void *)found, sizeof *found);
        }
        result->same = result->same && agrees(result, variant, found);
    }
    return true;
}

bool measure(const struct texts *texts, size_t threads, size_t rounds, struct measurement *result)
{
    struct outcome *found =
        mmap(NULL, sizeof *found, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (found == MAP_FAILED) {
        fprintf(stderr, "wordcount: no shared page: %s\n", strerror(errno));
        return false;
    }
    struct progress progress = {.on = isatty(STDERR_FILENO) == 1,
                                .start = seconds_now(),
                                .runs = (double)((rounds + 1) * VARIANTS)};
    bool fine = true;
    result->same = true;
    result->rounds = 0;
    for (size_t round = 0; fine && round <= rounds; round++) {
        double elapsed = seconds_now() - progress.start;
        if (round > 1 && elapsed + elapsed / (double)round > enough_seconds) {
            break;
        }
        fine = run_round(texts, threads, round, found, result, &progress);
        result->rounds = round;
    }
    erase(&progress);
    munmap((void *)found, sizeof *found);
    return fine;
}
