/* The scenarios of scenarios.h. Threads run one at a time, so that the Nth call is always the same
 * one. Nothing here is about two threads at once: see tests/stress and signals.c.
 * SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "scenarios.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core.h"
#include "support/random.h"
#include "thread.h"
#include "verbs.h"

enum { KIB = 1024, MIB = 1024 * 1024, THREADS = 12 };

static void live(const bitena_options *options)
{
    bitena *arena = open_arena(options);
    if (!arena) {
        return;
    }
    use_arena(arena);
    struct objects objects;
    take_objects(arena, &objects, 7);
    trim_arena(arena, 0);
    look_at_objects(&objects);
    trim_arena(arena, SIZE_MAX);
    use_arena(arena);
    drop_arena(arena);
}

static void live_in_each_mode(bitena_options options)
{
    for (int mode = BITENA_SHARED; mode <= BITENA_LOCAL; mode++) {
        options.mode = mode;
        live(&options);
    }
}

static void plain(void)
{
    live_in_each_mode((bitena_options){.capacity = 256 * KIB});
}

static void tiny(void)
{
    bitena *arena = open_arena(&(bitena_options){.capacity = KIB});
    bitena *one = open_arena(&(bitena_options){.capacity = 1});
    EXPECT(!arena || bitena_try_alloc(arena, KIB, 1));
    EXPECT(!one || bitena_try_alloc(one, 1, 1));
    drop_arena(one);
    drop_arena(arena);
}

static void with_huge_pages(void)
{
    live_in_each_mode((bitena_options){.capacity = 8 * MIB});
    live(&(bitena_options){.capacity = 300 * KIB, .huge_pages = 1});
    live(&(bitena_options){.capacity = 8 * MIB, .huge_pages = -1});
}

static void prefaulted(void)
{
    live_in_each_mode((bitena_options){.capacity = 256 * KIB, .prefault = 1});
}

static void prefaulted_huge_pages(void)
{
    live(&(bitena_options){.capacity = 2 * MIB, .prefault = 1, .huge_pages = 1, .name = "huge"});
}

static void in_a_buffer(void)
{
    static _Alignas(128) char buffer[256 * KIB];
    for (int mode = BITENA_SHARED; mode <= BITENA_LOCAL; mode++) {
        errno = 7;
        bitena *arena = bitena_init(buffer, sizeof buffer, &(bitena_options){.mode = mode});
        EXPECT(errno == 7);
        EXPECT(arena != NULL);
        if (arena) {
            use_arena(arena);
            trim_arena(arena, 0);
            use_arena(arena);
            drop_arena(arena);
        }
    }
}

/* More than one at a time: a refused one leaves the others alone. */
static void side_by_side(void)
{
    enum { ARENAS = 6 };
    bitena *arenas[ARENAS];
    struct objects objects[ARENAS];
    for (int i = 0; i < ARENAS; i++) {
        arenas[i] = open_arena(&(bitena_options){
            .capacity = (size_t)(i + 1) * 100 * KIB, .mode = i % 3, .prefault = i % 2});
        if (arenas[i]) {
            take_objects(arenas[i], &objects[i], (unsigned char)(i * 17));
        }
    }
    for (int i = 0; i < ARENAS; i++) {
        if (arenas[i]) {
            look_at_objects(&objects[i]);
            trim_arena(arenas[i], 4 * KIB);
            look_at_objects(&objects[i]);
        }
        drop_arena(arenas[i]);
    }
}

/* Free memory in many places: at the index, recycled between living children, in their leases. */
static void trims(int mode)
{
    enum { CHILDREN = 8 };
    bitena *arena = open_arena(&(bitena_options){.capacity = 2 * MIB, .mode = mode});
    bitena *children[CHILDREN] = {0};
    struct objects objects[CHILDREN], own;
    if (!arena) {
        return;
    }
    for (size_t i = 0; i < CHILDREN; i++) {
        children[i] = bitena_new_child(arena);
        EXPECT(children[i] != NULL && bitena_try_alloc(children[i], 60000, 8));
        take_objects(children[i], &objects[i], (unsigned char)(20 * i));
    }
    for (size_t i = 0; i < CHILDREN; i += 2) {
        drop_arena(children[i]);
    }
    take_objects(arena, &own, 99);
    for (size_t keep = 0; keep <= 512 * KIB; keep = keep ? 4 * keep : 32 * KIB) {
        trim_arena(arena, keep);
        trim_arena(children[1], keep);
    }
    look_at_objects(&own);
    for (size_t i = 1; i < CHILDREN; i += 2) {
        look_at_objects(&objects[i]);
        drop_arena(children[i]);
    }
    use_arena(arena);
    EXPECT(bitena_try_alloc(arena, 1500 * KIB, 1)); /* nothing was lost to a refused trim */
    drop_arena(arena);
}

