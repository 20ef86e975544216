/* A macro of a header that is looked at, which makes functions in a file that is not. Each that is made
 * is reached in part, or not at all. See selftest.py.
 * SPDX-License-Identifier: MIT */
#ifndef PLANTED_H
#define PLANTED_H

#define PLANTED_MAKES(name)        \
    static int name##_of(int b)    \
    {                              \
        if (b > 1) {               \
            return 7;              \
        }                          \
        return 8;                  \
    }                              \
    static int name##_whole(int c) \
    {                              \
        return c;                  \
    }

int planted_user(void);

#endif
