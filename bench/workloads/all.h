/*
 * all.h - the end of each rival's file: every workload, the table of them, and main. A rival that
 * has text alone offers one of them; the others it names and does not offer.
 * SPDX-License-Identifier: MIT
 */
#ifndef BENCH_ALL_H
#define BENCH_ALL_H

#include "absent.h"
#include "text.h"

#ifdef RIVAL_TEXT_ONLY
WORKLOAD_ABSENT(of_objects)
#define OBJECTS(workload) workload_of_objects
#else
#define OBJECTS(workload) workload
#include "../programs/expr.h"
#include "../programs/json.h"
#include "../programs/trees.h"
#include "../programs/wordcount.h"
#include "coldfill.h"
#include "grow.h"
#include "lifecycle.h"
#include "mixed.h"
#include "packing.h"
#include "pipe.h"
#include "same.h"
#include "sharing.h"
#include "spawn.h"
#include "turns.h"
#include "words.h"
#endif

static const struct workload rival_workloads[] = {
    {"text", workload_text},
    {"same", OBJECTS(workload_same)},
    {"coldfill", OBJECTS(workload_coldfill)},
    {"pipe", OBJECTS(workload_pipe)},
    {"sharing", OBJECTS(workload_sharing)},
    {"spawn", OBJECTS(workload_spawn)},
    {"turns", OBJECTS(workload_turns)},
    {"mixed", OBJECTS(workload_mixed)},
    {"words", OBJECTS(workload_words)},
    {"packing", OBJECTS(workload_packing)},
    {"lifecycle", OBJECTS(workload_lifecycle)},
    {"grow", OBJECTS(workload_grow)},
    {"trees", OBJECTS(workload_trees)},
    {"json", OBJECTS(workload_json)},
    {"wordcount", OBJECTS(workload_wordcount)},
    {"expr", OBJECTS(workload_expr)},
};

int main(int argc, char **argv)
{
    return bench_main(argc, argv, RIVAL_NAME, rival_workloads,
                      sizeof rival_workloads / sizeof rival_workloads[0]);
}

#endif
