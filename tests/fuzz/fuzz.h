/* What a fuzz target offers its engine: libFuzzer, AFL++'s driver, or tests/fuzz/replay.c.
 * A target never returns from a fault: it prints what differs and aborts.
 * SPDX-License-Identifier: MIT */
#ifndef TESTS_FUZZ_H
#define TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
