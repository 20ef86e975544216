/* Fails each call of the library to the system, in every scenario: the Nth alone, all from the Nth
 * on, for every N and every error; then one in four at random. Each run is a forked process of its
 * own, so that slots and hooks start anew. After it the system works again, and so must the library.
 *
 *   driver [--long] [--seed N] [SCENARIO]...      1: something is not as promised
 *
 * It fails nothing inside libc, and no memory that is touched later.
 * SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "calls.h"
#include "scenarios.h"
#include "thread.h"
#include "verbs.h"

enum { PATIENCE_SECONDS = 20, RANDOM_SHORT = 15, RANDOM_LONG = 400, SHOWN = 12 };

struct totals {
    size_t runs, failed_calls, bad;
    bool long_form;
    size_t failed[CALL_COUNT];
};

static void *register_here(void *arena)
{
    (void)bitena_try_alloc(arena, 1, 1);
    return (void *)(uintptr_t)(slot_of(bitena_thread_id) + 1);
}

/* Whatever was refused before: no slot is lost, and none is borne that is not held. */
static void check_slots(bitena *arena)
{
    pthread_t thread;
    void *slot = NULL;
    uint32_t mine = slot_of(bitena_thread_id);
    EXPECT(pthread_create(&thread, NULL, register_here, arena) == 0);
    EXPECT(pthread_join(thread, &slot) == 0);
    uint32_t others = (uint32_t)(uintptr_t)slot - 1;
    uint32_t lowest = mine == 0 ? 1 : 0;
    EXPECT(others == lowest || others == THREAD_NO_SLOT);
}

/* In the forked process. Sanitizers find a crash or an overrun; the ledger a leak. */
static _Noreturn void run_here(const struct scenario *scenario)
{
    (void)alarm(PATIENCE_SECONDS); /* a hang is a fault too */
    fault_plan->armed = true;
    scenario->run();
    struct fault_ledger ledger = fault_ledger();
    EXPECT(ledger.bytes == 0 && ledger.mappings == 0);
    EXPECT(ledger.files == 0);
    EXPECT(ledger.keys <= ledger.hooks && ledger.keys <= 1); /* one, while it is of use */
    EXPECT(ledger.wrong == 0);
    fault_plan->mode = FAULT_NONE;
    bitena *arena = open_arena(&(bitena_options){.capacity = 256 << 10});
    EXPECT(arena != NULL);
    if (arena) {
        use_arena(arena);
        check_slots(arena);
        drop_arena(arena);
    }
    EXPECT(fault_ledger().bytes == 0);
    _exit(faults_found != 0);
}

static const char *mode_text(const struct fault_plan *plan)
{
    static char text[128];
    static const char *const modes[] = {"no fault", "only call", "every call from", "seed"};
    bool random = plan->mode == FAULT_RANDOM;
    uint64_t number = random ? plan->seed : plan->at;
    const char *name =
        plan->at > 0 && plan->at <= FAULT_LOG ? fault_name(plan->log[plan->at - 1]) : "";
    (void)snprintf(text, sizeof text, "%s %" PRIu64 "%s%s, error variant %zu", modes[plan->mode],
                   number, random ? "" : " ", random ? "" : name, plan->variant);
    return text;
}

/* Calls made. */
static size_t run_once(const struct scenario *scenario, struct fault_plan plan,
                       struct totals *totals)
{
    *fault_plan = plan;
    fault_plan->quiet = totals->bad >= SHOWN;
    (void)fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        run_here(scenario);
    }
    int status = -1;
    if (child < 0 || waitpid(child, &status, 0) != child) {
        perror("run_once");
        exit(2);
    }
    fault_plan->armed = false;
    totals->runs++;
    totals->failed_calls += fault_failed();
    for (size_t i = 0; i < CALL_COUNT; i++) {
        totals->failed[i] += fault_plan->failed[i];
    }
    if (status != 0) {
        fault_plan->mode = plan.mode;
        if (totals->bad++ < SHOWN) {
            fprintf(stderr, "  FAILED: %s, %s: %s %d\n", scenario->name, mode_text(fault_plan),
                    WIFSIGNALED(status) ? "signal" : "status",
                    WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
        }
    }
    return fault_plan->calls;
}

