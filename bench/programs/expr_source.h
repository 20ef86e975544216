/*
 * expr_source.h - the text that expr compiles: many small functions, always the same ones. The
 * operators and their precedence are C's; all values are 64 bits without a sign. Divisors are
 * odd, distances of shifts constants below 64. This is made before anything is measured.
 * SPDX-License-Identifier: MIT
 */
#ifndef BENCH_EXPR_SOURCE_H
#define BENCH_EXPR_SOURCE_H

#include "../harness/harness.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    EXPR_MAX_NAMES = 64,
    EXPR_PIECE = 64,   /* longest piece of text written at once */
    EXPR_ARGUMENTS = 3 /* at most */
};

struct expr_source {
    char *text; /* all functions, one after the other */
    size_t length, room;
    size_t *ends; /* of each function */
    size_t count, longest;
    uint64_t seed;
    unsigned names; /* declared where the text stands now: name 0, 1, .. */
};

/* splitmix64, of Steele, Lea and Flood */
static inline uint32_t expr_random(struct expr_source *source, uint32_t limit)
{
    uint64_t z = source->seed += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return (uint32_t)(((z ^ (z >> 31)) >> 32) * limit >> 32);
}

static __attribute__((format(printf, 2, 3))) void expr_write(struct expr_source *source,
                                                             const char *format, ...)
{
    if (source->room - source->length < EXPR_PIECE) {
        source->room = source->room * 2 + (size_t)16 * EXPR_PIECE;
        source->text = (char *)given(realloc(source->text, source->room));
    }
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(source->text + source->length, EXPR_PIECE, format, arguments);
    va_end(arguments);
    source->length += (size_t)length;
}

static inline void expr_write_name(struct expr_source *source, unsigned name)
{
    static const char *const stems[] = {"width", "i",     "total", "offset", "n",     "limit",
                                        "mask",  "count", "x",     "stride", "carry", "result"};
    expr_write(source, "%s%u", stems[name * 7 % (sizeof stems / sizeof stems[0])], name);
}

static inline void expr_write_operand(struct expr_source *source)
{
    if (expr_random(source, 100) < 60) {
        expr_write_name(source, expr_random(source, source->names));
    } else if (expr_random(source, 10) > 0) {
        expr_write(source, "%u", expr_random(source, 100));
    } else {
        expr_write(source, "%llu", (unsigned long long)expr_random(source, UINT32_MAX) << 31);
    }
}

static void expr_write_value(struct expr_source *source, unsigned depth)
{
    static const char *const signs[] = {"+", "-",  "*",  "+", "-", "*", "&",
                                        "|", "==", "!=", "<", ">", "^"};
    uint32_t form = expr_random(source, 100);
    if (depth == 0 || form < 15) {
        expr_write_operand(source);
    } else if (form < 23) {
        expr_write(source, "%c(", "-~!"[form % 3]);
        expr_write_value(source, depth - 1);
        expr_write(source, ")");
    } else if (form < 30) {
        expr_write(source, "(");
        expr_write_operand(source);
        expr_write(source, " %s %u)", form % 2 == 0 ? "<<" : ">>", expr_random(source, 64));
    } else if (form < 36) {
        expr_write_operand(source);
        expr_write(source, " %c ((", form % 2 == 0 ? '/' : '%');
        expr_write_value(source, depth - 1);
        expr_write(source, ") | 1)");
    } else {
        bool inner = form < 60;
        const char *sign = signs[expr_random(source, sizeof signs / sizeof signs[0])];
        expr_write(source, inner ? "(" : "");
        expr_write_value(source, depth - 1);
        expr_write(source, " %s ", sign);
        expr_write_value(source, depth - 1);
        expr_write(source, inner ? ")" : "");
    }
}

/* Names declared within are free again behind it, for others: their scope ends there. */
static void expr_write_block(struct expr_source *source, unsigned depth, unsigned statements)
{
    unsigned names = source->names;
    expr_write(source, "{\n");
    for (unsigned i = 0; i < statements; i++) {
        uint32_t form = expr_random(source, 100);
        if (depth > 0 && form < 22) {
            expr_write(source, "if (");
            expr_write_value(source, 2);
            expr_write(source, ") ");
            expr_write_block(source, depth - 1, 1 + expr_random(source, 3));
            if (form < 11) {
                expr_write(source, "else ");
                expr_write_block(source, depth - 1, 1 + expr_random(source, 2));
            }
        } else if (depth > 0 && form < 28) {
            expr_write_block(source, depth - 1, 2 + expr_random(source, 2));
        } else if (source->names < EXPR_MAX_NAMES && form < 72) {
            expr_write(source, "let ");
            expr_write_name(source, source->names);
            expr_write(source, " = ");
            expr_write_value(source, 1 + expr_random(source, 4));
            expr_write(source, ";\n");
            source->names++;
        } else {
            expr_write_name(source, expr_random(source, source->names));
            expr_write(source, " = ");
            expr_write_value(source, 1 + expr_random(source, 4));
            expr_write(source, ";\n");
        }
    }
    if (depth == 2 || expr_random(source, 8) == 0) {
        expr_write(source, "return ");
        expr_write_value(source, 4);
        expr_write(source, ";\n");
    }
    expr_write(source, "}\n");
    source->names = names;
}

static inline void expr_source_make(struct expr_source *source, size_t count)
{
    source->seed = 0x5eed;
    source->count = count;
    source->ends = (size_t *)given(calloc(count, sizeof *source->ends));
    for (size_t i = 0; i < count; i++) {
        size_t start = source->length;
        expr_write(source, "fn f%zu(", i);
        source->names = 1 + expr_random(source, EXPR_ARGUMENTS);
        for (unsigned name = 0; name < source->names; name++) {
            expr_write(source, name == 0 ? "" : ", ");
            expr_write_name(source, name);
        }
        expr_write(source, ") ");
        expr_write_block(source, 2, 3 + expr_random(source, 8));
        source->ends[i] = source->length;
        size_t length = source->length - start;
        source->longest = length > source->longest ? length : source->longest;
    }
}

static inline void expr_source_free(struct expr_source *source)
{
    free(source->text);
    free(source->ends);
}

#endif
