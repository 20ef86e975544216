/* The typed verbs: initialisers of every form, types of every form, slices, count times size, and
 * that each argument is evaluated once. What the verbs refuse is tried on every kind of arena.
 * SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>

#include "support/misuse.h"
#include "support/subject.h"

enum { CAPACITY = 256 << 10 };

typedef struct Point {
    int x, y;
} Point;

typedef struct Node {
    struct Node *left, *right;
    Point at;
    double weights[3];
    const char *name;
} Node;

typedef union Word {
    uint32_t number;
    float real;
} Word;

typedef struct Wide {
    _Alignas(64) char bytes[64];
} Wide;

typedef int operation(int, int);

static int add(int a, int b)
{
    return a + b;
}

static int subtract(int a, int b)
{
    return a - b;
}

/* Memory that is not zero by chance: filled and given back before each use. */
static bitena *dirty_arena(void)
{
    bitena *arena = bitena_new(CAPACITY);
    assert_non_null(arena);
    memset(bitena_alloc(arena, CAPACITY, 1), 0xa5, CAPACITY);
    assert_int_equal(bitena_reset(arena), 0);
    return arena;
}

static void make_takes_designated_initialisers_and_zeroes_the_rest(void **state)
{
    (void)state;
    bitena *arena = dirty_arena();
    Node *node = bitena_make(arena, Node, .at = {3, 4}, .weights[1] = 0.5, .name = "n");
    assert_int_equal(node->at.x, 3);
    assert_int_equal(node->at.y, 4);
    assert_true(node->weights[0] == 0 && node->weights[1] == 0.5 && node->weights[2] == 0);
    assert_string_equal(node->name, "n");
    assert_null(node->left);
    assert_null(node->right);
    assert_int_equal(bitena_make(arena, Point, .y = 9)->x, 0);
    bitena_drop(arena);
}

static void make_takes_positional_initialisers(void **state)
{
    (void)state;
    bitena *arena = dirty_arena();
    Point *p = bitena_make(arena, Point, 1, 2);
    assert_int_equal(p->x, 1);
    assert_int_equal(p->y, 2);
    p = bitena_make(arena, Point, (1 + 6), (2));
    assert_int_equal(p->x, 7);
    assert_int_equal(p->y, 2);
    assert_int_equal(*bitena_make(arena, int, 42), 42);
    assert_int_equal(*bitena_make(arena, int, -42), -42);
    assert_true(*bitena_make(arena, double, 2.5) == 2.5);
    assert_int_equal(*bitena_make(arena, char, 'c'), 'c');
    assert_int_equal(bitena_make(arena, Word, 7)->number, 7);
    assert_string_equal(*bitena_make(arena, const char *, "text"), "text");
    bitena_drop(arena);
}

static void make_without_an_initialiser_zeroes(void **state)
{
    (void)state;
    bitena *arena = dirty_arena();
    assert_true(all_bytes_are(bitena_make(arena, Node), 0, sizeof(Node)));
    assert_true(all_bytes_are(bitena_make(arena, int), 0, sizeof(int)));
    assert_true(all_bytes_are(bitena_make(arena, void *), 0, sizeof(void *)));
    assert_true(all_bytes_are(bitena_make(arena, char[1000]), 0, 1000));
    assert_true(all_bytes_are(bitena_try_make(arena, Wide), 0, sizeof(Wide)));
    assert_true(all_bytes_are(bitena_alloc_slice(arena, Node, 50), 0, 50 * sizeof(Node)));
    assert_true(all_bytes_are(bitena_try_alloc_slice(arena, char, 777), 0, 777));
    bitena_drop(arena);
}

