/* The hash: SipHash's published vectors, the known values of SipHash-1-3, and what tables rely on:
 * equal bytes give equal hashes wherever they stand, seeds and lengths change them, and under random
 * seeds no two short keys collide more often than chance has it.
 * SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <errno.h>
#include <string.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <bitena/hash.h>

#include "support/misuse.h"
#include "support/random.h"

/* Stands before libc's. */
static bool system_refuses, system_gives_zeros;
ssize_t getrandom(void *buffer, size_t length, unsigned flags)
{
    if (system_refuses) {
        errno = ENOSYS;
        return -1;
    }
    if (system_gives_zeros) {
        memset(buffer, 0, length);
        return (ssize_t)length;
    }
    return syscall(SYS_getrandom, buffer, length, flags);
}

static bitena_hash_seed seed_of_the_paper(void)
{
    return (bitena_hash_seed){{UINT64_C(0x0706050403020100), UINT64_C(0x0f0e0d0c0b0a0908)}};
}

static void the_vectors_of_siphash_2_4_hold(void **state)
{
    (void)state;
    static const struct {
        size_t length;
        uint64_t hash;
    } vectors[] = {
        {0, UINT64_C(0x726fdb47dd0e0e31)},  {1, UINT64_C(0x74f839c593dc67fd)},
        {2, UINT64_C(0x0d6c8009d9a94f5a)},  {3, UINT64_C(0x85676696d7fb7e2d)},
        {7, UINT64_C(0xab0200f58b01d137)},  {8, UINT64_C(0x93f5f5799a932462)},
        {15, UINT64_C(0xa129ca6149be45e5)},
    };
    unsigned char bytes[16];
    for (unsigned char i = 0; i < sizeof bytes; i++) {
        bytes[i] = i;
    }
    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
        uint64_t hash = bitena_hash_sip_(seed_of_the_paper(), bytes, vectors[i].length, 2, 4);
        assert_true(hash == vectors[i].hash);
    }
}

/* CPython 3.11 hashes bytes by SipHash-1-3, with PYTHONHASHSEED=0 under a seed of zeroes. */
static void siphash_1_3_is_what_others_have(void **state)
{
    (void)state;
    bitena_hash_seed zero = {{0, 0}};
    assert_true(bitena_hash_sip_(zero, "abc", 3, 1, 3) == UINT64_C(0xc03bc3a0042630f2));
    assert_true(bitena_hash_sip_(zero, "a longer text of words", 22, 1, 3) ==
                UINT64_C(0x576b2ded1367f129));
}

static void the_rest_is_the_bytes_lowest_first(void **state)
{
    (void)state;
    static const unsigned char bytes[] = {0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77};
    uint64_t expected = 0;
    for (size_t length = 0; length <= sizeof bytes; length++) {
        assert_true(bitena_hash_rest_(bytes, length) == expected);
        expected |= length < sizeof bytes ? (uint64_t)bytes[length] << length * 8 : 0;
    }
}

static void equal_bytes_have_equal_hashes_anywhere(void **state)
{
    (void)state;
    bitena_hasher hasher = bitena_hash_prepare(seed_of_the_paper());
    char text[64], copy[80];
    for (size_t i = 0; i < sizeof text; i++) {
        text[i] = (char)('a' + i % 26);
    }
    for (size_t length = 0; length <= sizeof text; length++) {
        uint64_t hash = bitena_hash(&hasher, text, length);
        for (size_t shift = 0; shift < 9; shift++) {
            memset(copy, (int)shift, sizeof copy); /* what stands around is not looked at */
            memcpy(copy + shift, text, length);
            assert_true(bitena_hash(&hasher, copy + shift, length) == hash);
        }
        assert_true(length == sizeof text || bitena_hash(&hasher, text, length + 1) != hash);
    }
    assert_true(bitena_hash(&hasher, NULL, 0) == bitena_hash(&hasher, "", 0));
}

static void zeros_at_the_end_count(void **state)
{
    (void)state;
    bitena_hasher hasher = bitena_hash_prepare(seed_of_the_paper());
    static const char zeros[20] = {0};
    for (size_t i = 0; i < sizeof zeros; i++) {
        for (size_t j = 0; j < i; j++) {
            assert_true(bitena_hash(&hasher, zeros, i) != bitena_hash(&hasher, zeros, j));
        }
    }
}

static void seeds_from_the_system_differ_and_change_the_hash(void **state)
{
    (void)state;
    bitena_hash_seed one = bitena_hash_new_seed(), other = bitena_hash_new_seed();
    assert_memory_not_equal(&one, &other, sizeof one);
    bitena_hasher first = bitena_hash_prepare(one), second = bitena_hash_prepare(other);
    assert_true(bitena_hash(&first, "word", 4) != bitena_hash(&second, "word", 4));
    assert_true(bitena_hash(&first, "longer word", 11) != bitena_hash(&second, "longer word", 11));
}

static void seeds_differ_without_the_systems_help(void **state)
{
    (void)state;
    errno = 77;
    for (int zeros = 0; zeros < 2; zeros++) {
        system_refuses = !zeros;
        system_gives_zeros = zeros;
        bitena_hash_seed one = bitena_hash_new_seed(), other = bitena_hash_new_seed();
        assert_memory_not_equal(&one, &other, sizeof one);
        assert_true((one.words[0] | one.words[1]) != 0);
    }
    system_refuses = system_gives_zeros = false;
    assert_int_equal(errno, 77);
}

/* Pairs of keys that a weak hash would make collide: next to each other, bytes swapped, one bit
 * apart. Of the first 12 bits, one in 4096 agrees by chance; twice that would be no chance. */
static void prefixes_of_like_short_keys_agree_by_chance_only(void **state)
{
    (void)state;
    struct random random = {7};
    enum { SEEDS = 4000, KEYS = 64 };
    size_t pairs = 0, same = 0;
    for (size_t s = 0; s < SEEDS; s++) {
        uint64_t hashes[KEYS];
        bitena_hasher hasher =
            bitena_hash_prepare((bitena_hash_seed){{random_next(&random), random_next(&random)}});
        for (size_t i = 0; i < KEYS; i++) {
            char key[6] = {'k', 'e', (char)(i & 7), 'y', (char)(i >> 3), '0'};
            hashes[i] = bitena_hash(&hasher, key, sizeof key);
            for (size_t j = 0; j < i; j++, pairs++) {
                same += hashes[i] >> 52 == hashes[j] >> 52;
            }
        }
    }
    assert_in_range(same, pairs / 4096 / 2, pairs / 4096 * 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_vectors_of_siphash_2_4_hold),
        cmocka_unit_test(siphash_1_3_is_what_others_have),
        cmocka_unit_test(the_rest_is_the_bytes_lowest_first),
        cmocka_unit_test(equal_bytes_have_equal_hashes_anywhere),
        cmocka_unit_test(zeros_at_the_end_count),
        cmocka_unit_test(seeds_from_the_system_differ_and_change_the_hash),
        cmocka_unit_test(seeds_differ_without_the_systems_help),
        cmocka_unit_test(prefixes_of_like_short_keys_agree_by_chance_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
