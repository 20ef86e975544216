/* See odd.h. What must come of a request is said here from the public header's words alone, in 128-bit
 * numbers; what a request that is served takes goes into the model's books.
 * SPDX-License-Identifier: MIT */
#include "fuzz/odd.h"

#include <errno.h>
#include <string.h>

#include "support/model.h"
#include "support/wide.h"

enum { ODD_BUFFER = 6000, NEAR = 64 };

/* Near a power of two, on either side of it. */
static size_t odd_word(void)
{
    size_t power = (size_t)1 << random_below(&model.random, 64);
    return power + random_below(&model.random, 2 * NEAR) - NEAR;
}

static size_t odd_align(void)
{
    size_t draw = random_below(&model.random, 128);
    return draw < 64 ? (size_t)1 << draw : draw < 72 ? draw - 64 : odd_word();
}

/* 0: it may be served. */
static int expected_error(wide size, size_t align)
{
    bool power = align != 0 && (align & (align - 1)) == 0;
    return !power ? EINVAL : size > PTRDIFF_MAX ? EOVERFLOW : 0;
}

static void check_odd(int arena, void *p, wide size, size_t align, size_t remaining, int error)
{
    bitena *handle = model.arenas[arena].handle;
    int expected = expected_error(size, align);
    if (!p) {
        if (error != (expected ? expected : ENOMEM) || bitena_remaining(handle) != remaining) {
            model_mismatch("%#zx bytes aligned to %#zx: error %s, expected %s; %zu of %zu remain",
                           (size_t)size, align, strerror(error), strerror(expected),
                           bitena_remaining(handle), remaining);
        }
    } else if (expected) {
        model_mismatch("%#zx bytes aligned to %#zx: served", (size_t)size, align);
    } else if (size == 0) {
        if ((uintptr_t)p % align != 0 || bitena_remaining(handle) < remaining) {
            model_mismatch("0 bytes aligned to %#zx: %p", align, p);
        }
    } else {
        model_add(arena, p, (size_t)size, align);
    }
}

void odd_request(int arena)
{
    bitena *handle = model.arenas[arena].handle;
    size_t verb = random_below(&model.random, 4), size = odd_word(), align = odd_align(), room = 0;
    model_log("odd request %zu of %#zx aligned to %#zx in arena %d", verb, size, align, arena);
    model_close_window(arena);
    size_t remaining = bitena_remaining(handle);
    void *p = NULL;
    errno = 0;
    switch (verb) {
    case 0:
        p = bitena_try_alloc(handle, size, align);
        break;
    case 1:
        p = bitena_try_resize(handle, NULL, 0, size, align);
        break;
    case 2:
        p = bitena_try_window(handle, size, align, &room);
        if (p) {
            bitena_commit(handle, p, room, size);
            remaining = size == 0 ? 0 : remaining; /* nothing is taken, but it may be a new lease */
        }
        break;
    default: /* no text is so long: it is not looked at */
        size |= (size_t)1 << 40;
        align = 1;
        p = bitena_try_alloc_strn(handle, "", size);
        check_odd(arena, p, (wide)size + 1, align, remaining, errno);
        return;
    }
    check_odd(arena, p, size, align, remaining, errno);
}

struct three {
    long words[3];
};
struct page {
    _Alignas(1024) char bytes[1024];
};

void odd_slice(int arena)
{
    bitena *handle = model.arenas[arena].handle;
    size_t verb = random_below(&model.random, 6), count = odd_word(), size = sizeof(struct three);
    size_t align = _Alignof(struct three);
    model_log("odd slice %zu of %#zx in arena %d", verb, count, arena);
    model_close_window(arena);
    size_t remaining = bitena_remaining(handle);
    void *p = NULL;
    errno = 0;
    switch (verb) {
    case 0:
        p = bitena_try_alloc_slice(handle, struct three, count);
        break;
    case 1:
        p = bitena_try_alloc_uninit(handle, struct three, count);
        break;
    case 2:
        p = bitena_try_resize_slice(handle, struct three, NULL, 0, count);
        break;
    case 3:
        p = bitena_try_alloc_uninit(handle, struct page, count);
        size = sizeof(struct page);
        align = _Alignof(struct page);
        break;
    case 4:
        p = bitena_try_alloc_slice(handle, char, count, 'x');
        size = align = 1;
        break;
    default:
        p = bitena_try_make(handle, struct three, .words = {1, 2, 3});
        count = 1;
        break;
    }
    check_odd(arena, p, (wide)count * size, align, remaining, errno);
}

