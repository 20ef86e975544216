/* A JSON parser: reads a document into a tree in an arena, prints each value behind its path. Shows text
 * that is read and grown in an arena, and a tree that nobody frees, on no way out: an error leaves
 * through need(), which may as well longjmp as requests.c does. Keeps keys that come twice; checks no
 * UTF-8. Run: json [FILE]; status 1, with line and column: no JSON. SPDX-License-Identifier: MIT */
#include <bitena/text.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

enum { DEEPEST = 512, ARENA_BYTES = 1 << 30 }; /* paid for page by page, as it is touched */
struct value {
    char kind;                  /* what it begins with: { [ " t f n, or a digit or - */
    bitena_bytes key, text;     /* of an object's member; what is decoded, or else as written */
    double number;              /* of a number */
    struct value *first, *next; /* item of a list; the next one in the list around this */
};

struct parser {
    bitena *arena;
    bitena_bytes source; /* a zero stands behind it */
    const char *at;      /* in the source */
};

static void need(const struct parser *p, bool is_so, const char *message)
{
    if (!is_so) {
        size_t line = 1, column = 1;
        for (const char *c = p->source.at; c < p->at; c++) {
            column = *c == '\n' ? 1 : column + 1;
            line += *c == '\n';
        }
        fprintf(stderr, "json: line %zu, column %zu: %s\n", line, column, message);
        exit(EXIT_FAILURE);
    }
}

static bool take(struct parser *p, char c) /* the next one but for spaces, if it is this one */
{
    p->at += strspn(p->at, " \t\r\n");
    return *p->at == c && p->at++;
}

static unsigned parse_code(struct parser *p)
{
    char digits[5] = {0};
    need(p, strspn(p->at, "0123456789abcdefABCDEF") >= 4, "expected four hexadecimal digits");
    p->at += 4;
    return (unsigned)strtoul(memcpy(digits, p->at - 4, 4), NULL, 16);
}

static void parse_escape(struct parser *p, bitena_text *text)
{
    static const char names[] = "\"\\/bfnrtu", meant[] = "\"\\/\b\f\n\r\t";
    const char *name = memchr(names, *p->at, sizeof names - 1);
    need(p, name, "unknown escape");
    unsigned code = *p->at++ == 'u' ? parse_code(p) : (unsigned char)meant[name - names];
    if (code >= 0xd800 && code <= 0xdfff) { /* a surrogate: two make one character */
        unsigned low = strncmp(p->at, "\\u", 2) == 0 ? (p->at += 2, parse_code(p)) : 0;
        need(p, code < 0xdc00 && low >= 0xdc00 && low <= 0xdfff, "half a surrogate pair");
        code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
    }
    int more = (code >= 0x80) + (code >= 0x800) + (code >= 0x10000); /* bytes of UTF-8 */
    bitena_text_append_char(text, (char)("\0\xc0\xe0\xf0"[more] | (int)(code >> 6 * more)));
    while (more-- > 0) {
        bitena_text_append_char(text, (char)(0x80 | (code >> 6 * more & 0x3f)));
    }
}

static bitena_bytes parse_string(struct parser *p)
{
    bitena_text text = bitena_text_begin(p->arena);
    while (*p->at != '"') {
        need(p, (unsigned char)*p->at >= ' ', "no end of the string, or a control character in it");
        if (*p->at++ == '\\') {
            parse_escape(p, &text);
        } else {
            bitena_text_append_char(&text, p->at[-1]);
        }
    }
    p->at++;
    return bitena_text_end(&text);
}

/* A number or a word. strtod takes more than JSON has: also 05 and 5. and 0x5 and inf. */
static void parse_single(struct parser *p, struct value *v)
{
    size_t size = strspn(p->at, "-+.0123456789Eaeflnrstu"), minus = *p->at == '-';
    char *text = bitena_alloc_strn(p->arena, p->at, size), *end, *whole = text + minus;
    size_t digits = strspn(whole, "0123456789");
    v->number = strtod(text, &end);
    v->text = (bitena_bytes){text, size};
    need(p,
         strcmp(text, "true") == 0 || strcmp(text, "false") == 0 || strcmp(text, "null") == 0 ||
             (digits > 0 && (digits == 1 || *whole != '0') && end == text + size &&
              (whole[digits] != '.' || strspn(whole + digits + 1, "0123456789") > 0)),
         "expected a value");
    p->at += size;
}

static struct value *parse_value(struct parser *p, int depth)
{
    struct value *v = bitena_make(p->arena, struct value), **last = &v->first;
    p->at += strspn(p->at, " \t\r\n");
    v->kind = *p->at;
    if (take(p, '"')) {
        v->text = parse_string(p);
    } else if (take(p, '[') || take(p, '{')) {
        v->text = bitena_text_of(v->kind == '[' ? "[]" : "{}");
        need(p, depth < DEEPEST, "nested too deeply");
        for (; !take(p, v->kind == '[' ? ']' : '}'); last = &(*last)->next) {
            need(p, last == &v->first || take(p, ','), "expected a comma or the end of the list");
            need(p, v->kind == '[' || take(p, '"'), "expected a key");
            bitena_bytes key = v->kind == '[' ? bitena_text_of("") : parse_string(p);
            need(p, v->kind == '[' || take(p, ':'), "expected a colon");
            *last = parse_value(p, depth + 1);
            (*last)->key = key;
        }
    } else {
        parse_single(p, v);
    }
    return v;
}

static void print(const struct value *v, bitena_text *path)
{
    size_t size = path->size, i = 0;
    printf("%s: %s\n", bitena_text_so_far(path).at, v->text.at);
    for (const struct value *item = v->first; item; item = item->next, path->size = size) {
        (void)(v->kind == '{' ? bitena_text_append_printf(path, ".%s", item->key.at)
                              : bitena_text_append_printf(path, "[%zu]", i++));
        print(item, path);
    }
}

int main(int argc, char **argv)
{
    struct parser p = {.arena = bitena_new(ARENA_BYTES)};
    need(&p, p.arena, strerror(errno));
    p.source = bitena_text_read_file(p.arena, argc > 1 ? argv[1] : "/dev/stdin");
    need(&p, p.source.at, strerror(errno));
    p.at = p.source.at;
    struct value *root = parse_value(&p, 0);
    need(&p, take(&p, 0) && p.at > p.source.at + p.source.size, "expected nothing more");
    bitena_text path = bitena_text_begin(p.arena);
    bitena_text_append_char(&path, '$');
    print(root, &path);
    bitena_drop(p.arena);
}