static void array_types_work(void **state)
{
    (void)state;
    bitena *arena = dirty_arena();
    int(*three)[3] = bitena_make(arena, int[3], 1, 2, 3);
    assert_int_equal((*three)[0] + (*three)[1] * 10 + (*three)[2] * 100, 321);
    Point(*points)[2] = bitena_make(arena, Point[2], {1, 2}, {3, 4});
    assert_int_equal((*points)[1].x, 3);
    char(*text)[6] = bitena_make(arena, char[6], "hello");
    assert_string_equal(*text, "hello");
    int(*rows)[3] = bitena_alloc_slice(arena, int[3], 4, 7, 8, 9);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(rows[i][0] * 100 + rows[i][1] * 10 + rows[i][2], 789);
    }
    assert_non_null(bitena_alloc_uninit(arena, int[3], 4));
    assert_int_equal(bitena_used(arena), 4 * 3 + 4 * 4 + 6 + 2 + 48 + 48);
    bitena_drop(arena);
}

static void function_pointer_types_work(void **state)
{
    (void)state;
    bitena *arena = dirty_arena();
    int (**one)(int, int) = bitena_make(arena, int (*)(int, int), add);
    assert_int_equal((*one)(40, 2), 42);
    operation **many = bitena_alloc_slice(arena, operation *, 3, subtract);
    assert_int_equal(many[2](44, 2), 42);
    int (**none)(int, int) = bitena_alloc_slice(arena, int (*)(int, int), 2);
    assert_true(none[0] == NULL && none[1] == NULL);
    int (**later)(int, int) = bitena_alloc_uninit(arena, int (*)(int, int), 2);
    later[1] = add;
    assert_int_equal(later[1](1, 1), 2);
    later = bitena_resize_slice(arena, int (*)(int, int), later, 2, 4);
    assert_int_equal(later[1](1, 1), 2);
    bitena_drop(arena);
}

static void makes_may_be_nested(void **state)
{
    (void)state;
    bitena *arena = dirty_arena();
    Node *root = bitena_make(
        arena, Node, .left = bitena_make(arena, Node, .at = {1, 0}),
        .right = bitena_make(arena, Node, .right = bitena_make(arena, Node, .at = {3, 0})),
        .name = bitena_alloc_str(arena, "root"));
    assert_int_equal(root->left->at.x, 1);
    assert_int_equal(root->right->right->at.x, 3);
    assert_null(root->left->left);
    assert_string_equal(root->name, "root");
    Node **list = bitena_alloc_slice(arena, Node *, 2, bitena_make(arena, Node, .name = "same"));
    assert_ptr_equal(list[0], list[1]);
    int **deep = bitena_make(arena, int *, bitena_make(arena, int, *bitena_make(arena, int, 5)));
    assert_int_equal(**deep, 5);
    bitena_drop(arena);
}

static void qualified_types_work(void **state)
{
    (void)state;
    bitena *arena = dirty_arena();
    const Point *p = bitena_make(arena, const Point, .x = 3);
    assert_int_equal(p->x, 3);
    const char *const *names = bitena_alloc_slice(arena, const char *const, 3, "one");
    assert_string_equal(names[2], "one");
    bitena_drop(arena);
}

static void every_element_of_a_slice_is_initialised(void **state)
{
    (void)state;
    bitena *arena = dirty_arena();
    for (size_t count = 1; count <= 1000; count = count * 2 + 1) {
        Point *points = bitena_alloc_slice(arena, Point, count, .x = 1, .y = -1);
        Wide *wide = bitena_try_alloc_slice(arena, Wide, count, .bytes = "wide");
        short *shorts = bitena_alloc_slice(arena, short, count, 258);
        for (size_t i = 0; i < count; i++) {
            assert_true(points[i].x == 1 && points[i].y == -1);
            assert_string_equal(wide[i].bytes, "wide");
            assert_int_equal(shorts[i], 258);
        }
        assert_int_equal(bitena_reset(arena), 0);
    }
    typedef struct Large {
        char bytes[5001];
    } Large;
    Large *large = bitena_alloc_slice(arena, Large, 7, .bytes = {'a', [5000] = 'z'});
    for (size_t i = 0; i < 7; i++) {
        assert_true(large[i].bytes[0] == 'a' && large[i].bytes[1] == 0);
        assert_true(large[i].bytes[4999] == 0 && large[i].bytes[5000] == 'z');
    }
    bitena_drop(arena);
}

