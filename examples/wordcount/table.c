/*
 * table.c - an insert-only hash table with chained buckets, for any number of threads at once.
 *
 * A word is complete before a compare-and-swap with release order makes it the head of its chain;
 * readers start from an acquire load of the head. No word is removed or moved while threads run.
 * Counters are relaxed: they are read after the threads were joined. A thread that loses the race
 * looks at what came in between and tries again with the same node; if the word itself came in, its
 * own node was for nothing and is counted as lost.
 * SPDX-License-Identifier: MIT
 */
#include "wordcount.h"

#include <string.h>

enum { MIN_BUCKETS = 1 << 10, MAX_BUCKETS = 1 << 20, TEXT_BYTES_PER_BUCKET = 128 };

void table_open(struct table *table, const struct store *store, void *place, size_t text_bytes)
{
    size_t buckets = MIN_BUCKETS;
    while (buckets < MAX_BUCKETS && buckets < text_bytes / TEXT_BYTES_PER_BUCKET) {
        buckets *= 2;
    }
    table->store = store;
    table->place = place;
    table->mask = buckets - 1;
    table->buckets = store->alloc(place, buckets * sizeof *table->buckets);
    for (size_t i = 0; i < buckets; i++) {
        atomic_init(&table->buckets[i], NULL);
    }
}

/* The word with that text in a chain, up to but without `end`. */
static struct word *find(struct word *chain, const struct word *end, const char *text,
                         uint32_t length, uint32_t hash)
{
    for (struct word *word = chain; word != end; word = word->next) {
        if (word->hash == hash && word->length == length && memcmp(word->text, text, length) == 0) {
            return word;
        }
    }
    return NULL;
}

static void count_up(struct word *word, uint32_t count)
{
    atomic_fetch_add_explicit(&word->count, count, memory_order_relaxed);
    atomic_fetch_add_explicit(&word->files, 1, memory_order_relaxed);
}

static size_t word_size(uint32_t length)
{
    return offsetof(struct word, text) + length + 1;
}

static struct word *word_new(const struct table *table, const char *text, uint32_t length,
                             uint32_t hash, uint32_t count)
{
    struct word *word = table->store->alloc(table->place, word_size(length));
    atomic_init(&word->count, count);
    atomic_init(&word->files, 1);
    word->hash = hash;
    word->length = length;
    memcpy(word->text, text, length);
    word->text[length] = '\0';
    return word;
}

void table_add(struct table *table, const char *text, uint32_t length, uint32_t hash,
               uint32_t count, struct table_cost *cost)
{
    _Atomic(struct word *) *bucket = &table->buckets[hash & table->mask];
    struct word *head = atomic_load_explicit(bucket, memory_order_acquire);
    struct word *known = find(head, NULL, text, length, hash);
    if (known != NULL) {
        count_up(known, count);
        return;
    }
    struct word *word = word_new(table, text, length, hash, count);
    for (;;) {
        const struct word *seen = head;
        word->next = head;
        if (atomic_compare_exchange_weak_explicit(bucket, &head, word, memory_order_release,
                                                  memory_order_acquire)) {
            cost->asked_bytes += word_size(length);
            return;
        }
        known = find(head, seen, text, length, hash);
        if (known != NULL) {
            break;
        }
    }
    count_up(known, count);
    cost->lost++;
    if (table->store->free != NULL) {
        table->store->free(word);
    }
}

/* Puts a word into the list if it belongs to the most frequent so far; ties go by text. */
static void rank(struct outcome *outcome, const struct word *word, uint64_t count)
{
    size_t at = outcome->top_count;
    while (at > 0 && (outcome->top[at - 1].count < count ||
                      (outcome->top[at - 1].count == count &&
                       strncmp(outcome->top[at - 1].text, word->text, TOP_TEXT_BYTES - 1) > 0))) {
        at--;
    }
    if (at == TOP_WORDS) {
        return;
    }
    size_t last = outcome->top_count < TOP_WORDS ? outcome->top_count++ : TOP_WORDS - 1;
    memmove(&outcome->top[at + 1], &outcome->top[at], (last - at) * sizeof outcome->top[0]);
    struct top_word *place = &outcome->top[at];
    memset(place, 0, sizeof *place);
    size_t length = word->length < TOP_TEXT_BYTES ? word->length : TOP_TEXT_BYTES - 1;
    memcpy(place->text, word->text, length);
    place->count = count;
    place->files = atomic_load_explicit(&word->files, memory_order_relaxed);
}

/* One word's share of the digest: a sum over all words does not depend on their order. */
static uint64_t digest_word(const struct word *word, uint64_t count)
{
    const uint64_t start = 14695981039346656037U; /* FNV-1a, 64 bits */
    const uint64_t factor = 1099511628211U;
    uint64_t digest = start;
    for (uint32_t i = 0; i < word->length; i++) {
        digest = (digest ^ (unsigned char)word->text[i]) * factor;
    }
    digest = (digest ^ count) * factor;
    return (digest ^ atomic_load_explicit(&word->files, memory_order_relaxed)) * factor;
}

void table_check(const struct table *table, struct outcome *outcome)
{
    for (size_t i = 0; i <= table->mask; i++) {
        struct word *word = atomic_load_explicit(&table->buckets[i], memory_order_relaxed);
        for (; word != NULL; word = word->next) {
            uint64_t count = atomic_load_explicit(&word->count, memory_order_relaxed);
            outcome->distinct++;
            outcome->digest += digest_word(word, count);
            rank(outcome, word, count);
        }
    }
}

void table_close(struct table *table)
{
    if (table->store->free == NULL) {
        return;
    }
    for (size_t i = 0; i <= table->mask; i++) {
        struct word *word = atomic_load_explicit(&table->buckets[i], memory_order_relaxed);
        while (word != NULL) {
            struct word *next = word->next;
            table->store->free(word);
            word = next;
        }
    }
    table->store->free((void *)table->buckets);
}
