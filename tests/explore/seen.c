/* An open hash table of 64-bit numbers, and the hash that makes them.
 * SPDX-License-Identifier: MIT */
#include "seen.h"

#include <string.h>

enum { BITS = 24, SIZE = 1 << BITS };

static uint64_t table[SIZE];
static uint64_t count;

static uint64_t mix(uint64_t a, uint64_t b)
{
    __extension__ typedef unsigned __int128 wide;
    wide product = (wide)(a ^ UINT64_C(0x9E3779B97F4A7C15)) * (b ^ UINT64_C(0xD6E8FEB86659FD93));
    return (uint64_t)product ^ (uint64_t)(product >> 64) ^
           b; /* b: a zero factor must not hide it */
}

uint64_t hash_bytes(uint64_t hash, const void *from, size_t bytes)
{
    const char *at = from;
    uint64_t lanes[2] = {hash + 1, bytes};
    for (; bytes >= 4 * sizeof(uint64_t); bytes -= 4 * sizeof(uint64_t)) { /* two at a time */
        uint64_t words[4];
        memcpy(words, at, sizeof words);
        at += sizeof words;
        lanes[0] = mix(lanes[0] ^ words[0], words[1]) + words[0];
        lanes[1] = mix(lanes[1] ^ words[2], words[3]) + words[2];
    }
    hash = mix(lanes[0], lanes[1]);
    for (; bytes >= sizeof(uint64_t); bytes -= sizeof(uint64_t), at += sizeof(uint64_t)) {
        uint64_t word;
        memcpy(&word, at, sizeof word);
        hash = mix(hash + 1, word);
    }
    uint64_t rest = 0;
    memcpy(&rest, at, bytes);
    return mix(hash, rest);
}

void seen_clear(void)
{
    if (count != 0) {
        memset(table, 0, sizeof table);
    }
    count = 0;
}

bool seen_add(uint64_t hash)
{
    hash += hash == 0; /* 0: an empty place */
    size_t at = hash >> (64 - BITS);
    while (table[at] != 0 && table[at] != hash) {
        at = (at + 1) % SIZE;
    }
    bool is_new = table[at] == 0;
    table[at] = hash;
    count += is_new;
    return is_new;
}

bool seen_is_full(void)
{
    return count > SIZE / 4 * 3;
}
