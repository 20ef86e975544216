/* Random programs of every verb against a model (support/model.h), in small arenas that are full
 * most of the time: shared, EXACT and LOCAL, in blocks of their own and in buffers. Then shorter
 * ones for each planted bug, in a process of its own that has to fail: a model that finds nothing
 * is worth nothing.
 *
 *   model_operations [SEED [STEPS [WORLD [PLANT]]]]
 *
 * Also by BITENA_SEED and BITENA_STEPS; BITENA_SOAK_SECONDS goes on with further seeds.
 * SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/model.h"

enum { SEEDS = 20, STEPS = 40000, PLANTED_STEPS = 20000, PLANTED_TRIES = 5, MISMATCH_STATUS = 1 };

static const char *const plants[PLANT_COUNT] = {
    "nothing",           "a shifted pointer",         "an early release",     "a changed byte",
    "a lost cleanup",    "cleanups in a wrong order", "a refusal that takes", "a false refusal",
    "a dead mark taken", "an incomplete reset"};

/* Whether the model finds the bug. */
static bool finds(enum model_plant plant, size_t number, uint64_t seed)
{
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        if (!freopen("/dev/null", "w", stdout)) {
            _exit(2);
        }
        model_run_world(number, seed, PLANTED_STEPS, plant);
        _exit(0);
    }
    int status = 0;
    if (child < 0 || waitpid(child, &status, 0) != child) {
        perror("finds");
        return false;
    }
    return WIFEXITED(status) && WEXITSTATUS(status) == MISMATCH_STATUS;
}

static bool every_planted_bug_is_found(uint64_t seed)
{
    bool all = true;
    for (size_t number = 0; number < 3; number++) {
        for (enum model_plant plant = PLANT_NOTHING; plant < PLANT_COUNT; plant++) {
            bool found = finds(plant, number, seed);
            for (uint64_t more = 1; plant != PLANT_NOTHING && !found && more < PLANTED_TRIES;
                 more++) {
                found = finds(plant, number, seed + more); /* this one had no occasion for it */
            }
            if (found != (plant != PLANT_NOTHING)) {
                printf("operations: world %zu with %s: %s\n", number, plants[plant],
                       found ? "fails" : "nothing is found");
                all = false;
            }
        }
    }
    return all;
}

static void run_seed(uint64_t seed, uint64_t steps)
{
    printf("operations: seed %" PRIu64 ", %" PRIu64 " steps in each world\n", seed, steps);
    fflush(stdout);
    for (size_t number = 0; number < MODEL_WORLDS; number++) {
        model_run_world(number, seed, steps, PLANT_NOTHING);
        printf("  world %zu: %" PRIu64
               " objects and marks, %zu rewinds, %zu resets, %zu cleanups, %zu "
               "refusals\n",
               number, model.clock, model.rewinds, model.resets, model.ran, model.refused);
    }
}

static uint64_t argument(int argc, char **argv, int place, uint64_t fallback)
{
    return argc > place ? strtoull(argv[place], NULL, 0) : fallback;
}

int main(int argc, char **argv)
{
    uint64_t seed = argument(argc, argv, 1, setting("BITENA_SEED", 1));
    uint64_t steps = argument(argc, argv, 2, setting("BITENA_STEPS", STEPS));
    time_t began = time(NULL);
    if (argc > 3) {
        size_t number = (size_t)argument(argc, argv, 3, 0) % MODEL_WORLDS;
        model_run_world(number, seed, steps,
                        (enum model_plant)argument(argc, argv, 4, PLANT_NOTHING));
        model_end_workers();
        return 0;
    }
    /* Valgrind would count what the planted ones' processes leave as they end half-way. */
    if (!getenv("BITENA_UNDER_VALGRIND") && !every_planted_bug_is_found(seed)) {
        return 1;
    }
    for (size_t i = 0; i < scaled(SEEDS) || soak_goes_on(began); i++) {
        run_seed(seed + i, steps);
    }
    model_end_workers();
    printf("operations: passed\n");
    return 0;
}
