/*
 * expr_fold.h - expr's third step: a second tree with names resolved to slots and constants
 * folded, by way of a symbol table with scopes. The table lives in the room too.
 * SPDX-License-Identifier: MIT
 */
#ifndef BENCH_EXPR_FOLD_H
#define BENCH_EXPR_FOLD_H

#include "expr_tree.h"

enum { EXPR_BUCKETS = 32, EXPR_SLOTS = 256 };

struct expr_symbol {
    struct expr_symbol *next;   /* in its bucket: older ones, or hidden ones of the same name */
    struct expr_symbol *before; /* declared before it and still visible */
    char *name;
    uint32_t length, hash, slot;
};

struct expr_symbols {
    struct room *room;
    struct expr_symbol **buckets;
    struct expr_symbol *newest;
    uint32_t slots;
};

static inline void expr_symbols_open(struct expr_symbols *symbols, struct room *room)
{
    size_t bytes = EXPR_BUCKETS * sizeof *symbols->buckets;
    symbols->room = room;
    symbols->buckets = (struct expr_symbol **)given(room_alloc(room, bytes, OBJECT_ALIGN));
    memset(symbols->buckets, 0, bytes);
    symbols->newest = NULL;
    symbols->slots = 0;
}

static inline uint32_t expr_hash(const char *s, size_t length)
{
    uint32_t hash = 0x811c9dc5u;
    for (size_t i = 0; i < length; i++) {
        hash = (hash ^ (unsigned char)s[i]) * 0x01000193u;
    }
    return hash;
}

static inline uint32_t expr_declare(struct expr_symbols *symbols, const char *s, uint32_t length)
{
    if (symbols->slots == EXPR_SLOTS) {
        die("expr: too many names in a function");
    }
    struct expr_symbol *symbol =
        (struct expr_symbol *)given(room_alloc(symbols->room, sizeof *symbol, OBJECT_ALIGN));
    symbol->name = copied_text(symbols->room, s, length);
    symbol->length = length;
    symbol->hash = expr_hash(s, length);
    symbol->slot = symbols->slots++;
    symbol->before = symbols->newest;
    symbols->newest = symbol;
    struct expr_symbol **bucket = &symbols->buckets[symbol->hash % EXPR_BUCKETS];
    symbol->next = *bucket;
    *bucket = symbol;
    return symbol->slot;
}

static inline uint32_t expr_slot_of(const struct expr_symbols *symbols, const char *s,
                                    uint32_t length)
{
    uint32_t hash = expr_hash(s, length);
    const struct expr_symbol *symbol = symbols->buckets[hash % EXPR_BUCKETS];
    while (symbol != NULL && (symbol->hash != hash || symbol->length != length ||
                              memcmp(symbol->name, s, length) != 0)) {
        symbol = symbol->next;
    }
    if (symbol == NULL) {
        die("expr: an unknown name");
    }
    return symbol->slot;
}

/* Hides what was declared after `kept`: the newest symbol stands first in its bucket. */
static inline void expr_leave(struct expr_symbols *symbols, const struct expr_symbol *kept)
{
    while (symbols->newest != kept) {
        struct expr_symbol *symbol = symbols->newest;
        symbols->newest = symbol->before;
        symbols->buckets[symbol->hash % EXPR_BUCKETS] = symbol->next;
#if RIVAL_FREES_EACH
        room_free(symbols->room, symbol->name, (size_t)symbol->length + 1);
        room_free(symbols->room, symbol, sizeof *symbol);
#endif
    }
}

static inline void expr_symbols_close(struct expr_symbols *symbols)
{
    expr_leave(symbols, NULL);
#if RIVAL_FREES_EACH
    room_free(symbols->room, symbols->buckets, EXPR_BUCKETS * sizeof *symbols->buckets);
#endif
}

