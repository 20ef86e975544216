/*
 * json_text.h - the strings and numbers of JSON (RFC 8259), read from bytes that are not zero
 * terminated. Strings become UTF-8 in the room; a lone surrogate or bytes that are not UTF-8 are
 * errors, and so is a number beyond a double's range.
 * SPDX-License-Identifier: MIT
 */
#ifndef BENCH_JSON_TEXT_H
#define BENCH_JSON_TEXT_H

#include "program.h"

#include <float.h>
#include <stdlib.h>

enum { JSON_NUMBER_LENGTH = 1024, JSON_EXPONENT = 99999 };

struct json_reader {
    const char *start, *at, *end;
    struct room *room;
};

struct json_string {
    char *s;
    uint32_t length;
};

__attribute__((noreturn, cold, unused)) static void json_fail(const struct json_reader *reader,
                                                              const char *what)
{
    die("JSON: %s at byte %zu", what, (size_t)(reader->at - reader->start));
}

BENCH_INLINE bool json_digit(const char *at, const char *end)
{
    return at < end && *at >= '0' && *at <= '9';
}

static inline uint32_t json_hex(struct json_reader *reader)
{
    uint32_t value = 0;
    if (reader->end - reader->at < 4) {
        json_fail(reader, "four hexadecimal digits expected");
    }
    for (int i = 0; i < 4; i++, reader->at++) {
        char c = *reader->at;
        char letter = (char)(c | 0x20);
        if (c >= '0' && c <= '9') {
            value = value * 16 + (uint32_t)(c - '0');
        } else if (letter >= 'a' && letter <= 'f') {
            value = value * 16 + (uint32_t)(letter - 'a' + 10);
        } else {
            json_fail(reader, "four hexadecimal digits expected");
        }
    }
    return value;
}

/* What follows \u, a second \u of a pair included. */
static inline uint32_t json_code_point(struct json_reader *reader)
{
    uint32_t point = json_hex(reader);
    if (point < 0xD800 || point > 0xDFFF) {
        return point;
    }
    if (point > 0xDBFF || reader->end - reader->at < 2 || reader->at[0] != '\\' ||
        reader->at[1] != 'u') {
        json_fail(reader, "a lone surrogate");
    }
    reader->at += 2;
    uint32_t low = json_hex(reader);
    if (low < 0xDC00 || low > 0xDFFF) {
        json_fail(reader, "a lone surrogate");
    }
    return 0x10000 + ((point - 0xD800) << 10) + (low - 0xDC00);
}

static inline size_t json_put_utf8(uint32_t point, char *out)
{
    if (point < 0x80) {
        out[0] = (char)point;
        return 1;
    }
    size_t more = point < 0x800 ? 1 : point < 0x10000 ? 2 : 3;
    static const unsigned lead[] = {0, 0xC0, 0xE0, 0xF0};
    out[0] = (char)(lead[more] | (point >> (6 * more)));
    for (size_t i = 1; i <= more; i++) {
        out[i] = (char)(0x80 | ((point >> (6 * (more - i))) & 0x3F));
    }
    return more + 1;
}

/* Reads one escape and writes up to 4 bytes to out; how many. */
static inline size_t json_escape(struct json_reader *reader, char *out)
{
    static const char names[] = "\"\\/bfnrt";
    static const char means[] = "\"\\/\b\f\n\r\t";
    reader->at++;
    char c = reader->at < reader->end ? *reader->at : '\0';
    if (c == 'u') {
        reader->at++;
        return json_put_utf8(json_code_point(reader), out);
    }
    const char *name = c != '\0' ? strchr(names, c) : NULL;
    if (name == NULL) {
        json_fail(reader, "an unknown escape");
    }
    reader->at++;
    out[0] = means[name - names];
    return 1;
}

/* The length of the well-formed sequence that starts here with a byte from 0x80 on. */
static inline size_t json_utf8(const struct json_reader *reader)
{
    const unsigned char *s = (const unsigned char *)reader->at;
    size_t length = s[0] >= 0xF0 ? 4 : s[0] >= 0xE0 ? 3 : 2;
    if (s[0] < 0xC2 || s[0] > 0xF4 || (size_t)(reader->end - reader->at) < length) {
        json_fail(reader, "not UTF-8");
    }
    unsigned low = s[0] == 0xE0 ? 0xA0 : s[0] == 0xF0 ? 0x90 : 0x80;
    unsigned high = s[0] == 0xED ? 0x9F : s[0] == 0xF4 ? 0x8F : 0xBF;
    for (size_t i = 1; i < length; i++) {
        if (s[i] < low || s[i] > high) {
            json_fail(reader, "not UTF-8");
        }
        low = 0x80;
        high = 0xBF;
    }
    return length;
}

