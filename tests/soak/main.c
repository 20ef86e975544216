/* The soak: threads, families of arenas and all public verbs for so many seconds. Says what it did
 * every ten seconds and in a last line, which also goes to a file; status 1 on the first fault,
 * with its reason and the seed. The checks are in the other files.
 *
 *   soak_plain SECONDS [SEED [LOG.csv]]      the library as shipped
 *   soak_perturbed ...                       the same, its atomics disturbed (order_perturbed.h)
 *
 * BITENA_HANG_SECONDS=n: an epoch that takes longer is a fault (120). BITENA_CROWD=n: threads of a
 * crowd (4200; 40 under a sanitizer).
 * SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "soak/soak.h"

enum { REPORT_SECONDS = 10, HANG_SECONDS = 120, EPOCHS_FOR_ALL = 40 };

static time_t began, reported;
static uint64_t seconds;
static char bad_end[200]; /* made beforehand: a signal handler writes it */

static struct counts sum_of_all(void)
{
    struct counts sum = {0};
    for (unsigned i = 0; i < WORKERS; i++) {
        counts_add(&sum, &workers[i].counts);
    }
    return sum;
}

static bool goes_on(void)
{
    time_t now = time(NULL);
    (void)alarm((unsigned)setting("BITENA_HANG_SECONDS", HANG_SECONDS));
    if (now - reported >= REPORT_SECONDS) {
        struct counts c = sum_of_all();
        reported = now;
        printf("soak: %jd s: %" PRIu64 " allocations, %" PRIu64 " threads, %" PRIu64
               " families, %" PRIu64 " cleanups\n",
               (intmax_t)(now - began), c.allocations, c.threads, c.families, c.cleanups);
        fflush(stdout);
    }
    return (uint64_t)(now - began) < seconds;
}

static void end_badly(int number)
{
    char text[] = "signal 00\n";
    text[7] = (char)('0' + number / 10);
    text[8] = (char)('0' + number % 10);
    ssize_t written = write(STDOUT_FILENO, bad_end, strlen(bad_end));
    written += number == SIGALRM ? write(STDOUT_FILENO, "it hangs\n", 9)
                                 : write(STDOUT_FILENO, text, sizeof text - 1);
    _exit(written > 0 ? 1 : 2);
}

/* Sanitizers have their own handlers, but for the alarm. */
static void watch_for_bad_ends(void)
{
    static const int numbers[] = {SIGALRM, SIGSEGV, SIGBUS, SIGABRT, SIGILL, SIGFPE};
    (void)snprintf(bad_end, sizeof bad_end, "soak: FAULT: seed %" PRIu64 ": ", soak_seed);
    for (size_t i = 0; i < (under_sanitizer() ? 1 : sizeof numbers / sizeof *numbers); i++) {
        (void)signal(numbers[i], end_badly);
    }
    (void)alarm((unsigned)setting("BITENA_HANG_SECONDS", HANG_SECONDS));
}

static void append(const char *path, const char *name, const char *date, const struct counts *c)
{
    FILE *file = path ? fopen(path, "a") : NULL;
    if (!file) {
        return;
    }
    if (fseek(file, 0, SEEK_END) == 0 && ftell(file) == 0) {
        fprintf(file, "date,command,seed,seconds,allocations,mapped,threads,families,children,"
                      "handed,absorbed,cleanups,refusals,overlaps,leaks,perturbations\n");
    }
    fprintf(file, "%s,%s %" PRIu64 " %" PRIu64 ",%" PRIu64 ",%jd", date, name, seconds, soak_seed,
            soak_seed, (intmax_t)(time(NULL) - began));
    const uint64_t columns[] = {c->allocations, c->mapped, c->threads,  c->families,
                                c->children,    c->handed, c->absorbed, c->cleanups,
                                c->refusals,    0,         0,           c->disturbed};
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++) {
        fprintf(file, ",%" PRIu64, columns[i]);
    }
    fprintf(file, "\n");
    (void)fclose(file);
}

/* A verb that never served shows nothing: a fault, once there was time for each. */
static void check_makers(const struct counts *c)
{
    printf("soak: calls that made all they were to:");
    for (unsigned i = 0; i < maker_count; i++) {
        printf(" %s %" PRIu64, maker_name(i), c->made[i]);
        if (c->made[i] == 0 && c->epochs >= EPOCHS_FOR_ALL) {
            soak_fault(maker_name(i), "never served", 0);
        }
    }
    printf("; epochs after which a family had to be empty without a reset: %" PRIu64 "\n",
           c->balanced);
    SOAK_REQUIRE(c->balanced != 0 || c->epochs < EPOCHS_FOR_ALL);
}

int main(int argc, char **argv)
{
    if (argc < 2 || argc > 4) {
        fprintf(stderr, "usage: %s SECONDS [SEED [LOG.csv]]\n", argv[0]);
        return 2;
    }
    const char *slash = strrchr(argv[0], '/'), *name = slash ? slash + 1 : argv[0];
    char date[40];
    seconds = strtoull(argv[1], NULL, 10);
    soak_seed = argc > 2 ? strtoull(argv[2], NULL, 0) : 1;
    began = reported = time(NULL);
    (void)strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%SZ", gmtime(&began));
    watch_for_bad_ends();
    perturb_begin(soak_seed);
    soak_threads(soak_seed, goes_on);
    world_close();
    struct counts c = sum_of_all();
    check_makers(&c);
    printf("soak: %s: %s %" PRIu64 " %" PRIu64 ": %jd s, %" PRIu64 " allocations (%" PRIu64
           " in the byte map), %" PRIu64 " threads, %" PRIu64 " families, %" PRIu64
           " children, %" PRIu64 " handed on, %" PRIu64 " absorbed, %" PRIu64 " cleanups, %" PRIu64
           " refusals, 0 overlaps, 0 leaks, %" PRIu64 " perturbations\n",
           date, name, seconds, soak_seed, (intmax_t)(time(NULL) - began), c.allocations, c.mapped,
           c.threads, c.families, c.children, c.handed, c.absorbed, c.cleanups, c.refusals,
           c.disturbed);
    append(argc > 3 ? argv[3] : NULL, name, date, &c);
    return 0;
}
