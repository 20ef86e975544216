/* The verbs that allocate: the inline path, the same by those who cannot take it, refills, text,
 * and data that grows.
 * SPDX-License-Identifier: MIT */
#include "verbs.h"

typedef struct triple {
    long x, y, z;
} triple;

enum { LARGE = 48 << 10, LARGE_LEFT = 40 << 10, SLICE = 8 };

VERB(nothing)
{
    return scene;
}

VERB(alloc_16)
{
    PLANTED_INLINE
    return bitena_alloc(arena, 16, 8);
}
VERB(alloc_16_local)
{
    return bitena_alloc(arena, 16, 8);
}
VERB(alloc_16_child)
{
    return bitena_alloc(arena, 16, 8);
}
VERB(try_alloc_16)
{
    return bitena_try_alloc(arena, 16, 8);
}
VERB(alloc_4096)
{
    return bitena_alloc(arena, 4096, 64);
}
VERB(alloc_variable)
{
    return bitena_alloc(arena, size, 8);
}
VERB(make_zeroed)
{
    return bitena_make(arena, triple);
}
VERB(make_initialised)
{
    return bitena_make(arena, triple, .x = 1, .y = 2);
}
VERB(try_make_zeroed)
{
    return bitena_try_make(arena, triple);
}
VERB(alloc_uninit)
{
    return bitena_alloc_uninit(arena, long, size);
}
VERB(alloc_slice)
{
    return bitena_alloc_slice(arena, long, SLICE);
}
VERB(alloc_slice_variable)
{
    return bitena_alloc_slice(arena, long, size, 1);
}
VERB(alloc_strn_8)
{
    return bitena_alloc_strn(arena, "ein Wort", 8);
}
VERB(alloc_strn_variable)
{
    return bitena_alloc_strn(arena, "ein Wort", size);
}
VERB(alloc_str)
{
    return bitena_alloc_str(arena, (const char *)scene->buffer);
}

VERB(alloc_16_stranger)
{
    return bitena_alloc(arena, 16, 8);
}
VERB(alloc_strn_8_stranger)
{
    return bitena_alloc_strn(arena, "ein Wort", 8);
}
VERB(alloc_16_exact)
{
    return bitena_alloc(arena, 16, 8);
}
VERB(alloc_strn_8_exact)
{
    return bitena_alloc_strn(arena, "ein Wort", 8);
}

VERB(alloc_1024_mean)
{
    return bitena_alloc(arena, 1024, 8);
}
VERB(refill_extend)
{
    return bitena_alloc(arena, 16, 8);
}
VERB(refill_lease)
{
    return bitena_alloc(arena, 16, 8);
}
VERB(refill_child)
{
    return bitena_alloc(arena, 16, 8);
}
VERB(refill_stranger)
{
    return bitena_alloc(arena, 16, 8);
}
VERB(alloc_48k_apart)
{
    return bitena_alloc(arena, LARGE, 8);
}

VERB(resize_first)
{
    return bitena_resize(arena, NULL, 0, 64, 8);
}
VERB(resize_in_place)
{
    return bitena_resize(arena, scene->run, size, size + 8, 8);
}
VERB(try_resize_in_place)
{
    return bitena_try_resize(arena, scene->run, size, size + 8, 8);
}
VERB(stays)
{
    return bitena_stays_(arena, scene->run, size, size + 8, 8) ? scene->run : NULL;
}
VERB(resize_in_place_exact)
{
    return bitena_resize(arena, scene->run, size, size + 8, 8);
}
VERB(resize_move)
{
    return bitena_resize(arena, scene->run, 64, 128, 8);
}
VERB(window_commit)
{
    size_t room;
    void *window = bitena_window(arena, 8, 8, &room);
    bitena_commit(arena, window, room, 8);
    return window;
}

static void open_words(struct scene *scene)
{
    static char word[] = "ein Wort";
    open_shared(scene);
    scene->buffer = word;
    scene->size = sizeof word - 1;
}

static void open_sized(struct scene *scene)
{
    open_shared(scene);
    scene->size = 24;
}

static void open_counted(struct scene *scene)
{
    open_shared(scene);
    scene->size = SLICE;
}

static void open_unleased(struct scene *scene)
{
    scene->arena = scene->root = checked(bitena_new(CAPACITY));
}

static void use_up_own(struct scene *scene)
{
    use_up(scene->arena);
}

/* The index is at the other's newest lease then, so the caller cannot extend its own. */
static void use_up_both(struct scene *scene)
{
    use_up(scene->other);
    (void)bitena_alloc(scene->other, 16, 8);
    use_up(scene->arena);
}

static void leave_less_than_large(struct scene *scene)
{
    use_up(scene->other);
    (void)bitena_alloc(scene->other, 16, 8);
    size_t room = room_of(scene->arena);
    if (room > LARGE_LEFT) {
        (void)bitena_alloc(scene->arena, room - LARGE_LEFT / 2, 1);
    }
}

static void open_run(struct scene *scene)
{
    open_shared(scene);
    scene->size = 64;
    scene->run = bitena_resize(scene->arena, NULL, 0, scene->size, 8);
}

static void open_exact_run(struct scene *scene)
{
    open_exact(scene);
    scene->size = 64;
    scene->run = bitena_resize(scene->arena, NULL, 0, scene->size, 8);
}

