/*
 * main.c - a benchmark program's arguments and its one line of output.
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE 1

#include "harness.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_ARGUMENTS = 16 };

struct request {
    const char *arguments[MAX_ARGUMENTS];
    bool asked[MAX_ARGUMENTS];
    size_t count;
};

static const char *program = "bench";

void die(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fprintf(stderr, "%s: ", program);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    exit(BENCH_FAILED);
}

const char *want_text(struct request *request, const char *key, const char *otherwise)
{
    size_t length = strlen(key);
    for (size_t i = 0; i < request->count; i++) {
        const char *argument = request->arguments[i];
        if (strncmp(argument, key, length) == 0 && argument[length] == '=') {
            request->asked[i] = true;
            return argument + length + 1;
        }
    }
    return otherwise;
}

size_t want_number(struct request *request, const char *key, size_t otherwise)
{
    const char *text = want_text(request, key, NULL);
    if (text == NULL) {
        return otherwise;
    }
    char *end = NULL;
    unsigned long long value = strtoull(text, &end, 10);
    if (end == text || *end != '\0' || *text == '-') {
        die("%s=%s is not a number", key, text);
    }
    return (size_t)value;
}

const char *want_file(struct request *request, const char *key, size_t *length)
{
    const char *path = want_text(request, key, NULL);
    struct stat status;
    if (path == NULL) {
        die("needs %s=FILE", key);
    }
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0 || fstat(file, &status) != 0 || status.st_size <= 0) {
        die("cannot read %s", path);
    }
    *length = (size_t)status.st_size;
    void *text = mmap(NULL, *length, PROT_READ, MAP_PRIVATE | MAP_POPULATE, file, 0);
    close(file);
    if (text == MAP_FAILED) {
        die("cannot map %s", path);
    }
    return (const char *)text;
}

/* Of this program: getrusage would count what stood here before exec too. */
static size_t peak_kib(void)
{
    char line[256];
    size_t kib = 0;
    FILE *file = fopen("/proc/self/status", "r");
    while (file != NULL && fgets(line, sizeof line, file) != NULL &&
           sscanf(line, "VmHWM: %zu", &kib) != 1) {
    }
    if (file != NULL) {
        fclose(file);
    }
    return kib;
}

static void print_result(const char *rival, const char *workload, const struct result *result)
{
    printf("{\"rival\": \"%s\", \"workload\": \"%s\", \"operations\": %zu, ", rival, workload,
           result->operations);
    printf("\"ns\": %.4f, \"low\": %.4f, \"high\": %.4f, ", result->ns, result->low, result->high);
    printf("\"bytes_asked\": %zu, \"bytes_used\": %zu, \"resident\": %zu, \"peak_kib\": %zu, ",
           result->bytes_asked, result->bytes_used, result->resident, peak_kib());
    printf("\"check\": %llu}\n", (unsigned long long)result->check);
}

static int run_workload(const struct workload *workload, const char *rival, struct request *request)
{
    struct result result;
    memset(&result, 0, sizeof result);
    int status = workload->run(request, &result);
    if (status != BENCH_OK) {
        return status;
    }
    for (size_t i = 0; i < request->count; i++) {
        if (!request->asked[i]) {
            fprintf(stderr, "%s: %s: nobody asks for %s\n", program, workload->name,
                    request->arguments[i]);
            return BENCH_UNKNOWN;
        }
    }
    print_result(rival, workload->name, &result);
    return fflush(stdout) == 0 ? BENCH_OK : BENCH_FAILED;
}

int bench_main(int argc, char **argv, const char *rival, const struct workload *workloads,
               size_t count)
{
    struct request request;
    memset(&request, 0, sizeof request);
    program = argv[0];
    for (int i = 2; i < argc && request.count < MAX_ARGUMENTS; i++) {
        request.arguments[request.count++] = argv[i];
    }
    for (size_t i = 0; argc >= 2 && i < count; i++) {
        if (strcmp(workloads[i].name, argv[1]) == 0) {
            return run_workload(&workloads[i], rival, &request);
        }
    }
    fprintf(stderr, "usage: %s WORKLOAD [key=value]...\nworkloads:", program);
    for (size_t i = 0; i < count; i++) {
        fprintf(stderr, " %s", workloads[i].name);
    }
    fputc('\n', stderr);
    return BENCH_UNKNOWN;
}