/* No system interrupts for ever: that alone is not tried, since going on is right. */
static bool is_sensible(enum fault_call call, size_t variant, enum fault_mode mode)
{
    int error = fault_error(call, variant);
    return error != 0 && !(call == CALL_write && error == EINTR && mode == FAULT_ONWARD);
}

static void run_all(const struct scenario *scenario, uint64_t seed, struct totals *totals)
{
    struct totals before = *totals;
    size_t calls = run_once(scenario, (struct fault_plan){0}, totals);
    static unsigned char log[FAULT_LOG];
    memcpy(log, fault_plan->log, sizeof log);
    size_t most = totals->long_form ? scenario->most * 8 : scenario->most;
    size_t step = most != 0 && calls > most ? calls / most : 1;
    for (size_t at = 1; at <= calls && at <= FAULT_LOG; at += step) {
        for (size_t variant = 0; variant < FAULT_ERRORS; variant++) {
            for (enum fault_mode mode = FAULT_ONCE; mode <= FAULT_ONWARD; mode++) {
                if (is_sensible(log[at - 1], variant, mode)) {
                    (void)run_once(scenario,
                                   (struct fault_plan){.mode = mode, .at = at, .variant = variant},
                                   totals);
                }
            }
        }
    }
    size_t seeds = totals->long_form ? RANDOM_LONG : RANDOM_SHORT;
    seeds = scenario->most != 0 ? seeds / 5 : seeds;
    for (size_t i = 0; i < seeds; i++) {
        (void)run_once(scenario, (struct fault_plan){.mode = FAULT_RANDOM, .seed = seed + i},
                       totals);
    }
    printf("%-26s %5zu calls, %5zu runs, %6zu calls failed, %zu wrong%s\n", scenario->name, calls,
           totals->runs - before.runs, totals->failed_calls - before.failed_calls,
           totals->bad - before.bad, step > 1 ? " (not every N)" : "");
}

/* True: every call that can fail was failed, in one scenario or another. */
static bool all_were_failed(const struct totals *totals)
{
    bool all = true;
    for (size_t i = 0; i < CALL_COUNT; i++) {
        if (totals->failed[i] == 0 && fault_error((enum fault_call)i, 0) != 0) {
            printf("never failed: %s\n", fault_name((enum fault_call)i));
            all = false;
        }
    }
    return all;
}

int main(int count, char **arguments)
{
    struct totals totals = {0};
    uint64_t seed = 1;
    bool chosen = false, good = true;
    fault_plan_open();
    for (int i = 1; i < count; i++) {
        if (strcmp(arguments[i], "--long") == 0) {
            totals.long_form = true;
        } else if (strcmp(arguments[i], "--seed") == 0 && i + 1 < count) {
            seed = strtoull(arguments[++i], NULL, 0);
        } else {
            chosen = true;
        }
    }
    printf("faults: seed %" PRIu64 "\n", seed);
    for (size_t s = 0; s < scenario_count; s++) {
        bool wanted = !chosen;
        for (int i = 1; i < count; i++) {
            wanted = wanted || strcmp(arguments[i], scenarios[s].name) == 0;
        }
        if (wanted) {
            run_all(&scenarios[s], seed, &totals);
        }
    }
    good = (chosen || all_were_failed(&totals)) && totals.bad == 0 && totals.runs != 0;
    printf("faults: %zu runs, %zu calls failed, %zu runs wrong: %s\n", totals.runs,
           totals.failed_calls, totals.bad, good ? "passed" : "FAILED");
    return good ? 0 : 1;
}
