/* SPDX-License-Identifier: MIT
 *
 * The memory of C11 without consume, fences and sequential consistency, as an operational
 * semantics with views and without promises (J. Kang, C.-K. Hur, O. Lahav, V. Vafeiadis, D.
 * Dreyer: A Promising Semantics for Relaxed-Memory Concurrency, POPL 2017). Since nothing is
 * promised, a load never reads what is written later in the run (no load buffering).
 *
 *   1. An atomic word has its messages in modification order, by rising times; a thread's view
 *      has the least time that it may still read of each word. A load reads any message from there
 *      on, and its view rises to it.
 *   2. A store puts its message anywhere above the view. A read-modify-write puts its own right
 *      behind the one it reads; nothing comes between the two ever after.
 *   3. A release leaves the thread's view in the message; a read-modify-write adds the view of the
 *      one it read (release sequences as of C++20). An acquire joins it to the thread's.
 *   4. The view carries a vector clock as well. Accesses of two threads to a byte, of which one
 *      writes and one is plain, are a race unless the clock of the later knows the earlier.
 *   5. Plain accesses see memory itself, where the latest in modification order stands: without a
 *      race they could see nothing else. A plain write ends a word's history.
 *
 * Which message, and which place, is drawn at random. The oldest of a long history are forgotten,
 * which only makes runs tamer. */
#include <string.h>
#include <sys/mman.h>

#include "weak.h"

enum { LOCATIONS = 256, HISTORY = 32 };
static const uint64_t gap = (uint64_t)1 << 40; /* room for messages in between */

struct view {
    uint64_t least[LOCATIONS];
    uint16_t clock[WEAK_THREADS];
};

struct message {
    uint64_t value, time;
    bool followed; /* by the read-modify-write that read it */
    bool released; /* there is a view */
    struct view view;
};

struct location {
    uint64_t time; /* of the latest ever */
    unsigned count;
    uint8_t order[HISTORY]; /* the first `count`: messages, by time */
    struct message messages[HISTORY];
};

/* Of a byte: when each thread last accessed it so. */
struct trace {
    uint32_t run;
    uint16_t location; /* its number + 1, of a word's bytes */
    uint16_t last[ACCESS_KINDS][WEAK_THREADS];
};

static const bool conflict[ACCESS_KINDS][ACCESS_KINDS] = {
    [PLAIN_READ] = {[PLAIN_WRITE] = true, [ATOMIC_WRITE] = true},
    [PLAIN_WRITE] = {true, true, true, true},
    [ATOMIC_READ] = {[PLAIN_WRITE] = true},
    [ATOMIC_WRITE] = {[PLAIN_READ] = true, [PLAIN_WRITE] = true},
};
static const char *const races[ACCESS_KINDS] = {
    [PLAIN_READ] = "a race: a plain read",
    [PLAIN_WRITE] = "a race: a plain write",
    [ATOMIC_READ] = "a race: an atomic read beside a plain write",
    [ATOMIC_WRITE] = "a race: an atomic write beside a plain access",
};

/* All that changes in a run stands outside of the program's own data, which each run restores. */
static struct memory {
    uint32_t run;
    unsigned locations;
    struct view views[WEAK_THREADS];
    struct location location[LOCATIONS];
} * memory;
static struct trace *traces;
static char *low, *high;
static const char *unseen_low, *unseen_high;

static void *reserve(size_t bytes)
{
    void *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (at == MAP_FAILED) {
        abort();
    }
    return at;
}

void memory_begin(char *from, char *to, const void *unseen, size_t unseen_bytes)
{
    low = from;
    high = to;
    unseen_low = unseen;
    unseen_high = unseen_low + unseen_bytes;
    memory = reserve(sizeof *memory);
    traces = reserve((size_t)(to - from) * sizeof *traces);
}

