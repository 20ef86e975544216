/*
 * expr_tree.h - expr's second step: tokens become a syntax tree of small structs of several
 * sizes. Also the trees' makers, which folding uses too, and what a heap gives back.
 * SPDX-License-Identifier: MIT
 */
#ifndef BENCH_EXPR_TREE_H
#define BENCH_EXPR_TREE_H

#include "expr_tokens.h"

enum { EXPR_DEPTH = 200 };

/* Each node starts with this. kind: EXPR_NUMBER, EXPR_NAME, EXPR_SLOT or an operator's token. */
enum { EXPR_SLOT = 512, EXPR_SET, EXPR_BLOCK };
struct expr_node {
    uint32_t kind;
    uint32_t extra; /* EXPR_NAME: its length. EXPR_SLOT: which; it is the node's whole size */
};

struct expr_number {
    struct expr_node node;
    uint64_t value;
};

struct expr_name {
    struct expr_node node;
    const char *s;
};

struct expr_operation {
    struct expr_node node;
    struct expr_node *left, *right;
};

/* kind: EXPR_LET, EXPR_SET, EXPR_IF, EXPR_RETURN, EXPR_BLOCK. extra: a name's length, or a slot */
struct expr_statement {
    struct expr_node node;
    struct expr_statement *next;
    const char *s; /* the name; not copied */
    struct expr_node *value;
    struct expr_statement *body, *otherwise;
};

struct expr_parser {
    struct room *room;
    const struct expr_token *at;
    size_t nodes;
};

static inline struct expr_node *expr_make_number(struct room *room, uint64_t value)
{
    struct expr_number *number =
        (struct expr_number *)given(room_alloc(room, sizeof *number, OBJECT_ALIGN));
    number->node.kind = EXPR_NUMBER;
    number->node.extra = 0;
    number->value = value;
    return &number->node;
}

static inline struct expr_node *expr_make_operation(struct room *room, uint32_t kind,
                                                    struct expr_node *left, struct expr_node *right)
{
    struct expr_operation *operation =
        (struct expr_operation *)given(room_alloc(room, sizeof *operation, OBJECT_ALIGN));
    operation->node.kind = kind;
    operation->node.extra = 0;
    operation->left = left;
    operation->right = right;
    return &operation->node;
}

static inline struct expr_statement *expr_make_statement(struct room *room, uint32_t kind)
{
    struct expr_statement *statement =
        (struct expr_statement *)given(room_alloc(room, sizeof *statement, OBJECT_ALIGN));
    memset(statement, 0, sizeof *statement);
    statement->node.kind = kind;
    return statement;
}

#if RIVAL_FREES_EACH
static BENCH_NOINLINE __attribute__((unused)) void expr_free(struct room *room,
                                                             struct expr_node *node)
{
    if (node->kind == EXPR_NUMBER) {
        room_free(room, node, sizeof(struct expr_number));
    } else if (node->kind == EXPR_NAME) {
        room_free(room, node, sizeof(struct expr_name));
    } else if (node->kind == EXPR_SLOT) {
        room_free(room, node, sizeof *node);
    } else {
        struct expr_operation *operation = (struct expr_operation *)(void *)node;
        expr_free(room, operation->left);
        expr_free(room, operation->right);
        room_free(room, operation, sizeof *operation);
    }
}

static BENCH_NOINLINE __attribute__((unused)) void
expr_free_statements(struct room *room, struct expr_statement *statement)
{
    while (statement != NULL) {
        struct expr_statement *next = statement->next;
        if (statement->value != NULL) {
            expr_free(room, statement->value);
        }
        expr_free_statements(room, statement->body);
        expr_free_statements(room, statement->otherwise);
        room_free(room, statement, sizeof *statement);
        statement = next;
    }
}
#endif

static inline const struct expr_token *expr_take(struct expr_parser *parser, uint32_t kind)
{
    if (parser->at->kind != kind) {
        die("expr: token %u where %u was expected", parser->at->kind, kind);
    }
    return parser->at++;
}

/* C's precedence, 1 the weakest; 0: no binary operator */
static inline unsigned expr_precedence(uint32_t kind)
{
    switch (kind) {
    case '|':
        return 1;
    case '^':
        return 2;
    case '&':
        return 3;
    case EXPR_EQUAL:
    case EXPR_UNEQUAL:
        return 4;
    case '<':
    case '>':
        return 5;
    case EXPR_SHIFT_LEFT:
    case EXPR_SHIFT_RIGHT:
        return 6;
    case '+':
    case '-':
        return 7;
    case '*':
    case '/':
    case '%':
        return 8;
    default:
        return 0;
    }
}

