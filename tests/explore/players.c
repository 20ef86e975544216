/* Players change by setjmp and longjmp, which cost no system call; a coroutine is begun by
 * setcontext. What is live in a player that has yielded is in its stack, since its caller makes
 * the compiler save every register there; and in its thread-local words, which are copied as a
 * whole, whatever their names are: the program's own segment of them, and nothing of libc's.
 * SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "players.h"

#include <link.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

#include "explore.h"
#include "seen.h"
#include "thread.h"

enum { STACK_BYTES = 32 << 10, LOCAL_BYTES = 512 };

struct locals {
    char bytes[LOCAL_BYTES];
};

static struct player {
    jmp_buf at;
    const char *low; /* its live stack begins here */
    void (*program)(int who);
    struct locals *locals; /* its identity's, or its own */
    struct locals own;
    bool begun;
} players[EXPLORE_THREADS];
static __attribute__((aligned(64))) char stacks[EXPLORE_THREADS][STACK_BYTES];

static struct locals registered[EXPLORE_THREADS]; /* as they were when they were registered */
static struct locals identities[EXPLORE_THREADS]; /* as `begin`, then their players leave them */
static struct locals fresh;                       /* a thread's that has called nothing */
static char *local_words;
static size_t local_bytes;
static int loaded = -1; /* the identity that `begin` or `end` is */
static int playing;
static jmp_buf home;
static ucontext_t blank;

static int find_locals(struct dl_phdr_info *info, size_t size, void *unused)
{
    (void)size;
    (void)unused;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        if (info->dlpi_phdr[i].p_type == PT_TLS) {
            local_words = info->dlpi_tls_data;
            local_bytes = info->dlpi_phdr[i].p_memsz;
        }
    }
    return 1; /* the first is the program */
}

static void save_locals(struct locals *to)
{
    memcpy(to->bytes, local_words, local_bytes);
}

static void load_locals(const struct locals *from)
{
    memcpy(local_words, from->bytes, local_bytes);
}

void players_register(int count)
{
    (void)dl_iterate_phdr(find_locals, NULL);
    if (!local_words || local_bytes > LOCAL_BYTES) {
        abort();
    }
    (void)getcontext(&blank);
    save_locals(&fresh);
    for (int i = 0; i < count; i++) {
        load_locals(&fresh);
        (void)register_thread();
        save_locals(&registered[i]);
    }
}

void players_reset(void)
{
    memcpy(identities, registered, sizeof identities);
    loaded = -1;
    players_become(0);
}

void players_become(int identity)
{
    if (loaded >= 0) {
        save_locals(&identities[loaded]);
    }
    loaded = identity;
    load_locals(loaded >= 0 ? &identities[loaded] : &fresh);
}

static void begin(void)
{
    players[playing].program(playing);
    player_yield(TURN_DONE);
    abort(); /* who is done is not chosen */
}

void player_begin(int who, int identity, void (*program)(int who))
{
    struct player *p = &players[who];
    memset(stacks[who], 0, STACK_BYTES);
    p->low = stacks[who] + STACK_BYTES;
    p->program = program;
    p->begun = false;
    p->own = fresh;
    p->locals = identity >= 0 ? &identities[identity] : &p->own;
}

enum turn player_play(int who)
{
    struct player *p = &players[who];
    playing = who;
    load_locals(p->locals);
    int turn = _setjmp(home);
    if (turn == 0) {
        if (p->begun) {
            _longjmp(p->at, 1);
        }
        p->begun = true;
        static ucontext_t context;
        context = blank;
        context.uc_stack.ss_sp = stacks[who];
        context.uc_stack.ss_size = STACK_BYTES;
        context.uc_link = NULL;
        makecontext(&context, begin, 0);
        (void)setcontext(&context);
    }
    save_locals(players[playing].locals);
    return (enum turn)turn;
}

__attribute__((noinline)) void player_yield(enum turn why)
{
    struct player *p = &players[playing];
    p->low = __builtin_frame_address(0);
    if (_setjmp(p->at) == 0) {
        _longjmp(home, (int)why);
    }
}

void player_renew(void)
{
    load_locals(&fresh);
}

uint64_t player_hash(int who, uint64_t hash)
{
    const struct player *p = &players[who];
    hash = hash_bytes(hash, p->locals->bytes, local_bytes);
    return hash_bytes(hash, p->low, (size_t)(stacks[who] + STACK_BYTES - p->low));
}

bool players_own(const void *word)
{
    return (uintptr_t)word - (uintptr_t)stacks < sizeof stacks;
}
