/* The machine's threads: coroutines, one of which runs, until an access to an atomic word or a
 * wait, where the run's random numbers say who goes on. All that a run changes in the program's
 * own data, and in its thread-local words, is as before when the next begins: a run depends on its
 * seed alone.
 * SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <link.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>

#include "explore/world.h"
#include "platform/platform.h"
#include "thread.h"
#include "weak.h"

enum {
    STACK_BYTES = 64 << 10,
    LOCAL_BYTES = 512,
    STEP_BOUND = 20000,
    COROUTINES = WEAK_THREADS + 1, /* the last: after all */
    CLOSER = WEAK_THREADS,
    NOBODY = -1
};

extern char __data_start[], _end[]; /* of the linker: the program's own data */

/* What a run changes but must not be restored by the next. */
static struct machine {
    struct coroutine {
        ucontext_t context;
        char locals[LOCAL_BYTES]; /* its thread-local words while others run */
        bool done;
        char stack[STACK_BYTES];
    } coroutines[COROUTINES];
    ucontext_t home;
    sigjmp_buf after_fault;
    const struct scenario *scenario;
    const char *fault;
    int running;
    unsigned steps;
    char registered[WEAK_THREADS + 1][LOCAL_BYTES]; /* the last is new to the library */
    char identities[WEAK_THREADS + 1][LOCAL_BYTES]; /* as the scenario's begin leaves them */
    int beginner;                                   /* the identity that begin is */
    char data[];
} * m;

struct random weak_random;
struct style weak_style;
static char *locals; /* the program's thread-local words; one thread of the system plays all */
static size_t local_bytes;

/* The running thread's place among the identities, as the scenarios name it. */
static const char *identity(int which)
{
    return m->identities[which >= 0 ? which : WEAK_NEW];
}

void explore_thread_end(void (*last)(void))
{
    explore_run_destructors(last);
    memcpy(locals, identity(EXPLORE_NEW), local_bytes);
}

void explore_become(int which)
{
    if (m->beginner >= 0) {
        memcpy(m->identities[m->beginner], locals, local_bytes);
    }
    m->beginner = which;
    memcpy(locals, identity(which), local_bytes);
}

/* There is nothing to tell: the whole memory is the state, each atomic access may be a switch. */
void explore_state(struct region region)
{
    (void)region;
}

void explore_shared(struct region region)
{
    (void)region;
}

int explore_running(void)
{
    return m->running;
}

int weak_thread(void)
{
    return m->running == CLOSER ? NOBODY : m->running;
}

static _Noreturn void leave(void)
{
    m->running = NOBODY;
    (void)setcontext(&m->home);
    abort();
}

void explore_fault(const char *what)
{
    m->fault = what;
    if (m->running == NOBODY) {
        fprintf(stderr, "weak: %s: while the scenario begins: %s\n", m->scenario->name, what);
        abort();
    }
    leave();
}

static void on_signal(int number)
{
    (void)number;
    m->fault = "a memory fault";
    m->running = NOBODY;
    siglongjmp(m->after_fault, 1);
}

/* Another one that is not done, or, with `stays`, this one; CLOSER when none is left. */
static int pick(bool stays)
{
    int options[COROUTINES], count = 0;
    for (int i = 0; i < m->scenario->threads; i++) {
        if (!m->coroutines[i].done && (stays || i != m->running)) {
            options[count++] = i;
        }
    }
    if (count == 0) {
        return m->coroutines[m->running].done ? CLOSER : m->running;
    }
    return options[random_below(&weak_random, (size_t)count)];
}

static void go_on_with(int next)
{
    if (next != m->running) {
        struct coroutine *from = &m->coroutines[m->running];
        memcpy(from->locals, locals, local_bytes);
        m->running = next;
        memcpy(locals, m->coroutines[next].locals, local_bytes);
        (void)swapcontext(&from->context, &m->coroutines[next].context);
    }
}

void weak_switch(void)
{
    if (++m->steps == STEP_BOUND) {
        explore_fault("a run does not end");
    }
    if (random_one_in(&weak_random, weak_style.switches)) {
        go_on_with(pick(true));
    }
}

