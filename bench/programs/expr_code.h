/*
 * expr_code.h - expr's last steps: the folded tree becomes code for a stack machine, in a buffer
 * that grows in the room, and the machine runs it.
 * SPDX-License-Identifier: MIT
 */
#ifndef BENCH_EXPR_CODE_H
#define BENCH_EXPR_CODE_H

#include "expr_fold.h"

enum { EXPR_STACK = 256 };

/* Operators are their tokens; these have an operand. */
enum { EXPR_PUSH = 1024, EXPR_LOAD, EXPR_STORE, EXPR_JUMP, EXPR_JUMP_IF_ZERO, EXPR_LEAVE };

struct expr_step {
    uint64_t operand;
    uint32_t kind;
};

struct expr_writer {
    struct room *room;
    struct expr_buffer steps;
};

/* Returns where it stands. */
static inline size_t expr_emit(struct expr_writer *writer, uint32_t kind, uint64_t operand)
{
    expr_more(writer->room, &writer->steps, sizeof(struct expr_step));
    struct expr_step *step = (struct expr_step *)writer->steps.items + writer->steps.count;
    step->kind = kind;
    step->operand = operand;
    return writer->steps.count++;
}

/* The jump at `jump` goes to where the code stands now. */
static inline void expr_land(struct expr_writer *writer, size_t jump)
{
    ((struct expr_step *)writer->steps.items)[jump].operand = writer->steps.count;
}

/* height: of the stack, before. */
static BENCH_NOINLINE __attribute__((unused)) void
expr_emit_value(struct expr_writer *writer, const struct expr_node *node, unsigned height)
{
    if (height == EXPR_STACK) {
        die("expr: the stack is too low");
    }
    if (node->kind == EXPR_NUMBER) {
        const struct expr_number *number = (const struct expr_number *)(const void *)node;
        (void)expr_emit(writer, EXPR_PUSH, number->value);
    } else if (node->kind == EXPR_SLOT) {
        (void)expr_emit(writer, EXPR_LOAD, node->extra);
    } else {
        const struct expr_operation *operation = (const struct expr_operation *)(const void *)node;
        expr_emit_value(writer, operation->left, height);
        expr_emit_value(writer, operation->right, height + 1);
        (void)expr_emit(writer, node->kind, 0);
    }
}

static BENCH_NOINLINE __attribute__((unused)) void
expr_emit_block(struct expr_writer *writer, const struct expr_statement *statement)
{
    for (; statement != NULL; statement = statement->next) {
        if (statement->value != NULL) {
            expr_emit_value(writer, statement->value, 0);
        }
        if (statement->node.kind == EXPR_IF) {
            size_t past = expr_emit(writer, EXPR_JUMP_IF_ZERO, 0);
            expr_emit_block(writer, statement->body);
            if (statement->otherwise != NULL) {
                size_t end = expr_emit(writer, EXPR_JUMP, 0);
                expr_land(writer, past);
                past = end;
                expr_emit_block(writer, statement->otherwise);
            }
            expr_land(writer, past);
        } else if (statement->node.kind == EXPR_BLOCK) {
            expr_emit_block(writer, statement->body);
        } else if (statement->node.kind == EXPR_RETURN) {
            (void)expr_emit(writer, EXPR_LEAVE, 0);
        } else {
            (void)expr_emit(writer, EXPR_STORE, statement->node.extra);
        }
    }
}

/* Its arguments stand in the first slots. Code only jumps forward, and ends with EXPR_LEAVE. */
static inline uint64_t expr_run(const struct expr_step *steps, uint64_t *slots)
{
    uint64_t stack[EXPR_STACK];
    uint64_t *top = stack; /* the first free place */
    for (const struct expr_step *step = steps;; step++) {
        switch (step->kind) {
        case EXPR_PUSH:
            *top++ = step->operand;
            break;
        case EXPR_LOAD:
            *top++ = slots[step->operand];
            break;
        case EXPR_STORE:
            slots[step->operand] = *--top;
            break;
        case EXPR_JUMP:
            step = steps + step->operand - 1;
            break;
        case EXPR_JUMP_IF_ZERO:
            if (*--top == 0) {
                step = steps + step->operand - 1;
            }
            break;
        case EXPR_LEAVE:
            return top[-1];
        default:
            top--;
            top[-1] = expr_compute(step->kind, top[-1], top[0]);
            break;
        }
    }
}

#endif