static struct expr_node *expr_parse(struct expr_parser *parser, unsigned weakest, unsigned depth);

/* -x is 0 - x, ~x is x ^ ~0, !x is x == 0 */
static inline struct expr_node *expr_parse_operand(struct expr_parser *parser, unsigned depth)
{
    struct room *room = parser->room;
    const struct expr_token *token = parser->at++;
    parser->nodes++;
    if (token->kind == EXPR_NUMBER) {
        return expr_make_number(room, token->number);
    }
    if (token->kind == EXPR_NAME) {
        struct expr_name *name =
            (struct expr_name *)given(room_alloc(room, sizeof *name, OBJECT_ALIGN));
        name->node.kind = EXPR_NAME;
        name->node.extra = token->length;
        name->s = token->s;
        return &name->node;
    }
    if (token->kind == '(') {
        struct expr_node *value = expr_parse(parser, 1, depth + 1);
        (void)expr_take(parser, ')');
        return value;
    }
    if (token->kind == '-') {
        struct expr_node *zero = expr_make_number(room, 0);
        return expr_make_operation(room, '-', zero, expr_parse(parser, 9, depth + 1));
    }
    if (token->kind != '~' && token->kind != '!') {
        die("expr: token %u where a value was expected", token->kind);
    }
    struct expr_node *value = expr_parse(parser, 9, depth + 1);
    return token->kind == '~'
               ? expr_make_operation(room, '^', value, expr_make_number(room, UINT64_MAX))
               : expr_make_operation(room, EXPR_EQUAL, value, expr_make_number(room, 0));
}

/* A value whose binary operators all bind at least as strongly as `weakest`. */
static struct expr_node *expr_parse(struct expr_parser *parser, unsigned weakest, unsigned depth)
{
    if (depth > EXPR_DEPTH) {
        die("expr: too deeply nested");
    }
    struct expr_node *left = expr_parse_operand(parser, depth);
    for (;;) {
        uint32_t kind = parser->at->kind;
        unsigned precedence = expr_precedence(kind);
        if (precedence == 0 || precedence < weakest) {
            return left;
        }
        parser->at++;
        struct expr_node *right = expr_parse(parser, precedence + 1, depth + 1);
        left = expr_make_operation(parser->room, kind, left, right);
        parser->nodes++;
    }
}

static struct expr_statement *expr_parse_block(struct expr_parser *parser, unsigned depth);

static inline struct expr_statement *expr_parse_statement(struct expr_parser *parser,
                                                          unsigned depth)
{
    uint32_t kind = parser->at->kind;
    if (kind == '{') {
        struct expr_statement *block = expr_make_statement(parser->room, EXPR_BLOCK);
        block->body = expr_parse_block(parser, depth + 1);
        return block;
    }
    struct expr_statement *statement =
        expr_make_statement(parser->room, kind == EXPR_NAME ? (uint32_t)EXPR_SET : kind);
    if (kind == EXPR_IF) {
        parser->at++;
        (void)expr_take(parser, '(');
        statement->value = expr_parse(parser, 1, depth + 1);
        (void)expr_take(parser, ')');
        statement->body = expr_parse_block(parser, depth + 1);
        if (parser->at->kind == EXPR_ELSE) {
            parser->at++;
            statement->otherwise = expr_parse_block(parser, depth + 1);
        }
        return statement;
    }
    if (kind == EXPR_RETURN) {
        parser->at++;
    } else {
        parser->at += kind == EXPR_LET;
        const struct expr_token *name = expr_take(parser, EXPR_NAME);
        statement->s = name->s;
        statement->node.extra = name->length;
        (void)expr_take(parser, '=');
    }
    statement->value = expr_parse(parser, 1, depth + 1);
    (void)expr_take(parser, ';');
    return statement;
}

static struct expr_statement *expr_parse_block(struct expr_parser *parser, unsigned depth)
{
    struct expr_statement *first = NULL;
    struct expr_statement **last = &first;
    if (depth > EXPR_DEPTH) {
        die("expr: too deeply nested");
    }
    (void)expr_take(parser, '{');
    while (parser->at->kind != '}') {
        *last = expr_parse_statement(parser, depth);
        last = &(*last)->next;
        parser->nodes++;
    }
    parser->at++;
    return first;
}

#endif
