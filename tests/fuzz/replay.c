/* Runs a fuzz target once on each file named, and on each file of each folder named: for the corpus
 * of the repository, and for a crash. It prints the name before it runs the file, so the last line
 * names the culprit. It changes no input and looks for nothing new.
 * SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz/fuzz.h"

enum { MOST_BYTES = 1 << 20 };

static size_t ran;

static int replay_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    uint8_t *bytes = malloc(MOST_BYTES);
    if (!file || !bytes) {
        perror(path);
        exit(2);
    }
    size_t size = fread(bytes, 1, MOST_BYTES, file);
    (void)fclose(file);
    uint8_t *exact = realloc(bytes, size ? size : 1); /* a read past its end is seen */
    (void)printf("replay: %s\n", path);
    (void)fflush(stdout);
    int result = LLVMFuzzerTestOneInput(exact, size);
    free(exact);
    ran++;
    return result;
}

static int replay(const char *path)
{
    struct dirent **entries;
    int count = scandir(path, &entries, NULL, alphasort), result = 0;
    if (count < 0) {
        return replay_file(path);
    }
    for (int i = 0; i < count; i++) {
        char inside[4096];
        (void)snprintf(inside, sizeof inside, "%s/%s", path, entries[i]->d_name);
        result |= entries[i]->d_name[0] == '.' ? 0 : replay_file(inside);
        free(entries[i]);
    }
    free(entries);
    return result;
}

int main(int argc, char **argv)
{
    int result = 0;
    for (int i = 1; i < argc; i++) {
        result |= replay(argv[i]);
    }
    (void)printf("replay: %zu inputs\n", ran);
    return ran == 0 ? 2 : result;
}
