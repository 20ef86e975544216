/*
 * main.c - the command line: wordcount [--threads N] [--rounds N] [--limit MIB] [name ...]
 *
 * Without names it takes those in the environment variable FILES (separated by spaces), and without
 * that the texts this machine carries and the project's own if started there, up to a limit. Exit
 * status: 0; 1 if the arena's and malloc's runs disagree or fail; 2 for bad arguments or nothing to
 * count.
 * SPDX-License-Identifier: MIT
 */
#define _DEFAULT_SOURCE 1

#include "wordcount.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { DEFAULT_ROUNDS = 5, DEFAULT_LIMIT_MIB = 64, USAGE_STATUS = 2, MIB = 1 << 20 };

static const size_t list_capacity = (size_t)1 << 30; /* reserved, paid for when touched */

static const char *const project_texts[] = {
    "README.md", "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "docs", "include",
    "src",       "tests",        "examples",        "bench",   "tools"};

static const char *const machine_texts[] = {
    "/usr/share/common-licenses", "/usr/share/doc",  "/usr/share/info", "/usr/share/perl",
    "/usr/share/perl5",           "/usr/share/misc", "/usr/share/dict", "/usr/include"};

struct request {
    size_t threads;
    size_t rounds;
    size_t limit_mib; /* 0: none */
    bool limit_given;
    int first_name; /* in argv */
};

static void usage(FILE *stream)
{
    fprintf(stream,
            "usage: wordcount [--threads N] [--rounds N] [--limit MIB] [name ...]\n"
            "Counts the words of text files, on a shared arena and on malloc.\n"
            "Names are files or directories; without any, those in FILES, else this\n"
            "machine's documentation, at most %d MiB of it. --limit 0: no limit.\n",
            DEFAULT_LIMIT_MIB);
}

static bool parse_number(const char *text, size_t lowest, size_t highest, size_t *number)
{
    char *end = NULL;
    errno = 0;
    unsigned long long value = text == NULL || *text == '-' ? 0 : strtoull(text, &end, 10);
    if (end == NULL || end == text || *end != '\0' || errno != 0 || value < lowest ||
        value > highest) {
        return false;
    }
    *number = (size_t)value;
    return true;
}

/* False if the program shall end with that status. */
static bool parse(int argc, char **argv, struct request *request, int *status)
{
    int at = 1;
    *status = USAGE_STATUS;
    while (at < argc && strncmp(argv[at], "--", 2) == 0) {
        const char *option = argv[at];
        const char *value = at + 1 < argc ? argv[at + 1] : NULL;
        bool good = false;
        if (strcmp(option, "--help") == 0) {
            usage(stdout);
            *status = EXIT_SUCCESS;
            return false;
        }
        if (strcmp(option, "--") == 0) {
            at++;
            break;
        }
        if (strcmp(option, "--threads") == 0) {
            good = parse_number(value, 1, MAX_THREADS, &request->threads);
        } else if (strcmp(option, "--rounds") == 0) {
            good = parse_number(value, 1, MAX_ROUNDS, &request->rounds);
        } else if (strcmp(option, "--limit") == 0) {
            good = parse_number(value, 0, SIZE_MAX / MIB, &request->limit_mib);
            request->limit_given = true;
        }
        if (!good) {
            fprintf(stderr, "wordcount: %s: unknown, or its number is missing or out of range\n",
                    option);
            usage(stderr);
            return false;
        }
        at += 2;
    }
    request->first_name = at;
    return true;
}

static void add_named_list(struct texts *texts, const char *names)
{
    char *copy = bitena_alloc_str(texts->arena, names);
    char *rest = NULL;
    for (char *name = strtok_r(copy, " \t\n", &rest); name != NULL;
         name = strtok_r(NULL, " \t\n", &rest)) {
        texts_add(texts, name);
    }
}

static void add_present(struct texts *texts, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (access(names[i], R_OK) == 0) {
            texts_add(texts, names[i]);
        }
    }
}

/* The project's own files where the program is started in its tree, then the machine's. */
static void add_default_texts(struct texts *texts)
{
    if (access("include/bitena.h", R_OK) == 0) {
        add_present(texts, project_texts, sizeof project_texts / sizeof project_texts[0]);
    }
    add_present(texts, machine_texts, sizeof machine_texts / sizeof machine_texts[0]);
}

static void collect(struct texts *texts, const struct request *request, int argc, char **argv)
{
    const char *names = getenv("FILES");
    bool named = names != NULL && names[strspn(names, " \t\n")] != '\0';
    bool limited = request->limit_given || (!named && request->first_name == argc);
    texts->limit_bytes = limited ? request->limit_mib * MIB : 0;
    if (request->first_name < argc) {
        for (int i = request->first_name; i < argc; i++) {
            texts_add(texts, argv[i]);
        }
    } else if (named) {
        add_named_list(texts, names);
    } else {
        add_default_texts(texts);
    }
    texts_sort(texts);
}

static size_t default_threads(void)
{
    long online = sysconf(_SC_NPROCESSORS_ONLN);
    if (online < 2) {
        return 2;
    }
    return online > MAX_THREADS ? MAX_THREADS : (size_t)online;
}

int main(int argc, char **argv)
{
    static struct measurement measurement;
    static struct texts texts;
    struct request request = {
        .threads = default_threads(), .rounds = DEFAULT_ROUNDS, .limit_mib = DEFAULT_LIMIT_MIB};
    int status = EXIT_SUCCESS;
    if (!parse(argc, argv, &request, &status)) {
        return status;
    }
    texts.arena = bitena_new(list_capacity);
    if (texts.arena == NULL) {
        perror("wordcount: cannot make an arena");
        return EXIT_FAILURE;
    }
    collect(&texts, &request, argc, argv);
    if (texts.count == 0) {
        fprintf(stderr, "wordcount: no text to count (%zu binary or compressed, %zu unreadable)\n",
                texts.binary, texts.unreadable);
        bitena_drop(texts.arena);
        return USAGE_STATUS;
    }
    printf("counting the words of %zu file%s, %.1f MiB\n", texts.count, texts.count == 1 ? "" : "s",
           (double)texts.bytes / MIB);
    bool fine = measure(&texts, request.threads, request.rounds, &measurement);
    if (fine) {
        report(&texts, request.threads, texts_changed(&texts), &measurement);
    }
    bitena_drop(texts.arena);
    return fine && measurement.same ? EXIT_SUCCESS : EXIT_FAILURE;
}
