/* Fuzz target: the arithmetic of sizes and places. All functions of src/place.h, and what the public
 * header does inline (bitena_times_, the typed verbs that use it, the bump), against 128-bit integers
 * that divide instead of masking. An input is five bytes and four words; one input is one case of
 * each function. No memory is placed anywhere, no library is linked: the slow path is played here.
 * SPDX-License-Identifier: MIT */
#include "place.h"

#include <stdio.h>
#include <stdlib.h>

#include <bitena.h>

#include "fuzz/fuzz.h"
#include "support/wide.h"

__thread uint64_t bitena_thread_id = 77;

/* What the slow path was asked last. */
static struct {
    size_t size, align;
    int calls;
} slow;

void *bitena_try_alloc_slow_(bitena *arena, size_t size, size_t align)
{
    (void)arena;
    slow.size = size;
    slow.align = align;
    slow.calls++;
    return NULL;
}

/* Before a public arena stands its owner. */
static struct {
    uint64_t owner;
    char between[BITENA_OWNER_BEFORE_ - sizeof(uint64_t)];
    bitena public;
} arena;

struct input {
    uint8_t shape, log_align, count_log, size_log, owner;
    size_t a, b, c, d;
};

static void require_that(bool holds, const char *what, size_t a, size_t b, size_t c, size_t d)
{
    if (__builtin_expect(!holds, 0)) {
        (void)printf("arithmetic: %s differs: %#zx %#zx %#zx %#zx\n", what, a, b, c, d);
        (void)fflush(stdout);
        abort();
    }
}

static void placing(size_t floor, size_t ceiling, size_t size, size_t align)
{
    const uintptr_t untouched = 12345;
    wide first = 0, last = 0;
    bool fits = look_for(floor, ceiling, size, align, &first, &last);
    uintptr_t up = untouched, down = untouched;
    bool placed = place_up(floor, ceiling, size, align, &up);
    require_that(placed == fits && (wide)up == (fits ? first : untouched), "place_up", floor,
                 ceiling, size, align);
    placed = place_down(floor, ceiling, size, align, &down);
    require_that(placed == fits && (wide)down == (fits ? last : untouched), "place_down", floor,
                 ceiling, size, align);
}

static void aligning(size_t n, size_t align)
{
    wide multiple = multiple_from(n, align);
    require_that((wide)padding_up(n, align) == multiple - n, "padding_up", n, align, 0, 0);
    if (multiple < beyond) {
        require_that((wide)round_up(n, align) == multiple, "round_up", n, align, 0, 0);
    }
    require_that(worst_case(n, align) == saturated((wide)n + align - 1), "worst_case", n, align, 0,
                 0);
}

static void comparing(size_t a, size_t b, size_t c)
{
    require_that(add_saturating(a, b) == saturated((wide)a + b), "add_saturating", a, b, 0, 0);
    require_that(smaller(a, b) == (a <= b ? a : b), "smaller", a, b, 0, 0);
    require_that(larger(a, b) == (a <= b ? b : a), "larger", a, b, 0, 0);
    size_t low = b <= c ? b : c, high = b <= c ? c : b, clamped = clamp_size(a, low, high);
    require_that(clamped == (a < low ? low : a > high ? high : a), "clamp_size", a, low, high, 0);
    require_that(is_power_of_two(a) == (__builtin_popcountll(a) == 1), "is_power_of_two", a, 0, 0,
                 0);
    if (a != 0) {
        unsigned bin = size_class(a);
        require_that(bin < 64 && (wide)1 << bin <= a && a < (wide)2 << bin, "size_class", a, 0, 0,
                     0);
    }
    if (c != 0) {
        wide share = b / ((wide)8 * c);
        require_that(fair_lease(a, b, c) == (a < share ? a : share), "fair_lease", a, b, c, 0);
    }
}

/* bitena_times_ is exact up to PTRDIFF_MAX, and above it gives something that is refused. */
static void multiplying(size_t count, size_t size)
{
    wide product = (wide)count * size;
    bool too_much = (wide)count > (wide)PTRDIFF_MAX / (size ? size : 1) && size != 0;
    size_t times = bitena_times_(count, size);
    require_that(times == (too_much ? SIZE_MAX : (size_t)product) &&
                     too_much == (product > PTRDIFF_MAX),
                 "bitena_times_", count, size, 0, 0);
    if (product < PTRDIFF_MAX / 2) {
        size_t buffer = BITENA_BUFFER_SIZE(times);
        require_that((wide)buffer == product + product / 16 + 3072, "BITENA_BUFFER_SIZE", count,
                     size, 0, 0);
    }
}

struct odd {
    char bytes[24];
};

/* What the inline path may decide by itself, and what it must pass on unchanged. */
static void bumping(const struct input *in, size_t floor, size_t ceiling, size_t size, size_t align)
{
    bool mine = in->owner % 4 != 0;
    arena.owner = mine ? bitena_thread_id : in->a;
    arena.public.floor = floor;
    arena.public.ceiling = ceiling;
    slow.calls = 0;
    void *p = in->owner & 4
                  ? (size = bitena_times_(in->c, sizeof(struct odd)), align = _Alignof(struct odd),
                     (void *)bitena_try_alloc_uninit(&arena.public, struct odd, in->c))
                  : bitena_try_alloc(&arena.public, size, align);
    wide first = 0, last = 0;
    bool inlined = arena.owner == bitena_thread_id && size >= 1 && size <= 32768 && align <= 4096 &&
                   __builtin_popcountll(align) == 1 &&
                   look_for(floor, ceiling, size, align, &first, &last);
    bool as_expected = inlined ? (wide)(uintptr_t)p == last && slow.calls == 0
                               : slow.calls == 1 && slow.size == size && slow.align == align;
    require_that(as_expected, "the inline bump", floor, ceiling, size, align);
    require_that(arena.public.floor == floor &&
                     arena.public.ceiling == (inlined ? (uintptr_t)p : ceiling),
                 "the interval after a bump", floor, ceiling, size, align);
}

/* The words as they are, or near what decides: the room that there is, a power of two. */
static size_t shaped(unsigned shape, size_t raw, size_t room)
{
    const size_t near = (raw & 255) - 128;
    const size_t shapes[] = {raw, room + near, raw & 0xffff, ((size_t)1 << (raw >> 8) % 64) + near};
    return shapes[shape % 4];
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = {0};
    uint8_t bytes[5 + 4 * sizeof(size_t)] = {0};
    memcpy(bytes, data, size < sizeof bytes ? size : sizeof bytes);
    memcpy(&in, bytes, 5);
    memcpy(&in.a, bytes + 5, 4 * sizeof(size_t));
    size_t other = shaped(in.shape, in.b, in.a);
    size_t floor = in.a < other ? in.a : other, ceiling = in.a < other ? other : in.a;
    size_t asked = shaped(in.shape / 4, in.c, ceiling - floor);
    size_t align = (size_t)1 << in.log_align % 64;
    placing(floor, ceiling, asked, align);
    aligning(in.a, align);
    aligning(asked, align);
    comparing(asked, in.b, in.d);
    size_t factor = shaped(in.shape / 16, in.d, PTRDIFF_MAX / (asked ? asked : 1));
    multiplying(asked, factor);
    multiplying(in.c >> in.count_log % 64, in.d >> in.size_log % 64);
    if (floor >= BITENA_FLOOR_MIN_) { /* no arena stands below */
        bumping(&in, floor, ceiling, asked, in.log_align & 64 ? in.d : align);
    }
    return 0;
}