static void trimmed_in_each_mode(void)
{
    for (int mode = BITENA_SHARED; mode <= BITENA_LOCAL; mode++) {
        trims(mode);
    }
}

static void in_thread(void *(*fn)(void *), void *argument)
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, fn, argument) != 0 || pthread_join(thread, NULL) != 0) {
        perror("in_thread");
        abort();
    }
}

/* A thread that could not be registered is served by the index: no marks, but everything else. */
static void *visit(void *arena)
{
    struct objects objects, childs;
    take_objects((bitena *)arena, &objects, 33);
    bitena *child = bitena_new_child((bitena *)arena);
    EXPECT(child != NULL);
    if (child) {
        take_objects(child, &childs, 66);
        drop_arena(child);
    }
    look_at_objects(&objects);
    live(&(bitena_options){.capacity = 128 * KIB, .mode = BITENA_LOCAL});
    return NULL;
}

static void threads_one_after_another(void)
{
    bitena *arena = open_arena(&(bitena_options){.capacity = MIB});
    struct objects own;
    if (arena) {
        take_objects(arena, &own, 1);
        for (size_t i = 0; i < THREADS; i++) {
            in_thread(visit, arena);
        }
        look_at_objects(&own);
        use_arena((reset_arena(arena), arena));
        drop_arena(arena);
    }
}

static pthread_key_t users_key;

/* A user's destructor in the first round: the thread still owns its arena, shared as it is. */
static void use_and_drop(void *arena)
{
    struct objects objects;
    take_objects((bitena *)arena, &objects, 77);
    look_at_objects(&objects);
    drop_arena((bitena *)arena);
}

static void *leave_an_arena(void *nothing)
{
    bitena *arena = open_arena(&(bitena_options){.capacity = 128 * KIB});
    if (arena) {
        use_arena(arena);
    }
    EXPECT(real_set_specific(users_key, arena) == 0);
    return nothing;
}

static void threads_that_end(void)
{
    EXPECT(real_key_create(&users_key, use_and_drop) == 0);
    in_thread(leave_an_arena, NULL);
    in_thread(leave_an_arena, NULL);
}

/* The child of a fork uses and drops what it has; so does the parent. */
static void fork_and_use(int mode)
{
    bitena *arena = open_arena(&(bitena_options){.capacity = 512 * KIB, .mode = mode});
    struct objects before, after;
    if (!arena) {
        return;
    }
    take_objects(arena, &before, 5);
    pid_t child = fork();
    if (child == 0) {
        take_objects(arena, &after, 50);
        look_at_objects(&before);
        trim_arena(arena, 0);
        reset_arena(arena);
        use_arena(arena);
        drop_arena(arena);
        live(&(bitena_options){.capacity = 128 * KIB});
        EXPECT(fault_ledger().bytes == 0);
        _exit(faults_found != 0);
    }
    int status = -1;
    EXPECT(child > 0 && waitpid(child, &status, 0) == child && status == 0);
    look_at_objects(&before);
    use_arena((reset_arena(arena), arena));
    drop_arena(arena);
}

static void *fork_in_each_mode(void *nothing)
{
    for (int mode = BITENA_SHARED; mode <= BITENA_LOCAL; mode++) {
        fork_and_use(mode);
    }
    return nothing;
}

static void forked(void)
{
    (void)fork_in_each_mode(NULL);
    in_thread(fork_in_each_mode, NULL);
}

/* More than any address space: the reason is looked up in files, which may be missing. */
static void more_than_there_is(void)
{
    if (SIZE_MAX > UINT32_MAX) { /* else more than half of it may be free */
        open_refused(&(bitena_options){.capacity = PTRDIFF_MAX / 8}, NULL);
    }
    live(&(bitena_options){.capacity = 128 * KIB});
}

