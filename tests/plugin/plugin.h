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

/* The verbs of the copy that the including file is linked with. */
static inline void *try_alloc(bitena *arena, size_t size, size_t align)
{
    return bitena_try_alloc(arena, size, align);
}

static inline char *try_alloc_str(bitena *arena, const char *text)
{
    return bitena_try_alloc_str(arena, text);
}

static inline uint64_t thread_id(void)
{
    return bitena_thread_id;
}

#define PLUGIN_VERBS                                                                     \
    {                                                                                    \
        .open = bitena_open, .try_alloc = try_alloc, .try_alloc_str = try_alloc_str,     \
        .try_resize = bitena_try_resize, .save = bitena_save, .rewind = bitena_rewind,   \
        .try_defer = bitena_try_defer, .new_child = bitena_new_child, .own = bitena_own, \
        .absorb = bitena_absorb, .reset = bitena_reset, .drop = bitena_drop,             \
        .remaining = bitena_remaining, .used = bitena_used, .thread_id = thread_id,      \
    }

/* The only symbol that a plugin exports. */
typedef const struct plugin *get_plugin(void);

#endif
