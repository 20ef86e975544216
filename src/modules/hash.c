/* Seeds for bitena_hash: 16 bytes from the system's generator, which never blocks once the machine
 * is up; else what differs from call to call and from process to process, hashed.
 * SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <bitena/hash.h>

#include <errno.h>
#include <sys/random.h>
#include <time.h>

#include <bitena/order.h>

static uint64_t guessed; /* seeds made without the system's help [H07] */

static bitena_hash_seed guess(void)
{
    struct timespec now = {0, 0};
    (void)clock_gettime(CLOCK_REALTIME, &now);
    const uint64_t known[] = {(uint64_t)now.tv_sec, (uint64_t)now.tv_nsec, add_relaxed(&guessed, 1),
                              (uintptr_t)&now, (uintptr_t)&guessed}; /* [H07] */
    static const bitena_hash_seed one = {{1, 2}}, other = {{3, 4}};
    return (bitena_hash_seed){{bitena_hash_sip_(one, known, sizeof known, 1, 3),
                               bitena_hash_sip_(other, known, sizeof known, 1, 3) | 1}};
}

bitena_hash_seed bitena_hash_new_seed(void)
{
    bitena_hash_seed seed = {{0, 0}};
    int before = errno;
    int got = getrandom(&seed, sizeof seed, GRND_NONBLOCK) == (ssize_t)sizeof seed;
    errno = before;
    return got && (seed.words[0] | seed.words[1]) != 0 ? seed : guess();
}

bitena_hasher bitena_hash_prepare(bitena_hash_seed seed)
{
    bitena_hasher hasher = {.seed = seed};
    for (uint32_t i = 0; i < sizeof hasher.pairs_ / sizeof *hasher.pairs_; i++) {
        hasher.pairs_[i] = bitena_hash_sip_(seed, &i, sizeof i, 1, 3);
    }
    return hasher;
}
