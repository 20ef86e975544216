/* Thread ids and slots. A slot is claimed by setting its bit in a bitmap, lowest first, and
 * released by clearing it when the thread ends. The thread-specific destructor puts itself off
 * to the second round, so that users' destructors, whenever they were registered, still find
 * their thread's arenas; what allocates later still is served by the shared index. Includes
 * nothing of the arena.
 * SPDX-License-Identifier: MIT */
#include "thread.h"

#include <errno.h>
#include <stddef.h>

#include "platform/platform.h"
#include <bitena/order.h>

enum { WORD_BITS = 64, WORDS = (THREAD_SLOTS + WORD_BITS) / WORD_BITS, LINE = 128 };

static const uint64_t generation_mask = ((uint64_t)1 << 30) - 1;

/* Written by the bearer of the slot only, and by the child of a fork, which is alone. */
static struct slot {
    __attribute__((aligned(LINE)))
    uint64_t generation; /* of the present or last bearer; 0: never borne */
    uint64_t cut_off;    /* bearers up to this generation were lost in a fork */
    uint64_t epochs;     /* given by fresh_epoch */
} slots[THREAD_SLOTS];

static uint64_t taken[WORDS];  /* a bit per slot [M07] */
static uint64_t shared_epochs; /* for threads without a slot [M09] */
static uint64_t slotless;      /* generations of ids without a slot [M09] */
static bool hooks_work;
static unsigned forks;

__thread uint64_t bitena_thread_id BITENA_TLS_;
__thread uint64_t thread_registered BITENA_TLS_ __attribute__((visibility("hidden")));
__thread struct thread_last thread_last BITENA_TLS_ __attribute__((visibility("hidden")));
static __thread bool thread_over BITENA_TLS_;

const void *thread_copy(void)
{
    return slots;
}

static uint64_t first_generation(void)
{
    return ((uintptr_t)slots >> 12) & generation_mask;
}

/* The slot above, below it a number that is another in each copy, with room to count on. */
static uint64_t first_epoch(uint32_t slot)
{
    uint64_t start = ((uint64_t)(uintptr_t)slots * UINT64_C(0x9E3779B97F4A7C15)) >> 13;
    return (uint64_t)slot << 52 | start;
}

static uint64_t generation_of(uint64_t id)
{
    return id >> (THREAD_NUMBER_BITS + THREAD_SLOT_BITS);
}

static uint64_t compose(uint64_t generation, uint32_t slot)
{
    return (generation & generation_mask) << (THREAD_NUMBER_BITS + THREAD_SLOT_BITS) |
           (uint64_t)slot << THREAD_NUMBER_BITS | platform_thread_number();
}

/* The lowest free slot; THREAD_NO_SLOT, whose bit is never set, when every one is borne. */
static uint32_t claim_slot(void)
{
    for (uint32_t w = 0;; w++) {
        uint64_t word = load_relaxed(&taken[w]); /* [M07] the claim below acquires */
        while (~word != 0) {
            uint32_t slot = w * WORD_BITS + (uint32_t)__builtin_ctzll(~word);
            if (slot == THREAD_NO_SLOT ||
                cas_weak_acquire(&taken[w], &word,
                                 word | (uint64_t)1 << slot % WORD_BITS)) { /* [M07] */
                return slot;
            }
        }
    }
}

static void release_slot(uint32_t slot)
{
    (void)and_release(&taken[slot / WORD_BITS], ~((uint64_t)1 << slot % WORD_BITS)); /* [M07] */
}

/* value counts the rounds of destruction seen. */
static void at_thread_end(void *value)
{
    uintptr_t round = (uintptr_t)value;
    if (round < platform_thread_end_rounds() &&
        platform_set_thread_value((void *)(round + 1)) == 0) {
        return;
    }
    uint64_t id = thread_registered;
    bitena_thread_id = thread_registered = 0; /* first: from here on this thread owns nothing */
    thread_last.epoch = 0;                    /* nor bears a TLAB */
    thread_over = true;
    release_slot(slot_of(id));
}

/* Alone in the new process: only the forking thread lives on, under its old id. */
static void after_fork_in_child(void)
{
    forks++;
    uint32_t mine = thread_registered ? slot_of(thread_registered) : THREAD_NO_SLOT;
    for (uint32_t slot = 0; slot < THREAD_SLOTS; slot++) {
        uint64_t bit = (uint64_t)1 << slot % WORD_BITS;
        if (slot != mine && (load_relaxed(&taken[slot / WORD_BITS]) & bit)) { /* [M08] */
            slots[slot].cut_off = slots[slot].generation;
            release_slot(slot);
        }
    }
}

static void install_hooks(void)
{
    hooks_work = platform_thread_hooks(at_thread_end, after_fork_in_child) == 0;
}

uint64_t register_thread(void)
{
    if (thread_over) {
        return 0;
    }
    int saved = errno; /* a thread that cannot be told of its end is served all the same */
    platform_once(install_hooks);
    uint32_t slot = hooks_work ? claim_slot() : THREAD_NO_SLOT;
    if (slot != THREAD_NO_SLOT && platform_set_thread_value((void *)1) != 0) {
        release_slot(slot);
        slot = THREAD_NO_SLOT;
    }
    errno = saved;
    uint64_t generation;
    if (slot == THREAD_NO_SLOT) {
        generation = first_generation() + add_relaxed(&slotless, 1); /* [M09] */
    } else {
        struct slot *mine = &slots[slot];
        if (mine->generation == 0) {
            mine->generation = mine->cut_off = first_generation();
            mine->epochs = first_epoch(slot);
        }
        generation = ++mine->generation;
    }
    return bitena_thread_id = thread_registered = compose(generation, slot);
}

unsigned bitena_thread_slot_(void)
{
    uint64_t id = thread_id();
    return id != 0 && id == thread_registered ? slot_of(id) : THREAD_NO_SLOT;
}

bool thread_left_in_order(uint64_t id)
{
    return ((generation_of(id) - slots[slot_of(id)].cut_off) & generation_mask) - 1 <
           generation_mask / 2;
}

unsigned thread_forks(void)
{
    return forks;
}

uint64_t fresh_epoch(void)
{
    uint32_t slot = thread_registered ? slot_of(thread_registered) : THREAD_NO_SLOT;
    if (slot == THREAD_NO_SLOT) {
        return first_epoch(THREAD_NO_SLOT) + add_relaxed(&shared_epochs, 1); /* [M09] */
    }
    return ++slots[slot].epochs;
}
