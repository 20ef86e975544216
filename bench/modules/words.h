/*
 * words.h - the words of a text, for the programs that measure maps: every run of letters, in the text's
 * order, zero-terminated in place; and the different ones. The text: the files named by the arguments, else
 * Debian's fortunes, else its licences.
 * SPDX-License-Identifier: MIT
 */
#ifndef BENCH_WORDS_H
#define BENCH_WORDS_H

#include <bitena/intern.h>

#include <ctype.h>
#include <glob.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

enum { WORD_THREADS = 2 };

struct word {
    const char *text;
    uint32_t length;
};

static struct word *words, *different;
static size_t word_count, different_count, text_bytes;

__attribute__((noreturn)) static inline void words_die(const char *what)
{
    fprintf(stderr, "no words: %s\n", what);
    exit(EXIT_FAILURE);
}

static inline char *words_append(char *text, const char *path)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        words_die(path);
    }
    char block[65536];
    for (size_t got; (got = fread(block, 1, sizeof block, file)) > 0; text_bytes += got) {
        text = realloc(text, text_bytes + got + 1);
        if (text == NULL) {
            words_die("no memory");
        }
        memcpy(text + text_bytes, block, got);
        text[text_bytes + got] = 0;
    }
    fclose(file);
    return text;
}

static inline char *words_read(int argc, char **argv)
{
    static const char *const folders[] = {"/usr/share/games/fortunes/*[a-z]",
                                          "/usr/share/common-licenses/*"};
    char *text = NULL;
    for (int i = 1; i < argc; i++) {
        text = words_append(text, argv[i]);
    }
    for (size_t f = 0; f < 2 && text == NULL; f++) {
        glob_t found;
        for (size_t i = 0; glob(folders[f], 0, NULL, &found) == 0 && i < found.gl_pathc; i++) {
            const char *name = found.gl_pathv[i];
            if (strstr(name, ".dat") == NULL && strstr(name, ".u8") == NULL) {
                text = words_append(text, name);
            }
        }
    }
    return text;
}

static inline void words_add(struct word **list, size_t *count, struct word word)
{
    if ((*count & (*count - 1)) == 0) { /* full: it has a power of two */
        *list = realloc(*list, (*count ? 2 * *count : 1) * sizeof **list);
        if (*list == NULL) {
            words_die("no memory");
        }
    }
    (*list)[(*count)++] = word;
}

static inline void words_load(int argc, char **argv)
{
    char *text = words_read(argc, argv);
    for (size_t i = 0; text != NULL && i < text_bytes;) {
        size_t begin = i;
        while (isalpha((unsigned char)text[i])) {
            i++;
        }
        if (i > begin) {
            words_add(&words, &word_count, (struct word){text + begin, (uint32_t)(i - begin)});
        }
        text[i++] = 0;
    }
    bitena *arena = bitena_new(((size_t)1 << 20) + 128 * text_bytes);
    if (arena == NULL || word_count == 0) {
        words_die(arena == NULL ? "no arena" : "no text");
    }
    bitena_map *seen = bitena_map_new(arena, NULL);
    for (size_t i = 0; i < word_count; i++) {
        bool is_new;
        (void)bitena_map_insert(seen, words[i].text, words[i].length, NULL, &is_new);
        if (is_new) {
            words_add(&different, &different_count, words[i]);
        }
    }
    bitena_drop(arena);
    printf("%zu words, %zu different, %.2f bytes each\n", word_count, different_count,
           (double)text_bytes / (double)word_count);
}

/* The body's shares, one a thread, at once; the sum of what they give. */
struct share {
    uint64_t (*body)(size_t from, size_t to, size_t step);
    size_t from, to, step;
    uint64_t check;
};

static inline void *words_run_share(void *argument)
{
    struct share *share = argument;
    share->check = share->body(share->from, share->to, share->step);
    return NULL;
}

/* Both take every second of them, so that both meet the new ones at nearly the same time. */
static inline uint64_t words_both(uint64_t (*body)(size_t, size_t, size_t), size_t count)
{
    struct share shares[WORD_THREADS];
    pthread_t threads[WORD_THREADS];
    uint64_t check = 0;
    for (size_t i = 0; i < WORD_THREADS; i++) {
        shares[i] = (struct share){body, i, count, WORD_THREADS, 0};
        if (pthread_create(&threads[i], NULL, words_run_share, &shares[i]) != 0) {
            words_die("cannot start a thread");
        }
    }
    for (size_t i = 0; i < WORD_THREADS; i++) {
        pthread_join(threads[i], NULL);
        check += shares[i].check;
    }
    return check;
}

#endif
