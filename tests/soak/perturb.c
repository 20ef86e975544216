/* What order_perturbed.h calls. Each thread draws its disturbances from the seed and its number:
 * the same seed gives the same choices, the interleaving is the system's. Without that header
 * nothing here is ever called.
 * SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <sched.h>
#include <time.h>

#include "soak/soak.h"

__thread unsigned soak_countdown = 100;
int soak_disturb(void);

static __thread struct random choices;
static __thread uint64_t made;

void perturb_begin(uint64_t seed)
{
    choices.state = seed;
    made = 0;
}

uint64_t perturb_count(void)
{
    return made;
}

int soak_disturb(void)
{
    static const unsigned gaps[] = {4, 32, 256, 4096};
    uint64_t draw = random_next(&choices);
    soak_countdown = (unsigned)((draw >> 32) % gaps[draw & 3]);
    made++;
    switch (draw >> 8 & 15) {
    case 0:
        (void)nanosleep(&(struct timespec){.tv_nsec = 1000}, NULL);
        break;
    case 1:
    case 2:
    case 3:
        for (volatile unsigned spins = (unsigned)(draw >> 16 & 511); spins > 0; spins--) {
        }
        break;
    case 4:
    case 5:
    case 6:
    case 7:
    case 8:
        return 1;
    default:
        (void)sched_yield();
    }
    return 0;
}
