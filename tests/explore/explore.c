/* The explorer's machine. Steps: (1) a run begins in a fresh world with zeroed stacks; (2) before
 * each access to a shared word the running coroutine asks which thread goes on; the answers of the
 * trail's prefix are repeated, after it the first choice is taken; (3) at the end the last answer
 * that has an alternative takes it, and the next run begins. At each new place with a choice the
 * whole state is hashed, and a state seen before ends the run. All live values are in memory then,
 * since explore_at makes the compiler save every register in its frame.
 * SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "explore.h"

#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <ucontext.h>

#include "order_played.h"
#include "seen.h"
#include "thread.h"

enum {
    STACK_BYTES = 32 << 10,
    STEP_BOUND = 20000,
    SLOT_BYTES = 128, /* the stride of thread.c's slots */
    CLOSER = EXPLORE_THREADS,
    COROUTINES = EXPLORE_THREADS + 1,
    NOBODY = -1
};

/* Who a thread is to the library. */
struct identity {
    uint64_t id, registered;
    struct thread_last last;
};

static struct coroutine {
    ucontext_t context;
    const char *low; /* its live stack begins here */
    struct identity identity;
    bool done;
    bool news;  /* another one has written since it last waited */
    bool waits; /* and nobody has since: looking again would show the same */
} coroutines[COROUTINES];
static __attribute__((aligned(64))) char stacks[COROUTINES][STACK_BYTES];

static struct choice {
    uint8_t taken, count, next; /* next: who runs then; COROUTINES + taken: a spurious failure */
} trail[2 * STEP_BOUND];
static size_t position, prefix;

static const struct scenario *scenario;
static const struct limits *limits;
static struct outcome outcome;
static int running = NOBODY, preemptions, spurious;
static size_t steps;
static ucontext_t home;
static ucontext_t blank; /* every coroutine begins with these registers, in every run */
static sigjmp_buf after_fault;
static struct region state[EXPLORE_REGIONS], shared[EXPLORE_REGIONS];
static size_t state_count, shared_count;
static struct identity registered[EXPLORE_THREADS];
static char slots[EXPLORE_THREADS * SLOT_BYTES]; /* as they are when all are registered */

static void load_identity(const struct identity *who)
{
    bitena_thread_id = who->id;
    thread_registered = who->registered;
    thread_last = who->last;
}

static struct identity save_identity(void)
{
    return (struct identity){bitena_thread_id, thread_registered, thread_last};
}

void explore_identities(void)
{
    for (int i = 0; i < EXPLORE_THREADS; i++) {
        load_identity(&(struct identity){0});
        (void)register_thread();
        registered[i] = save_identity();
    }
    memcpy(slots, thread_copy(), sizeof slots);
}

void explore_state(struct region region)
{
    state[state_count++] = region;
}

void explore_shared(struct region region)
{
    shared[shared_count++] = region;
}

int explore_running(void)
{
    return running;
}

static _Noreturn void leave(void)
{
    running = NOBODY;
    (void)setcontext(&home);
    abort();
}

void explore_fault(const char *what)
{
    outcome.fault = what;
    leave();
}

static void on_signal(int number)
{
    (void)number;
    outcome.fault = "a memory fault";
    running = NOBODY;
    siglongjmp(after_fault, 1);
}

static uint64_t hash_of_memory(uint64_t hash)
{
    hash = hash_bytes(hash, thread_copy(), sizeof slots);
    for (size_t i = 0; i < state_count; i++) {
        hash = hash_bytes(hash, state[i].from, state[i].bytes);
    }
    return hash;
}

static uint64_t hash_of_state(void)
{
    uint64_t hash = limits->preemptions < 0 ? 0 : (uint64_t)(preemptions * COROUTINES + running);
    hash = hash_of_memory(hash_bytes(hash, &spurious, sizeof spurious));
    for (int i = 0; i < scenario->threads; i++) {
        const struct coroutine *c = &coroutines[i];
        uint64_t flags = (uint64_t)c->done << 2 | (uint64_t)c->news << 1 | c->waits;
        hash = hash_bytes(hash, &flags, sizeof flags);
        hash = hash_bytes(hash, &c->identity, sizeof c->identity);
        if (!c->done) {
            hash = hash_bytes(hash, c->low, (size_t)(stacks[i] + STACK_BYTES - c->low));
        }
    }
    return hash;
}

/* Repeats the trail, then goes on with the first choice. */
static struct choice *choose(unsigned count)
{
    if (position == prefix) {
        trail[position] = (struct choice){.count = (uint8_t)count};
        prefix++;
    }
    if (trail[position].count != count) {
        explore_fault("the replay differs: the state is not complete");
    }
    return &trail[position++];
}

/* Who may go on; the one that runs is first, unless it leaves, and then last. */
static unsigned enabled(int options[COROUTINES], bool leaves)
{
    unsigned count = 0;
    for (int pass = 0; pass < 2 && count == 0; pass++) { /* where all wait, all may look again */
        for (int i = 0; i < scenario->threads; i++) {
            int who = (running + i + leaves) % scenario->threads;
            bool is_other = !leaves || who != running || count == 0;
            if (!coroutines[who].done && is_other && (pass == 1 || !coroutines[who].waits)) {
                options[count++] = who;
            }
        }
    }
    return count;
}

/* The next to run. */
static int pick(bool leaves)
{
    int options[COROUTINES];
    unsigned count = enabled(options, leaves);
    if (count == 0) {
        return CLOSER;
    }
    bool stays = !leaves && options[0] == running;
    if (stays && preemptions == limits->preemptions) {
        count = 1;
    }
    if (count == 1) {
        return options[0];
    }
    if (position == prefix && limits->merge) {
        bool is_new = seen_add(hash_of_state());
        outcome.states += is_new;
        if (!is_new) {
            leave();
        }
    }
    struct choice *choice = choose(count);
    int next = options[choice->taken];
    choice->next = (uint8_t)next;
    preemptions += stays && next != running;
    return next;
}

