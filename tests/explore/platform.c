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

uint32_t platform_thread_number(void)
{
    static uint32_t given;
    return ++given;
}

int platform_thread_hooks(void (*at_thread_end)(void *value), void (*after_fork_in_child)(void))
{
    (void)at_thread_end; /* played threads neither end nor fork */
    (void)after_fork_in_child;
    return 0;
}

int platform_set_thread_value(void *value)
{
    (void)value;
    return 0;
}

unsigned platform_thread_end_rounds(void)
{
    return 1;
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