/* Also what the code's operators do. A division by zero gives 0. */
static inline uint64_t expr_compute(uint32_t kind, uint64_t a, uint64_t b)
{
    switch (kind) {
    case '|':
        return a | b;
    case '^':
        return a ^ b;
    case '&':
        return a & b;
    case EXPR_EQUAL:
        return a == b;
    case EXPR_UNEQUAL:
        return a != b;
    case '<':
        return a < b;
    case '>':
        return a > b;
    case EXPR_SHIFT_LEFT:
        return a << (b & 63);
    case EXPR_SHIFT_RIGHT:
        return a >> (b & 63);
    case '+':
        return a + b;
    case '-':
        return a - b;
    case '*':
        return a * b;
    case '/':
        return b == 0 ? 0 : a / b;
    case '%':
        return b == 0 ? 0 : a % b;
    default:
        die("expr: operator %u", kind);
    }
}

static inline bool expr_is_number(const struct expr_node *node, uint64_t *value)
{
    if (node->kind != EXPR_NUMBER) {
        return false;
    }
    *value = ((const struct expr_number *)(const void *)node)->value;
    return true;
}

static inline void expr_drop(struct room *room, struct expr_node *node)
{
#if RIVAL_FREES_EACH
    expr_free(room, node);
#else
    (void)room;
    (void)node;
#endif
}

/* Both sides are folded already, and become part of what is returned or are dropped. */
static inline struct expr_node *expr_fold_operation(struct room *room, uint32_t kind,
                                                    struct expr_node *left, struct expr_node *right)
{
    uint64_t a = 0;
    uint64_t b = 0;
    bool right_known = expr_is_number(right, &b);
    if (right_known && expr_is_number(left, &a)) {
        expr_drop(room, left);
        expr_drop(room, right);
        return expr_make_number(room, expr_compute(kind, a, b));
    }
    bool adds = kind == '+' || kind == '-' || kind == '|' || kind == '^' ||
                kind == EXPR_SHIFT_LEFT || kind == EXPR_SHIFT_RIGHT;
    if (right_known && ((b == 0 && adds) || (b == 1 && (kind == '*' || kind == '/')))) {
        expr_drop(room, right);
        return left;
    }
    if (right_known && b == 0 && (kind == '*' || kind == '&')) {
        expr_drop(room, left);
        return right;
    }
    return expr_make_operation(room, kind, left, right);
}

static BENCH_NOINLINE __attribute__((unused)) struct expr_node *
expr_fold(struct expr_symbols *symbols, const struct expr_node *node)
{
    struct room *room = symbols->room;
    if (node->kind == EXPR_NUMBER) {
        return expr_make_number(room, ((const struct expr_number *)(const void *)node)->value);
    }
    if (node->kind == EXPR_NAME) {
        const struct expr_name *name = (const struct expr_name *)(const void *)node;
        struct expr_node *slot =
            (struct expr_node *)given(room_alloc(room, sizeof *slot, OBJECT_ALIGN));
        slot->kind = EXPR_SLOT;
        slot->extra = expr_slot_of(symbols, name->s, node->extra);
        return slot;
    }
    const struct expr_operation *operation = (const struct expr_operation *)(const void *)node;
    struct expr_node *left = expr_fold(symbols, operation->left);
    struct expr_node *right = expr_fold(symbols, operation->right);
    return expr_fold_operation(room, node->kind, left, right);
}

/* A value is folded before its name is declared. */
static BENCH_NOINLINE __attribute__((unused)) struct expr_statement *
expr_fold_block(struct expr_symbols *symbols, const struct expr_statement *from)
{
    const struct expr_symbol *outer = symbols->newest;
    struct expr_statement *first = NULL;
    struct expr_statement **last = &first;
    for (; from != NULL; from = from->next) {
        struct expr_statement *folded = expr_make_statement(symbols->room, from->node.kind);
        *last = folded;
        last = &folded->next;
        if (from->value != NULL) {
            folded->value = expr_fold(symbols, from->value);
        }
        if (from->node.kind == EXPR_LET) {
            folded->node.extra = expr_declare(symbols, from->s, from->node.extra);
        } else if (from->node.kind == EXPR_SET) {
            folded->node.extra = expr_slot_of(symbols, from->s, from->node.extra);
        }
        folded->body = expr_fold_block(symbols, from->body);
        folded->otherwise = expr_fold_block(symbols, from->otherwise);
    }
    expr_leave(symbols, outer);
    return first;
}

#endif
