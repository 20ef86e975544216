/* Stamps: what a test writes into an object to know later that nobody else has written there. A
 * small object is filled whole; a large one bears its stamp at both ends, since an overlap has an
 * end too and the byte map sees the rest.
 * SPDX-License-Identifier: MIT */
#ifndef TESTS_STAMP_H
#define TESTS_STAMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

static inline unsigned char stamp_byte(uint64_t stamp)
{
    return (unsigned char)((stamp * 0x9e3779b97f4a7c15u) >> 56);
}

static inline void stamp_write(void *p, size_t size, uint64_t stamp)
{
    if (size < 2 * sizeof stamp) {
        memset(p, stamp_byte(stamp), size);
    } else {
        memcpy(p, &stamp, sizeof stamp);
        memcpy((char *)p + size - sizeof stamp, &stamp, sizeof stamp);
    }
}

static inline bool stamp_is(const void *p, size_t size, uint64_t stamp)
{
    const unsigned char *bytes = p;
    if (size < 2 * sizeof stamp) {
        bool same = true;
        for (size_t i = 0; i < size; i++) {
            same = same && bytes[i] == stamp_byte(stamp);
        }
        return same;
    }
    return memcmp(bytes, &stamp, sizeof stamp) == 0 &&
           memcmp(bytes + size - sizeof stamp, &stamp, sizeof stamp) == 0;
}

#endif
