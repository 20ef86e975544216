/*
 * packing.h - how much memory the objects really take: the growth of the process in pages of
 * 4 KiB (huge ones are switched off) while it fills `bytes` once, cold.
 *
 *     packing of=same  [size=16]  [bytes=67108864]
 *     packing of=mixed sizes=FILE [bytes=67108864]
 *     packing of=words text=FILE  [bytes=67108864]
 *
 * bytes: what the program asks for; of words, with their structs and zeros. resident is the growth,
 * ns the time per object, first touch of the pages included.
 * SPDX-License-Identifier: MIT
 */
#ifndef BENCH_PACKING_H
#define BENCH_PACKING_H

#include "draw.h"
#include "words.h"

struct packing {
    struct lap lap;
    size_t size, count; /* of=same */
    struct sizes drawn;
    struct words words;
    void *list;
    size_t before, growth;
};

static inline void packing_fill(void *context, unsigned thread)
{
    struct packing *packing = (struct packing *)context;
    struct room *room = room_of(&packing->lap.crew, thread);
    if (packing->words.count != 0) {
        packing->list = fill_words(room, packing->words.words, packing->words.count);
    } else if (packing->drawn.count != 0) {
        packing->list = fill_sizes(room, packing->drawn.sizes, packing->drawn.count);
    } else {
        packing->list = fill_same(room, packing->count, packing->size);
    }
}

static inline void packing_free(void *context, unsigned thread)
{
#if RIVAL_FREES_EACH
    struct packing *packing = (struct packing *)context;
    struct room *room = room_of(&packing->lap.crew, thread);
    if (packing->words.count != 0) {
        free_words(room, packing->list);
    } else if (packing->drawn.count != 0) {
        free_sizes(room, packing->list, packing->drawn.sizes, packing->drawn.count);
    } else {
        free_same(room, packing->list, packing->size);
    }
#else
    (void)context;
    (void)thread;
#endif
}

static inline void packing_look(struct lap *lap)
{
    struct packing *packing = (struct packing *)(void *)lap;
    size_t after = resident_bytes();
    packing->growth = after > packing->before ? after - packing->before : 0;
    if (packing->words.count != 0) {
        lap->check = entries_check(0, packing->list);
    } else if (packing->drawn.count != 0) {
        lap->check = sizes_check(&packing->drawn, packing->list);
    } else {
        for (const void *p = packing->list; p != NULL; p = *(const void *const *)p) {
            lap->check++;
        }
    }
}

/* What to make, before anything is measured. Returns how many bytes of it. */
static inline size_t packing_choose(struct packing *packing, struct request *request)
{
    const char *of = want_text(request, "of", "same");
    size_t bytes = want_number(request, "bytes", 64 << 20);
    if (strcmp(of, "same") == 0) {
        packing->size = want_number(request, "size", 16);
        packing->count = packing->size == 0 ? 0 : bytes / packing->size;
        return packing->count * packing->size;
    }
    if (strcmp(of, "mixed") == 0) {
        sizes_draw(&packing->drawn, request, SIZE_MAX, bytes);
        packing->count = packing->drawn.count;
        return packing->drawn.bytes;
    }
    if (strcmp(of, "words") != 0) {
        die("of=%s: same, mixed or words", of);
    }
    size_t length = 0;
    const char *text = want_file(request, "text", &length);
    words_split(&packing->words, text, length, bytes, sizeof(struct entry));
    packing->count = packing->words.count;
    return packing->words.bytes + packing->words.count * sizeof(struct entry);
}

static inline int workload_packing(struct request *request, struct result *result)
{
    static struct packing packing;
    no_huge_pages();
    result->bytes_asked = packing_choose(&packing, request);
    result->operations = packing.count;
    packing.lap.fill = packing_fill;
    packing.lap.free = packing_free;
    packing.lap.look = packing_look;
    lap_open(&packing.lap, 1, result->bytes_asked, 2 * packing.count);
    (void)resident_bytes(); /* its own buffers */
    packing.before = resident_bytes();
    int status = lap_measure(&packing.lap, result, 0, 1);
    result->resident = packing.growth;
    return status;
}

#endif