void explore_wait(void)
{
    if (weak_thread() != NOBODY) {
        m->steps++;
        go_on_with(pick(false));
    }
}

static void body(int which)
{
    if (which == CLOSER) {
        m->scenario->end();
        leave();
    }
    if (m->scenario->thread[which]) {
        m->scenario->thread[which]();
    }
    for (int i = 0; i < EXPLORE_CALLS && m->scenario->calls[which][i]; i++) {
        m->scenario->calls[which][i]();
    }
    m->coroutines[which].done = true;
    go_on_with(pick(false));
    abort(); /* who is done is not chosen */
}

/* The first has the program's thread-local words: there is no other that is not a library. */
static int find_locals(struct dl_phdr_info *info, size_t size, void *nothing)
{
    (void)size;
    (void)nothing;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        if (info->dlpi_phdr[i].p_type == PT_TLS) {
            locals = info->dlpi_tls_data;
            local_bytes = info->dlpi_phdr[i].p_memsz;
        }
    }
    return 1;
}

void weak_prepare(void)
{
    static char signal_stack[64 << 10];
    (void)sigaltstack(&(stack_t){.ss_sp = signal_stack, .ss_size = sizeof signal_stack}, NULL);
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_ONSTACK};
    (void)sigaction(SIGSEGV, &action, NULL);
    (void)sigaction(SIGBUS, &action, NULL);
    size_t bytes = (size_t)(_end - __data_start);
    m = mmap(NULL, sizeof *m + bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    (void)dl_iterate_phdr(find_locals, NULL);
    if (m == MAP_FAILED || local_bytes == 0 || local_bytes > LOCAL_BYTES) {
        fprintf(stderr, "weak: the machine cannot be built\n");
        abort();
    }
    m->running = NOBODY;
    memcpy(m->registered[WEAK_NEW], locals, local_bytes);
    for (int i = 0; i < WEAK_THREADS; i++) {
        memcpy(locals, m->registered[WEAK_NEW], local_bytes);
        (void)register_thread();
        memcpy(m->registered[i], locals, local_bytes);
    }
    memory_begin(__data_start, _end, &world, sizeof world);
    memcpy(m->data, __data_start, bytes);
}

static void begin(const struct scenario *scenario, uint64_t seed)
{
    memcpy(__data_start, m->data, (size_t)(_end - __data_start));
    memory_forget();
    m->scenario = scenario;
    m->fault = NULL;
    m->steps = 0;
    memcpy(m->identities, m->registered, sizeof m->identities);
    m->beginner = EXPLORE_NEW;
    explore_become(0);
    scenario->begin();
    explore_become(EXPLORE_NEW);
    static const unsigned switches[] = {2, 4, 10, 40}, stale[] = {0, 2, 2, 6};
    weak_random = (struct random){seed};
    weak_style = (struct style){
        switches[random_below(&weak_random, 4)], stale[random_below(&weak_random, 4)],
        random_one_in(&weak_random, 2) ? 12 : 0, random_one_in(&weak_random, 2) ? 4 : 0};
    for (int i = 0; i < COROUTINES; i++) {
        struct coroutine *c = &m->coroutines[i];
        memcpy(c->locals, identity(i == CLOSER ? 0 : scenario->identity[i]), local_bytes);
        c->done = false;
        (void)getcontext(&c->context);
        c->context.uc_stack.ss_sp = c->stack;
        c->context.uc_stack.ss_size = STACK_BYTES;
        c->context.uc_link = NULL;
        makecontext(&c->context, (void (*)(void))body, 1, i);
    }
}

const char *weak_run(const struct scenario *scenario, uint64_t seed)
{
    begin(scenario, seed);
    if (sigsetjmp(m->after_fault, 0) == 0) {
        m->running = (int)random_below(&weak_random, (size_t)scenario->threads);
        memcpy(locals, m->coroutines[m->running].locals, local_bytes);
        (void)swapcontext(&m->home, &m->coroutines[m->running].context);
    }
    return m->fault;
}
