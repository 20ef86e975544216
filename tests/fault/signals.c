/* A signal handler that allocates from an EXACT arena while the program does: a timer interrupts at a
 * high rate (50 us after the handler's end: a handler that waits must not starve the program), in the middle of every verb that may run beside it, also where the arena is full and a
 * search for recycled runs is cut in two. Every object is claimed in a map of the block's bytes, so
 * an overlap is seen at once. rewind, reset and drop run with the signal blocked, as the header asks.
 * BITENA_SEED and BITENA_SOAK_SECONDS as in random.h. One thread: see tests/stress for more.
 * SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <bitena.h>

#include "support/overlap.h"
#include "support/random.h"

enum {
    STEPS = 1500,
    BLOCK_BYTES = 512 << 10,
    EVERY_US = 50,
    HANDLED = 4,
    ENOUGH = 6000,
    PATIENCE = 30
};

static bitena *arena;
static timer_t timer;
static struct overlap map;
/* Written by the handler, which nothing interrupts, and read where it is blocked or ended. */
static struct random handlers_random;
static volatile sig_atomic_t signals, served, refused, refused_now, wrong;
static uint64_t longest_us;

static void claim(const void *p, size_t size)
{
    if (!overlap_claim(&map, p, size)) {
        wrong = wrong + 1;
    }
}

static uint64_t now_us(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000u + (uint64_t)now.tv_nsec / 1000u;
}

static void set_timer(long microseconds)
{
    struct itimerspec once = {.it_value = {0, microseconds * 1000}};
    (void)timer_settime(timer, 0, &once, NULL);
}

/* False: refused. */
static bool allocate_one(void)
{
    size_t size = random_skewed(&handlers_random, 9);
    size_t align = (size_t)1 << random_below(&handlers_random, 5);
    uint64_t began = now_us();
    errno = 4242;
    unsigned char *p = bitena_try_alloc(arena, size, align);
    int expected = p ? 4242 : ENOMEM;
    wrong = wrong + (errno != expected);
    uint64_t took = now_us() - began;
    longest_us = took > longest_us ? took : longest_us;
    if (p) {
        claim(p, size);
        memset(p, 0xA5, size);
    }
    return p != NULL;
}

static void allocate(int signal_number)
{
    (void)signal_number;
    int saved = errno;
    bool given = true;
    for (int i = 0; i < HANDLED && given; i++) {
        given = allocate_one();
        served = served + given;
        refused = refused + !given;
    }
    signals = signals + 1;
    refused_now = refused_now + !given;
    if (refused_now < 4) { /* enough waiting in vain: the next round starts it again */
        set_timer(EVERY_US);
    }
    errno = saved;
}

static void set_blocked(bool blocked)
{
    sigset_t set;
    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGALRM);
    (void)sigprocmask(blocked ? SIG_BLOCK : SIG_UNBLOCK, &set, NULL);
}

/* Never given back: what stands in a child goes with the reset only, as far as the map knows. */
static void use_child(bool drop)
{
    bitena *child = bitena_new_child(arena);
    unsigned char *p = child ? bitena_try_alloc(child, 300, 8) : NULL;
    if (p) {
        claim(p, 300);
        memset(p, 0x3C, 300);
        for (size_t i = 0; i < 300; i++) {
            wrong = wrong + (p[i] != 0x3C);
        }
        if (drop) { /* the room is anybody's from the drop on */
            wrong = wrong + !overlap_release(&map, p, 300);
        }
    }
    if (child && drop) {
        bitena_drop(child);
    } else if (child) {
        wrong = wrong + (bitena_absorb(arena, child) != 0);
    }
}