void memory_forget(void)
{
    memory->run++;
    for (unsigned i = 0; i < memory->locations; i++) {
        memory->location[i].time = memory->location[i].count = 0;
    }
    for (int i = 0; i < WEAK_THREADS; i++) {
        memset(memory->views[i].least, 0, memory->locations * sizeof(uint64_t));
        memset(memory->views[i].clock, 0, sizeof memory->views[i].clock);
        memory->views[i].clock[i] = 1;
    }
    memory->locations = 0;
}

bool memory_sees(const void *at)
{
    const char *byte = at;
    return byte >= low && byte < high && !(byte >= unseen_low && byte < unseen_high);
}

static struct trace *trace_of(const void *at)
{
    struct trace *trace = &traces[(const char *)at - low];
    if (trace->run != memory->run) {
        *trace = (struct trace){.run = memory->run};
    }
    return trace;
}

void memory_access(int thread, const void *at, size_t bytes, enum access kind)
{
    const uint16_t *clock = memory->views[thread].clock;
    for (size_t i = 0; i < bytes; i++) {
        struct trace *trace = trace_of((const char *)at + i);
        for (int other = 0; other < ACCESS_KINDS; other++) {
            for (int t = 0; conflict[kind][other] && t < WEAK_THREADS; t++) {
                if (trace->last[other][t] > clock[t]) {
                    explore_fault(races[kind]);
                }
            }
        }
        trace->last[kind][thread] = clock[thread];
        if (kind == PLAIN_WRITE && trace->location != 0) {
            memory->location[trace->location - 1].count = 0;
        }
    }
}

static void join(struct view *to, const struct view *from)
{
    for (unsigned i = 0; i < memory->locations; i++) {
        to->least[i] = to->least[i] > from->least[i] ? to->least[i] : from->least[i];
    }
    for (int i = 0; i < WEAK_THREADS; i++) {
        to->clock[i] = to->clock[i] > from->clock[i] ? to->clock[i] : from->clock[i];
    }
}

uint64_t memory_get(const struct operation *operation)
{
    uint32_t half;
    uint64_t value = 0;
    if (operation->bytes == sizeof half) {
        memcpy(&half, operation->word, sizeof half);
        value = half;
    } else {
        memcpy(&value, operation->word, sizeof value);
    }
    return value;
}

void memory_set(const struct operation *operation, uint64_t value)
{
    uint32_t half = (uint32_t)value;
    const void *from = operation->bytes == sizeof half ? (const void *)&half : (const void *)&value;
    memcpy(operation->word, from, operation->bytes);
}

static struct message *nth(struct location *location, unsigned n)
{
    return &location->messages[location->order[n]];
}

/* The n-th from now on, with room made by forgetting the oldest. */
static struct message *insert(struct location *location, unsigned n, uint64_t time)
{
    uint8_t free = (uint8_t)location->count;
    if (location->count == HISTORY) {
        free = location->order[0];
        memmove(location->order, location->order + 1, HISTORY - 1);
        location->count--;
        n--;
    }
    memmove(location->order + n + 1, location->order + n, location->count - n);
    location->order[n] = free;
    location->count++;
    location->time = location->time > time ? location->time : time;
    struct message *message = &location->messages[free];
    message->time = time;
    message->followed = message->released = false;
    return message;
}

static unsigned location_of(const struct operation *operation)
{
    struct trace *trace = trace_of(operation->word);
    if (trace->location == 0) {
        if (memory->locations == LOCATIONS) {
            explore_fault("the checker has too few locations");
        }
        uint16_t number = (uint16_t)++memory->locations;
        for (size_t i = 0; i < operation->bytes; i++) {
            trace_of((const char *)operation->word + i)->location = number;
        }
    }
    struct location *location = &memory->location[trace->location - 1];
    if (location->count == 0) {
        insert(location, 0, location->time + gap)->value = memory_get(operation);
    }
    return trace->location - 1u;
}

