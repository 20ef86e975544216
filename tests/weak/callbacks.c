/* What gcc's and clang's -fsanitize=thread call: each access of the instrumented sources. Only the
 * calls that they make are here; another one would not link. Sequentially consistent operations
 * are refused, the library has none.
 * SPDX-License-Identifier: MIT */
#include <string.h>

#include "weak.h"

#define EACH_SIZE(X) X(1) X(2) X(4) X(8) X(16)

static void plain(const void *at, size_t bytes, enum access kind)
{
    int thread = weak_thread();
    if (thread >= 0 && bytes != 0 && memory_sees(at)) {
        memory_access(thread, at, bytes, kind);
    }
}

#define PLAIN(size)                              \
    void __tsan_read##size(void *at);            \
    void __tsan_write##size(void *at);           \
    void __tsan_unaligned_read##size(void *at);  \
    void __tsan_unaligned_write##size(void *at); \
    void __tsan_read##size(void *at)             \
    {                                            \
        plain(at, size, PLAIN_READ);             \
    }                                            \
    void __tsan_write##size(void *at)            \
    {                                            \
        plain(at, size, PLAIN_WRITE);            \
    }                                            \
    void __tsan_unaligned_read##size(void *at)   \
    {                                            \
        plain(at, size, PLAIN_READ);             \
    }                                            \
    void __tsan_unaligned_write##size(void *at)  \
    {                                            \
        plain(at, size, PLAIN_WRITE);            \
    }
EACH_SIZE(PLAIN)

void __tsan_init(void);
void __tsan_func_entry(void *caller);
void __tsan_func_exit(void);
void __tsan_read_range(void *at, size_t bytes);
void __tsan_write_range(void *at, size_t bytes);

void __tsan_init(void)
{
}

void __tsan_func_entry(void *caller)
{
    (void)caller;
}

void __tsan_func_exit(void)
{
}

void __tsan_read_range(void *at, size_t bytes)
{
    plain(at, bytes, PLAIN_READ);
}

void __tsan_write_range(void *at, size_t bytes)
{
    plain(at, bytes, PLAIN_WRITE);
}

void *weak_memcpy(void *to, const void *from, size_t bytes);
void *weak_memmove(void *to, const void *from, size_t bytes);
void *weak_memset(void *to, int value, size_t bytes);

void *weak_memmove(void *to, const void *from, size_t bytes)
{
    plain(from, bytes, PLAIN_READ);
    plain(to, bytes, PLAIN_WRITE);
    return memmove(to, from, bytes);
}

void *weak_memcpy(void *to, const void *from, size_t bytes)
{
    return weak_memmove(to, from, bytes);
}

void *weak_memset(void *to, int value, size_t bytes)
{
    plain(to, bytes, PLAIN_WRITE);
    return memset(to, value, bytes);
}

static uint64_t new_value(uint64_t old, uint64_t operand)
{
    (void)old;
    return operand;
}

static uint64_t sum(uint64_t old, uint64_t operand)
{
    return old + operand;
}

static uint64_t both(uint64_t old, uint64_t operand)
{
    return old & operand;
}

static uint64_t perform(const struct operation *operation, bool *done)
{
    int thread = weak_thread();
    if (thread >= 0 && memory_sees(operation->word)) {
        if (operation->order == __ATOMIC_SEQ_CST) {
            explore_fault("a sequentially consistent operation, which the checker does not know");
        }
        weak_switch();
        return memory_do(thread, operation, done);
    }
    uint64_t old = memory_get(operation);
    *done = operation->change && (!operation->expected || old == *operation->expected);
    if (*done) {
        memory_set(operation, operation->change(old, operation->operand));
    }
    return old;
}

/* order: as of __ATOMIC_*; change NULL: a load. */
static uint64_t always(const volatile void *word, size_t bytes, int order,
                       uint64_t (*change)(uint64_t old, uint64_t operand), uint64_t operand)
{
    bool done;
    return perform(&(struct operation){.word = (void *)(uintptr_t)word,
                                       .bytes = bytes,
                                       .order = order,
                                       .change = change,
                                       .operand = operand,
                                       .blind = change == new_value},
                   &done);
}

/* The order of a failure is relaxed everywhere. */
static bool compare(volatile void *word, size_t bytes, int order, uint64_t *expected,
                    uint64_t value)
{
    bool done;
    uint64_t wanted = *expected;
    *expected = perform(&(struct operation){.word = (void *)(uintptr_t)word,
                                            .bytes = bytes,
                                            .order = order,
                                            .change = new_value,
                                            .operand = value,
                                            .expected = &wanted},
                        &done);
    return done;
}

#define ATOMIC(bits, T)                                                                     \
    T __tsan_atomic##bits##_load(const volatile T *word, int order);                        \
    void __tsan_atomic##bits##_store(volatile T *word, T value, int order);                 \
    T __tsan_atomic##bits##_fetch_add(volatile T *word, T value, int order);                \
    T __tsan_atomic##bits##_fetch_and(volatile T *word, T value, int order);                \
    int __tsan_atomic##bits##_compare_exchange_weak(volatile T *word, T *expected, T value, \
                                                    int order, int failure);                \
    T __tsan_atomic##bits##_load(const volatile T *word, int order)                         \
    {                                                                                       \
        return (T)always(word, sizeof(T), order, NULL, 0);                                  \
    }                                                                                       \
    void __tsan_atomic##bits##_store(volatile T *word, T value, int order)                  \
    {                                                                                       \
        (void)always(word, sizeof(T), order, new_value, value);                             \
    }                                                                                       \
    T __tsan_atomic##bits##_fetch_add(volatile T *word, T value, int order)                 \
    {                                                                                       \
        return (T)always(word, sizeof(T), order, sum, value);                               \
    }                                                                                       \
    T __tsan_atomic##bits##_fetch_and(volatile T *word, T value, int order)                 \
    {                                                                                       \
        return (T)always(word, sizeof(T), order, both, value);                              \
    }                                                                                       \
    int __tsan_atomic##bits##_compare_exchange_weak(volatile T *word, T *expected, T value, \
                                                    int order, int failure)                 \
    {                                                                                       \
        (void)failure;                                                                      \
        uint64_t found = *expected;                                                         \
        bool done = compare(word, sizeof(T), order, &found, value);                         \
        *expected = (T)found;                                                               \
        return done;                                                                        \
    }
ATOMIC(32, uint32_t)
ATOMIC(64, uint64_t)