/* What the header promises of each field. */
static bool are_good(const bitena_options *o, bool in_buffer)
{
    bool in_range =
        o->mode >= BITENA_SHARED && o->mode <= BITENA_LOCAL &&
        (o->lease_max == 0 || (o->lease_max >= 1024 && o->lease_max <= (size_t)1 << 30)) &&
        o->huge_pages >= -1 && o->huge_pages <= 1 && o->prefault >= -1 && o->prefault <= 1 &&
        o->checked >= -1 && o->checked <= 0;
    return in_range && (in_buffer ? o->huge_pages != 1 && o->prefault != 1 : o->capacity != 0);
}

/* All of it can be had in one piece, lies within the buffer, and is aligned as the block is. */
static void use_up(bitena *arena, const bitena_options *o, const char *place, size_t size)
{
    size_t capacity = bitena_capacity(arena);
    char *all = bitena_try_alloc(arena, capacity, 1);
    if (capacity < o->capacity || !all || bitena_try_alloc(arena, 1, 1)) {
        model_mismatch("an arena of %zu, %zu asked: all of it: %p", capacity, o->capacity,
                       (void *)all);
    }
    if (place && (all < place || all + capacity > place + size)) {
        model_mismatch("an arena outside of its buffer");
    }
    memset(all, 0xaa, capacity);
    if (bitena_reset(arena) != 0 || bitena_remaining(arena) != capacity) {
        model_mismatch("an arena of %zu is not empty after its reset", capacity);
    }
    bitena_drop(arena);
}

void odd_making(int unused)
{
    static char buffer[NEAR + ODD_BUFFER + NEAR];
    (void)unused;
    bool in_buffer = random_one_in(&model.random, 2);
    size_t flags = random_below(&model.random, 256), at = NEAR - random_below(&model.random, NEAR);
    size_t size = random_below(&model.random, ODD_BUFFER);
    size_t capacity = flags & 1 ? odd_word() : random_below(&model.random, ODD_BUFFER);
    size_t lease = flags & 2 ? odd_word() : 0;
    int *switches[4];
    bitena_options o = {.capacity = capacity, .lease_max = lease, .mode = (int)(flags >> 2 & 3)};
    switches[0] = &o.huge_pages;
    switches[1] = &o.prefault;
    switches[2] = &o.checked;
    switches[3] = &o.mode;
    if (flags & 16) {
        *switches[flags >> 5 & 3] = (int)random_below(&model.random, 7) - 3;
    }
    memset(buffer, 0x55, NEAR);
    memset(buffer + at + size, 0x55, NEAR);
    errno = 0;
    bitena *arena = in_buffer ? bitena_init(buffer + at, size, &o) : bitena_open(&o);
    int error = errno;
    int expected = !are_good(&o, in_buffer) ? EINVAL : capacity > PTRDIFF_MAX ? EOVERFLOW : 0;
    bool must =
        in_buffer ? capacity <= size && BITENA_BUFFER_SIZE(capacity) <= size
                  : capacity <= ODD_BUFFER && o.huge_pages != 1; /* a huge page is too much here */
    if (arena ? expected != 0 : error != (expected ? expected : ENOMEM) || (must && !expected)) {
        model_mismatch("making an arena of %#zx in %zu bytes: %p, error %s, expected %s", capacity,
                       in_buffer ? size : 0, (void *)arena, strerror(error), strerror(expected));
    }
    if (arena) {
        use_up(arena, &o, in_buffer ? buffer + at : NULL, size);
    }
    for (size_t i = 0; i < at + NEAR; i++) {
        if (buffer[i < at ? i : size + i] != 0x55) {
            model_mismatch("a byte beside a buffer has changed");
        }
    }
}
