/* Faults for tests/static/selftest.py, one in each function: the tools that tools/static runs must
 * find them. It is compiled, and nothing of it ever runs.
 * SPDX-License-Identifier: MIT */
#include <stdbool.h>
#include <stdlib.h>

#define EXPORTED __attribute__((visibility("default")))

struct planted_shape { /* PLANTED_OTHER: as an older library had it */
#ifdef PLANTED_OTHER
    int first;
#endif
    long second;
};

int planted_null(int n);
int planted_null_test(const int *p, int n);
int planted_leak(int n);
int planted_bounds(int n);
bool planted_compare(const char *a, const char *b);
void planted_fill(char *big, size_t size);
EXPORTED void planted_frame(void);
EXPORTED void planted_row(size_t n);
EXPORTED unsigned planted_locked(unsigned *p);
EXPORTED long planted_name(const struct planted_shape *shape);

/* A null pointer on one of two paths. */
int planted_null(int n)
{
    int *p = NULL;
    if (n > 3) {
        p = &n;
    }
    return *p;
}

/* The test admits what the next line forgets. */
int planted_null_test(const int *p, int n)
{
    int sum = 0;
    if (!p) {
        sum = n;
    }
    return sum + *p;
}

int planted_leak(int n)
{
    int *p = malloc(sizeof *p);
    if (!p) {
        return -1;
    }
    *p = n;
    if (n > 3) {
        return -2;
    }
    free(p);
    return 0;
}

int planted_bounds(int n)
{
    int row[4] = {1, 2, 3, n};
    int at = 4;
    return row[at];
}

/* What bugprone-branch-clone is for. */
bool planted_compare(const char *a, const char *b)
{
    if (*a == 'x') {
        return *a < *b;
    } else {
        return *a < *b;
    }
}

void planted_frame(void)
{
    char big[2000];
    planted_fill(big, sizeof big);
}

void planted_row(size_t n)
{
    char row[n];
    planted_fill(row, n);
}

unsigned planted_locked(unsigned *p)
{
    return __atomic_fetch_add(p, 1, __ATOMIC_RELAXED);
}

long planted_name(const struct planted_shape *shape)
{
    return shape->second;
}
