/* A shared object with a copy of the library of its own, as a program's plugins have it. Built
 * twice and loaded with RTLD_LOCAL by the test two_copies, which passes arenas between the copies.
 * SPDX-License-Identifier: MIT */
#include "plugin/plugin.h"

static void *try_alloc(bitena *arena, size_t size, size_t align)
{
    return bitena_try_alloc(arena, size, align);
}

static char *try_alloc_str(bitena *arena, const char *text)
{
    return bitena_try_alloc_str(arena, text);
}

static uint64_t thread_id(void)
{
    return bitena_thread_id;
}

__attribute__((visibility("default"))) get_plugin plugin_verbs;

const struct plugin *plugin_verbs(void)
{
    static const struct plugin verbs = {
        .open = bitena_open,
        .try_alloc = try_alloc,
        .try_alloc_str = try_alloc_str,
        .try_resize = bitena_try_resize,
        .save = bitena_save,
        .rewind = bitena_rewind,
        .try_defer = bitena_try_defer,
        .new_child = bitena_new_child,
        .own = bitena_own,
        .absorb = bitena_absorb,
        .reset = bitena_reset,
        .drop = bitena_drop,
        .remaining = bitena_remaining,
        .used = bitena_used,
        .thread_id = thread_id,
    };
    return &verbs;
}
