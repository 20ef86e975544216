/*
 * draw.h - sizes of objects as real programs ask for them, drawn from a histogram with a fixed
 * seed, so that every rival gets the same sequence. Not timed.
 *
 * A histogram is a text: lines of `size count`, and of comments that start with #.
 * SPDX-License-Identifier: MIT
 */
#ifndef BENCH_DRAW_H
#define BENCH_DRAW_H

#include "memory.h"

enum { DRAW_MIN = 8, DRAW_MAX = 4096 };

/* Steele, Lea and Flood's splitmix64: any state will do, each step is another number. */
static inline uint64_t draw_random(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

/* upto[size]: how many of all objects are of this size or smaller. */
struct histogram {
    uint64_t upto[DRAW_MAX + 1];
};

/* The number at *s, which moves behind it; SIZE_MAX where there is none. */
static inline size_t histogram_number(const char **s, const char *end)
{
    size_t number = SIZE_MAX;
    while (*s != end && **s == ' ') {
        ++*s;
    }
    while (*s != end && **s >= '0' && **s <= '9') {
        number = (number == SIZE_MAX ? 0 : number) * 10 + (size_t)(*(*s)++ - '0');
    }
    return number;
}

static inline void histogram_read(struct histogram *histogram, const char *text, size_t length)
{
    const char *end = text + length;
    memset(histogram, 0, sizeof *histogram);
    for (const char *s = text; s != end; s += s != end) {
        if (*s != '#' && *s != '\n') {
            size_t size = histogram_number(&s, end);
            size_t count = histogram_number(&s, end);
            if (size == SIZE_MAX || count == SIZE_MAX || (s != end && *s != '\n')) {
                die("sizes: a line is not `size count`");
            }
            size = size < DRAW_MIN ? (size_t)DRAW_MIN : size;
            histogram->upto[size > DRAW_MAX ? (size_t)DRAW_MAX : size] += count;
        }
        while (s != end && *s != '\n') {
            s++;
        }
    }
    for (size_t size = 1; size <= DRAW_MAX; size++) {
        histogram->upto[size] += histogram->upto[size - 1];
    }
    if (histogram->upto[DRAW_MAX] == 0) {
        die("sizes: no sizes");
    }
}

/* The smallest size whose share of the whole reaches past a random point. */
static inline uint16_t draw_size(const struct histogram *histogram, uint64_t *state)
{
    uint64_t point = draw_random(state) % histogram->upto[DRAW_MAX];
    size_t low = DRAW_MIN, high = DRAW_MAX;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (histogram->upto[middle] > point) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return (uint16_t)low;
}

struct sizes {
    uint16_t *sizes;
    size_t count;
    size_t bytes; /* the sum of them */
};

/* count sizes, or as many as together have `bytes` bytes: what comes first. */
static inline void sizes_draw(struct sizes *drawn, struct request *request, size_t count,
                              size_t bytes)
{
    static struct histogram histogram;
    size_t length = 0;
    const char *text = want_file(request, "sizes", &length);
    uint64_t state = 1;
    size_t most = bytes / DRAW_MIN + 1;
    most = count < most ? count : most;
    histogram_read(&histogram, text, length);
    drawn->sizes = (uint16_t *)memory_take(most * sizeof *drawn->sizes);
    drawn->count = 0;
    drawn->bytes = 0;
    while (drawn->count < most && drawn->bytes < bytes) {
        uint16_t size = draw_size(&histogram, &state);
        drawn->sizes[drawn->count++] = size;
        drawn->bytes += size;
    }
}

/* The same for every rival that wrote each object of the list. */
static inline uint64_t sizes_check(const struct sizes *drawn, const void *list)
{
    uint64_t check = 0;
    size_t i = drawn->count;
    for (; list != NULL && i != 0; list = *(const void *const *)list) {
        size_t size = drawn->sizes[--i];
        check += size >= 16 ? ((const uint64_t *)list)[1] * size : size;
    }
    if (list != NULL || i != 0) {
        die("the list does not have %zu objects", drawn->count);
    }
    return check;
}

#endif
