/*
 * expr_tokens.h - the growing buffers of expr, and its first step: a function's text as an array
 * of tokens, which stay views of the text.
 * SPDX-License-Identifier: MIT
 */
#ifndef BENCH_EXPR_TOKENS_H
#define BENCH_EXPR_TOKENS_H

#include "program.h"

enum { EXPR_FIRST_ITEMS = 32 };

/* Kinds: a sign's own character, or these. */
enum {
    EXPR_END,
    EXPR_NUMBER = 256,
    EXPR_NAME,
    EXPR_SHIFT_LEFT,
    EXPR_SHIFT_RIGHT,
    EXPR_EQUAL,
    EXPR_UNEQUAL,
    EXPR_FN,
    EXPR_LET,
    EXPR_IF,
    EXPR_ELSE,
    EXPR_RETURN
};

struct expr_token {
    const char *s;
    uint64_t number;
    uint32_t length, kind;
};

struct expr_buffer {
    void *items;
    size_t count, capacity;
};

/* Makes sure of one place more. */
static inline void expr_more(struct room *room, struct expr_buffer *buffer, size_t item)
{
    if (buffer->count == buffer->capacity) {
        size_t capacity = buffer->capacity == 0 ? (size_t)EXPR_FIRST_ITEMS : 2 * buffer->capacity;
        buffer->items = program_grow(room, buffer->items, buffer->capacity * item, capacity * item);
        buffer->capacity = capacity;
    }
}

BENCH_INLINE bool expr_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

BENCH_INLINE bool expr_digit(char c)
{
    return c >= '0' && c <= '9';
}

static inline uint32_t expr_word_kind(const char *s, size_t length)
{
    static const struct {
        const char *s;
        size_t length;
        uint32_t kind;
    } words[] = {{"fn", 2, EXPR_FN},
                 {"let", 3, EXPR_LET},
                 {"if", 2, EXPR_IF},
                 {"else", 4, EXPR_ELSE},
                 {"return", 6, EXPR_RETURN}};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (words[i].length == length && memcmp(words[i].s, s, length) == 0) {
            return words[i].kind;
        }
    }
    return EXPR_NAME;
}

static inline uint32_t expr_sign_kind(const char *s, const char *end, uint32_t *length)
{
    static const struct {
        char s[3];
        uint32_t kind;
    } pairs[] = {{"<<", EXPR_SHIFT_LEFT},
                 {">>", EXPR_SHIFT_RIGHT},
                 {"==", EXPR_EQUAL},
                 {"!=", EXPR_UNEQUAL}};
    for (size_t i = 0; end - s > 1 && i < sizeof pairs / sizeof pairs[0]; i++) {
        if (s[0] == pairs[i].s[0] && s[1] == pairs[i].s[1]) {
            *length = 2;
            return pairs[i].kind;
        }
    }
    if (*s == '\0' || strchr("+-*/%&|^<>=!~(){},;", *s) == NULL) {
        die("expr: an unknown character %d", *s);
    }
    *length = 1;
    return (uint32_t)*s;
}

static inline void expr_read_token(const char *s, const char *end, struct expr_token *token)
{
    const char *at = s;
    token->s = s;
    token->number = 0;
    if (expr_letter(*s)) {
        while (at < end && (expr_letter(*at) || expr_digit(*at))) {
            at++;
        }
        token->length = (uint32_t)(at - s);
        token->kind = expr_word_kind(s, token->length);
    } else if (expr_digit(*s)) {
        for (; at < end && expr_digit(*at); at++) {
            token->number = token->number * 10 + (uint64_t)(*at - '0');
        }
        token->length = (uint32_t)(at - s);
        token->kind = EXPR_NUMBER;
    } else {
        token->kind = expr_sign_kind(s, end, &token->length);
    }
}

/* The last token is EXPR_END. */
static inline void expr_tokenise(struct room *room, const char *s, const char *end,
                                 struct expr_buffer *tokens)
{
    for (;;) {
        while (s < end && (*s == ' ' || *s == '\n')) {
            s++;
        }
        expr_more(room, tokens, sizeof(struct expr_token));
        struct expr_token *token = (struct expr_token *)tokens->items + tokens->count++;
        if (s == end) {
            memset(token, 0, sizeof *token);
            return;
        }
        expr_read_token(s, end, token);
        s += token->length;
    }
}

#endif
