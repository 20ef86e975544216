/* Two small tables. Meetings are only ever added, so that what was learnt in one run holds in all.
 * SPDX-License-Identifier: MIT */
#include "words.h"

#include <stdlib.h>
#include <string.h>

#include "seen.h"

enum { BITS = 13, SIZE = 1 << BITS, KEPT = 16 };

static struct word {
    uintptr_t at; /* 0: an empty place */
    uint8_t readers, writers;
} words[SIZE];

static struct kept {
    char *at;
    uint64_t value;
} kept[KEPT];
static size_t kept_count;

void words_forget_meetings(void)
{
    memset(words, 0, sizeof words);
}

static struct word *find(uintptr_t at)
{
    size_t place = (size_t)(at * UINT64_C(0x9E3779B97F4A7C15) >> (64 - BITS));
    for (int tries = 0; words[place].at != at && words[place].at != 0; tries++) {
        place = (place + 1) % SIZE;
        if (tries == SIZE / 2) {
            abort();
        }
    }
    words[place].at = at;
    return &words[place];
}

static bool meets(const struct word *w)
{
    uint8_t all = w->readers | w->writers;
    return w->writers != 0 && (all & (all - 1)) != 0;
}

bool word_meets(const void *word, int who, bool writes, bool *learnt)
{
    struct word *w = find((uintptr_t)word);
    bool before = meets(w);
    *(writes ? &w->writers : &w->readers) |= (uint8_t)(1 << who);
    bool after = meets(w);
    *learnt = *learnt || after != before;
    return after;
}

void words_keep(const void *word)
{
    char *at = (char *)((uintptr_t)word & ~(uintptr_t)(sizeof(uint64_t) - 1));
    for (size_t i = 0; i < kept_count; i++) {
        if (kept[i].at == at) {
            return;
        }
    }
    if (kept_count == KEPT) {
        abort();
    }
    kept[kept_count].at = at;
    memcpy(&kept[kept_count++].value, at, sizeof(uint64_t));
}

void words_restore(void)
{
    for (size_t i = 0; i < kept_count; i++) {
        memcpy(kept[i].at, &kept[i].value, sizeof(uint64_t));
    }
}

uint64_t words_hash(uint64_t hash)
{
    for (size_t i = 0; i < kept_count; i++) {
        hash = hash_bytes(hash, kept[i].at, sizeof(uint64_t));
    }
    return hash;
}
