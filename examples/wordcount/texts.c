/*
 * texts.c - finds the text files: walks directories, looks at the first bytes of each file and
 * leaves out what is binary or compressed, and stops taking files at a total size.
 *
 * Hidden names are skipped, and so are symbolic links below a directory (a named one is followed).
 * The list stands in an arena of its own: paths as text, the array grown with bitena_resize_slice.
 *
 * SPDX-License-Identifier: MIT
 */
#define _DEFAULT_SOURCE 1

#include "wordcount.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { HEAD_BYTES = 4096, MAX_DEPTH = 40, FIRST_ROOM = 256, NANOSECONDS = 1000000000 };

/* How files begin that hold no plain text although a zero byte may come late. */
static const char *const compressed_heads[] = {
    "\x1f\x8b", "\x1f\x9d", "BZh",     "\xfd\x37zXZ", "\x28\xb5\x2f\xfd", "PK\3\4",
    "7z\xbc",   "%PDF",     "\x89PNG", "GIF8",        "\xff\xd8\xff",
};

static bool is_compressed(const char *head, size_t bytes)
{
    size_t known = sizeof compressed_heads / sizeof compressed_heads[0];
    for (size_t i = 0; i < known; i++) {
        size_t length = strlen(compressed_heads[i]);
        if (bytes >= length && memcmp(head, compressed_heads[i], length) == 0) {
            return true;
        }
    }
    return false;
}

/* 1 for text, 0 for something else, -1 if it cannot be read. */
static int is_text(const char *path)
{
    char head[HEAD_BYTES];
    int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (descriptor < 0) {
        return -1;
    }
    ssize_t bytes = read(descriptor, head, sizeof head);
    close(descriptor);
    if (bytes < 0) {
        return -1;
    }
    return memchr(head, '\0', (size_t)bytes) == NULL && !is_compressed(head, (size_t)bytes);
}

static int64_t changed_ns(const struct stat *status)
{
    return (int64_t)status->st_mtim.tv_sec * NANOSECONDS + status->st_mtim.tv_nsec;
}

static void append(struct texts *texts, const struct stat *status)
{
    size_t size_bytes = (size_t)status->st_size;
    if (texts->count == texts->room) {
        size_t room = texts->room == 0 ? FIRST_ROOM : 2 * texts->room;
        texts->files =
            bitena_resize_slice(texts->arena, struct text_file, texts->files, texts->room, room);
        texts->room = room;
    }
    texts->files[texts->count++] =
        (struct text_file){.path = bitena_alloc_str(texts->arena, texts->path),
                           .size_bytes = size_bytes,
                           .changed_ns = changed_ns(status)};
    texts->bytes += size_bytes;
    if (size_bytes > texts->largest_bytes) {
        texts->largest_bytes = size_bytes;
    }
}

static void complain(struct texts *texts, int depth, const char *why)
{
    texts->unreadable++;
    if (depth == 0) {
        fprintf(stderr, "wordcount: %s: %s\n", texts->path, why);
    }
}

static void visit_file(struct texts *texts, const struct stat *status, int depth)
{
    size_t size_bytes = (size_t)status->st_size;
    if (texts->limit_bytes != 0 && size_bytes > texts->limit_bytes - texts->bytes) {
        texts->over_limit++;
        return;
    }
    switch (is_text(texts->path)) {
    case 1:
        append(texts, status);
        break;
    case 0:
        texts->binary++;
        if (depth == 0) {
            fprintf(stderr, "wordcount: %s: not plain text, left out\n", texts->path);
        }
        break;
    default:
        complain(texts, depth, strerror(errno));
    }
}

static void visit(struct texts *texts, size_t length, int depth);

static void visit_directory(struct texts *texts, size_t length, int depth)
{
    DIR *directory = depth < MAX_DEPTH ? opendir(texts->path) : NULL;
    if (directory == NULL) {
        complain(texts, depth, depth < MAX_DEPTH ? strerror(errno) : "nested too deep");
        return;
    }
    bool slash = length > 0 && texts->path[length - 1] != '/';
    for (struct dirent *entry = readdir(directory); entry != NULL; entry = readdir(directory)) {
        size_t name = strlen(entry->d_name);
        if (entry->d_name[0] == '.') {
            continue;
        }
        if (length + slash + name >= PATH_BYTES) {
            texts->unreadable++;
            continue;
        }
        if (slash) {
            texts->path[length] = '/';
        }
        memcpy(texts->path + length + slash, entry->d_name, name + 1);
        visit(texts, length + slash + name, depth + 1);
        texts->path[length] = '\0';
    }
    closedir(directory);
}

static void visit(struct texts *texts, size_t length, int depth)
{
    struct stat status;
    int failed = depth == 0 ? stat(texts->path, &status) : lstat(texts->path, &status);
    if (failed != 0) {
        complain(texts, depth, strerror(errno));
    } else if (S_ISDIR(status.st_mode)) {
        visit_directory(texts, length, depth);
    } else if (S_ISREG(status.st_mode)) {
        visit_file(texts, &status, depth);
    } else if (depth == 0) {
        complain(texts, depth, "neither a file nor a directory");
    }
}

void texts_add(struct texts *texts, const char *name)
{
    size_t length = strlen(name);
    if (length == 0) {
        return;
    }
    if (length >= PATH_BYTES) {
        fprintf(stderr, "wordcount: a name of %zu bytes is too long\n", length);
        texts->unreadable++;
        return;
    }
    memcpy(texts->path, name, length + 1);
    visit(texts, length, 0);
}

static int larger_first(const void *left, const void *right)
{
    const struct text_file *a = left;
    const struct text_file *b = right;
    if (a->size_bytes != b->size_bytes) {
        return a->size_bytes < b->size_bytes ? 1 : -1;
    }
    return strcmp(a->path, b->path);
}

void texts_sort(struct texts *texts)
{
    if (texts->count > 1) {
        qsort(texts->files, texts->count, sizeof *texts->files, larger_first);
    }
}

size_t texts_changed(const struct texts *texts)
{
    size_t changed = 0;
    for (size_t i = 0; i < texts->count; i++) {
        const struct text_file *file = &texts->files[i];
        struct stat status;
        changed += stat(file->path, &status) != 0 || (size_t)status.st_size != file->size_bytes ||
                   changed_ns(&status) != file->changed_ns;
    }
    return changed;
}