/* Grows in place or moves: the old bytes keep their claim, the new ones get one. */
static void resize(struct random *random)
{
    size_t size = random_between(random, 1, 64), larger = size + random_between(random, 1, 64);
    unsigned char *p = bitena_try_alloc(arena, size, 1);
    if (!p) {
        return;
    }
    claim(p, size);
    memset(p, 0x77, size);
    unsigned char *q = bitena_try_resize(arena, p, size, larger, 1);
    if (q == p) {
        claim(p + size, larger - size);
    } else if (q) {
        claim(q, larger);
    }
    for (size_t i = 0; q && i < size; i++) {
        wrong = wrong + (q[i] != 0x77);
    }
}

static void window(struct random *random)
{
    size_t room, size = random_between(random, 1, 200);
    unsigned char *p = bitena_try_window(arena, size, 4, &room);
    if (p) {
        size_t used = size / 2 + 1;
        memset(p, 0x11, used);
        bitena_commit(arena, p, room, used);
        claim(p, used);
    }
}

static void step(struct random *random)
{
    static const char text[] = "some text";
    size_t size = random_skewed(random, 7);
    void *p;
    switch (random_below(random, 40)) {
    case 0:
        use_child(true);
        break;
    case 1:
        use_child(false);
        break;
    case 2:
        resize(random);
        break;
    case 3:
        window(random);
        break;
    case 4:
        p = bitena_try_alloc_str(arena, text);
        if (p) {
            claim(p, sizeof text);
        }
        break;
    default:
        p = bitena_try_alloc(arena, size, 8);
        if (p) {
            claim(p, size);
            memset(p, 0x42, size);
        }
    }
}

/* From empty to nearly full, and now and then to refusals, which search everywhere: a handler that
 * cuts a search in two waits for it in vain, a tenth of a second and more. */
static void one_round(struct random *random, size_t number)
{
    size_t refusals = number % 400 == 3 ? 2 : 0;
    for (size_t i = 0; !wrong && i < STEPS; i++) {
        step(random);
    }
    while (!wrong && refusals > 0) {
        step(random);
        refusals -= bitena_remaining(arena) < 1024 || !bitena_try_alloc(arena, 64, 1);
    }
    set_blocked(true);
    if (bitena_reset(arena) != 0) {
        wrong = wrong + 1;
    }
    overlap_clear(&map);
    refused_now = 0;
    set_timer(EVERY_US);
    set_blocked(false);
}

int main(void)
{
    uint64_t seed = setting("BITENA_SEED", 7);
    struct random random = {seed};
    time_t began = time(NULL);
    int enough = under_sanitizer() ? ENOUGH / 6 : ENOUGH;
    handlers_random.state = ~seed;
    arena = bitena_open(&(bitena_options){.capacity = BLOCK_BYTES, .mode = BITENA_EXACT});
    if (!arena) {
        perror("signals");
        return 2;
    }
    overlap_open(&map, BLOCK_BYTES);
    overlap_locate(&map, bitena_alloc(arena, 1, 1));
    (void)bitena_reset(arena);
    bitena_drop(
        bitena_new_child(arena)); /* registered: a child's maker is, a handler need not be */
    (void)sigaction(SIGALRM, &(struct sigaction){.sa_handler = allocate}, NULL);
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGALRM};
    if (timer_create(CLOCK_MONOTONIC, &event, &timer) != 0) {
        perror("signals");
        return 2;
    }
    set_timer(EVERY_US);
    size_t rounds = 0;
    while (!wrong && (signals < enough || soak_goes_on(began)) &&
           (time(NULL) - began < PATIENCE || soak_goes_on(began))) {
        one_round(&random, rounds++);
    }
    set_blocked(true); /* no more of them */
    set_timer(0);
    printf("signals: seed %" PRIu64
           ", %zu rounds, %d signals, %d objects in handlers, %d refused\n",
           seed, rounds, (int)signals, (int)served, (int)refused);
    bool tried = signals >= enough && served > 0 && refused > 0;
    overlap_close(&map);
    bitena_drop(arena);
    printf("signals: longest request in a handler: %" PRIu64 " us\n", longest_us);
    printf("signals: %d wrong: %s\n", (int)wrong, wrong || !tried ? "FAILED" : "passed");
    return wrong || !tried;
}
