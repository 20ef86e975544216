/*
 * json.h - a program that reads a JSON document into a tree, walks it, and gives it back.
 *
 *     json file=FILE [passes=3]
 *
 * The document is parsed where it is mapped. Time is per value: parsing, walking and giving back.
 * The check is made of the number of values, the lengths of all strings and the integer parts of
 * all numbers. A document for it: bench/data/make_json.py.
 * SPDX-License-Identifier: MIT
 */
#ifndef BENCH_JSON_H
#define BENCH_JSON_H

#include "json_tree.h"

struct json {
    struct crew crew;
    const char *text;
    size_t length;
    struct json_totals expected;
    size_t asked, used;
    uint64_t check;
};

static inline double json_give_back(struct json *json, struct json_node *top)
{
#if RIVAL_FREES_EACH
    double start = now_ns();
    json_free(room_of(&json->crew, 0), top);
    return now_ns() - start;
#else
    (void)top;
    return crew_reset(&json->crew);
#endif
}

static inline double json_pass(void *context)
{
    struct json *json = (struct json *)context;
    struct json_totals totals = {0, 0, 0, 0};
    struct json_reader reader = {json->text, json->text, json->text + json->length,
                                 room_of(&json->crew, 0)};
    double start = now_ns();
    struct json_node *top = json_document(&reader);
    json_walk(top, &totals);
    double time = now_ns() - start;
    if (totals.nodes != json->expected.nodes) {
        die("JSON: %zu values instead of %zu", totals.nodes, json->expected.nodes);
    }
    json->check = totals.check + totals.nodes;
    json->asked = totals.nodes * sizeof(struct json_node) + totals.bytes;
    json->used = crew_used(&json->crew);
    return time + json_give_back(json, top);
}

/* Behind the quote that opens a string: its end, with the bytes between them. */
static inline const char *json_census_string(const char *at, const char *end,
                                             struct json_totals *totals)
{
    const char *from = at;
    while (at < end && *at != '"') {
        at += *at == '\\' && end - at > 1 ? 2 : 1;
    }
    totals->strings++;
    totals->bytes += (size_t)(at - from) + 1;
    return at;
}

/* How much room the tree will take, found without any. Every value but the first stands behind
 * a comma or first in a list. */
static inline void json_census(const char *at, const char *end, struct json_totals *totals)
{
    bool opened = false; /* the last byte that counts opened a list */
    totals->nodes = 1;
    for (; at < end; at++) {
        char c = *at;
        if (c == ' ' || c == '\n' || c == '\r' || c == '\t') {
            continue;
        }
        totals->nodes += c == ',' || (opened && c != ']' && c != '}');
        opened = c == '[' || c == '{';
        if (c == '"') {
            at = json_census_string(at + 1, end, totals);
        }
    }
}

static inline int workload_json(struct request *request, struct result *result)
{
    static struct json json;
    size_t passes = want_number(request, "passes", 3);
    json.text = want_file(request, "file", &json.length);
    if (json.length > UINT32_MAX) {
        die("JSON: a document of up to 4 GiB");
    }
    struct json_totals *expected = &json.expected;
    json_census(json.text, json.text + json.length, expected);
    size_t most = expected->nodes * sizeof(struct json_node) + expected->bytes;
    crew_open(&json.crew, 1, most + (expected->nodes + expected->strings) * PROGRAM_HEADER);
    result->operations = expected->nodes;
    measure(result, passes, json_pass, &json);
    result->bytes_asked = json.asked;
    result->bytes_used = json.used;
    result->check = json.check;
    crew_close(&json.crew);
    return BENCH_OK;
}

#endif
