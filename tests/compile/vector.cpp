/* Vectors in C++17: every function, and the loop.
 * SPDX-License-Identifier: MIT */
#include <bitena/vector.h>

struct Point {
    int x, y;
};
BITENA_VECTOR(Points, Point);

int sum_of_all(bitena *arena)
{
    Points v = Points_begin(arena);
    Points_reserve(&v, 10);
    Points_push(&v, {1, 2})->y = 3;
    (void)Points_insert(&v, 0, {4, 5});
    const Point more[] = {{1, 2}, {3, 4}};
    Points_extend(&v, more, 2);
    Point last = Points_pop(&v);
    if (Points_try_push(&v, last) && Points_try_insert(&v, 1, last) &&
        Points_try_reserve(&v, 1) == 0 && Points_try_extend(&v, more, 1) == 0 &&
        Points_try_pop(&v, &last)) {
        last = Points_remove(&v, 0);
        last = Points_swap_remove(&v, 0);
    }
    int sum = Points_get(&v, 0)->x + Points_last(&v)->x + Points_slice(&v, 0, 1)->x;
    BITENA_EACH (point, &v) {
        BITENA_EACH (other, &v) {
            sum += point->x * other->y;
        }
    }
    Points_shrink(&v);
    Points_clear(&v);
    return sum;
}
