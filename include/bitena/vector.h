/* Arrays of one type that grow in an arena: BITENA_VECTOR(points, struct point) declares the type
 * `points` and its functions. They double in place, without a copy, while they are the last thing
 * at the arena's floor, and else move to four times the room; nothing is freed but by the arena. The
 * elements are copied byte by byte and nothing is run when they go.
 * SPDX-License-Identifier: MIT
 *
 * Who may call: a vector is one thread's at a time; growing is an allocation, see bitena.h. Where
 * the arena is full or not the caller's, plain functions call its failure handler; try_ functions
 * give NULL or -1 with errno ENOMEM, EOVERFLOW or EPERM, and nothing is changed. errno is untouched
 * by success. A NULL that may not be, an index out of range and a pop of an empty vector end the
 * process with one line that names the function and the values. */
#ifndef BITENA_VECTOR_H
#define BITENA_VECTOR_H

#include <bitena.h>

/* Written where a type may be declared, with a semicolon behind it. T is any complete type that can
 * be assigned, in C++ one that is trivially copyable. Of the type
 *
 *     typedef struct NAME {
 *         T *at;                 the elements: v.at[i], not checked; NULL while there is no room
 *         size_t count, room;    elements that there are, and that fit
 *         bitena *arena;
 *     } NAME;
 *
 * the fields may be read, and count may be lowered. Pointers to elements are good until the vector
 * grows. A vector that grows inside a scope may move into the scope's memory. v is never NULL.
 *
 *     NAME NAME_begin(bitena *arena)      an empty vector in this arena (not NULL); takes no memory
 *
 *     T *NAME_push(NAME *v, T item)               adds one behind the others: where it is. A
 *     T *NAME_try_push(NAME *v, T item)           compare, a store and an increment; amortised O(1)
 *     T *NAME_insert(NAME *v, size_t i, T item)   before the element i, or behind all: i up to
 *     T *NAME_try_insert(NAME *v, size_t i, T item)                    count. O(count - i)
 *     void NAME_extend(NAME *v, const T *items, size_t n)     adds n, which may be the vector's own
 *     int NAME_try_extend(NAME *v, const T *items, size_t n)  (NULL only with n 0)
 *     void NAME_reserve(NAME *v, size_t n)        room for n more; there is at least that after it
 *     int NAME_try_reserve(NAME *v, size_t n)
 *
 *     T NAME_pop(NAME *v)                         takes the last one off; there must be one
 *     int NAME_try_pop(NAME *v, T *item)          1 and the last one, or 0: there is none
 *     T NAME_remove(NAME *v, size_t i)            takes this one out; the order stays. O(count - i)
 *     T NAME_swap_remove(NAME *v, size_t i)       and puts the last one in its place. O(1)
 *     void NAME_clear(NAME *v)                    none is left; the room stays
 *     void NAME_shrink(NAME *v)                   the room that is not used goes back to the arena if
 *                                                 the vector is the last thing at the floor. O(1)
 *
 *     T *NAME_get(const NAME *v, size_t i)        the element i, checked
 *     T *NAME_last(const NAME *v)                 NULL: there is none
 *     T *NAME_slice(const NAME *v, size_t i, size_t n)   n elements from the element i, checked
 */
