/* Interning is a map without values: the value's room begins where the key's copy stands, so what
 * the map gives for a key is the text itself. A table is the map, by another name.
 * SPDX-License-Identifier: MIT */
#include <bitena/intern.h>
#include <bitena/map_parts.h>

static inline bitena_map *map_of(bitena_intern *table, const char *function)
{
    bitena_require_(table != NULL, function, "table");
    return (bitena_map *)table;
}

static inline const bitena_map *const_map_of(const bitena_intern *table, const char *function)
{
    bitena_require_(table != NULL, function, "table");
    return (const bitena_map *)table;
}

static bitena_map_options map_options(const bitena_intern_options *options)
{
    bitena_map_options same = {0};
    if (options) {
        same.expected = options->expected;
        same.limit = options->limit;
        same.seed = options->seed;
    }
    return same;
}

bitena_intern *bitena_intern_new(bitena *arena, const bitena_intern_options *options)
{
    BITENA_REQUIRE_(arena);
    bitena_map_options same = map_options(options);
    return (bitena_intern *)bitena_map_new(arena, &same);
}

bitena_intern *bitena_intern_try_new(bitena *arena, const bitena_intern_options *options)
{
    BITENA_REQUIRE_(arena);
    bitena_map_options same = map_options(options);
    return (bitena_intern *)bitena_map_try_new(arena, &same);
}

static __attribute__((noinline)) const char *add(bitena_intern *table, const char *text,
                                                 size_t length)
{
    bitena_map *map = map_of(table, "bitena_intern_text");
    bitena_require_(length == 0 || text, "bitena_intern_text", "text");
    return bitena_map_insert(map, text, length, NULL, NULL);
}

const char *bitena_intern_text(bitena_intern *table, const char *text, size_t length)
{
    void *there = bitena_map_find_there_((bitena_map *)table, text, length);
    return __builtin_expect(there != NULL, 1) ? there : add(table, text, length);
}

const char *bitena_intern_try_text(bitena_intern *table, const char *text, size_t length)
{
    bitena_map *map = map_of(table, __func__);
    bitena_require_(length == 0 || text, __func__, "text");
    return bitena_map_try_insert(map, text, length, NULL, NULL);
}

const char *bitena_intern_find(const bitena_intern *table, const char *text, size_t length)
{
    const bitena_map *map = const_map_of(table, __func__);
    bitena_require_(length == 0 || text, __func__, "text");
    return bitena_map_find(map, text, length);
}

uint32_t bitena_intern_id(const bitena_intern *table, const char *interned)
{
    const bitena_map *map = const_map_of(table, __func__);
    BITENA_REQUIRE_(interned);
    return bitena_map_entry_of(map, interned).number;
}

size_t bitena_intern_length(const bitena_intern *table, const char *interned)
{
    const bitena_map *map = const_map_of(table, __func__);
    BITENA_REQUIRE_(interned);
    return bitena_map_entry_of(map, interned).length;
}

const char *bitena_intern_at(const bitena_intern *table, uint32_t id)
{
    return bitena_map_at(const_map_of(table, __func__), id).key;
}

uint32_t bitena_intern_count(bitena_intern *table)
{
    return bitena_map_count(map_of(table, __func__));
}

static void *plain_insert(bitena_map *map, const char *text, size_t length)
{
    return bitena_map_insert(map, text, length, NULL, NULL);
}

static void *try_insert(bitena_map *map, const char *text, size_t length)
{
    return bitena_map_try_insert(map, text, length, NULL, NULL);
}

static int fill(bitena_map *map, const char *const *texts, size_t count, const char *function,
                void *(*insert)(bitena_map *, const char *, size_t))
{
    bitena_require_(count == 0 || texts, function, "texts");
    for (size_t i = 0; i < count; i++) {
        bitena_require_(texts[i] != NULL, function, "texts[]");
        if (!insert(map, texts[i], strlen(texts[i]))) {
            return -1;
        }
    }
    return 0;
}

void bitena_intern_fill(bitena_intern *table, const char *const *texts, size_t count)
{
    bitena_map *map = map_of(table, __func__);
    (void)fill(map, texts, count, __func__, plain_insert);
}

int bitena_intern_try_fill(bitena_intern *table, const char *const *texts, size_t count)
{
    bitena_map *map = map_of(table, __func__);
    return fill(map, texts, count, __func__, try_insert);
}

void bitena_intern_freeze(bitena_intern *table)
{
    bitena_map_freeze(map_of(table, __func__));
}

bitena_map_statistics bitena_intern_measure(bitena_intern *table)
{
    return bitena_map_measure(map_of(table, __func__));
}
