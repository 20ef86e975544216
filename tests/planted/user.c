/* An ordinary program: a shared arena, a child, text, a scope, threads, an arena that is refused. Correct with the
 * library as it is; linked with one that has a planted fault, a sanitizer or Valgrind must report it. It checks
 * nothing itself.
 * SPDX-License-Identifier: MIT */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>

#include <bitena.h>

static void *allocate(void *arena)
{
    BITENA_SCOPE (arena) {
        for (int i = 0; i < 200; i++) {
            (void)bitena_alloc_str(arena, "some text");
            (void)bitena_make(arena, uint64_t, 7);
        }
    }
    for (int i = 0; i < 2000; i++) { /* leases come and go */
        (void)bitena_alloc(arena, 16, 8);
    }
    return NULL;
}

int main(void)
{
    char text[200];
    if (!bitena_new(PTRDIFF_MAX)) { /* looks into /proc for the reason */
        (void)bitena_open_error(text, sizeof text);
        (void)puts(text);
    }
    bitena *arena = bitena_new((size_t)1 << 20);
    pthread_t thread;
    if (!arena || pthread_create(&thread, NULL, allocate, arena) != 0) {
        return 2;
    }
    (void)allocate(arena);
    (void)pthread_join(thread, NULL);
    bitena *child = bitena_new_child(arena);
    (void)allocate(child);
    bitena_drop(child);
    bitena_drop(arena);
    return 0;
}