static void shrink_run(struct scene *scene)
{
    scene->run = bitena_resize(scene->arena, scene->run, scene->size + 8, scene->size, 8);
}

static void give_back_run(struct scene *scene)
{
    (void)bitena_resize(scene->arena, scene->run, 64, 0, 8);
}

static void prepare_covered_run(struct scene *scene)
{
    leave_room(scene);
    scene->run = bitena_resize(scene->arena, NULL, 0, 64, 8);
    (void)bitena_alloc_strn(scene->arena, "ein Wort", 8);
}

const struct verb_case allocation_verbs[] = {
    CASE(nothing, "an empty function: a result and the ret, as in every row", open_shared, NULL,
         NULL, 1, 0, 0),
    CASE(alloc_16, "bitena_alloc(16, 8), the owner", open_shared, leave_room, NULL, 1, PROMISE, 0),
    CASE(alloc_16_local, "the same in a LOCAL arena", open_local, leave_room, NULL, 1, PROMISE, 0),
    CASE(alloc_16_child, "the same in a child", open_child, leave_room, NULL, 1, PROMISE, 0),
    CASE(try_alloc_16, "bitena_try_alloc(16, 8)", open_shared, leave_room, NULL, 1, PROMISE, 0),
    CASE(alloc_4096, "bitena_alloc(4096, 64)", open_shared, leave_room, NULL, 1, PROMISE, 0),
    CASE(alloc_variable, "bitena_alloc(n, 8), n a variable", open_sized, leave_room, NULL, 1, 0, 0),
    CASE(make_zeroed, "bitena_make of 24 zeroed bytes", open_shared, leave_room, NULL, 1, 0, 0),
    CASE(make_initialised, "bitena_make of 24 bytes with an initialiser", open_shared, leave_room,
         NULL, 1, 0, 0),
    CASE(try_make_zeroed, "bitena_try_make of 24 zeroed bytes", open_shared, leave_room, NULL, 1, 0,
         0),
    CASE(alloc_uninit, "bitena_alloc_uninit(long, n)", open_counted, leave_room, NULL, 1, 0, 0),
    CASE(alloc_slice, "bitena_alloc_slice(long, 8), zeroed", open_shared, leave_room, NULL, 0, 0,
         0),
    CASE(alloc_slice_variable, "bitena_alloc_slice(long, n, 1), n is 8", open_counted, leave_room,
         NULL, 0, 0, 0),
    CASE(alloc_strn_8, "bitena_alloc_strn of 8 bytes, a constant", open_shared, leave_room, NULL, 0,
         0, 0),
    CASE(alloc_strn_variable, "bitena_alloc_strn(s, n), n is 8", open_words, leave_room, NULL, 0, 0,
         0),
    CASE(alloc_str, "bitena_alloc_str of 8 bytes", open_words, leave_room, NULL, 0, 0, 0),
    CASE(alloc_16_stranger, "bitena_alloc(16, 8), a thread that is not the owner", open_shared,
         leave_room, NULL, 0, 0, 1),
    CASE(alloc_strn_8_stranger, "bitena_alloc_strn of 8 bytes, the same", open_shared, leave_room,
         NULL, 0, 0, 1),
    CASE(alloc_16_exact, "bitena_alloc(16, 8), EXACT", open_exact, NULL, NULL, 0, 0, 0),
    CASE(alloc_strn_8_exact, "bitena_alloc_strn of 8 bytes, EXACT", open_exact, NULL, NULL, 0, 0,
         0),
    CASE(alloc_1024_mean, "bitena_alloc(1024, 8), the mean with the refills", open_shared, NULL,
         NULL, 0, 0, 0),
    CASE(refill_extend, "bitena_alloc that extends the lease", open_shared, use_up_own, NULL, 0, 0,
         0),
    CASE(refill_lease, "bitena_alloc that takes a new lease", open_beside_child, use_up_both, NULL,
         0, 0, 0),
    CASE(refill_child, "the same in a child", open_child, use_up_both, NULL, 0, 0, 0),
    CASE(refill_stranger, "bitena_alloc that extends a stranger's lease", open_unleased, use_up_own,
         NULL, 0, 0, 1),
    CASE(alloc_48k_apart, "bitena_alloc(48 KiB) that gets a run of its own", open_beside_child,
         leave_less_than_large, NULL, 0, 0, 0),
    CASE(resize_first, "bitena_resize(NULL, 0, 64)", open_shared, leave_room, give_back_run, 0, 0,
         0),
    CASE(resize_in_place, "bitena_resize by 8 more at the floor", open_run, NULL, shrink_run, 0, 0,
         0),
    CASE(try_resize_in_place, "bitena_try_resize by 8 more at the floor", open_run, NULL,
         shrink_run, 0, 0, 0),
    CASE(stays, "the same where nothing else will do, as modules ask", open_run, NULL, shrink_run,
         0, 0, 0),
    CASE(resize_in_place_exact, "the same, EXACT", open_exact_run, NULL, shrink_run, 0, 0, 0),
    CASE(resize_move, "bitena_resize of 64 to 128 bytes, copied", open_shared, prepare_covered_run,
         NULL, 0, 0, 0),
    CASE(window_commit, "bitena_window of 8 and bitena_commit of 8", open_shared, leave_room, NULL,
         0, 0, 0),
    {NULL, NULL, NULL, NULL, NULL, NULL, 0, 0, 0},
};