static __attribute__((noinline)) void decide(bool leaves)
{
    struct coroutine *from = &coroutines[running];
    from->low = __builtin_frame_address(0);
    from->identity = save_identity();
    int next = pick(leaves);
    coroutines[next].waits = false;
    if (next != running) {
        running = next;
        load_identity(&coroutines[next].identity);
        (void)swapcontext(&from->context, &coroutines[next].context);
    }
}

static void step(void)
{
    if (++steps == STEP_BOUND) {
        explore_fault("a run does not end");
    }
}

static bool is_shared(const void *word)
{
    for (size_t i = 0; i < shared_count; i++) {
        if ((uintptr_t)word - (uintptr_t)shared[i].from < shared[i].bytes) {
            return true;
        }
    }
    return false;
}

__attribute__((noinline)) void explore_at(const void *word, enum explore_kind kind)
{
    if (running == NOBODY || !is_shared(word)) {
        return;
    }
    step();
    if (running == CLOSER) {
        return;
    }
    __builtin_unwind_init();
    decide(false);
    for (int i = 0; kind == EXPLORE_WRITE && i < scenario->threads; i++) {
        coroutines[i].waits = false;
        coroutines[i].news = coroutines[i].news || i != running;
    }
}

__attribute__((noinline)) void explore_wait(void)
{
    if (running == NOBODY) {
        return;
    }
    step();
    if (running == CLOSER) {
        return;
    }
    coroutines[running].waits = !coroutines[running].news;
    coroutines[running].news = false;
    __builtin_unwind_init();
    decide(true);
    step();
}

int explore_spurious(const void *word)
{
    if (running == NOBODY || running == CLOSER || spurious == limits->spurious ||
        !is_shared(word)) {
        return 0;
    }
    struct choice *choice = choose(2);
    choice->next = (uint8_t)(COROUTINES + choice->taken);
    spurious += choice->taken;
    return choice->taken;
}

static void body(int which)
{
    if (which == CLOSER) {
        outcome.ends += seen_add(hash_of_memory(CLOSER)); /* no state begins so */
        scenario->end();
        leave();
    }
    scenario->thread[which]();
    coroutines[which].done = true;
    decide(true);
    abort(); /* who is done is not chosen */
}

static void prepare(void)
{
    memcpy((void *)(uintptr_t)thread_copy(), slots, sizeof slots);
    state_count = shared_count = steps = position = 0;
    preemptions = spurious = 0;
    load_identity(&registered[0]);
    scenario->begin();
    registered[0].last = (struct thread_last){0};
    for (int i = 0; i < COROUTINES; i++) {
        struct coroutine *c = &coroutines[i];
        memset(stacks[i], 0, STACK_BYTES);
        c->done = c->news = c->waits = false;
        c->low = stacks[i] + STACK_BYTES;
        c->identity = registered[i == CLOSER ? 0 : scenario->identity[i]];
        c->context = blank;
        c->context.uc_stack.ss_sp = stacks[i];
        c->context.uc_stack.ss_size = STACK_BYTES;
        c->context.uc_link = NULL;
        makecontext(&c->context, (void (*)(void))body, 1, i);
    }
}

static void run_once(void)
{
    prepare();
    if (sigsetjmp(after_fault, 1) == 0) {
        running = 0;
        load_identity(&coroutines[0].identity);
        (void)swapcontext(&home, &coroutines[0].context);
    }
    outcome.runs++;
    outcome.longest = steps > outcome.longest ? steps : outcome.longest;
}

/* The last answer with an alternative takes it; false: there is none. */
static bool turn_back(void)
{
    while (prefix > 0 && trail[prefix - 1].taken + 1 == trail[prefix - 1].count) {
        prefix--;
    }
    if (prefix == 0) {
        return false;
    }
    trail[prefix - 1].taken++;
    return true;
}

struct outcome explore(const struct scenario *which, const struct limits *bounds)
{
    static char signal_stack[64 << 10];
    (void)sigaltstack(&(stack_t){.ss_sp = signal_stack, .ss_size = sizeof signal_stack}, NULL);
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_ONSTACK};
    (void)sigaction(SIGSEGV, &action, NULL);
    (void)sigaction(SIGBUS, &action, NULL);
    scenario = which;
    limits = bounds;
    outcome = (struct outcome){0};
    prefix = 0;
    seen_clear();
    (void)getcontext(&blank);
    double started = (double)clock() / CLOCKS_PER_SEC;
    do {
        run_once();
        bool looks = outcome.runs % 256 == 0; /* at the time, which is a system call */
        if (outcome.fault || seen_is_full() ||
            (looks && (double)clock() / CLOCKS_PER_SEC - started > limits->seconds)) {
            return outcome;
        }
    } while (turn_back());
    outcome.exhausted = true;
    return outcome;
}

/* Who was chosen, as far as it is a change; "!": a compare-and-swap fails without a reason. */
void explore_print_schedule(void)
{
    int before = 0, times = 0;
    for (size_t i = 0; i < position; i++) {
        if (trail[i].next >= COROUTINES) {
            printf("%s", trail[i].next > COROUTINES ? " !" : "");
        } else if (trail[i].next != before) {
            printf(" %c:%d", 'A' + before, times);
            before = trail[i].next;
            times = 1;
        } else {
            times++;
        }
    }
    printf(" %c:%d, then to the end\n", 'A' + before, times);
}
