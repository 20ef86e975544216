/*
 * split.h - a text's words: runs of bytes above the space. A text that is too short is taken
 * again from its start. Not timed.
 * SPDX-License-Identifier: MIT
 */
#ifndef BENCH_SPLIT_H
#define BENCH_SPLIT_H

#include "fill.h"
#include "memory.h"

struct words {
    struct word *words;
    size_t count;
    size_t bytes; /* their letters and a zero for each */
};

/* The next word at or behind `at` with a byte of the text behind it; length 0 if there is none. */
static inline struct word split_next(const char *text, size_t length, size_t at)
{
    struct word word = {NULL, 0};
    while (at < length && (unsigned char)text[at] <= ' ') {
        at++;
    }
    word.s = text + at;
    while (at < length && (unsigned char)text[at] > ' ' && word.length != UINT32_MAX) {
        at++;
        word.length++;
    }
    word.length = at == length ? 0 : word.length;
    return word;
}

/* Counts the words, and writes them where there is a table for them. */
static inline void words_walk(struct words *words, const char *text, size_t length, size_t bytes,
                              size_t extra)
{
    size_t at = 0;
    words->count = 0;
    words->bytes = 0;
    while (words->bytes + words->count * extra < bytes) {
        struct word word = split_next(text, length, at);
        if (word.length == 0) {
            at = 0;
            continue;
        }
        at = (size_t)(word.s - text) + word.length;
        if (words->words != NULL) {
            words->words[words->count] = word;
        }
        words->count++;
        words->bytes += word.length + 1;
    }
}

/* As many words as make `bytes` bytes, each with `extra` more and a zero. */
static inline void words_split(struct words *words, const char *text, size_t length, size_t bytes,
                               size_t extra)
{
    if (split_next(text, length, 0).length == 0 || bytes == 0) {
        die("text: no words");
    }
    words->words = NULL;
    words_walk(words, text, length, bytes, extra);
    words->words = (struct word *)memory_take(words->count * sizeof *words->words);
    words_walk(words, text, length, bytes, extra);
}

/* FNV-1a, further on from check; the zero at the end is part of it. */
static inline uint64_t text_check(uint64_t check, const char *s, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        check = (check ^ (unsigned char)s[i]) * 0x100000001b3u;
    }
    return check;
}

#endif
