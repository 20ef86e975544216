/* A block in the caller's memory: no system call, nothing freed. Data starts at the buffer's
 * start, tables stand at its end.
 * SPDX-License-Identifier: MIT */
#include "block.h"

static void close_buffer(const struct block *block)
{
    (void)block;
}

static int discard_buffer(uintptr_t from, size_t bytes)
{
    (void)from;
    (void)bytes;
    return 0;
}

static const struct block_kind buffer_kind = {close_buffer, discard_buffer};

int block_open_buffer(struct block *block, void *buffer, size_t size, size_t table_bytes)
{
    uintptr_t start = (uintptr_t)buffer;
    uintptr_t top = (start + (size - table_bytes)) & ~(uintptr_t)(BLOCK_LINE_BYTES - 1);
    if (size < table_bytes || top <= start) {
        return -1;
    }
    *block = (struct block){&buffer_kind, start, top, top + table_bytes, buffer, size};
    return 0;
}