/* Not under a sanitizer: its own runtime needs address space, and ends the process without. */
static void more_than_the_limit(void)
{
    if (under_sanitizer()) {
        return;
    }
    struct rlimit limit = {(rlim_t)256 * MIB, RLIM_INFINITY};
    EXPECT(setrlimit(RLIMIT_AS, &limit) == 0);
    size_t asked = fault_plan->failed[CALL_getrlimit];
    open_refused(&(bitena_options){.capacity = 300 * (size_t)MIB}, NULL);
    char text[256];
    (void)bitena_open_error(text, sizeof text);
    if (fault_plan->failed[CALL_getrlimit] == asked) {
        EXPECT(strstr(text, "RLIMIT_AS") && strstr(text, "at 268435456 bytes"));
    }
    limit.rlim_cur = RLIM_INFINITY;
    EXPECT(setrlimit(RLIMIT_AS, &limit) == 0);
    live(&(bitena_options){.capacity = 128 * KIB});
}

/* The line is whole unless the system refused it for good: a write cut short or interrupted goes on,
 * and the process aborts in any case. */
static void says_why_it_aborts(void)
{
    static const char expected[] =
        "bitena: arena 'told': asked for 999999 bytes aligned to 8, 65536 of 65536 bytes remain: "
        "no room\n";
    char said[256] = {0};
    int ends[2], status = 0;
    bitena *arena = open_arena(&(bitena_options){.capacity = 64 * KIB, .name = "told"});
    if (!arena || pipe(ends) != 0) {
        drop_arena(arena);
        return;
    }
    size_t refused = fault_plan->failed[CALL_write];
    pid_t child = fork();
    if (child == 0) {
        (void)dup2(ends[1], STDERR_FILENO);
        (void)signal(SIGABRT, SIG_DFL);
        (void)setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
        (void)bitena_alloc(arena, 999999, 8);
        _exit(0);
    }
    (void)close(ends[1]);
    size_t length = 0;
    for (ssize_t n; (n = read(ends[0], said + length, sizeof said - 1 - length)) > 0;) {
        length += (size_t)n;
    }
    (void)close(ends[0]);
    EXPECT(child > 0 && waitpid(child, &status, 0) == child);
    EXPECT(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
    bool for_good = fault_plan->failed[CALL_write] > refused && fault_plan->last_error == EIO;
    EXPECT(for_good ? strncmp(said, expected, length) == 0 : strcmp(said, expected) == 0);
    drop_arena(arena);
}

/* A gather that never ends, as a signal handler would see its own thread's: bounded waits. */
static void waits_in_vain(void)
{
    bitena *arena = open_arena(&(bitena_options){.capacity = 8 * KIB, .mode = BITENA_EXACT});
    if (arena) {
        EXPECT(bitena_try_alloc(arena, 8 * KIB, 1));
        uint32_t *gathering = &arena_of(arena)->pool->gathering;
        *gathering = thread_forks() + 1;
        errno = 0;
        EXPECT(!bitena_try_alloc(arena, 1, 1) && errno == ENOMEM);
        errno = 0;
        EXPECT(bitena_trim(arena, 0) == -1 && errno == EAGAIN);
        *gathering = 0;
        reset_arena(arena);
        EXPECT(bitena_try_alloc(arena, 8 * KIB, 1));
        drop_arena(arena);
    }
}

const struct scenario scenarios[] = {
    {"plain", plain, 0},
    {"tiny", tiny, 0},
    {"with_huge_pages", with_huge_pages, 0},
    {"prefaulted", prefaulted, 0},
    {"prefaulted_huge_pages", prefaulted_huge_pages, 0},
    {"in_a_buffer", in_a_buffer, 0},
    {"side_by_side", side_by_side, 0},
    {"trimmed_in_each_mode", trimmed_in_each_mode, 0},
    {"threads_one_after_another", threads_one_after_another, 40},
    {"threads_that_end", threads_that_end, 0},
    {"forked", forked, 40},
    {"more_than_there_is", more_than_there_is, 0},
    {"more_than_the_limit", more_than_the_limit, 0},
    {"says_why_it_aborts", says_why_it_aborts, 0},
    {"waits_in_vain", waits_in_vain, 2},
};
const size_t scenario_count = sizeof scenarios / sizeof *scenarios;
