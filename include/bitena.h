/* Bitena: a small, lock-free, thread-safe arena. Take one block; hand out objects, slices and
 * text from every thread; give everything back at once. Link with libbitena and threads.
 * SPDX-License-Identifier: MIT
 *
 * Who may call what at once, on one arena. "-": free to run together; X: the caller keeps all
 * other calls on this arena away; own: only the thread that owns it, anybody else gets EPERM.
 *
 *                  allocate,  save,    numbers  new_child,  reset,
 *                  defer      rewind            absorb      trim, drop
 *   shared             -      own marks    -        -           X
 *   BITENA_EXACT       -         X         -        -           X
 *   BITENA_LOCAL      own       own        -       own         own
 *   a child           own       own        -       own         own
 *
 * EXACT allocation may also be called from signal handlers; one that interrupts its own thread's
 * search in a full arena may wait up to half a second before it is refused. Plain verbs never
 * return NULL: they call the failure handler. try_ verbs return NULL and set errno. errno is
 * untouched by success. No verb is a cancellation point. A NULL arena is allowed only in
 * bitena_drop: every other verb aborts with the parameter's name. Names that end in an underscore
 * are for the code in this file. */
#ifndef BITENA_H
#define BITENA_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef __cplusplus
#include <new>
#include <type_traits>
#define BITENA_ALIGNOF_(T) alignof(T)
extern "C" {
#else
#define BITENA_ALIGNOF_(T) _Alignof(T)
#endif

#define BITENA_API       __attribute__((visibility("default")))
#define BITENA_INLINE_   static inline __attribute__((always_inline, unused))
#define BITENA_NEVER_(x) ((x) ? __builtin_unreachable() : (void)0)

/* glibc keeps room for such words of libraries that are loaded late; musl refuses to load them. */
#ifdef __GLIBC__
#define BITENA_TLS_ __attribute__((tls_model("initial-exec")))
#else
#define BITENA_TLS_
#endif

typedef struct bitena bitena;

/* Called when a plain verb cannot serve, and for a programmer's error. size and align are what
 * was asked (bytes; 0 where nothing was), error is ENOMEM, EINVAL, EOVERFLOW, EPERM, EBUSY or, by
 * a frozen map, EROFS. It may longjmp or exit; when it returns, the process aborts. The default
 * prints one line to stderr and aborts. */
typedef void bitena_failure(void *context, bitena *arena, size_t size, size_t align, int error);

enum { BITENA_SHARED = 0, BITENA_EXACT = 1, BITENA_LOCAL = 2 };

/* Zeroed fields mean the defaults. Switches: 0 the default, 1 on, -1 off; no other value. */
typedef struct bitena_options {
    size_t capacity;  /* bytes that an empty arena can hand out; needed, except by bitena_init */
    int mode;         /* BITENA_SHARED; a shared block under 16 KiB is made BITENA_EXACT */
    const char *name; /* for messages; not copied; NULL: "arena" */
    size_t lease_max; /* largest lease of a thread in bytes, 1 KiB to 1 GiB; 0: 64 KiB */
    int huge_pages;   /* advise huge pages; default: from 4 MiB on. Buffers refuse 1 */
    int prefault;     /* touch every page when the arena is made; default: off. Buffers refuse 1 */
    int guard_generations;      /* not offered yet: anything but 0 is refused */
    int checked;                /* not offered yet: 1 is refused */
    int wipe;                   /* not offered yet: 1 is refused */
    bitena_failure *on_failure; /* NULL: print and abort */
    void *context;              /* first argument of on_failure */
} bitena_options;

/* ---- Lifecycle. NULL and errno (EINVAL, ENOMEM, EOVERFLOW) where an arena cannot be made. ---- */

/* A private block of capacity bytes (not 0), reserved in full, paid for page by page as it is
 * touched. Cost: two system calls, whatever the capacity. */
BITENA_API bitena *bitena_new(size_t capacity);

/* The same with options (not NULL). EINVAL: an unknown, contradictory or not yet offered option. */
BITENA_API bitena *bitena_open(const bitena_options *options);

/* An arena inside the caller's buffer of size bytes: no heap, and no system call but the thread's
 * first in this library, which asks for its number. ENOMEM: too small
 * for the arena or for options->capacity. The buffer stays the caller's and must outlive the
 * arena. */
BITENA_API bitena *bitena_init(void *buffer, size_t size, const bitena_options *options);

/* Buffer bytes that surely hold an arena of `capacity` bytes: a constant expression. */
#define BITENA_BUFFER_SIZE(capacity) ((size_t)(capacity) + (size_t)(capacity) / 16 + (size_t)3072)

/* Why this thread's last bitena_new, bitena_open or bitena_init gave NULL, as text with the
 * limit's name, written into text (size bytes, always terminated; NULL only with size 0).
 * Returns the full length. */
BITENA_API size_t bitena_open_error(char *text, size_t size);

/* An arena for one thread, the caller, on its parent's block, inheriting the parent's options.
 * NULL: ENOMEM, EPERM (the parent is another thread's). Cost: no system call, usually no shared
 * operation. */
BITENA_API bitena *bitena_new_child(bitena *parent);

/* The caller becomes the owner of a LOCAL arena or a child; order it after the old owner's last
 * call. EINVAL: a shared or EXACT arena. Old marks are no longer live. */
BITENA_API int bitena_own(bitena *arena);

/* Ends the child; its objects live until the parent's reset or drop, its cleanups run then. O(1).
 * EBUSY: it has children; EINVAL: not this parent's child; EPERM: not the caller's. */
BITENA_API int bitena_absorb(bitena *parent, bitena *child);

/* Runs the cleanups and takes all memory back; the pages stay. EBUSY while children live, EPERM
 * for a stranger in a LOCAL arena or child. The caller becomes the owner of a shared arena; if it
 * was before and used it, a lease stays its own: of lease_max, or of twice what it used of a larger
 * one, and up to 1/64 of the capacity. */
BITENA_API int bitena_reset(bitena *arena);

/* Returns free pages beyond keep_bytes to the system: of the whole block for a root, of its own
 * lease for a child. A caller's buffer has none to return. EPERM; EAGAIN: a child's thread keeps
 * searching; ENOMEM and the like: what the system said. */
BITENA_API int bitena_trim(bitena *arena, size_t keep_bytes);

/* Runs the cleanups and frees the arena, however it was made; NULL does nothing. With live
 * children (EBUSY) or by a stranger (EPERM) it calls the failure handler and frees nothing. */
BITENA_API void bitena_drop(bitena *arena);

BITENA_API size_t bitena_capacity(const bitena *arena); /* bytes an empty arena can hand out */
BITENA_API size_t
bitena_remaining(const bitena *arena); /* index + recycled + the caller's own free bytes */
BITENA_API size_t
bitena_used(const bitena *arena); /* handed out, padding and retired tails included */

/* ---- The inline path ---- This much of the layout is public. A bitena points at the owner's
 * free interval, ceiling and floor, on lines that only the owner writes, with a word between them
 * so that no fused 16-byte load meets an 8-byte store. The owner's word stands on the lines
 * before, which are only read; all three lie so near that their offsets take one byte of code.
 * An arena that must not be bumped inline has an owner that is nobody. */
struct bitena {
    uintptr_t ceiling, serial_, floor;
};
enum { BITENA_OWNER_BEFORE_ = 128 };

extern BITENA_API __thread uint64_t bitena_thread_id BITENA_TLS_;

typedef void *bitena_slow_path_(bitena *arena, size_t size, size_t align);
BITENA_API bitena_slow_path_ bitena_alloc_slow_, bitena_try_alloc_slow_;

/* The slow path names the parameter when the arena is NULL. */
BITENA_INLINE_ int bitena_is_mine_(const bitena *arena)
{
    const void *owner = arena ? (const char *)arena - BITENA_OWNER_BEFORE_ : NULL;
    return owner && __atomic_load_n((const uint64_t *)owner, __ATOMIC_RELAXED) ==
                        bitena_thread_id; /* [M12] */
}

/* Objects hang from the ceiling. No floor stands below BITENA_FLOOR_MIN_, so that with a size of
 * at most half of it and an align of at most 4096 nothing here can wrap, and one compare tells
 * exactly whether there is room. size - 1 keeps 0 and the large out in one test; for constants
 * both tests fold away. */
enum { BITENA_FLOOR_MIN_ = 65536 };
BITENA_INLINE_ void *bitena_bump_(bitena *arena, size_t size, size_t align, bitena_slow_path_ *slow)
{
    int fits = size - 1 < BITENA_FLOOR_MIN_ / 2 && align - 1 < 4096 && (align & (align - 1)) == 0;
    if (__builtin_expect(fits && bitena_is_mine_(arena), 1)) {
        uintptr_t ceiling = arena->ceiling; /* nobody else writes these: plain loads */
        uintptr_t at = (ceiling - size) & ~(uintptr_t)(align - 1);
        if (__builtin_expect(at >= arena->floor, 1)) {
            __atomic_store_n(&arena->ceiling, at, __ATOMIC_RELAXED); /* [M10] */
            return (void *)at;
        }
    }
    return slow(arena, size, align);
}

/* ---- Allocation. size in bytes, up to PTRDIFF_MAX; align any power of two. Size 0 gives a
 * valid aligned pointer and takes nothing. try_: NULL with ENOMEM (no room), EINVAL (align),
 * EOVERFLOW (size), EPERM (a stranger in a LOCAL arena or child); nothing is changed then. Cost:
 * about 14 instructions for the owner. ---- */

BITENA_INLINE_ void *bitena_alloc(bitena *arena, size_t size, size_t align)
{
    void *p = bitena_bump_(arena, size, align, bitena_alloc_slow_);
    BITENA_NEVER_(!p); /* a caller's own test of it folds away */
    return p;
}
BITENA_INLINE_ void *bitena_try_alloc(bitena *arena, size_t size, size_t align)
{
    return bitena_bump_(arena, size, align, bitena_try_alloc_slow_);
}

/* For modules. The caller's slot, 0 to 4094, registered now if it has none; 4095: it has no place
 * in tables. It is no other live thread's of this copy of the library, and who has it later comes
 * after all that was done with it before [M07]. */
BITENA_API unsigned bitena_thread_slot_(void);

/* A programmer's error. misuse: one line, "bitena: FUNCTION: WHAT", and abort; null: the same with
 * "parameter 'NAME' is NULL". Names are cut after 100 bytes, texts after 80. */
BITENA_API __attribute__((noreturn)) void bitena_misuse_(const char *function, const char *what);
BITENA_API __attribute__((noreturn)) void bitena_null_(const char *function, const char *parameter);
BITENA_INLINE_ void bitena_require_(int is_given, const char *function, const char *parameter)
{
    if (__builtin_expect(!is_given, 0)) {
        bitena_null_(function, parameter);
    }
}
#define BITENA_REQUIRE_(parameter) bitena_require_((parameter) != NULL, __func__, #parameter)

/* A plain verb that cannot serve: the arena's failure handler, or its default line, then abort.
 * reason: for that line; NULL: by the error. */
BITENA_API __attribute__((noreturn)) void bitena_fail_(bitena *arena, size_t size, size_t align,
                                                       int error, const char *reason);

/* Resizes the run [p, p + old_size) to new_size bytes if it is the last at the floor and has the room
 * there. 0: it is as it was, and errno is not set; a window may have been closed. */
BITENA_API int bitena_stays_(bitena *arena, const void *p, size_t old_size, size_t new_size,
                             size_t align);

/* Helpers of the macros: count objects of size bytes, SIZE_MAX (refused as EOVERFLOW) where that
 * overflows; one value copied count times. */
BITENA_INLINE_ size_t bitena_times_(size_t count, size_t size)
{
    return size != 0 && count > (size_t)PTRDIFF_MAX / size ? SIZE_MAX : count * size;
}
BITENA_INLINE_ void *bitena_put_(void *place, const void *value, size_t size)
{
    return place ? memcpy(place, value, size) : place;
}
BITENA_API void *bitena_fill_(void *place, const void *value, size_t size, size_t count);
BITENA_INLINE_ void *bitena_slice_(bitena *arena, size_t count, size_t size, size_t align,
                                   const void *value, bitena_slow_path_ *slow)
{
    void *place = bitena_bump_(arena, bitena_times_(count, size), align, slow);
    return place ? bitena_fill_(place, value, size, count) : place;
}

/* T *bitena_make(arena, T, initialiser...): one object; zeroed without an initialiser. T
 * *bitena_alloc_slice(arena, T, count, initialiser...): count objects, each so initialised;
 * zeroed without. T *bitena_alloc_uninit(arena, T, count): count objects, not initialised. Each
 * argument is evaluated once. */
#define bitena_make(arena, ...)        BITENA_MAKE_(bitena_alloc, arena, __VA_ARGS__, )
#define bitena_try_make(arena, ...)    BITENA_MAKE_(bitena_try_alloc, arena, __VA_ARGS__, )
#define bitena_alloc_slice(arena, ...) BITENA_SLICE_(bitena_alloc_slow_, arena, __VA_ARGS__, )
#define bitena_try_alloc_slice(arena, ...) \
    BITENA_SLICE_(bitena_try_alloc_slow_, arena, __VA_ARGS__, )
#define bitena_alloc_uninit(arena, T, count) \
    ((BITENA_TYPE_(T) *)bitena_alloc(arena, bitena_times_(count, sizeof(T)), BITENA_ALIGNOF_(T)))
#define bitena_try_alloc_uninit(arena, T, count)                                 \
    ((BITENA_TYPE_(T) *)bitena_try_alloc(arena, bitena_times_(count, sizeof(T)), \
                                         BITENA_ALIGNOF_(T)))

#ifdef __cplusplus
/* C++: T must be trivially destructible, since a reset runs no destructors; arrays must be
 * trivially copyable too. */
#define BITENA_TYPE_(T) bitena_same_<T>::type
#define BITENA_MAKE_(verb, arena, T, ...) \
    bitena_construct_<T>(verb(arena, sizeof(T), alignof(T)), bitena_same_<T>::type{__VA_ARGS__})
#define BITENA_SLICE_(slow, arena, T, count, ...) \
    bitena_construct_slice_<T>(arena, count, slow, bitena_same_<T>::type{__VA_ARGS__})
#else
#define BITENA_TYPE_(T) __typeof__(T)
#define BITENA_MAKE_(verb, arena, T, ...)                              \
    ((__typeof__(T) *)bitena_put_(verb(arena, sizeof(T), _Alignof(T)), \
                                  BITENA_VALUE_(T, __VA_ARGS__), sizeof(T)))
#define BITENA_SLICE_(slow, arena, T, count, ...)                         \
    ((__typeof__(T) *)bitena_slice_(arena, count, sizeof(T), _Alignof(T), \
                                    BITENA_VALUE_(T, __VA_ARGS__), slow))
/* The address of a T with this initialiser, or of a zeroed one. Telling the empty list apart is
 * needed because C11 has no empty initialiser for scalars; the test is Jens Gustedt's (four
 * commas looked for in the first argument). */
#define BITENA_VALUE_(T, ...) \
    BITENA_VALUE_IF_(BITENA_EMPTY_(BITENA_FIRST_(__VA_ARGS__, )), T, __VA_ARGS__)
#define BITENA_VALUE_IF_(empty, T, ...)  BITENA_VALUE_IF2_(empty, T, __VA_ARGS__)
#define BITENA_VALUE_IF2_(empty, T, ...) BITENA_VALUE_##empty(T, __VA_ARGS__)
#define BITENA_VALUE_0001(T, ...)        ((const void *)(__extension__(__typeof__(T)[1]){}))
#define BITENA_VALUE_0000(T, ...)        ((const void *)&(T){__VA_ARGS__})
#define BITENA_VALUE_0010(T, ...)        ((const void *)&(T){__VA_ARGS__})
#define BITENA_VALUE_0101(T, ...)        ((const void *)&(T){__VA_ARGS__})
#define BITENA_VALUE_0111(T, ...)        ((const void *)&(T){__VA_ARGS__})
#define BITENA_FIRST_(x, ...)            x
#define BITENA_EMPTY_(x)                                                               \
    BITENA_JOIN_(BITENA_COMMA_(x), BITENA_COMMA_(BITENA_PROBE_ x), BITENA_COMMA_(x()), \
                 BITENA_COMMA_(BITENA_PROBE_ x()))
#define BITENA_JOIN_(a, b, c, d)    BITENA_JOIN2_(a, b, c, d)
#define BITENA_JOIN2_(a, b, c, d)   a##b##c##d
#define BITENA_PROBE_(...)          ,
#define BITENA_COMMA_(...)          BITENA_THIRD_(__VA_ARGS__, 1, 0, )
#define BITENA_THIRD_(a, b, c, ...) c
#endif

/* Text: s is zero terminated and not NULL; a copy of "" takes no memory. strn copies exactly
 * length bytes, zeros included, and adds a zero; s may be NULL if length is 0. */
BITENA_API char *bitena_alloc_str(bitena *arena, const char *s);
BITENA_API char *bitena_alloc_strn(bitena *arena, const char *s, size_t length);
BITENA_API char *bitena_try_alloc_str(bitena *arena, const char *s);
BITENA_API char *bitena_try_alloc_strn(bitena *arena, const char *s, size_t length);

/* ---- Growing data ---- resize: p NULL with old_size 0 allocates at the floor; the last run at
 * the floor of the current lease grows and shrinks in place, unless it is older than the latest
 * live mark; anything else is copied when it must grow and stays when it shrinks. new_size 0
 * gives back what can be and returns a valid pointer. */
BITENA_API void *bitena_resize(bitena *arena, void *p, size_t old_size, size_t new_size,
                               size_t align);
BITENA_API void *bitena_try_resize(bitena *arena, void *p, size_t old_size, size_t new_size,
                                   size_t align);
#define bitena_resize_slice(arena, T, p, old_count, new_count)                       \
    ((BITENA_TYPE_(T) *)bitena_resize(arena, p, bitena_times_(old_count, sizeof(T)), \
                                      bitena_times_(new_count, sizeof(T)), BITENA_ALIGNOF_(T)))
#define bitena_try_resize_slice(arena, T, p, old_count, new_count)                       \
    ((BITENA_TYPE_(T) *)bitena_try_resize(arena, p, bitena_times_(old_count, sizeof(T)), \
                                          bitena_times_(new_count, sizeof(T)),           \
                                          BITENA_ALIGNOF_(T)))

/* A window is free room at the floor: at least at_least bytes, *room of them (not NULL). Nothing
 * is taken until commit takes the first `size` (0 abandons it). Any other verb of this thread on
 * this arena closes it: a later commit calls the failure handler. EXACT: exactly at_least bytes,
 * taken at once; what is not committed goes back if nothing was allocated since. A thread that
 * the index serves: the same, but nothing goes back. */
BITENA_API void *bitena_window(bitena *arena, size_t at_least, size_t align, size_t *room);
BITENA_API void *bitena_try_window(bitena *arena, size_t at_least, size_t align, size_t *room);
BITENA_API void bitena_commit(bitena *arena, void *window, size_t room, size_t size);

/* ---- Lifetimes inside an arena: the calling thread's own ---- A mark may be rewound to again
 * and again, until an outer one is rewound to or the arena is reset. */
typedef struct bitena_mark {
    uint64_t epoch, number;
    const void *tlab, *cleanups;
    uintptr_t serial, ceiling;
    size_t text, outer_text;
    uint32_t chain;
} bitena_mark;

BITENA_API bitena_mark bitena_save(bitena *arena);
/* Runs the cleanups deferred since and gives back what this thread took since, large runs too.
 * EINVAL: not a live mark of this thread in this arena (so whatever a stranger brings). */
BITENA_API int bitena_rewind(bitena *arena, bitena_mark mark);

/* fn(argument) when this memory goes back: at reset, drop, or a rewind past this call; newest
 * first per thread, before the memory goes. It may allocate and defer; it must not longjmp.
 * cleanup is not NULL. Takes 24 bytes. */
BITENA_API void bitena_defer(bitena *arena, void (*cleanup)(void *), void *argument);
BITENA_API int bitena_try_defer(bitena *arena, void (*cleanup)(void *), void *argument);

typedef struct bitena_scope_ {
    bitena *arena;
    int open;
    bitena_mark mark;
} bitena_scope_;
BITENA_API bitena_scope_ bitena_scope_begin_(bitena *arena);
BITENA_API void bitena_scope_end_(bitena_scope_ *scope);
BITENA_API bitena *bitena_child_or_fail_(bitena *parent);
BITENA_INLINE_ void bitena_child_end_(bitena **child)
{
    bitena_drop(*child);
}
/* BITENA_SCOPE(arena) { ... }: rewinds at the end and at break, continue, goto, return; break
 * and continue leave only the scope; a longjmp skips it. BITENA_SCOPED(arena); the same to the
 * end of the enclosing block. BITENA_CHILD(name, parent); a child dropped at the end of the
 * enclosing block; never NULL (the failure handler is called). */
#define BITENA_PASTE2_(a, b) a##b
#define BITENA_PASTE_(a, b)  BITENA_PASTE2_(a, b)
#define BITENA_SCOPE(arena)  BITENA_SCOPE_AS_(BITENA_PASTE_(bitena_scope_, __COUNTER__), arena)
#define BITENA_SCOPE_AS_(scope, source) \
    for (BITENA_SCOPED_AS_(scope, source); scope.open; scope.open = 0)
#define BITENA_SCOPED(arena) BITENA_SCOPED_AS_(BITENA_PASTE_(bitena_scope_, __COUNTER__), arena)
#define BITENA_SCOPED_AS_(scope, source)                                      \
    __attribute__((cleanup(bitena_scope_end_), unused)) bitena_scope_ scope = \
        bitena_scope_begin_(source)
#define BITENA_CHILD(name, parent) \
    __attribute__((cleanup(bitena_child_end_))) bitena *name = bitena_child_or_fail_(parent)

#ifdef __cplusplus
} /* extern "C" */

template <class T> struct bitena_same_ {
    using type = T;
    static_assert(std::is_trivially_destructible<T>::value,
                  "an arena runs no destructors: use bitena_defer");
};
template <class T> inline T *bitena_construct_(void *place, T &&value)
{
    if constexpr (std::is_array<T>::value) {
        static_assert(std::is_trivially_copyable<T>::value,
                      "an array in an arena is copied byte by byte");
        return static_cast<T *>(bitena_put_(place, &value, sizeof(T)));
    } else {
        return place ? ::new (place) T(static_cast<T &&>(value)) : nullptr;
    }
}
template <class T>
inline T *bitena_construct_slice_(bitena *arena, size_t count, bitena_slow_path_ *slow,
                                  const T &value)
{
    static_assert(std::is_trivially_copyable<T>::value,
                  "a slice in an arena is copied byte by byte");
    return static_cast<T *>(bitena_slice_(arena, count, sizeof(T), alignof(T), &value, slow));
}
#endif

#endif
