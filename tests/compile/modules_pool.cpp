/* Pools and keys from C++17: the typed macros give their types, without a warning.
 * SPDX-License-Identifier: MIT */
#include <bitena/keys.h>
#include <bitena/pool.h>

namespace
{

struct Point {
    int x, y;
};

struct Made {
    explicit Made(int start) : value(start)
    {
    }
    int value;
};

} // namespace

int use_pools(bitena *arena);
int use_pools(bitena *arena)
{
    bitena_pool *pool = bitena_pool_new(arena, sizeof(Point), alignof(Point));
    Point *point = bitena_pool_make(pool, Point, 1, 2);
    Point *zero = bitena_pool_try_make(pool, Point);
    Made *made = bitena_pool_make(pool, Made, 7);
    int sum = point->x + zero->y + made->value;
    bitena_keys *keys = bitena_keys_new(arena, 8, sizeof(Point), alignof(Point));
    bitena_key key = bitena_keys_reserve(keys);
    sum += bitena_keys_insert(keys, key, point);
    const Point *found = static_cast<const Point *>(bitena_keys_get(keys, key));
    return sum + found->x + bitena_pool_give(pool, point) + bitena_pool_reclaim(pool, zero);
}