static void objects_have_their_types_alignment_and_size(void **state)
{
    (void)state;
    for (enum kind k = 0; k < KIND_COUNT; k++) {
        struct subject s = subject_open(k, CAPACITY, NULL);
        for (int i = 0; i < 20; i++) {
            (void)bitena_make(s.arena, char, 'x');
            assert_true(is_aligned_to(bitena_make(s.arena, Wide), 64));
            (void)bitena_alloc_str(s.arena, "odd");
            assert_true(
                is_aligned_to(bitena_alloc_slice(s.arena, double, 3, 1.5), _Alignof(double)));
            (void)bitena_alloc_slice(s.arena, char, 3, 'x');
            assert_true(
                is_aligned_to(bitena_alloc_uninit(s.arena, max_align_t, 1), _Alignof(max_align_t)));
        }
        size_t before = bitena_used(s.arena);
        (void)bitena_alloc_uninit(s.arena, char, 13);
        assert_int_equal(bitena_used(s.arena), before + 13);
        subject_close(&s);
    }
}

static void a_count_of_zero_takes_nothing(void **state)
{
    (void)state;
    for (enum kind k = 0; k < KIND_COUNT; k++) {
        struct subject s = subject_open(k, CAPACITY, NULL);
        struct numbers before = numbers_of(s.arena);
        volatile size_t zero = 0;
        assert_true(is_aligned_to(bitena_alloc_slice(s.arena, Wide, zero, .bytes = "w"), 64));
        assert_non_null(bitena_alloc_slice(s.arena, Wide, 0));
        assert_non_null(bitena_try_alloc_slice(s.arena, Point, zero, 1, 2));
        assert_true(is_aligned_to(bitena_alloc_uninit(s.arena, double, zero), 8));
        assert_non_null(bitena_try_alloc_uninit(s.arena, double, 0));
        assert_same_numbers(s.arena, before);
        subject_close(&s);
    }
}

static void refuse_counts(void *argument)
{
    static const size_t overflowing[] = {(size_t)PTRDIFF_MAX / 8 + 1,
                                         SIZE_MAX / 8,
                                         SIZE_MAX / 8 + 1,
                                         SIZE_MAX / 8 + 2,
                                         SIZE_MAX / 2,
                                         SIZE_MAX};
    static const size_t too_many[] = {CAPACITY, (size_t)PTRDIFF_MAX / 8 - 1,
                                      (size_t)PTRDIFF_MAX / 8};
    bitena *arena = argument;
    (void)bitena_alloc(arena, 8, 8);
    struct numbers before = numbers_of(arena);
    for (size_t i = 0; i < sizeof overflowing / sizeof *overflowing; i++) {
        errno = 0;
        assert_null(bitena_try_alloc_slice(arena, Point, overflowing[i], .x = 1));
        assert_int_equal(errno, EOVERFLOW);
        errno = 0;
        assert_null(bitena_try_alloc_uninit(arena, Point, overflowing[i]));
        assert_int_equal(errno, EOVERFLOW);
    }
    for (size_t i = 0; i < sizeof too_many / sizeof *too_many; i++) {
        errno = 0;
        assert_null(bitena_try_alloc_slice(arena, Point, too_many[i]));
        assert_int_equal(errno, ENOMEM);
        errno = 0;
        assert_null(bitena_try_alloc_uninit(arena, Point, too_many[i]));
        assert_int_equal(errno, ENOMEM);
    }
    assert_same_numbers(arena, before);
}

static void count_times_size_that_overflows_is_refused(void **state)
{
    (void)state;
    for (enum kind k = 0; k < KIND_COUNT; k++) {
        struct subject s = subject_open(k, CAPACITY, NULL);
        refuse_counts(s.arena);
        if (k != KIND_LOCAL && k != KIND_CHILD) {
            in_another_thread(refuse_counts, s.arena);
        }
        subject_close(&s);
    }
}