/* The place of the message that is read; mostly the latest. */
static unsigned choose(struct location *location, uint64_t least)
{
    unsigned last = location->count - 1, first = last;
    if (weak_style.stale == 0 || !random_one_in(&weak_random, weak_style.stale)) {
        return last;
    }
    while (first > 0 && nth(location, first - 1)->time >= least) {
        first--;
    }
    return first + (unsigned)random_below(&weak_random, last - first + 1);
}

/* Where a store's message may come: behind the one with this place. */
static unsigned choose_place(struct location *location, uint64_t least)
{
    unsigned last = location->count - 1;
    if (weak_style.inserts == 0 || !random_one_in(&weak_random, weak_style.inserts)) {
        return last;
    }
    unsigned n = choose(location, least);
    while (n < last && nth(location, n)->followed) {
        n++;
    }
    return n;
}

/* Behind the n-th; NULL: times are too dense there. */
static struct message *put(struct location *location, unsigned n)
{
    uint64_t time = nth(location, n)->time;
    uint64_t next = n + 1 < location->count ? nth(location, n + 1)->time : time + 2 * gap;
    return next - time < 2 ? NULL : insert(location, n + 1, time + (next - time) / 2);
}

static bool acquires(int order)
{
    return order == __ATOMIC_ACQUIRE || order == __ATOMIC_ACQ_REL;
}

static bool releases(int order)
{
    return order == __ATOMIC_RELEASE || order == __ATOMIC_ACQ_REL;
}

/* `read`: what a read-modify-write continues; NULL: a store. */
static void write(int thread, unsigned number, unsigned behind, const struct operation *operation,
                  uint64_t value, struct message *read)
{
    struct location *location = &memory->location[number];
    struct view *view = &memory->views[thread];
    struct message *message = put(location, behind);
    if (!message) {
        explore_fault("the checker has no time left between two messages");
    }
    message->value = operation->bytes == sizeof(uint32_t) ? (uint32_t)value : value;
    view->least[number] = message->time;
    memset(&message->view, 0, offsetof(struct view, clock));
    memset(message->view.clock, 0, sizeof message->view.clock);
    if (read && read->released) {
        join(&message->view, &read->view);
        message->released = true;
    }
    if (releases(operation->order)) {
        join(&message->view, view);
        message->released = true;
        view->clock[thread]++;
    }
    if (message->time == location->time) {
        memory_set(operation, value);
    }
}

uint64_t memory_do(int thread, const struct operation *operation, bool *done)
{
    struct view *view = &memory->views[thread];
    unsigned number = location_of(operation);
    struct location *location = &memory->location[number];
    *done = false;
    if (operation->blind) {
        memory_access(thread, operation->word, operation->bytes, ATOMIC_WRITE);
        write(thread, number, choose_place(location, view->least[number]), operation,
              operation->operand, NULL);
        *done = true;
        return 0;
    }
    memory_access(thread, operation->word, operation->bytes, ATOMIC_READ);
    unsigned n = choose(location, view->least[number]);
    if (operation->change && !operation->expected) { /* it cannot fail */
        while (nth(location, n)->followed) {
            n++;
        }
    }
    struct message *read = nth(location, n);
    uint64_t value = read->value;
    bool changes = operation->change && (!operation->expected || value == *operation->expected);
    bool fails = operation->expected &&
                 (read->followed ||
                  (weak_style.spurious != 0 && random_one_in(&weak_random, weak_style.spurious)));
    *done = changes && !fails;
    view->least[number] = read->time;
    if (acquires(operation->order) && (!operation->change || *done) && read->released) {
        join(view, &read->view);
    }
    if (*done) {
        memory_access(thread, operation->word, operation->bytes, ATOMIC_WRITE);
        struct message before = {.released = read->released};
        if (read->released) {
            before.view = read->view;
        }
        read->followed = true;
        write(thread, number, n, operation, operation->change(value, operation->operand), &before);
    }
    return value;
}
