/* The example of selftest.py: each function below is reached in part, as its name says; the program is run
 * once. Not part of the library.
 * SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "planted.h"

static int never_run(void)
{
    return 1;
}

/* Never false. */
static int half_a_branch(int a)
{
    int result = 0;
    if (a > 0) {
        result = 1;
    }
    return result;
}

/* Each condition was true and false, but neither a nor c ever alone decided. */
static int half_a_condition(int a, int b, int c)
{
    if ((a || b) && c) {
        return 2;
    }
    return 3;
}

#define IS_BOTH(a, b) ((a) && (b))

/* The same in a macro's text. */
static int half_a_macro(int a)
{
    return IS_BOTH(a > 0, a > 1);
}

static inline int whole(int a, int b)
{
    return a || b;
}

int main(int count, char **arguments)
{
    (void)arguments;
    int sum = half_a_branch(count);
    sum += half_a_condition(1, 0, 0) + half_a_condition(0, 1, 1) + half_a_condition(0, 0, 0);
    sum += half_a_macro(count + 2);
    sum += whole(0, 0) + whole(0, 1) + whole(1, 0);
    sum += planted_user();
    if (sum < 0) {
        return never_run();
    }
    abort(); /* the counts of who ends so are kept */
}
