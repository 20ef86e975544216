/* Every macro and verb from C++17: that they compile without a warning, with the types they promise.
 * It runs as a program too.
 * SPDX-License-Identifier: MIT */
#include <bitena.h>

#include <cassert>
#include <cerrno>
#include <cstdint>
#include <cstring>

namespace {

struct Point {
    int x, y;
};

struct Counted {
    explicit Counted(int start) : value(start)
    {
    }
    int value;
};

int cleanups;

void count(void *)
{
    cleanups++;
}

void typed(bitena *arena)
{
    Point *p = bitena_make(arena, Point, 1, 2);
    assert(p->x == 1 && p->y == 2);
    Point *zero = bitena_make(arena, Point);
    assert(zero->x == 0 && zero->y == 0);
    int *number = bitena_try_make(arena, int, 5);
    assert(*number == 5 && *bitena_make(arena, int) == 0);
    Counted *counted = bitena_make(arena, Counted, 7);
    assert(counted->value == 7);
    using Four = int[4];
    Four *four = bitena_make(arena, Four, 1, 2);
    assert((*four)[1] == 2 && (*four)[3] == 0);
    Point *slice = bitena_alloc_slice(arena, Point, 3, 4, 5);
    assert(slice[2].x == 4 && slice[2].y == 5);
    int *zeros = bitena_try_alloc_slice(arena, int, 100);
    assert(zeros[99] == 0);
    char *bytes = bitena_alloc_uninit(arena, char, 10);
    bytes = bitena_resize_slice(arena, char, bytes, 10, 20);
    bytes = bitena_try_resize_slice(arena, char, bytes, 20, 30);
    assert(bytes && bitena_try_alloc_uninit(arena, Point, 2));
    errno = 0;
    assert(!bitena_try_alloc_uninit(arena, Point, SIZE_MAX / 2) && errno == EOVERFLOW);
}

void verbs(bitena *arena)
{
    assert(std::strcmp(bitena_alloc_str(arena, "text"), "text") == 0);
    assert(bitena_try_alloc_strn(arena, "a\0b", 3)[2] == 'b');
    size_t room;
    char *window = static_cast<char *>(bitena_window(arena, 10, 1, &room));
    bitena_commit(arena, window, room, 5);
    bitena_mark mark = bitena_save(arena);
    bitena_defer(arena, count, nullptr);
    assert(bitena_rewind(arena, mark) == 0 && cleanups == 1);
}

size_t scopes(bitena *arena)
{
    size_t before = bitena_remaining(arena);
    for (int i = 0; i < 3; i++) {
        BITENA_SCOPE (arena) {
            BITENA_SCOPED(arena);
            (void)bitena_alloc(arena, 100, 8);
            if (i == 1) {
                break;
            }
        }
    }
    {
        BITENA_CHILD(child, arena);
        (void)bitena_make(child, Point);
    }
    return before;
}

} // namespace

int main()
{
    bitena *arena = bitena_new(1 << 20);
    typed(arena);
    verbs(arena);
    assert(scopes(arena) == bitena_remaining(arena));
    static unsigned char buffer[BITENA_BUFFER_SIZE(1000)];
    bitena_drop(bitena_init(buffer, sizeof buffer, nullptr));
    bitena_drop(arena);
    return 0;
}
