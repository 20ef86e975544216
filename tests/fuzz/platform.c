/* The platform as the fuzz targets play it: no system call, so that a short program costs little. A
 * mapping is a piece of static memory, zeroed when it is reserved, poisoned for AddressSanitizer while
 * it is not; pages are small, so that small arenas have some. Threads are played too (lifetimes.c):
 * they neither end nor fork. Linked before the library, whose own platform is then left out.
 * SPDX-License-Identifier: MIT */
#include "platform/platform.h"

#include <errno.h>
#include <sanitizer/asan_interface.h>
#include <stdio.h>
#include <string.h>

enum { PAGE = 256, MAPPINGS = 2, MOST_BYTES = 1 << 17 };

static struct mapping {
    __attribute__((aligned(4096))) char bytes[MOST_BYTES];
    size_t size; /* 0: not reserved */
} mappings[MAPPINGS];

size_t platform_page_size(void)
{
    return PAGE;
}

void *platform_reserve(size_t bytes, struct platform_refusal *refusal)
{
    for (struct mapping *m = mappings; m < mappings + MAPPINGS && bytes <= MOST_BYTES; m++) {
        if (m->size == 0) {
            m->size = bytes;
            ASAN_UNPOISON_MEMORY_REGION(m->bytes, bytes);
            ASAN_POISON_MEMORY_REGION(m->bytes + bytes, MOST_BYTES - bytes);
            return memset(m->bytes, 0, bytes);
        }
    }
    *refusal = (struct platform_refusal){"the fuzz target", MOST_BYTES};
    errno = ENOMEM;
    return NULL;
}

void platform_release(void *address, size_t bytes)
{
    for (struct mapping *m = mappings; m < mappings + MAPPINGS; m++) {
        if (address == m->bytes && m->size == bytes) {
            m->size = 0;
            ASAN_POISON_MEMORY_REGION(m->bytes, MOST_BYTES);
            return;
        }
    }
    __builtin_trap(); /* not what was reserved */
}

int platform_advise_huge(void *address, size_t bytes)
{
    (void)address;
    (void)bytes;
    return 0;
}

int platform_populate(void *address, size_t bytes)
{
    return platform_advise_huge(address, bytes);
}

int platform_discard(void *address, size_t bytes)
{
    memset(address, 0, bytes);
    return 0;
}

/* Nobody else runs: who waits long waits for ever. */
void platform_wait(int tries)
{
    if (tries > 3) {
        __builtin_trap();
    }
}

uint32_t platform_thread_number(void)
{
    static uint32_t given;
    return ++given;
}

int platform_thread_hooks(void (*at_thread_end)(void *value), void (*after_fork_in_child)(void))
{
    (void)at_thread_end;
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
