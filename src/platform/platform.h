/* What differs between systems. The build picks the file that implements it; no other file of
 * the core makes a system call. Preconditions: bytes and addresses are multiples of
 * platform_page_size() unless said otherwise. Functions that return int give 0, or -1 with
 * errno, unless said otherwise. None is a cancellation point.
 * SPDX-License-Identifier: MIT */
#ifndef BITENA_PLATFORM_H
#define BITENA_PLATFORM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Why a reservation was refused; bytes is the limit that was met, 0 where none is known. */
struct platform_refusal {
    const char *limit;
    uint64_t bytes;
};

size_t platform_page_size(void);

/* Address space, readable and writable, zeroed, no memory behind it until it is touched. NULL:
 * refused, errno ENOMEM, and *refusal says by what. */
void *platform_reserve(size_t bytes, struct platform_refusal *refusal);
void platform_release(void *address, size_t bytes);

int platform_advise_huge(void *address, size_t bytes); /* a hint: may be refused without harm */
int platform_populate(void *address, size_t bytes);    /* every page touched, contents unchanged */
int platform_discard(void *address,
                     size_t bytes); /* pages to the system; they read as zero again */

/* Lets others run: the first 64 tries by a yield, then by a sleep of 50 us. errno is kept. */
void platform_wait(int tries);

/* The calling thread's number: positive, below 2^22, unlike that of every other live thread of
 * the process. */
uint32_t platform_thread_number(void);

/* These two give 0 or the error's number. Calls at_thread_end(value) with the value last set, up to platform_thread_end_rounds() times,
 * as a thread ends and the value was set anew in between; calls after_fork_in_child in the child
 * of a fork. Called once. */
int platform_thread_hooks(void (*at_thread_end)(void *value), void (*after_fork_in_child)(void));
int platform_set_thread_value(void *value);
unsigned platform_thread_end_rounds(void);

/* fn once per process, whoever comes first; others wait for it. */
void platform_once(void (*fn)(void));

void platform_write_error(const char *text, size_t length);

#endif
