/* Vectors hold what was put into them, in arenas of every kind and from full ones; they grow in place
 * while they are last; each argument is evaluated once.
 * SPDX-License-Identifier: MIT */
#include <errno.h>

#include <bitena/vector.h>

#include "support/misuse.h"
#include "support/subject.h"

enum { CAPACITY = 256 << 10, MANY = 3000 };

struct point {
    int x, y;
};
struct wide {
    _Alignas(16) char bytes[320]; /* more than a first block */
};
BITENA_VECTOR(points, struct point);
BITENA_VECTOR(ints, int);
BITENA_VECTOR(bytes, char);
BITENA_VECTOR(wides, struct wide);
BITENA_VECTOR(names, const char *);
BITENA_VECTOR(functions, int (*)(int));

static ints ints_to(bitena *arena, int n)
{
    ints v = ints_begin(arena);
    for (int i = 0; i < n; i++) {
        assert_int_equal(*ints_push(&v, i), i);
    }
    return v;
}

/* The elements are these. */
static void assert_ints(const ints *v, const int *expected, size_t count)
{
    assert_int_equal(v->count, count);
    assert_true(v->count <= v->room);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(v->at[i], expected[i]);
    }
}
#define ASSERT_INTS(v, ...)                                          \
    do {                                                             \
        const int expected_[] = {__VA_ARGS__};                       \
        assert_ints((v), expected_, sizeof expected_ / sizeof(int)); \
    } while (0)

static int twice(int x)
{
    return 2 * x;
}

static void push_all_types(bitena *arena)
{
    points p = points_begin(arena);
    bytes b = bytes_begin(arena);
    wides w = wides_begin(arena);
    names n = names_begin(arena);
    functions f = functions_begin(arena);
    for (int i = 0; i < 100; i++) {
        assert_int_equal(points_push(&p, (struct point){i, -i})->y, -i);
        assert_int_equal(*bytes_try_push(&b, (char)i), i);
        assert_int_equal(wides_push(&w, (struct wide){{(char)i}})->bytes[0], i);
        assert_string_equal(*names_push(&n, i % 2 ? "odd" : "even"), i % 2 ? "odd" : "even");
        assert_int_equal((*functions_push(&f, twice))(i), 2 * i);
    }
    assert_true(is_aligned_to(p.at, _Alignof(struct point)) && is_aligned_to(w.at, 16));
    for (int i = 0; i < 100; i++) {
        assert_true(p.at[i].x == i && b.at[i] == i && w.at[i].bytes[0] == i);
        assert_string_equal(n.at[i], i % 2 ? "odd" : "even");
    }
}

static void any_type_may_be_an_element(void **state)
{
    (void)state;
    for_each_kind(CAPACITY, push_all_types);
}

static void push_and_pop(bitena *arena)
{
    ints v = ints_to(arena, MANY);
    assert_int_equal(v.count, MANY);
    assert_int_equal(*ints_last(&v), MANY - 1);
    for (int i = 0; i < MANY; i++) {
        assert_int_equal(*ints_get(&v, (size_t)i), i);
    }
    int item = -1;
    for (int i = MANY - 1; i >= 0; i--) {
        if (i % 2) {
            assert_int_equal(ints_pop(&v), i);
        } else {
            assert_int_equal(ints_try_pop(&v, &item), 1);
            assert_int_equal(item, i);
        }
    }
    assert_int_equal(ints_try_pop(&v, &item), 0);
    assert_int_equal(item, 0);
    assert_null(ints_last(&v));
}

static void the_last_pushed_is_popped_first(void **state)
{
    (void)state;
    for_each_kind(CAPACITY, push_and_pop);
}

