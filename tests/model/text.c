/* Growing texts against plain buffers: random appends, windows, cuts and ends of several texts in one
 * arena with objects between them, until it is full, again and again, on arenas of every kind.
 * BITENA_SEED=n another seed, BITENA_STEPS=n other than 20000 steps for each kind.
 * SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <bitena/text.h>

#include "support/misuse.h"
#include "support/random.h"
#include "support/subject.h"

enum { TEXTS = 4, CAPACITY = 128 << 10 };

struct pair {
    bitena_text text;
    char plain[CAPACITY + 1];
    size_t size;
};

static struct pair pairs[TEXTS];
static char source[CAPACITY];

static void assert_same(const struct pair *pair)
{
    assert_int_equal(pair->text.size, pair->size);
    assert_true(pair->text.size <= pair->text.room);
    if (pair->size != 0) {
        assert_memory_equal(pair->text.at, pair->plain, pair->size);
    }
}

static void add(struct pair *pair, const char *bytes, size_t size)
{
    assert_true(pair->size + size < CAPACITY);
    memcpy(pair->plain + pair->size, bytes, size);
    pair->size += size;
}

/* An append of one kind; what is refused leaves the text as it was. */
static bool append(struct pair *pair, struct random *random)
{
    bitena_text *text = &pair->text;
    size_t size = random_skewed(random, 10);
    const char *bytes = source + random_below(random, CAPACITY - size);
    char number[32];
    char *window;
    int written;
    switch (random_below(random, 5)) {
    case 0:
        if (bitena_text_try_append_char(text, *bytes) != 0) {
            return false;
        }
        add(pair, bytes, 1);
        break;
    case 1:
        written = snprintf(number, sizeof number, "%zu;%d", size, (int)*bytes);
        if (bitena_text_try_append_printf(text, "%zu;%d", size, (int)*bytes) != 0) {
            return false;
        }
        add(pair, number, (size_t)written);
        break;
    case 2:
        window = bitena_text_try_window(text, size);
        if (!window) {
            return false;
        }
        memcpy(window, bytes, size);
        bitena_text_commit(text, size / 2);
        add(pair, bytes, size / 2);
        break;
    case 3: /* its own first bytes */
        size = size < text->size ? size : text->size;
        if (bitena_text_try_append(text, text->at, size) != 0) {
            return false;
        }
        add(pair, pair->plain, size);
        break;
    default:
        if (bitena_text_try_append(text, bytes, size) != 0) {
            return false;
        }
        add(pair, bytes, size);
        break;
    }
    return true;
}

static void step(bitena *arena, struct random *random)
{
    struct pair *pair = &pairs[random_below(random, TEXTS)];
    bool full = false;
    switch (random_below(random, 16)) {
    case 0:
        pair->text.size = pair->size = random_below(random, pair->size + 1);
        break;
    case 1:
        assert_memory_equal(bitena_text_so_far(&pair->text).at, pair->plain, pair->size);
        break;
    case 2:
        full = !bitena_try_alloc(arena, random_skewed(random, 8), 8);
        break;
    case 3: {
        bitena_bytes whole = bitena_text_end(&pair->text);
        assert_int_equal(whole.size, pair->size);
        assert_memory_equal(whole.at, pair->plain, pair->size);
        assert_int_equal(whole.at[whole.size], 0);
        pair->size = 0;
        break;
    }
    default:
        full = !append(pair, random);
    }
    assert_same(pair);
    if (full) {
        assert_int_equal(errno, ENOMEM);
        for (size_t i = 0; i < TEXTS; i++) {
            assert_same(&pairs[i]);
            pairs[i].text = bitena_text_begin(arena);
            pairs[i].size = 0;
        }
        assert_int_equal(bitena_reset(arena), 0);
    }
}

static void texts_hold_what_plain_buffers_hold(void **state)
{
    (void)state;
    struct random random = {setting("BITENA_SEED", 20261)};
    size_t steps = (size_t)setting("BITENA_STEPS", scaled(20000));
    print_message("BITENA_SEED=%llu\n", (unsigned long long)random.state);
    for (size_t i = 0; i < CAPACITY; i++) {
        source[i] = (char)random_next(&random);
    }
    for (enum kind k = 0; k < KIND_COUNT; k++) {
        struct subject s = subject_open(k, CAPACITY / 2, NULL);
        for (size_t i = 0; i < TEXTS; i++) {
            pairs[i].text = bitena_text_begin(s.arena);
            pairs[i].size = 0;
        }
        for (size_t i = 0; i < steps; i++) {
            step(s.arena, &random);
        }
        subject_close(&s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(texts_hold_what_plain_buffers_hold)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
