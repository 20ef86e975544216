/* The platform, played: no system call, thread numbers by turn, waiting means that others run.
 * Only what arenas in buffers need works; the rest refuses.
 * SPDX-License-Identifier: MIT */
#include "platform/platform.h"

#include <errno.h>
#include <stdio.h>

#include "explore.h"

size_t platform_page_size(void)
{
    return 4096;
}

void *platform_reserve(size_t bytes, struct platform_refusal *refusal)
{
    (void)bytes;
    *refusal = (struct platform_refusal){"the explorer", 0};
    errno = ENOMEM;
    return NULL;
}

void platform_release(void *address, size_t bytes)
{
    (void)address;
    (void)bytes;
}

int platform_advise_huge(void *address, size_t bytes)
{
    (void)address;
    (void)bytes;
    return -1;
}

int platform_populate(void *address, size_t bytes)
{
    return platform_advise_huge(address, bytes);
}

int platform_discard(void *address, size_t bytes)
{
    return platform_advise_huge(address, bytes);
}

void platform_wait(int tries)
{
    (void)tries;
    explore_wait();
}

/* A thread that follows another in its place has its number too, as with the kernel's. */
uint32_t platform_thread_number(void)
{
    enum { IN_SCENARIOS = 64 };
    static uint32_t given;
    return explore_running() < 0 ? ++given : IN_SCENARIOS + (uint32_t)explore_running();
}

static void (*thread_end)(void *value);
static __thread void *thread_value;

int platform_thread_hooks(void (*at_thread_end)(void *value), void (*after_fork_in_child)(void))
{
    thread_end = at_thread_end;
    (void)after_fork_in_child; /* played threads do not fork */
    return 0;
}

int platform_set_thread_value(void *value)
{
    thread_value = value;
    return 0;
}

enum { END_ROUNDS = 2 };

unsigned platform_thread_end_rounds(void)
{
    return END_ROUNDS;
}

/* A round calls the destructor of each value that is set; the user's comes after the library's. */
void explore_run_destructors(void (*last)(void))
{
    for (int round = 0; round < 2 * END_ROUNDS; round++) {
        void *value = thread_value;
        thread_value = NULL;
        if (value && thread_end) {
            thread_end(value);
        }
        if (round == 0 && last) {
            last();
        }
    }
}

void platform_once(void (*fn)(void))
{
    static bool done;
    if (!done) {
        done = true;
        fn();
    }
}

void platform_write_error(const char *text, size_t length)
{
    (void)fwrite(text, 1, length, stderr);
}