static void a_refused_make_gives_null(void **state)
{
    (void)state;
    bitena *arena = bitena_new(sizeof(Node) - 8);
    errno = 0;
    assert_null(bitena_try_make(arena, Node, .name = "does not fit"));
    assert_int_equal(errno, ENOMEM);
    errno = UNTOUCHED;
    assert_non_null(bitena_try_make(arena, Point, 1, 2));
    assert_int_equal(errno, UNTOUCHED);
    bitena_drop(arena);
}

/* Counts how often each argument of a macro is evaluated. */
static int arenas, counts, values;

static bitena *the_arena(bitena *arena)
{
    arenas++;
    return arena;
}

static size_t the_count(size_t count)
{
    counts++;
    return count;
}

static int the_value(int value)
{
    values++;
    return value;
}

static void assert_evaluated(int arenas_expected, int counts_expected, int values_expected)
{
    assert_int_equal(arenas, arenas_expected);
    assert_int_equal(counts, counts_expected);
    assert_int_equal(values, values_expected);
    arenas = counts = values = 0;
}

static void each_argument_of_a_macro_is_evaluated_once(void **state)
{
    (void)state;
    bitena *a = bitena_new(CAPACITY);
    (void)bitena_make(the_arena(a), Point, the_value(1), the_value(2));
    assert_evaluated(1, 0, 2);
    (void)bitena_try_make(the_arena(a), Point, .x = the_value(1));
    assert_evaluated(1, 0, 1);
    (void)bitena_make(the_arena(a), Point);
    assert_evaluated(1, 0, 0);
    (void)bitena_alloc_slice(the_arena(a), int, the_count(5), the_value(1));
    assert_evaluated(1, 1, 1);
    (void)bitena_try_alloc_slice(the_arena(a), Point, the_count(5), .y = the_value(1));
    assert_evaluated(1, 1, 1);
    int *p = bitena_alloc_uninit(the_arena(a), int, the_count(5));
    assert_evaluated(1, 1, 0);
    int *q = bitena_try_alloc_uninit(the_arena(a), int, the_count(5));
    assert_evaluated(1, 1, 0);
    int *cursor[2] = {p, q};
    int **next = cursor;
    (void)bitena_resize_slice(the_arena(a), int, *next++, the_count(5), the_count(9));
    assert_evaluated(1, 2, 0);
    assert_ptr_equal(next, cursor + 1);
    (void)bitena_try_resize_slice(the_arena(a), int, *next++, the_count(5), the_count(9));
    assert_evaluated(1, 2, 0);
    assert_ptr_equal(next, cursor + 2);
    BITENA_SCOPE (the_arena(a)) {
        BITENA_SCOPED(the_arena(a));
        BITENA_CHILD(child, the_arena(a));
        assert_non_null(child);
    }
    assert_evaluated(3, 0, 0);
    static char storage[BITENA_BUFFER_SIZE(100)]; /* a constant expression */
    size_t n = 100;
    assert_int_equal(BITENA_BUFFER_SIZE(n), sizeof storage);
    bitena_drop(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(make_takes_designated_initialisers_and_zeroes_the_rest),
        cmocka_unit_test(make_takes_positional_initialisers),
        cmocka_unit_test(make_without_an_initialiser_zeroes),
        cmocka_unit_test(array_types_work),
        cmocka_unit_test(function_pointer_types_work),
        cmocka_unit_test(makes_may_be_nested),
        cmocka_unit_test(qualified_types_work),
        cmocka_unit_test(every_element_of_a_slice_is_initialised),
        cmocka_unit_test(objects_have_their_types_alignment_and_size),
        cmocka_unit_test(a_count_of_zero_takes_nothing),
        cmocka_unit_test(count_times_size_that_overflows_is_refused),
        cmocka_unit_test(a_refused_make_gives_null),
        cmocka_unit_test(each_argument_of_a_macro_is_evaluated_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
