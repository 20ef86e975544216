/* A pool and a table of keys against plain lists: random operations from a seed. What the library says
 * of each key and object must be what the list says.
 * SPDX-License-Identifier: MIT */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <bitena/keys.h>
#include <bitena/pool.h>

#include "support/random.h"

enum { STEPS = 200000, ROUND = 2000, PLACES = 50, OBJECTS = 200 };
enum state { NONE, IS_RESERVED, IS_LIVE, IS_OVER };

/* Every key ever given in a round, in the order of giving. */
static struct entry {
    bitena_key key;
    enum state state;
    uint64_t value, serial;
} entries[ROUND];
static size_t entry_count, live_count, used_count;
static uint64_t serial;
static const char *wrong;

static struct piece {
    unsigned char *at;
    size_t references;
    unsigned char fill;
} pieces[OBJECTS];
static size_t piece_count;

static bool require(bool holds, const char *what)
{
    wrong = holds || wrong ? wrong : what;
    return holds;
}

static void check(const bitena_keys *keys, const struct entry *e)
{
    const uint64_t *value = bitena_keys_get(keys, e->key);
    require((value != NULL) == (e->state == IS_LIVE), "a key finds what it must not, or nothing");
    require(!value || *value == e->value, "a key finds another value");
}

static void reserve(bitena_keys *keys)
{
    bitena_key key = bitena_keys_reserve(keys);
    if (require((key == 0) == (used_count == PLACES), "a full table gives, or another refuses") &&
        key) {
        for (size_t i = 0; i < entry_count; i++) {
            require(entries[i].key != key, "a key was given twice");
        }
        entries[entry_count++] = (struct entry){key, IS_RESERVED, 0, 0};
        used_count++;
    }
}

static void change(bitena_keys *keys, struct random *random, struct entry *e)
{
    uint64_t value = random_next(random), out = 0;
    switch (random_below(random, 3)) {
    case 0:
        if (require((bitena_keys_insert(keys, e->key, &value) == 0) == (e->state == IS_RESERVED),
                    "insert") &&
            e->state == IS_RESERVED) {
            *e = (struct entry){e->key, IS_LIVE, value, ++serial};
            live_count++;
        }
        break;
    case 1:
        if (require((bitena_keys_cancel(keys, e->key) == 0) == (e->state == IS_RESERVED),
                    "cancel") &&
            e->state == IS_RESERVED) {
            e->state = IS_OVER;
            used_count--;
        }
        break;
    default:
        if (require((bitena_keys_remove(keys, e->key, &out) == 0) == (e->state == IS_LIVE),
                    "remove") &&
            e->state == IS_LIVE) {
            require(out == e->value, "another value was removed");
            e->state = IS_OVER;
            used_count--;
            live_count--;
        }
    }
}

struct walk {
    uint64_t before; /* the serial of the visit before */
    size_t visits;
    unsigned keep; /* of 4 */
};

static int visit(void *context, bitena_key key, void *value)
{
    struct walk *walk = context;
    struct entry *e = entries;
    while (e < entries + entry_count && e->key != key) {
        e++;
    }
    require(e < entries + entry_count && e->state == IS_LIVE,
            "a walk shows a key that is not live");
    require(e->serial < walk->before, "a walk does not show the newest first");
    require(e->value == *(uint64_t *)value, "a walk shows another value");
    walk->before = e->serial;
    walk->visits++;
    if (e->serial % 4 >= walk->keep) {
        e->state = IS_OVER;
        return 0;
    }
    return 1;
}

static void walk_keys(bitena_keys *keys, struct random *random)
{
    struct walk walk = {UINT64_MAX, 0, (unsigned)random_below(random, 5)};
    size_t removed = bitena_keys_retain(keys, visit, &walk);
    require(walk.visits == live_count, "a walk shows too few, or too many");
    live_count -= removed;
    used_count -= removed;
    require(bitena_keys_count(keys) == live_count, "the count is wrong");
}

static void part(bitena_pool *pool, struct random *random, struct piece *p)
{
    unsigned char to[20];
    for (size_t i = 0; i < sizeof to; i++) {
        require(p->at[i] == p->fill, "an object has changed");
    }
    size_t how = random_below(random, 5);
    int expected = p->references == 1 ? 0 : -1;
    if (how == 0 && p->references < 5) {
        require(bitena_pool_retain(pool, p->at) == p->at, "a retain failed");
        p->references++;
        return;
    }
    if (how <= 1) {
        require(bitena_pool_release(pool, p->at) == (p->references == 1), "release");
        p->references--;
    } else {
        int got = how == 2   ? bitena_pool_give(pool, p->at)
                  : how == 3 ? bitena_pool_reclaim(pool, p->at)
                             : bitena_pool_move_out(pool, p->at, to);
        require(got == expected && (got == 0 || errno == EBUSY), "a way to part");
        p->references -= got == 0;
    }
    if (p->references == 0) {
        require(bitena_pool_retain(pool, p->at) == NULL && errno == EINVAL, "a dead object lives");
        *p = pieces[--piece_count];
    }
}

static void use_pool(bitena_pool *pool, struct random *random)
{
    if (piece_count < OBJECTS && random_one_in(random, 2)) {
        struct piece p = {bitena_pool_try_take(pool), 1, (unsigned char)random_next(random)};
        require(p.at != NULL, "a pool refuses");
        for (size_t i = 0; p.at && i < piece_count; i++) {
            require(pieces[i].at != p.at, "an object was given twice");
        }
        if (p.at) {
            memset(p.at, p.fill, 20);
            pieces[piece_count++] = p;
        }
    } else if (piece_count > 0) {
        part(pool, random, &pieces[random_below(random, piece_count)]);
    }
    require(bitena_pool_count(pool).live == piece_count, "the number of live objects is wrong");
}

static void one_round(uint64_t seed)
{
    struct random random = {seed};
    bitena *arena = bitena_new(1 << 20);
    bitena_keys *keys = bitena_keys_new(arena, PLACES, sizeof(uint64_t), _Alignof(uint64_t));
    bitena_pool_options options = {.size = 20, .align = 4, .checked = 1, .counted = 1};
    options.batch = (unsigned)random_between(&random, 1, 10);
    bitena_pool *pool = bitena_pool_open(arena, &options);
    entry_count = live_count = used_count = piece_count = 0;
    for (size_t step = 0; step < ROUND && !wrong; step++) {
        if (random_one_in(&random, 3) || entry_count == 0) {
            reserve(keys);
        } else { /* the newer the likelier */
            size_t back = random_skewed(&random, 7);
            struct entry *e = &entries[entry_count - (back < entry_count ? back : entry_count)];
            check(keys, e);
            change(keys, &random, e);
            check(keys, e);
        }
        if (random_one_in(&random, 200)) {
            walk_keys(keys, &random);
        }
        use_pool(pool, &random);
    }
    for (size_t i = 0; i < entry_count; i++) {
        check(keys, &entries[i]);
    }
    bitena_drop(arena);
}

int main(void)
{
    uint64_t seed = setting("BITENA_SEED", 1);
    time_t began = time(NULL);
    do {
        printf("model of keys and pools: seed %" PRIu64 "\n", seed);
        fflush(stdout);
        for (size_t rounds = scaled(STEPS / ROUND); rounds > 0 && !wrong; rounds--) {
            one_round(seed++);
        }
    } while (!wrong && soak_goes_on(began));
    printf("model of keys and pools: %s\n", wrong ? wrong : "passed");
    return wrong ? 1 : 0;
}
