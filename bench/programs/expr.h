/*
 * expr.h - a small compiler, function by function: text to tokens, to a syntax tree, to a second
 * tree with names resolved and constants folded, to code, which is run; then all of the
 * function's memory goes back.
 *
 *     expr [functions=2000] [passes=3]
 *
 * A pass compiles all functions; time is per function. The check is made of what their code
 * computes and of the sizes of all that was made on the way.
 * SPDX-License-Identifier: MIT
 */
#ifndef BENCH_EXPR_H
#define BENCH_EXPR_H

#include "expr_code.h"
#include "expr_source.h"

enum { EXPR_ROOM = 512 }; /* bytes for each byte of text, with ease */

struct expr {
    struct crew crew;
    struct expr_source source;
    size_t used;
    uint64_t check;
};

struct expr_function {
    struct expr_buffer tokens;
    struct expr_statement *body, *folded;
    struct expr_writer code;
};

/* fn NAME ( NAME, .. ) BLOCK. The arguments take the first slots. */
static inline size_t expr_compile(struct room *room, const char *text, const char *end,
                                  struct expr_function *function)
{
    struct expr_symbols symbols;
    memset(function, 0, sizeof *function);
    expr_tokenise(room, text, end, &function->tokens);
    struct expr_parser parser = {room, (const struct expr_token *)function->tokens.items, 0};
    expr_symbols_open(&symbols, room);
    (void)expr_take(&parser, EXPR_FN);
    (void)expr_take(&parser, EXPR_NAME);
    for (uint32_t opening = '('; parser.at->kind == opening; opening = ',') {
        parser.at++;
        const struct expr_token *name = expr_take(&parser, EXPR_NAME);
        (void)expr_declare(&symbols, name->s, name->length);
    }
    (void)expr_take(&parser, ')');
    function->body = expr_parse_block(&parser, 0);
    (void)expr_take(&parser, EXPR_END);
    function->folded = expr_fold_block(&symbols, function->body);
    function->code.room = room;
    expr_emit_block(&function->code, function->folded);
    (void)expr_emit(&function->code, EXPR_PUSH, 0);
    (void)expr_emit(&function->code, EXPR_LEAVE, 0);
    expr_symbols_close(&symbols);
    return parser.nodes;
}

/* The time of it that does not count. */
static inline double expr_give_back(struct room *room, struct expr_function *function)
{
#if RIVAL_FREES_EACH
    struct expr_writer *code = &function->code;
    room_free(room, code->steps.items, code->steps.capacity * sizeof(struct expr_step));
    expr_free_statements(room, function->folded);
    expr_free_statements(room, function->body);
    room_free(room, function->tokens.items, function->tokens.capacity * sizeof(struct expr_token));
    return 0;
#else
    (void)function;
    return program_reset(room);
#endif
}

static inline double expr_pass(void *context)
{
    struct expr *expr = (struct expr *)context;
    struct room *room = room_of(&expr->crew, 0);
    const char *text = expr->source.text;
    size_t at = 0;
    uint64_t check = 0;
    double apart = 0;
    double start = now_ns();
    for (size_t i = 0; i < expr->source.count; i++) {
        struct expr_function function;
        uint64_t slots[EXPR_SLOTS] = {i, 3 * i + 1, UINT64_MAX - i};
        size_t nodes = expr_compile(room, text + at, text + expr->source.ends[i], &function);
        uint64_t result = expr_run((const struct expr_step *)function.code.steps.items, slots);
        check = check * 31 + result;
        check += function.tokens.count + nodes + function.code.steps.count;
        apart += expr_give_back(room, &function);
        at = expr->source.ends[i];
    }
    double time = now_ns() - start - apart;
    expr->check = check;
    return time;
}

static inline int workload_expr(struct request *request, struct result *result)
{
    static struct expr expr;
    size_t passes = want_number(request, "passes", 3);
    size_t functions = want_number(request, "functions", 2000);
    expr_source_make(&expr.source, functions);
    crew_open(&expr.crew, 1, expr.source.longest * EXPR_ROOM);
    result->operations = functions;
    measure(result, passes, expr_pass, &expr);
    result->check = expr.check;
    crew_close(&expr.crew);
    expr_source_free(&expr.source);
    return BENCH_OK;
}

#endif
