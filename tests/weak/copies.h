/* Put in front of the sources by -include: what copies and fills whole ranges is seen too; the
 * compiler's instrumentation leaves that to a runtime.
 * SPDX-License-Identifier: MIT */
#ifndef BITENA_WEAK_COPIES_H
#define BITENA_WEAK_COPIES_H

#include <string.h>

void *weak_memcpy(void *to, const void *from, size_t bytes);
void *weak_memmove(void *to, const void *from, size_t bytes);
void *weak_memset(void *to, int value, size_t bytes);

#define memcpy  weak_memcpy
#define memmove weak_memmove
#define memset  weak_memset

#endif
