/* The arenas that a promise is tried on: one of each kind, made alike and closed alike; their
 * numbers before and after; a function run by another thread; and what the system says of pages
 * and time. For test programs only.
 * SPDX-License-Identifier: MIT */
#ifndef BITENA_TESTS_SUBJECT_H
#define BITENA_TESTS_SUBJECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <bitena.h>

enum kind { KIND_SHARED, KIND_EXACT, KIND_LOCAL, KIND_CHILD, KIND_BUFFER, KIND_COUNT };

/* An empty arena of at least `capacity` bytes; a child stands on a parent with room to spare. */
struct subject {
    bitena *arena;
    bitena *parent;
    void *buffer;
    const char *name;
    enum kind kind;
};
struct subject subject_open(enum kind kind, size_t capacity, bitena_failure *on_failure);
void subject_close(struct subject *subject);
/* fn in an arena of each kind; it leaves errno as it was. */
void for_each_kind(size_t capacity, void (*fn)(bitena *arena));
enum { UNTOUCHED = 12345 }; /* an errno that nothing sets */

struct numbers {
    size_t remaining, used;
};
struct numbers numbers_of(const bitena *arena);
void assert_same_numbers(const bitena *arena, struct numbers before);

/* Ends before this returns. An assertion that fails there is printed and ends the whole program. */
void in_another_thread(void (*fn)(void *), void *argument);

static inline bool is_aligned_to(const void *p, size_t align)
{
    return ((uintptr_t)p & (align - 1)) == 0;
}
bool all_bytes_are(const void *p, int value, size_t size);
bool are_disjoint(const void *p, size_t p_size, const void *q, size_t q_size);

/* Whole pages inside [from, from + bytes) that memory stands behind, in bytes. */
size_t resident_bytes(const void *from, size_t bytes);
/* Pages of the whole process that memory stands behind, in bytes. */
size_t process_resident_bytes(void);
uint64_t now_ns(void);

#endif
