"""The bugs planted in copies of the sources, for run.py. A text that is not found once is an error there.

SPDX-License-Identifier: MIT
"""


def lost_update(word, order, new):
    """A compare-and-swap taken apart into a load and a store."""
    return (f"cas_weak_{order}(&{word}, &index, {new})",
            f"(load_relaxed(&{word}) == index ? (store_relaxed(&{word}, {new}), 1) :"
            f" (index = load_relaxed(&{word}), 0))")


TAG = "((head >> TAG_SHIFT) + 1) << TAG_SHIFT |"
# name: what it is, {file: [(text, instead)]}, the scenario that finds it
PLANTS = {
    "lost-bump": ("the EXACT bump loses an update", {
        "exact.h": [lost_update("pool->index", "acquire", "offset_of(pool, at) + size")],
        "exact.c": [], "alloc.c": []}, "exact"),
    "lost-extend": ("the extension of a lease loses an update", {
        "lease.c": [lost_update("pool->index", "acquire", "base - bytes")]}, "lease"),
    "untagged-pop": ("pop forgets the tag", {
        "lease.c": [(f"uint64_t next = {TAG}\n                        load_relaxed", "uint64_t next = load_relaxed")]},
                     "runs"),
    "untagged": ("no head of a stack has a tag", {
        "lease.c": [(f"uint64_t next = {TAG}\n                        load_relaxed", "uint64_t next = load_relaxed"),
                    (f"next = {TAG} run", "next = run")]}, "runs"),
    "unheld": ("a search does not announce what it holds", {
        "lease.c": [("    hold(pool);\n", ""), ("    unhold(pool);\n", "")]}, "search"),
    "late-barrier": ("the barrier is raised after the index", {
        "lease.c": [("        if (pool->upward) {\n            raise_barrier(pool, end);\n        }\n", ""),
                    ("            *out = (struct span){base, end, 0};",
                     "            if (pool->upward) raise_barrier(pool, end);\n"
                     "            *out = (struct span){base, end, 0};")]}, "floor"),
    "early-give-back": ("a dropped child's struct is used after its run went back", {
        "child.c": [("(void)tlab_unwind(parent, &tlab, 0, 0, keeper)",
                     "tlab.spare = 0; (void)tlab_unwind(parent, &child->tlab, 0, 0, keeper)")]}, "stranger"),
    "endless-gather": ("a gather is never ended", {
        "gather.c": [("    end_gather(pool);\n    return found", "    return found")]}, "scope"),
    "lost-absorb": ("an absorbed child is linked without a compare-and-swap", {
        "child.c": [("while (!cas_weak_release(&p->absorbed, &c->absorbed_next, c)) { /* [M15] */\n    }",
                     "store_release(&p->absorbed, c);")]}, "absorb"),
    "lost-link": ("a new TLAB is linked without a compare-and-swap", {
        "alloc.c": [("while (!cas_weak_release(&arena->tlabs, &head, tlab)); /* [M11] */",
                     "while (store_release(&arena->tlabs, tlab), 0);")]}, "numbers3"),
    "lost-cleanup": ("a deferred call is linked without a compare-and-swap", {
        "lifetime.c": [("while (!cas_weak_release(head, &cleanup->next, cleanup)) { /* [M14] */\n    }",
                        "store_release(head, cleanup);")]}, "defer2"),
    "lost-count": ("the count of children loses one", {
        "child.c": [("(void)add_release(&parent->children, change);",
                     "intptr_t n = load_relaxed(&parent->children); store_relaxed(&parent->children, n + change);")]},
                   "count3"),
    "lost-claim": ("a thread's slot is claimed without a compare-and-swap", {
        "thread.c": [("cas_weak_acquire(&taken[w], &word,\n"
                      "                                 word | (uint64_t)1 << slot % WORD_BITS)",
                      "(store_relaxed(&taken[w], word | (uint64_t)1 << slot % WORD_BITS), true)")]}, "slots3"),
    "early-release": ("a slot is released while its thread's destructors still allocate", {
        "thread.c": [("    uintptr_t round = (uintptr_t)value;",
                      "    uintptr_t round = (uintptr_t)value;\n    release_slot(slot_of(thread_registered));")]},
                      "exit2"),
    "heir-unasked": ("an heir takes the TLAB of its slot without looking whose it was", {
        "alloc.c": [("return tlab && load_relaxed(&tlab->bearer) == id ? tlab : NULL; /* [M10] */",
                     "return tlab && load_relaxed(&tlab->bearer) != 0 ? tlab : NULL;")]}, "exit2"),
    "owner-heir": ("the heir of an owner does not end its marks", {
        "alloc.c": [("    tlab_end_marks(arena, tlab);\n    tlab->mark_text = 0;\n    store_relaxed(&tlab->bearer",
                     "    (void)arena;\n    store_relaxed(&tlab->bearer")]}, "heir2"),
    "own-nobody": ("own does not change the owner", {
        "child.c": [("    a->tlab.bearer = id;\n    store_relaxed(&a->owner, id); /* [M12] */\n    return 0;",
                     "    a->tlab.bearer = id;\n    return 0;")]}, "own2"),
    "own-marks": ("own leaves the old owner's marks live", {
        "child.c": [("    tlab_close_window(&a->tlab);\n    tlab_end_marks(a, &a->tlab);\n    a->tlab.mark_text = 0;\n",
                     "")]}, "own2"),
    "early-rest": ("the rest of a lease that a mark wants back goes to others", {
        "tlab.c": [("if (tlab->mark_text == 0 && objects - text.end", "if (objects - text.end"),
                   ("all.base = objects;", "all.base = tlab->mark_text == 0 ? objects : all.base;")]}, "marks2"),
    "rewind-alone": ("an EXACT rewind does not look for children", {
        "exact.c": [("has_children(arena) || load_acquire(&arena->absorbed)); /* [M15] */", "false);")]},
                     "exact-marks2"),
    "trim-shares": ("a trim leaves the index to others meanwhile", {
        "gather.c": [("    while (!cas_weak_acq_rel(&pool->index, &index, none)) { /* [M01] [M05] */\n    }\n", "")]},
                    "trim2"),
    "untagged-batches": ("the stacks of a pool's batches have no tag", {
        "pool_depot.c": [("        next = ((head >> TAG_SHIFT) + 1) << TAG_SHIFT | link", "        next = link"),
                         ("            ((head >> TAG_SHIFT) + 1) << TAG_SHIFT | load_relaxed", "            load_relaxed")]},
                         "pool2"),
    "lost-level": ("a table of magazines is published without a compare-and-swap", {
        "pool.c": [("while (none == 0 && !cas_weak_release(level, &none, (uintptr_t)table - bytes)) {",
                    "for (store_release(level, (uintptr_t)table - bytes); false;) {")]}, "pool-fresh3"),
    "both-gave": ("who ends an object's life is not told so", {
        "pool.c": [("!(and_release(life, ~bit) & bit)", "(and_release(life, ~bit), false)")]}, "pool-twice2"),
    "raised-from-0": ("a weak holder raises a count of 0", {
        "pool_references.c": [("while ((n = (uint32_t)(there >> which)) != 0 && n < UINT32_MAX)",
                               "while ((n = (uint32_t)(there >> which)) < UINT32_MAX)")]}, "references2"),
    "counts-apart": ("a giver looks at the two counts one after the other", {
        "pool.c": [("load_acquire(&pool_counts_of(pool, object)->word) != pool_sole()",
                    "((uint32_t)load_acquire(&pool_counts_of(pool, object)->word) != 1 ||\n"
                    "         load_acquire(&pool_counts_of(pool, object)->word) >> POOL_WEAK != 1)")]}, "references-weak2"),
    "weak-first": ("the same, the other way round", {
        "pool.c": [("load_acquire(&pool_counts_of(pool, object)->word) != pool_sole()",
                    "(load_acquire(&pool_counts_of(pool, object)->word) >> POOL_WEAK != 1 ||\n"
                    "         (uint32_t)load_acquire(&pool_counts_of(pool, object)->word) != 1)")]}, "references-strong2"),
    "untagged-keys": ("the stack of free places has no tag", {
        "keys.c": [("        next = ((head >> HIGH) + 1) << HIGH | (uint32_t)key", "        next = (uint32_t)key"),
                   ("            ((head >> HIGH) + 1) << HIGH | load_relaxed", "            load_relaxed")]}, "keys2"),
    "early-live": ("a key lives before its value is written", {
        "keys.c": [("if (!change(place, key, RESERVED, FILLING)) {",
                    "if (!change(place, key, RESERVED, LIVE)) {")]}, "keys3"),
    "removed-twice": ("a removal does not ask who was first", {
        "keys.c": [("    if (!change(place, key, LIVE, LEAVING)) {",
                    "    if (!place || load_acquire(&place->word) != word_in(key, LIVE)) {")]}, "keys3"),
    "lost-child": ("a node is published without a compare-and-swap", {
        "map.c": [("cas_weak_release(walk.place, &none, link)", "(store_release(walk.place, link), none == 0)")]}, "map3"),
    "late-count": ("where to begin is loaded after the number: an entry gets two", {
        "map_log.c": [("    uint32_t all = load_acquire(&map->settled), own = load_acquire(&stock->settled); /* [H03] */\n", ""),
                      ("        return;\n    }\n    bitena_link_ link",
                       "        return;\n    }\n    uint32_t all = load_acquire(&map->settled);\n"
                       "    uint32_t own = load_acquire(&stock->settled);\n    bitena_link_ link")]}, "map-settle3"),
    "lost-position": ("a position of the log is filled without a compare-and-swap", {
        "map_log.c": [("if (cas_weak_release(place, &there, link)) {",
                       "if (store_release(place, link), true) {")]}, "map-find3"),
    "no-help": ("who moves on for all does not number those before", {
        "map_log.c": [("            settle(bitena_map_node_at_(map, load_acquire(log_at(map, i))), i); /* [H02] */",
                       "            (void)load_acquire(log_at(map, i));")]}, "map-settle3"),
    "no-lower": ("who asks for a position does not number its node", {
        "map_log.c": [("    settle(node, number);\n", "    if (load_relaxed(&node->number) == 0) {\n        return (bitena_map_entry){0};\n    }\n")]}, "map2"),
    "no-number": ("who counts a node does not number it", {
        "map_log.c": [("        settle(bitena_map_node_at_(map, there), n);\n", "")]}, "map-walk3"),
    "early-key": ("a key can be found before its value is written", {
        "map.c": [("    if (initial) {\n        memcpy(value, initial, map->value_size);\n    } else {",
                   "    if (!initial) {"),
                  ("    bitena_map_number_(map, there);",
                   "    bitena_map_number_(map, there);\n    (void)bitena_map_count(map);\n"
                   "    if (there == own && initial) {\n"
                   "        memcpy(bitena_map_value_(map, own), initial, map->value_size);\n    }")]}, "map-find3"),
    "untagged-spares": ("spares are taken one by one, without a tag", {
        "map_log.c": [("cas_weak_acquire(&map->spares, &next, 0)",
                       "cas_weak_acquire(&map->spares, &next, load_relaxed(&bitena_map_node_at_(map, next)->child[0]))"),
                      ("next = spare->child[0];", "next = 0;")]}, "map-spares3"),
    "late-segment": ("a node is published before its position's segment is there", {
        "map_log.c": [("!make_segments(map, first, refused)",
                       "!make_segments(map, first - (first == 64), refused)")]}, "map-segment2"),
    "taken-twice": ("a position is taken from a stock without a compare-and-swap", {
        "map_log.c": [("!cas_weak_acquire(&stock->positions, &there, there - 1)",
                       "(store_relaxed(&stock->positions, there - 1), false)")]}, "map-segment2"),
}