static void insert_and_remove(bitena *arena)
{
    ints v = ints_begin(arena);
    assert_int_equal(*ints_insert(&v, 0, 1), 1);
    assert_int_equal(*ints_try_insert(&v, 0, 0), 0);
    assert_int_equal(*ints_insert(&v, 2, 3), 3);
    assert_int_equal(*ints_insert(&v, 2, 2), 2);
    ASSERT_INTS(&v, 0, 1, 2, 3);
    assert_int_equal(ints_remove(&v, 1), 1);
    ASSERT_INTS(&v, 0, 2, 3);
    assert_int_equal(ints_remove(&v, 2), 3);
    ASSERT_INTS(&v, 0, 2);
    ints_extend(&v, (const int[]){4, 5, 6}, 3);
    assert_int_equal(ints_swap_remove(&v, 1), 2);
    ASSERT_INTS(&v, 0, 6, 4, 5);
    assert_int_equal(ints_swap_remove(&v, 3), 5);
    ASSERT_INTS(&v, 0, 6, 4);
    while (v.count != 0) {
        (void)ints_swap_remove(&v, 0);
    }
    for (int i = 0; i < MANY / 10; i++) {
        (void)ints_insert(&v, 0, i);
    }
    for (int i = 0; i < MANY / 10; i++) {
        assert_int_equal(v.at[i], MANY / 10 - 1 - i);
    }
}

static void inserting_and_removing_keep_the_order(void **state)
{
    (void)state;
    for_each_kind(CAPACITY, insert_and_remove);
}

static void extend_by_all(bitena *arena)
{
    ints v = ints_begin(arena);
    ints_extend(&v, NULL, 0);
    assert_int_equal(ints_try_extend(&v, NULL, 0), 0);
    assert_null(v.at);
    assert_null(ints_slice(&v, 0, 0));
    assert_int_equal(ints_try_extend(&v, (const int[]){1, 2, 3}, 3), 0);
    ints_extend(&v, v.at + 1, 2);
    ASSERT_INTS(&v, 1, 2, 3, 2, 3);
    (void)bitena_alloc_str(arena, "it will have to move");
    while (v.count < MANY) {
        ints_extend(&v, v.at, v.count); /* its own, while it moves */
        (void)bitena_alloc_str(arena, "again");
    }
    for (size_t i = 0; i < v.count; i += 5) {
        assert_true(v.at[i] == 1 && v.at[i + 1] == 2 && v.at[i + 4] == 3);
    }
    assert_ptr_equal(ints_slice(&v, 0, v.count), v.at);
    assert_ptr_equal(ints_slice(&v, 5, 3), v.at + 5);
    assert_ptr_equal(ints_slice(&v, v.count, 0), v.at + v.count);
}

static void a_vector_is_extended_by_others_and_itself(void **state)
{
    (void)state;
    for_each_kind(CAPACITY, extend_by_all);
}

static void reserve_and_shrink(bitena *arena)
{
    (void)bitena_alloc_str(arena, "takes a lease");
    size_t before = bitena_used(arena);
    ints v = ints_begin(arena);
    ints_shrink(&v);
    ints_reserve(&v, 0);
    assert_int_equal(ints_try_reserve(&v, 0), 0);
    assert_true(!v.at && bitena_used(arena) == before);
    ints_reserve(&v, 100);
    assert_true(v.room >= 100 && v.count == 0);
    const int *at = v.at;
    for (int i = 0; i < 100; i++) {
        (void)ints_push(&v, i);
    }
    assert_int_equal(ints_try_reserve(&v, v.room - v.count), 0);
    assert_ptr_equal(v.at, at);
    ints_shrink(&v);
    assert_true(v.at == at && v.room == 100 && v.count == 100);
    assert_in_range(bitena_used(arena) - before, 400, 403); /* and what aligns it */
    (void)ints_push(&v, 100);
    assert_true(v.room > 100 && v.at[100] == 100);
    ints_clear(&v);
    assert_true(v.count == 0 && v.room > 100);
    ints_shrink(&v);
    assert_true(!v.at && v.room == 0);
    assert_in_range(bitena_used(arena) - before, 0, 3);
    assert_int_equal(*ints_push(&v, 7), 7);
}