/* Up to the closing quote; the length of what the string means. */
static inline size_t json_measure(struct json_reader *reader, bool *escaped)
{
    size_t length = 0;
    while (reader->at < reader->end && *reader->at != '"') {
        unsigned char c = (unsigned char)*reader->at;
        if (c == '\\') {
            char meant[4];
            *escaped = true;
            length += json_escape(reader, meant);
        } else if (c < 0x20) {
            json_fail(reader, "a control character in a string");
        } else {
            size_t bytes = c < 0x80 ? 1 : json_utf8(reader);
            reader->at += bytes;
            length += bytes;
        }
    }
    if (reader->at == reader->end) {
        json_fail(reader, "a string without an end");
    }
    return length;
}

/* A string with escapes is measured first, so that it takes no more room than it needs. */
static BENCH_NOINLINE __attribute__((unused)) struct json_string
json_hard_string(struct json_reader *reader, const char *from)
{
    struct json_string string;
    bool escaped = false;
    reader->at = from;
    string.length = (uint32_t)json_measure(reader, &escaped);
    if (!escaped) {
        string.s = copied_text(reader->room, from, string.length);
        reader->at++;
        return string;
    }
    char *out = (char *)given(room_alloc(reader->room, (size_t)string.length + 1, 1));
    string.s = out;
    reader->at = from;
    while (*reader->at != '"') {
        if (*reader->at == '\\') {
            out += json_escape(reader, out);
        } else {
            *out++ = *reader->at++;
        }
    }
    *out = '\0';
    reader->at++;
    return string;
}

/* Stands at the opening quote. */
static inline struct json_string json_read_string(struct json_reader *reader)
{
    const char *from = reader->at + 1;
    const char *at = from;
    const char *end = reader->end;
    while (at < end && (unsigned char)(*at - 0x20) < 0x60 && *at != '"' && *at != '\\') {
        at++;
    }
    if (at == end || *at != '"') {
        return json_hard_string(reader, from);
    }
    struct json_string string;
    string.length = (uint32_t)(at - from);
    string.s = copied_text(reader->room, from, string.length);
    reader->at = at + 1;
    return string;
}

/* Many digits or a far exponent: the C library rounds. */
static BENCH_NOINLINE __attribute__((unused)) double
json_hard_number(const struct json_reader *reader, const char *from, const char *to)
{
    char copy[JSON_NUMBER_LENGTH];
    size_t length = (size_t)(to - from);
    if (length >= sizeof copy) {
        json_fail(reader, "too long a number");
    }
    memcpy(copy, from, length);
    copy[length] = '\0';
    double value = strtod(copy, NULL);
    if (value > DBL_MAX || value < -DBL_MAX) {
        json_fail(reader, "too large a number");
    }
    return value;
}

static inline const char *json_digits(const struct json_reader *reader, const char *at,
                                      uint64_t *value)
{
    if (!json_digit(at, reader->end)) {
        json_fail(reader, "a digit expected in the number");
    }
    do {
        *value = *value * 10 + (uint64_t)(*at++ - '0');
    } while (json_digit(at, reader->end));
    return at;
}

/* The exponent behind the e at `at`, added to *scale. */
static inline const char *json_exponent(const struct json_reader *reader, const char *at,
                                        int *scale)
{
    bool negative = at + 1 < reader->end && at[1] == '-';
    at += at + 1 < reader->end && (at[1] == '-' || at[1] == '+') ? 2 : 1;
    if (!json_digit(at, reader->end)) {
        json_fail(reader, "a digit expected in the number");
    }
    int exponent = 0;
    for (; json_digit(at, reader->end); at++) {
        exponent = exponent < JSON_EXPONENT ? exponent * 10 + (*at - '0') : exponent;
    }
    *scale += negative ? -exponent : exponent;
    return at;
}

/* Up to 2^53 and 10^22 both are exact doubles, so that one operation rounds once: correctly. */
static inline double json_number(struct json_reader *reader)
{
    static const double powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                    1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                    1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    const char *from = reader->at;
    bool negative = *from == '-';
    const char *first = from + negative;
    uint64_t value = 0;
    int scale = 0;
    bool zero = first < reader->end && *first == '0';
    const char *at = zero ? first + 1 : json_digits(reader, first, &value);
    if (at < reader->end && *at == '.') {
        const char *point = at;
        at = json_digits(reader, at + 1, &value);
        scale = at - point <= JSON_NUMBER_LENGTH ? -(int)(at - point - 1) : -JSON_EXPONENT;
    }
    size_t digits = (size_t)(at - first);
    if (at < reader->end && (*at == 'e' || *at == 'E')) {
        at = json_exponent(reader, at, &scale);
    }
    reader->at = at;
    if (digits > 19 || value > (uint64_t)1 << 53 || scale < -22 || scale > 22) {
        return json_hard_number(reader, from, at);
    }
    double exact = (double)value;
    exact = scale < 0 ? exact / powers[-scale] : exact * powers[scale];
    return negative ? -exact : exact;
}

#endif
