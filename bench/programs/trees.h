/*
 * trees.h - binary-trees, after the rules of the Computer Language Benchmarks Game: many short
 * lives of many small objects, and one long life beside them. Nodes are two pointers.
 *
 *     trees [depth=16] [passes=1]
 *
 * A stretch tree of depth + 1; a tree of `depth` that stays, in a room of its own; then, for the
 * depths d = 4, 6, .. depth, 2^(depth - d + 4) trees one after the other, each built, counted and
 * given back; at last the tree that stayed is counted. Time is per node allocated; the check is
 * the sum of all counts.
 * SPDX-License-Identifier: MIT
 */
#ifndef BENCH_TREES_H
#define BENCH_TREES_H

#include "../workloads/absent.h"
#include "program.h"

#if defined(RIVAL_ONE_ROOM) && !RIVAL_FREES_EACH

WORKLOAD_ABSENT(trees) /* it needs two */

#else

enum { TREES_SHALLOWEST = 4, TREES_LEAST = 6, TREES_MOST = 28 };

struct tree {
    struct tree *left, *right;
};

struct trees {
    struct room staying, passing;
    unsigned depth;
    uint64_t counted;
};

/* The children first, left before right, then their node: NULL and NULL in a leaf. */
#ifdef RIVAL_OWN_TREES
#ifdef __cplusplus
extern "C"
#endif
    void *
    trees_build(struct room *room, unsigned depth);
#else
static BENCH_NOINLINE __attribute__((unused)) void *trees_build(struct room *room, unsigned depth)
{
    struct tree *left = NULL;
    struct tree *right = NULL;
    if (depth > 0) {
        left = (struct tree *)trees_build(room, depth - 1);
        right = (struct tree *)trees_build(room, depth - 1);
    }
    struct tree *node = (struct tree *)given(room_alloc(room, sizeof *node, OBJECT_ALIGN));
    node->left = left;
    node->right = right;
    return node;
}
#endif

static BENCH_NOINLINE __attribute__((unused)) uint64_t trees_count(const struct tree *node)
{
    return node->left == NULL ? 1 : 1 + trees_count(node->left) + trees_count(node->right);
}

#if RIVAL_FREES_EACH
static BENCH_NOINLINE __attribute__((unused)) void trees_free(struct room *room, struct tree *node)
{
    if (node->left != NULL) {
        trees_free(room, node->left);
        trees_free(room, node->right);
    }
    room_free(room, node, sizeof *node);
}
#endif

static inline void trees_give_back(struct room *room, struct tree *tree)
{
#if RIVAL_FREES_EACH
    trees_free(room, tree);
#else
    (void)tree;
    room_reset(room);
#endif
}

static inline size_t trees_nodes(unsigned depth)
{
    return ((size_t)2 << depth) - 1;
}

static inline size_t trees_rounds(const struct trees *trees, unsigned depth)
{
    return (size_t)1 << (trees->depth - depth + TREES_SHALLOWEST);
}

/* Built, counted and given back. */
static inline uint64_t trees_once(struct trees *trees, unsigned depth)
{
    struct tree *tree = (struct tree *)trees_build(&trees->passing, depth);
    uint64_t count = trees_count(tree);
    trees_give_back(&trees->passing, tree);
    return count;
}

static inline double trees_pass(void *context)
{
    struct trees *trees = (struct trees *)context;
    double start = now_ns();
    uint64_t counted = trees_once(trees, trees->depth + 1);
    struct tree *stays = (struct tree *)trees_build(&trees->staying, trees->depth);
    for (unsigned depth = TREES_SHALLOWEST; depth <= trees->depth; depth += 2) {
        size_t rounds = trees_rounds(trees, depth);
        for (size_t i = 0; i < rounds; i++) {
            counted += trees_once(trees, depth);
        }
    }
    counted += trees_count(stays);
    trees_give_back(&trees->staying, stays);
    trees->counted = counted;
    return now_ns() - start;
}

static inline size_t trees_room(unsigned depth)
{
    size_t bytes = trees_nodes(depth) * (sizeof(struct tree) + PROGRAM_HEADER);
    return bytes + bytes / 8 + ROOM_SLACK;
}

static inline int workload_trees(struct request *request, struct result *result)
{
    static struct trees trees;
    size_t passes = want_number(request, "passes", 1);
    size_t wanted = want_number(request, "depth", 16);
    if (wanted < TREES_LEAST || wanted > TREES_MOST) {
        die("depth=%zu: %d to %d", wanted, TREES_LEAST, TREES_MOST);
    }
    trees.depth = (unsigned)wanted;
    struct team *team = team_start(1);
    size_t staying = trees_room(trees.depth);
    size_t passing = trees_room(trees.depth + 1);
#ifdef RIVAL_HAS_SETUP
    rival_setup(staying + passing);
#endif
    room_open(&trees.staying, staying);
    room_open(&trees.passing, passing);
    result->operations = trees_nodes(trees.depth + 1) + trees_nodes(trees.depth);
    for (unsigned depth = TREES_SHALLOWEST; depth <= trees.depth; depth += 2) {
        result->operations += trees_rounds(&trees, depth) * trees_nodes(depth);
    }
    measure(result, passes, trees_pass, &trees);
    result->check = trees.counted;
    room_close(&trees.passing);
    room_close(&trees.staying);
    team_stop(team);
    return BENCH_OK;
}

#endif

#endif
