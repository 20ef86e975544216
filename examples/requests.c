/* A loop of requests in the manner of HTTP, without a network: it takes one after the other off a text
 * and writes the answers. Each has a child arena, dropped as one when its answer is out, so that the
 * server holds as much memory after a request as before. One that wants more than there is meets the
 * arena's failure handler, which jumps back into the loop: it is refused, the next one is served.
 * Run: requests [FILE]; without FILE some of its own. SPDX-License-Identifier: MIT */
#include <bitena/text.h>
#include <ctype.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>

enum { SERVER_BYTES = 1 << 24, BODY_MOST = 4096 };

static const char own_requests[] = "GET /repeat?text=ab&times=3 HTTP/1.1\r\nHost: example\r\n\r\n"
                                   "POST /shout HTTP/1.1\r\nContent-Length: 5\r\n\r\nquiet"
                                   "GET /repeat?text=flood&times=100000000 HTTP/1.1\r\n\r\n"
                                   "nonsense\r\n\r\n"
                                   "GET /nowhere HTTP/1.1\r\n\r\n"
                                   "POST /shout HTTP/1.1\r\nContent-Length: 99999999\r\n\r\nmuch";

struct request {
    bitena_bytes method, path, query, headers, body;                       /* slices of the input */
    bitena_bytes (*handler)(bitena *arena, const struct request *request); /* gives the answer */
};

struct server {
    bitena *arena; /* what lives longer than a request */
    jmp_buf full;  /* where to go on when there is no memory for an answer */
};

static void when_full(void *server, bitena *arena, size_t size, size_t align, int error)
{
    (void)arena, (void)size, (void)align, (void)error;
    longjmp(((struct server *)server)->full, 1);
}

static int equal(bitena_bytes a, const char *b)
{
    return bitena_text_equal(a, bitena_text_of(b));
}

/* What stands behind the name in one of the lines, or of the parts of a query; "" if nothing does. */
static bitena_bytes value_of(bitena_bytes rest, const char *name, char end, char separator)
{
    bitena_bytes value, found;
    while (bitena_text_next_field(&rest, end, &value)) {
        if (bitena_text_next_field(&value, separator, &found) && equal(found, name) && value.at) {
            value.size -= value.size > 0 && value.at[value.size - 1] == '\r';
            return value;
        }
    }
    return (bitena_bytes){"", 0};
}

static bitena_bytes repeat(bitena *arena, const struct request *request)
{
    bitena_bytes text = value_of(request->query, "text", '&', '=');
    unsigned long times = strtoul(value_of(request->query, "times", '&', '=').at, NULL, 10);
    bitena_text answer = bitena_text_begin(arena);
    while (text.size > 0 && times-- > 0) {
        bitena_text_append(&answer, text.at, text.size);
    }
    return bitena_text_end(&answer);
}

static bitena_bytes shout(bitena *arena, const struct request *request)
{
    bitena_text answer = bitena_text_begin(arena);
    for (size_t i = 0; i < request->body.size; i++) {
        bitena_text_append_char(&answer, (char)toupper((unsigned char)request->body.at[i]));
    }
    return bitena_text_end(&answer);
}

static const struct route {
    const char *method, *path;
    bitena_bytes (*handler)(bitena *arena, const struct request *request);
} routes[] = {{"GET", "/repeat", repeat}, {"POST", "/shout", shout}};

/* Takes a request off the input. Gives 200, or what is wrong with it. */
static int parse(bitena_bytes *input, struct request *request)
{
    bitena_bytes line = {NULL, 0}, header = {NULL, 1};
    while (line.size == 0 && bitena_text_next_line(input, &line)) {
    }
    request->headers = *input;
    while (header.size > 0 && bitena_text_next_line(input, &header)) {
    }
    request->headers.size -= input->size;
    size_t length = strtoul(value_of(request->headers, "Content-Length", '\n', ':').at, NULL, 10);
    request->body = (bitena_bytes){input->at, length < input->size ? length : input->size};
    input->at += request->body.size;
    input->size -= request->body.size;
    int is_whole = bitena_text_next_field(&line, ' ', &request->method) &&
                   bitena_text_next_field(&line, ' ', &request->query) && line.at;
    (void)bitena_text_next_field(&request->query, '?', &request->path);
    for (size_t i = 0; i < sizeof routes / sizeof *routes; i++) {
        if (is_whole && equal(request->method, routes[i].method) &&
            equal(request->path, routes[i].path)) {
            request->handler = routes[i].handler;
            return length > BODY_MOST ? 413 : request->body.size < length ? 400 : 200;
        }
    }
    return is_whole ? 404 : 400;
}

static int answer(struct server *server, bitena *arena, const struct request *r, bitena_bytes *body)
{
    if (setjmp(server->full) != 0) {
        return 507;
    }
    *body = r->handler(arena, r);
    return 200;
}

static void serve(struct server *server, bitena_bytes *input)
{
    struct request request = {.handler = NULL};
    bitena_bytes body = {"", 0};
    bitena *child = bitena_new_child(server->arena);
    int status = parse(input, &request);
    status = !child ? 503 : status == 200 ? answer(server, child, &request, &body) : status;
    printf("HTTP/1.1 %d\r\nContent-Length: %zu\r\n\r\n", status, body.size);
    fwrite(body.at, 1, body.size, stdout);
    puts("");
    bitena_drop(child);
}

int main(int argc, char **argv)
{
    struct server server;
    server.arena = bitena_open(&(bitena_options){
        .capacity = SERVER_BYTES, .name = "server", .on_failure = when_full, .context = &server});
    bitena_bytes input = bitena_text_of(own_requests);
    if (server.arena && argc > 1) {
        input = bitena_text_try_read_file(server.arena, argv[1]);
    }
    if (!server.arena || !input.at) {
        perror("requests");
        return EXIT_FAILURE;
    }
    size_t held = bitena_used(server.arena);
    while (input.size > 0) {
        serve(&server, &input);
    }
    printf("bytes still held for what was answered: %zu\n", bitena_used(server.arena) - held);
    bitena_drop(server.arena);
}
