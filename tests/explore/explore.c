/* The explorer's machine. Steps: (1) a run begins in a fresh world with zeroed stacks; (2) before an
 * access to a word where threads meet, the player yields, and the search asks which one goes on; the
 * answers of the trail's prefix are repeated, after it the first choice is taken; (3) at the end the
 * last answer that has an alternative takes it, and the next run begins. At each new place with a
 * choice the whole state is hashed, and a state seen before ends the run.
 *
 * Where threads meet is learnt: a word that two have accessed, one of them writing, in any run. With
 * a new one the search begins anew. When none is new all runs were walked that differ: in a first
 * meeting at an unknown word, all accesses before it commute, so that it would have been met in a run
 * that switches at the known words only. (Accesses that are not atomic are taken to be free of races,
 * which is ThreadSanitizer's part.)
 * SPDX-License-Identifier: MIT */
#include "explore.h"

#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "order_played.h"
#include "players.h"
#include "seen.h"
#include "thread.h"
#include "words.h"

enum {
    STEP_BOUND = 20000,
    SLOT_BYTES = 128, /* the stride of thread.c's slots */
    SLOTS = 2 * EXPLORE_THREADS,
    CLOSER = EXPLORE_THREADS,
    PLAYERS = EXPLORE_THREADS + 1, /* in a choice: above it stand the spurious failures */
    NOBODY = -1
};

static struct place {
    bool done;
    bool news;  /* another one has written since it last waited */
    bool waits; /* and nobody has since: looking again would show the same */
} places[EXPLORE_THREADS];

static struct choice {
    uint8_t taken, count, next; /* next: who runs then; PLAYERS + taken: a spurious failure */
} trail[2 * STEP_BOUND];
static size_t position, prefix;

static const struct scenario *scenario;
static const struct limits *limits;
static struct outcome outcome;
static int running = NOBODY, preemptions, spurious;
static int bound;   /* of preemptions, now: meetings are learnt by fewer first, which is quicker */
static bool learnt; /* a meeting that the runs before did not know */
static uint32_t round_of_search; /* states seen in one before do not count */
static size_t steps;
static sigjmp_buf after_fault;
static struct region state[EXPLORE_REGIONS], shared[EXPLORE_REGIONS];
static size_t state_count, shared_count;
static char slots[SLOTS * SLOT_BYTES]; /* as they are when all are registered */
extern const char end[];               /* of the program's static data: the linker's */

void explore_identities(void)
{
    players_register(EXPLORE_THREADS);
    memcpy(slots, thread_copy(), sizeof slots);
}

