/*
 * bumpalo.c - the Rust crate bumpalo 3.12, each thread its own Bump. Everything declared here, the
 * loops of fill.h among it, is Rust in bench/bumpalo, compiled and inlined there; where a workload
 * calls room_alloc from C, bumpalo pays for a call that it would not make in Rust.
 *
 * Kindest setting: a first chunk for the whole room. A child is Bump::new() and its drop.
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE 1

#include "block.h"
#include "rival.h"

#define RIVAL_NAME       "bumpalo"
#define RIVAL_SHARES     0
#define RIVAL_FREES_EACH 0
#define RIVAL_HAS_TEXT
#define RIVAL_HAS_RESIZE
#define RIVAL_HAS_GROW
#define RIVAL_HAS_CHILD
#define RIVAL_HAS_USED
#define RIVAL_OWN_FILLS
#define RIVAL_OWN_TREES

/* A Bump of three words, and nothing of another thread's on its line. */
struct room {
    _Alignas(64) unsigned char bump[64];
};

/* bumpalo's Vec<u8>. */
struct growing {
    uintptr_t vec[4];
};

void room_open(struct room *room, size_t bytes);
void room_close(struct room *room);
void room_reset(struct room *room);
size_t room_used(const struct room *room);
void *room_alloc(struct room *room, size_t size, size_t align);
char *room_text(struct room *room, const char *s, size_t length);
void *room_resize(struct room *room, void *p, size_t old_size, size_t new_size);
void child_open(struct room *child, struct room *parent);
void child_close(struct room *child);
void grow_begin(struct room *room, struct growing *growing);
void grow_append(struct room *room, struct growing *growing, const void *bytes, size_t length);
char *grow_finish(struct room *room, struct growing *growing, size_t *length);
void *trees_build(struct room *room, unsigned depth);

/* For bumpalo's chunks; called from Rust. */
void *bumpalo_pages_take(size_t bytes);
void bumpalo_pages_give(void *start, size_t bytes);

void *bumpalo_pages_take(size_t bytes)
{
    return block_take(&bytes);
}

void bumpalo_pages_give(void *start, size_t bytes)
{
    block_give((char *)start, bytes);
}

#include "../workloads/all.h"
