/*
 * json_tree.h - a JSON text as a tree in a room: one struct for each value, members and elements
 * as linked lists, every string copied. Nesting has a limit, so that recursion has one.
 * SPDX-License-Identifier: MIT
 */
#ifndef BENCH_JSON_TREE_H
#define BENCH_JSON_TREE_H

#include "json_text.h"

enum { JSON_DEPTH = 1000 };

enum json_kind {
    JSON_NULL,
    JSON_FALSE,
    JSON_TRUE,
    JSON_NUMBER,
    JSON_STRING,
    JSON_ARRAY,
    JSON_OBJECT
};

struct json_node {
    struct json_node *next; /* the next member or element */
    char *name;             /* a member's; else NULL */
    union {
        double number;
        char *text;
        struct json_node *first;
    } value;
    uint32_t name_length, text_length;
    enum json_kind kind;
};

struct json_totals {
    size_t nodes, strings, bytes; /* bytes: of the strings, their final zeros included */
    uint64_t check;
};

static BENCH_NOINLINE struct json_node *json_value(struct json_reader *reader, unsigned depth);

/* The next byte that is no white space; 0 at the end, which no text can have here. */
BENCH_INLINE char json_peek(struct json_reader *reader)
{
    const char *at = reader->at;
    while (at < reader->end && (*at == ' ' || *at == '\n' || *at == '\r' || *at == '\t')) {
        at++;
    }
    reader->at = at;
    return at < reader->end ? *at : '\0';
}

static inline void json_expect(struct json_reader *reader, char wanted, const char *what)
{
    if (json_peek(reader) != wanted) {
        json_fail(reader, what);
    }
    reader->at++;
}

/* Stands at the bracket that opens. */
static inline struct json_node *json_list(struct json_reader *reader, bool named, unsigned depth)
{
    char closing = named ? '}' : ']';
    struct json_node *first = NULL;
    struct json_node **last = &first;
    if (depth == JSON_DEPTH) {
        json_fail(reader, "too deeply nested");
    }
    reader->at++;
    if (json_peek(reader) == closing) {
        reader->at++;
        return NULL;
    }
    for (;;) {
        struct json_string name = {NULL, 0};
        if (named) {
            if (json_peek(reader) != '"') {
                json_fail(reader, "a name expected");
            }
            name = json_read_string(reader);
            json_expect(reader, ':', "a colon expected");
        }
        struct json_node *node = json_value(reader, depth + 1);
        node->name = name.s;
        node->name_length = name.length;
        *last = node;
        last = &node->next;
        if (json_peek(reader) == closing) {
            reader->at++;
            return first;
        }
        json_expect(reader, ',', "a comma or the end of the list expected");
    }
}

static inline void json_word(struct json_reader *reader, const char *word, size_t length)
{
    if ((size_t)(reader->end - reader->at) < length || memcmp(reader->at, word, length) != 0) {
        json_fail(reader, "an unknown word");
    }
    reader->at += length;
}

static inline void json_scalar(struct json_reader *reader, struct json_node *node, char first)
{
    if (first == '"') {
        struct json_string string = json_read_string(reader);
        node->kind = JSON_STRING;
        node->value.text = string.s;
        node->text_length = string.length;
    } else if (first == 't') {
        node->kind = JSON_TRUE;
        json_word(reader, "true", 4);
    } else if (first == 'f') {
        node->kind = JSON_FALSE;
        json_word(reader, "false", 5);
    } else if (first == 'n') {
        node->kind = JSON_NULL;
        json_word(reader, "null", 4);
    } else if (first == '-' || (first >= '0' && first <= '9')) {
        node->kind = JSON_NUMBER;
        node->value.number = json_number(reader);
    } else {
        json_fail(reader, "a value expected");
    }
}

static BENCH_NOINLINE __attribute__((unused)) struct json_node *
json_value(struct json_reader *reader, unsigned depth)
{
    struct json_node *node =
        (struct json_node *)given(room_alloc(reader->room, sizeof *node, OBJECT_ALIGN));
    node->next = NULL;
    node->text_length = 0;
    char first = json_peek(reader);
    if (first == '{' || first == '[') {
        node->kind = first == '{' ? JSON_OBJECT : JSON_ARRAY;
        node->value.first = json_list(reader, first == '{', depth);
    } else {
        json_scalar(reader, node, first);
    }
    return node;
}

static inline struct json_node *json_document(struct json_reader *reader)
{
    struct json_node *top = json_value(reader, 0);
    top->name = NULL;
    top->name_length = 0;
    (void)json_peek(reader);
    if (reader->at != reader->end) {
        json_fail(reader, "more than one value");
    }
    return top;
}

static BENCH_NOINLINE __attribute__((unused)) void json_walk(const struct json_node *node,
                                                             struct json_totals *totals)
{
    for (; node != NULL; node = node->next) {
        totals->nodes++;
        totals->check += (uint64_t)node->kind + node->name_length + node->text_length;
        totals->bytes += node->name != NULL ? (size_t)node->name_length + 1 : 0;
        totals->bytes += node->kind == JSON_STRING ? (size_t)node->text_length + 1 : 0;
        if (node->kind == JSON_NUMBER) {
            double number = node->value.number;
            bool whole = number > -9e18 && number < 9e18;
            totals->check += whole ? (uint64_t)(int64_t)number : 1;
        } else if (node->kind >= JSON_ARRAY) {
            json_walk(node->value.first, totals);
        }
    }
}

#if RIVAL_FREES_EACH
static BENCH_NOINLINE __attribute__((unused)) void json_free(struct room *room,
                                                             struct json_node *node)
{
    while (node != NULL) {
        struct json_node *next = node->next;
        if (node->kind >= JSON_ARRAY) {
            json_free(room, node->value.first);
        } else if (node->kind == JSON_STRING) {
            room_free(room, node->value.text, (size_t)node->text_length + 1);
        }
        if (node->name != NULL) {
            room_free(room, node->name, (size_t)node->name_length + 1);
        }
        room_free(room, node, sizeof *node);
        node = next;
    }
}
#endif

#endif