void explore_become(int identity)
{
    players_become(identity);
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

void explore_fault(const char *what)
{
    outcome.fault = what;
    siglongjmp(after_fault, 1);
}

static void on_signal(int number)
{
    (void)number;
    explore_fault("a memory fault");
}

static uint64_t hash_of_memory(uint64_t hash)
{
    hash = words_hash(hash_bytes(hash, thread_copy(), sizeof slots));
    for (size_t i = 0; i < state_count; i++) {
        hash = hash_bytes(hash, state[i].from, state[i].bytes);
    }
    return hash;
}

static uint64_t hash_of_state(void)
{
    uint64_t hash = bound < 0 ? 0 : (uint64_t)(preemptions * PLAYERS + running);
    hash = hash_bytes(hash, &round_of_search, sizeof round_of_search);
    hash = hash_of_memory(hash_bytes(hash, &spurious, sizeof spurious));
    for (int i = 0; i < scenario->threads; i++) {
        const struct place *p = &places[i];
        uint64_t flags = (uint64_t)p->done << 2 | (uint64_t)p->news << 1 | p->waits;
        hash = hash_bytes(hash, &flags, sizeof flags);
        hash = p->done ? hash : player_hash(i, hash);
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
static unsigned enabled(int options[EXPLORE_THREADS], bool leaves)
{
    unsigned count = 0;
    for (int pass = 0; pass < 2 && count == 0; pass++) { /* where all wait, all may look again */
        for (int i = 0; i < scenario->threads; i++) {
            int who = (running + i + leaves) % scenario->threads;
            bool is_other = !leaves || who != running || count == 0;
            if (!places[who].done && is_other && (pass == 1 || !places[who].waits)) {
                options[count++] = who;
            }
        }
    }
    return count;
}

/* The next to run; NOBODY: the state was met before. */
static int pick(bool leaves)
{
    int options[EXPLORE_THREADS];
    unsigned count = enabled(options, leaves);
    if (count == 0) {
        return CLOSER;
    }
    bool stays = !leaves && options[0] == running;
    if (count == 1 || (stays && preemptions == bound)) {
        return options[0];
    }
    if (position == prefix && limits->merge) {
        bool is_new = seen_add(hash_of_state());
        outcome.states += is_new;
        if (!is_new) {
            return NOBODY;
        }
    }
    struct choice *choice = choose(count);
    int next = options[choice->taken];
    choice->next = (uint8_t)next;
    preemptions += stays && next != running;
    return next;
}

static void step(void)
{
    if (++steps == STEP_BOUND) {
        explore_fault("a run does not end");
    }
}

static bool is_within(const struct region *regions, size_t count, const void *word)
{
    for (size_t i = 0; i < count; i++) {
        if ((uintptr_t)word - (uintptr_t)regions[i].from < regions[i].bytes) {
            return true;
        }
    }
    return false;
}

static bool is_shared(const void *word)
{
    if (is_within(shared, shared_count, word)) {
        return true;
    }
    bool is_static = (uintptr_t)word < (uintptr_t)end && !players_own(word);
    if (is_static && !is_within(state, state_count, word)) {
        words_keep(word);
    }
    return is_static;
}

__attribute__((noinline)) void explore_at(const void *word, enum explore_kind kind)
{
    if (!scenario || !is_shared(word) || running == NOBODY) {
        return;
    }
    step();
    if (running == CLOSER) {
        return;
    }
    bool writes = kind == EXPLORE_WRITE;
    if (word_meets(word, running, writes, &learnt) || limits->every) {
        __builtin_unwind_init(); /* saves every register in this frame */
        player_yield(TURN_ACCESS);
    }
    for (int i = 0; writes && i < scenario->threads; i++) {
        places[i].waits = false;
        places[i].news = places[i].news || i != running;
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
    places[running].waits = !places[running].news;
    places[running].news = false;
    __builtin_unwind_init();
    player_yield(TURN_WAITS);
    step();
}

int explore_spurious(const void *word)
{
    if (running == NOBODY || running == CLOSER || spurious == limits->spurious ||
        !is_shared(word)) {
        return 0;
    }
    struct choice *choice = choose(2);
    choice->next = (uint8_t)(PLAYERS + choice->taken);
    spurious += choice->taken;
    return choice->taken;
}

void explore_thread_end(void (*last)(void))
{
    explore_run_destructors(last);
    player_renew();
}

static void program(int who)
{
    if (scenario->thread[who]) {
        scenario->thread[who]();
        return;
    }
    for (int i = 0; i < EXPLORE_CALLS && scenario->calls[who][i]; i++) {
        scenario->calls[who][i]();
    }
}

static void prepare(void)
{
    memcpy((void *)(uintptr_t)thread_copy(), slots, sizeof slots);
    words_restore();
    running = NOBODY;
    state_count = shared_count = steps = position = 0;
    preemptions = spurious = 0;
    players_reset();
    scenario->begin();
    players_become(-1); /* from here on the players' words are theirs to keep */
    for (int i = 0; i < scenario->threads; i++) {
        places[i] = (struct place){0};
        player_begin(i, scenario->identity[i], program);
    }
}

static void run_once(void)
{
    if (sigsetjmp(after_fault, 0) == 0) {
        prepare();
        running = 0;
        while (running != CLOSER && running != NOBODY) {
            places[running].waits = false;
            enum turn turn = player_play(running);
            places[running].done = turn == TURN_DONE;
            running = learnt ? NOBODY : pick(turn != TURN_ACCESS);
        }
        if (running == CLOSER) {
            outcome.ends +=
                seen_add(hash_of_memory(~(uint64_t)round_of_search)); /* no state begins so */
            players_become(0);
            scenario->end();
        }
    }
    running = NOBODY;
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

/* False: out of time. */
static bool search(double until)
{
    prefix = 0;
    learnt = false;
    round_of_search++;
    outcome = (struct outcome){.meetings = outcome.meetings, .longest = outcome.longest};
    do {
        run_once();
        bool looks = outcome.runs % 256 == 0; /* at the time, which is a system call */
        if (seen_is_full() || (looks && (double)clock() / CLOCKS_PER_SEC > until)) {
            return false;
        }
    } while (!outcome.fault && !learnt && turn_back());
    outcome.meetings += learnt;
    return true;
}

struct outcome explore(const struct scenario *which, const struct limits *bounds)
{
    static char signal_stack[64 << 10];
    (void)sigaltstack(&(stack_t){.ss_sp = signal_stack, .ss_size = sizeof signal_stack}, NULL);
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_ONSTACK | SA_NODEFER};
    (void)sigaction(SIGSEGV, &action, NULL);
    (void)sigaction(SIGBUS, &action, NULL);
    scenario = which;
    limits = bounds;
    outcome = (struct outcome){0};
    seen_clear();
    words_forget_meetings();
    double until = (double)clock() / CLOCKS_PER_SEC + limits->seconds;
    bool in_time = true, more = true;
    for (bound = limits->every ? limits->preemptions : 0; more && in_time && !outcome.fault;) {
        in_time = search(until);
        more = learnt || bound != limits->preemptions;
        bound = learnt || bound == limits->preemptions ? bound
                : bound < 2                            ? bound + 1
                                                       : limits->preemptions;
    }
    outcome.exhausted = in_time && !outcome.fault;
    scenario = NULL;
    return outcome;
}

/* Who was chosen, as far as it is a change; "!": a compare-and-swap fails without a reason. */
void explore_print_schedule(void)
{
    int before = 0, times = 0;
    for (size_t i = 0; i < position; i++) {
        if (trail[i].next >= PLAYERS) {
            printf("%s", trail[i].next > PLAYERS ? " !" : "");
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