static void room_is_reserved_and_given_back(void **state)
{
    (void)state;
    for_each_kind(CAPACITY, reserve_and_shrink);
}

static void grow_two(bitena *arena)
{
    ints v = ints_begin(arena);
    points w = points_begin(arena);
    for (int i = 0; i < MANY; i++) {
        (void)ints_push(&v, i);
        (void)points_push(&w, (struct point){i, -i});
        if (i % 500 == 0) {
            (void)bitena_alloc(arena, 100, 8);
        }
    }
    for (int i = 0; i < MANY; i++) {
        assert_true(v.at[i] == i && w.at[i].x == i && w.at[i].y == -i);
    }
}

static void two_vectors_grow_by_turns(void **state)
{
    (void)state;
    for_each_kind(CAPACITY, grow_two);
}

static void a_last_vector_grows_in_place(void **state)
{
    (void)state;
    struct subject s = subject_open(KIND_EXACT, CAPACITY, NULL);
    ints v = ints_to(s.arena, 1);
    const int *at = v.at;
    for (int i = 1; i < MANY; i++) {
        (void)ints_push(&v, i);
        assert_ptr_equal(v.at, at);
    }
    subject_close(&s);
}

static void push_to_it(void *argument)
{
    for (int i = 0; i < MANY; i++) {
        (void)ints_push((ints *)argument, i);
    }
}

static void a_vector_may_go_to_another_thread(void **state)
{
    (void)state;
    struct subject s = subject_open(KIND_SHARED, CAPACITY, NULL);
    ints v = ints_to(s.arena, 10);
    in_another_thread(push_to_it, &v);
    (void)ints_push(&v, MANY);
    assert_int_equal(v.count, MANY + 11);
    assert_true(v.at[9] == 9 && v.at[10] == 0 && v.at[MANY + 10] == MANY);
    subject_close(&s);
}

static void each_element_is_met_once(void **state)
{
    (void)state;
    bitena *arena = bitena_new(CAPACITY);
    points v = points_begin(arena);
    const points *constant = &v;
    int sum = 0, evaluated = 0;
    BITENA_EACH (p, &v) {
        sum += p->x;
    }
    assert_int_equal(sum, 0);
    for (int i = 0; i < 10; i++) {
        (void)points_push(&v, (struct point){i, 0});
    }
    BITENA_EACH (p, (evaluated++, &v)) {
        if (p->x == 3) {
            continue;
        }
        p->y = 1;
        BITENA_EACH (q, constant) {
            if (q->x == 5) {
                break;
            }
            sum++;
        }
        if (p->x == 7) {
            break;
        }
    }
    assert_int_equal(evaluated, 1);
    assert_int_equal(sum, 7 * 5);
    assert_true(v.at[3].y == 0 && v.at[7].y == 1 && v.at[8].y == 0);
    bitena_drop(arena);
}

static void arguments_are_evaluated_once(void **state)
{
    (void)state;
    bitena *arena = bitena_new(CAPACITY);
    ints both[2] = {ints_begin(arena), ints_begin(arena)}, *next = both;
    int item = 1;
    (void)ints_push(next++, item++);
    (void)ints_push(next--, item++);
    ASSERT_INTS(&both[0], 1);
    ASSERT_INTS(&both[1], 2);
    assert_true(next == both && item == 3);
    bitena_drop(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_type_may_be_an_element),
        cmocka_unit_test(the_last_pushed_is_popped_first),
        cmocka_unit_test(inserting_and_removing_keep_the_order),
        cmocka_unit_test(a_vector_is_extended_by_others_and_itself),
        cmocka_unit_test(room_is_reserved_and_given_back),
        cmocka_unit_test(two_vectors_grow_by_turns),
        cmocka_unit_test(a_last_vector_grows_in_place),
        cmocka_unit_test(a_vector_may_go_to_another_thread),
        cmocka_unit_test(each_element_is_met_once),
        cmocka_unit_test(arguments_are_evaluated_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
