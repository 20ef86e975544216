/* What a plugin of the test two_copies offers: the verbs of the copy of the library that is linked
 * into it. The inline path is compiled into the plugin too, with the plugin's own thread id. For
 * test programs only.
 * SPDX-License-Identifier: MIT */
#ifndef BITENA_TESTS_PLUGIN_H
#define BITENA_TESTS_PLUGIN_H

#include <bitena.h>

struct plugin {
    bitena *(*open)(const bitena_options *options);
    void *(*try_alloc)(bitena *arena, size_t size, size_t align);
    char *(*try_alloc_str)(bitena *arena, const char *text);
    void *(*try_resize)(bitena *arena, void *p, size_t old_size, size_t new_size, size_t align);
    bitena_mark (*save)(bitena *arena);
    int (*rewind)(bitena *arena, bitena_mark mark);
    int (*try_defer)(bitena *arena, void (*cleanup)(void *), void *argument);
    bitena *(*new_child)(bitena *parent);
    int (*own)(bitena *arena);
    int (*absorb)(bitena *parent, bitena *child);
    int (*reset)(bitena *arena);
    void (*drop)(bitena *arena);
    size_t (*remaining)(const bitena *arena);
    size_t (*used)(const bitena *arena);
    uint64_t (*thread_id)(void); /* the caller's, to this copy; 0: it has none */
};

/* The only symbol that a plugin exports. */
typedef const struct plugin *get_plugin(void);

#endif