#define BITENA_VECTOR(name, T)                \
    typedef __typeof__(T) name##_item;        \
    typedef struct name {                     \
        name##_item *at;                      \
        size_t count, room;                   \
        bitena *arena;                        \
    } name;                                   \
    BITENA_VECTOR_GROWS_(name, name##_item)   \
    BITENA_VECTOR_SHRINKS_(name, name##_item) \
    BITENA_VECTOR_ENDS_(name##_item)

/* The helpers are told the name and the verb of the function that they serve. The underscores keep
 * names of the user from being shadowed. */
#define BITENA_VECTOR_GROWS_(name, item_type)                                                      \
    BITENA_INLINE_ name name##_begin(bitena *arena_)                                               \
    {                                                                                              \
        bitena_require_(arena_ != NULL, #name "_begin", "arena");                                  \
        name v_ = {NULL, 0, 0, arena_};                                                            \
        return v_;                                                                                 \
    }                                                                                              \
    BITENA_INLINE_ int name##_grow_(name *v_, size_t more_, bitena_vector_verb_ *verb_)            \
    {                                                                                              \
        bitena_vector_room_ grown_ = verb_(v_->arena, v_->at, v_->room, more_, sizeof(item_type),  \
                                           BITENA_ALIGNOF_(item_type));                            \
        if (!grown_.at) {                                                                          \
            return -1;                                                                             \
        }                                                                                          \
        v_->at = (item_type *)grown_.at;                                                           \
        v_->room = grown_.room;                                                                    \
        return 0;                                                                                  \
    }                                                                                              \
    BITENA_INLINE_ int name##_reserve_(name *v_, size_t n_, bitena_vector_verb_ *verb_,            \
                                       const char *function_)                                      \
    {                                                                                              \
        bitena_require_(v_ != NULL, function_, "v");                                               \
        size_t free_ = v_->room - v_->count;                                                       \
        return n_ <= free_ ? 0 : name##_grow_(v_, n_ - free_, verb_);                              \
    }                                                                                              \
    BITENA_INLINE_ void name##_reserve(name *v_, size_t n_)                                        \
    {                                                                                              \
        BITENA_NEVER_(name##_reserve_(v_, n_, bitena_vector_grown_, #name "_reserve") != 0);       \
    }                                                                                              \
    BITENA_INLINE_ int name##_try_reserve(name *v_, size_t n_)                                     \
    {                                                                                              \
        return name##_reserve_(v_, n_, bitena_vector_try_grown_, #name "_try_reserve");            \
    }                                                                                              \
    BITENA_INLINE_ item_type *name##_push_(name *v_, item_type item_, bitena_vector_verb_ *verb_,  \
                                           const char *function_)                                  \
    {                                                                                              \
        bitena_require_(v_ != NULL, function_, "v");                                               \
        if (__builtin_expect(v_->count == v_->room, 0) && name##_grow_(v_, 1, verb_) != 0) {       \
            return NULL;                                                                           \
        }                                                                                          \
        item_type *at_ = &v_->at[v_->count];                                                       \
        *at_ = item_;                                                                              \
        v_->count++;                                                                               \
        return at_;                                                                                \
    }                                                                                              \
    BITENA_INLINE_ item_type *name##_push(name *v_, item_type item_)                               \
    {                                                                                              \
        item_type *at_ = name##_push_(v_, item_, bitena_vector_grown_, #name "_push");             \
        BITENA_NEVER_(!at_); /* it was not refused */                                              \
        return at_;                                                                                \
    }                                                                                              \
    BITENA_INLINE_ item_type *name##_try_push(name *v_, item_type item_)                           \
    {                                                                                              \
        return name##_push_(v_, item_, bitena_vector_try_grown_, #name "_try_push");               \
    }                                                                                              \
    BITENA_INLINE_ item_type *name##_insert_(name *v_, size_t i_, item_type item_,                 \
                                             bitena_vector_verb_ *verb_, const char *function_)    \
    {                                                                                              \
        bitena_require_(v_ != NULL, function_, "v");                                               \
        bitena_vector_check_(i_ <= v_->count, function_, i_, v_->count);                           \
        if (v_->count == v_->room && name##_grow_(v_, 1, verb_) != 0) {                            \
            return NULL;                                                                           \
        }                                                                                          \
        item_type *at_ = &v_->at[i_];                                                              \
        (void)memmove((void *)(at_ + 1), (const void *)at_,                                        \
                      (v_->count++ - i_) * sizeof(item_type));                                     \
        *at_ = item_;                                                                              \
        return at_;                                                                                \
    }                                                                                              \
    BITENA_INLINE_ item_type *name##_insert(name *v_, size_t i_, item_type item_)                  \
    {                                                                                              \
        item_type *at_ = name##_insert_(v_, i_, item_, bitena_vector_grown_, #name "_insert");     \
        BITENA_NEVER_(!at_);                                                                       \
        return at_;                                                                                \
    }                                                                                              \
    BITENA_INLINE_ item_type *name##_try_insert(name *v_, size_t i_, item_type item_)              \
    {                                                                                              \
        return name##_insert_(v_, i_, item_, bitena_vector_try_grown_, #name "_try_insert");       \
    }                                                                                              \
    BITENA_INLINE_ int name##_extend_(name *v_, const item_type *items_, size_t n_,                \
                                      bitena_vector_verb_ *verb_, const char *function_)           \
    {                                                                                              \
        bitena_require_(v_ != NULL, function_, "v");                                               \
        if (n_ == 0) {                                                                             \
            return 0;                                                                              \
        }                                                                                          \
        bitena_require_(items_ != NULL, function_, "items");                                       \
        size_t inside_ = (uintptr_t)items_ - (uintptr_t)v_->at;                                    \
        int own_ = inside_ < v_->count * sizeof(item_type); /* it may move */                      \
        size_t free_ = v_->room - v_->count;                                                       \
        if (n_ > free_ && name##_grow_(v_, n_ - free_, verb_) != 0) {                              \
            return -1;                                                                             \
        }                                                                                          \
        const void *from_ = own_ ? (const char *)v_->at + inside_ : (const char *)items_;          \
        (void)memcpy((void *)&v_->at[v_->count], from_, n_ * sizeof(item_type));                   \
        v_->count += n_;                                                                           \
        return 0;                                                                                  \
    }                                                                                              \
    BITENA_INLINE_ void name##_extend(name *v_, const item_type *items_, size_t n_)                \
    {                                                                                              \
        BITENA_NEVER_(name##_extend_(v_, items_, n_, bitena_vector_grown_, #name "_extend") != 0); \
    }                                                                                              \
    BITENA_INLINE_ int name##_try_extend(name *v_, const item_type *items_, size_t n_)             \
    {                                                                                              \
        return name##_extend_(v_, items_, n_, bitena_vector_try_grown_, #name "_try_extend");      \
    }

#define BITENA_VECTOR_SHRINKS_(name, item_type)                                                \
    BITENA_INLINE_ item_type *name##_get(const name *v_, size_t i_)                            \
    {                                                                                          \
        bitena_require_(v_ != NULL, #name "_get", "v");                                        \
        bitena_vector_check_(i_ < v_->count, #name "_get", i_, v_->count);                     \
        return &v_->at[i_];                                                                    \
    }                                                                                          \
    BITENA_INLINE_ item_type *name##_last(const name *v_)                                      \
    {                                                                                          \
        bitena_require_(v_ != NULL, #name "_last", "v");                                       \
        return v_->count ? &v_->at[v_->count - 1] : NULL;                                      \
    }                                                                                          \
    BITENA_INLINE_ item_type *name##_slice(const name *v_, size_t i_, size_t n_)               \
    {                                                                                          \
        bitena_require_(v_ != NULL, #name "_slice", "v");                                      \
        bitena_vector_check_(i_ <= v_->count, #name "_slice", i_, v_->count);                  \
        bitena_vector_check_(n_ <= v_->count - i_, #name "_slice", bitena_vector_sum_(i_, n_), \
                             v_->count);                                                       \
        return i_ ? &v_->at[i_] : v_->at;                                                      \
    }                                                                                          \
    BITENA_INLINE_ item_type name##_pop(name *v_)                                              \
    {                                                                                          \
        bitena_require_(v_ != NULL, #name "_pop", "v");                                        \
        bitena_vector_check_(v_->count != 0, #name "_pop", 0, 0);                              \
        return v_->at[--v_->count];                                                            \
    }                                                                                          \
    BITENA_INLINE_ int name##_try_pop(name *v_, item_type *item_)                              \
    {                                                                                          \
        bitena_require_(v_ != NULL, #name "_try_pop", "v");                                    \
        bitena_require_(item_ != NULL, #name "_try_pop", "item");                              \
        if (v_->count == 0) {                                                                  \
            return 0;                                                                          \
        }                                                                                      \
        *item_ = v_->at[--v_->count];                                                          \
        return 1;                                                                              \
    }                                                                                          \
    BITENA_INLINE_ item_type name##_remove(name *v_, size_t i_)                                \
    {                                                                                          \
        bitena_require_(v_ != NULL, #name "_remove", "v");                                     \
        bitena_vector_check_(i_ < v_->count, #name "_remove", i_, v_->count);                  \
        item_type *at_ = &v_->at[i_], item_ = *at_;                                            \
        (void)memmove((void *)at_, (const void *)(at_ + 1),                                    \
                      (--v_->count - i_) * sizeof(item_type));                                 \
        return item_;                                                                          \
    }                                                                                          \
    BITENA_INLINE_ item_type name##_swap_remove(name *v_, size_t i_)                           \
    {                                                                                          \
        bitena_require_(v_ != NULL, #name "_swap_remove", "v");                                \
        bitena_vector_check_(i_ < v_->count, #name "_swap_remove", i_, v_->count);             \
        item_type item_ = v_->at[i_];                                                          \
        v_->at[i_] = v_->at[--v_->count];                                                      \
        return item_;                                                                          \
    }                                                                                          \
    BITENA_INLINE_ void name##_clear(name *v_)                                                 \
    {                                                                                          \
        bitena_require_(v_ != NULL, #name "_clear", "v");                                      \
        v_->count = 0;                                                                         \
    }                                                                                          \
    BITENA_INLINE_ void name##_shrink(name *v_)                                                \
    {                                                                                          \
        bitena_require_(v_ != NULL, #name "_shrink", "v");                                     \
        bitena_vector_room_ shrunk_ =                                                          \
            bitena_vector_shrunk_(v_->arena, v_->at, v_->room, v_->count, sizeof(item_type),   \
                                  BITENA_ALIGNOF_(item_type));                                 \
        v_->at = (item_type *)shrunk_.at;                                                      \
        v_->room = shrunk_.room;                                                               \
    }

#ifdef __cplusplus
#define BITENA_VECTOR_ENDS_(item_type)                \
    static_assert(                                    \
        std::is_trivially_copyable<item_type>::value, \
        "the elements of a vector are copied byte by byte, and nothing is run when they go")
extern "C" {
#else
#define BITENA_VECTOR_ENDS_(item_type) _Static_assert(sizeof(item_type) != 0, "a complete type")
#endif

/* BITENA_EACH(item, v) { ... }: item points at each element of *v in turn; v is evaluated once.
 * break and continue do as in any loop. The body must not change the vector's length. */
#define BITENA_EACH(item, v)                                                        \
    for (__typeof__(v) item##_of_ = (v), item##_once_ = item##_of_; item##_once_;   \
         item##_once_ = NULL)                                                       \
        for (__typeof__(item##_of_->at + 0)                                         \
                 item = item##_of_->at,                                             \
                 item##_end_ = item##_of_->count ? item + item##_of_->count : item; \
             item != item##_end_; item++)

/* A block and the elements of `size` bytes that fit into it, in two registers. grown: at least
 * `more` fit than did; at NULL: refused. shrunk: only `more` are there. */
typedef struct bitena_vector_room_ {
    void *at;
    size_t room;
} bitena_vector_room_;
typedef bitena_vector_room_ bitena_vector_verb_(bitena *arena, void *at, size_t room, size_t more,
                                                size_t size, size_t align);
BITENA_API bitena_vector_verb_ bitena_vector_grown_, bitena_vector_try_grown_,
    bitena_vector_shrunk_;
BITENA_API void bitena_vector_misuse_(const char *function, size_t index, size_t count)
    __attribute__((noreturn, cold));

BITENA_INLINE_ void bitena_vector_check_(int in_range, const char *function, size_t index,
                                         size_t count)
{
    if (__builtin_expect(!in_range, 0)) {
        bitena_vector_misuse_(function, index, count);
    }
}

/* SIZE_MAX, which is refused, where that overflows. */
BITENA_INLINE_ size_t bitena_vector_sum_(size_t count, size_t more)
{
    return more <= SIZE_MAX - count ? count + more : SIZE_MAX;
}

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif
