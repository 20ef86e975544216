/* Two helpers for tests of misuse and of long runs: a failure handler that jumps back to the test
 * with what was reported, and how often to repeat something where a sanitizer or Valgrind makes
 * everything slow. For test programs only.
 * SPDX-License-Identifier: MIT */
#ifndef BITENA_TESTS_TRIAL_H
#define BITENA_TESTS_TRIAL_H

#include <bitena.h>

#include "support/misuse.h"

/* What the handler was told last. Give its address as the arena's context. */
struct caught {
    jmp_buf back;
    bitena *arena;
    size_t size, align;
    int error;
};

static inline void catch_failure(void *context, bitena *arena, size_t size, size_t align, int error)
{
    struct caught *caught = (struct caught *)context;
    caught->arena = arena;
    caught->size = size;
    caught->align = align;
    caught->error = error;
    longjmp(caught->back, 1);
}

/* An arena whose failures are caught so. */
static inline bitena *open_caught(size_t capacity, struct caught *caught)
{
    return bitena_open(
        &(bitena_options){.capacity = capacity, .on_failure = catch_failure, .context = caught});
}

/* The call reports this error to the handler of the arena whose context is `caught`. */
#define ASSERT_REPORTS(caught, expected, call)       \
    do {                                             \
        if (setjmp((caught)->back) == 0) {           \
            call;                                    \
            fail_msg("%s reported nothing", #call);  \
        }                                            \
        assert_int_equal((caught)->error, expected); \
    } while (0)

/* The call gives -1 and this errno. */
#define ASSERT_REFUSED(expected, call)     \
    do {                                   \
        errno = 0;                         \
        assert_int_equal(call, -1);        \
        assert_int_equal(errno, expected); \
    } while (0)

/* The call gives NULL and this errno. */
#define ASSERT_NULL(expected, call)        \
    do {                                   \
        errno = 0;                         \
        assert_null(call);                 \
        assert_int_equal(errno, expected); \
    } while (0)

static inline size_t rounds(size_t n)
{
    return under_a_tool() ? n / 100 + 1 : n;
}

enum { WIDE = SIZE_MAX > UINT32_MAX };

/* Of 32 bits' addresses more than half may be free, but not twice. */
static inline bitena *take_what_there_may_be(void)
{
    return WIDE ? NULL : bitena_new(PTRDIFF_MAX);
}

/* Objects of this size until the arena has no room: how many. */
static inline size_t fill_up(bitena *arena, size_t size, size_t align)
{
    size_t count = 0;
    while (bitena_try_alloc(arena, size, align)) {
        count++;
    }
    return count;
}

#endif
