/* A file or a descriptor is read to its end whatever it is and however it comes; what cannot be
 * read, or has no room, is refused, and nothing is kept of it.
 * SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <bitena/text.h>

#include "support/misuse.h"
#include "support/subject.h"
#include "support/trial.h"

enum { CAPACITY = 1 << 20 };

static char byte_of(size_t i)
{
    return (char)(i * 131 % 251);
}

/* A file without a name, of this many bytes, to be read from its start. */
static int file_of(size_t size)
{
    FILE *file = tmpfile();
    assert_non_null(file);
    for (size_t i = 0; i < size; i++) {
        assert_int_not_equal(putc(byte_of(i), file), EOF);
    }
    assert_int_equal(fflush(file), 0);
    int descriptor = dup(fileno(file));
    assert_true(descriptor >= 0);
    (void)fclose(file);
    assert_int_equal(lseek(descriptor, 0, SEEK_SET), 0);
    return descriptor;
}

static void assert_bytes_of(bitena_bytes bytes, size_t from, size_t to)
{
    assert_non_null(bytes.at);
    assert_int_equal(bytes.size, to - from);
    for (size_t i = from; i < to; i++) {
        assert_int_equal(bytes.at[i - from], byte_of(i));
    }
    assert_int_equal(bytes.at[bytes.size], 0);
}

static void a_file_of_any_size_is_read(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 1, 255, 256, 257, 4095, 4096, 4097, 100000};
    for (enum kind k = 0; k < KIND_COUNT; k++) {
        struct subject s = subject_open(k, CAPACITY, NULL);
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
            int descriptor = file_of(sizes[i]);
            errno = UNTOUCHED;
            assert_bytes_of(bitena_text_read(s.arena, descriptor), 0, sizes[i]);
            assert_bytes_of(bitena_text_try_read(s.arena, descriptor), 0, 0);
            assert_int_equal(lseek(descriptor, (off_t)sizes[i] / 2, SEEK_SET), sizes[i] / 2);
            assert_bytes_of(bitena_text_try_read(s.arena, descriptor), sizes[i] / 2, sizes[i]);
            assert_int_equal(errno, UNTOUCHED);
            assert_int_equal(close(descriptor), 0);
        }
        subject_close(&s);
    }
}

static void a_file_needs_its_size_and_one(void **state)
{
    (void)state;
    for (size_t room = 1000; room <= 1002; room++) {
        bitena *arena = bitena_open(&(bitena_options){.capacity = 4096, .mode = BITENA_EXACT});
        (void)bitena_alloc(arena, bitena_remaining(arena) - room, 1);
        int descriptor = file_of(1000);
        errno = 0;
        bitena_bytes bytes = bitena_text_try_read(arena, descriptor);
        if (room == 1000) {
            assert_null(bytes.at);
            assert_int_equal(errno, ENOMEM);
        } else {
            assert_bytes_of(bytes, 0, 1000);
        }
        assert_int_equal(bitena_remaining(arena), room == 1000 ? 1000 : room - 1001);
        assert_int_equal(close(descriptor), 0);
        bitena_drop(arena);
    }
}

static void a_named_file_is_read(void **state)
{
    (void)state;
    char path[] = "/tmp/bitena_text_XXXXXX";
    int descriptor = mkstemp(path);
    assert_true(descriptor >= 0);
    assert_int_equal(write(descriptor, "a\0b\n", 4), 4);
    assert_int_equal(close(descriptor), 0);
    bitena *arena = bitena_new(CAPACITY);
    bitena_bytes bytes = bitena_text_read_file(arena, path);
    assert_int_equal(bytes.size, 4);
    assert_memory_equal(bytes.at, "a\0b\n", 5);
    assert_int_equal(bitena_text_try_read_file(arena, path).size, 4);
    assert_int_equal(unlink(path), 0);
    bitena_drop(arena);
}

/* Files of /proc say that they have no bytes. */
static void a_file_of_proc_is_read(void **state)
{
    (void)state;
    bitena *arena = bitena_new(CAPACITY);
    bitena_bytes bytes = bitena_text_read_file(arena, "/proc/self/status");
    if (bytes.at) {
        assert_true(bytes.size > 100);
        assert_memory_equal(bytes.at, "Name:", 5);
    }
    bitena_drop(arena);
}

struct writer {
    int descriptor;
    pthread_t reader;
    size_t size, pieces;
    int signals;
};

static void do_nothing(int number)
{
    (void)number;
}

static void *write_pieces(void *argument)
{
    struct writer *writer = (struct writer *)argument;
    size_t done = 0;
    char piece[5000];
    while (done < writer->size) {
        size_t size = done % writer->pieces + 1;
        size = size < writer->size - done ? size : writer->size - done;
        for (size_t i = 0; i < size; i++) {
            piece[i] = byte_of(done + i);
        }
        if (writer->signals) { /* while the reader waits */
            (void)usleep(100);
            (void)pthread_kill(writer->reader, SIGUSR1);
        }
        ssize_t written = write(writer->descriptor, piece, size);
        done += written > 0 ? (size_t)written : 0;
    }
    (void)close(writer->descriptor);
    return NULL;
}

static void read_pipe(enum kind kind, size_t size, size_t pieces, int signals)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    struct subject s = subject_open(kind, CAPACITY, NULL);
    struct writer writer = {ends[1], pthread_self(), size, pieces, signals};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, write_pieces, &writer), 0);
    errno = UNTOUCHED;
    assert_bytes_of(bitena_text_read(s.arena, ends[0]), 0, size);
    assert_int_equal(errno, UNTOUCHED);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(close(ends[0]), 0);
    subject_close(&s);
}

static void a_pipe_is_read_to_its_end(void **state)
{
    (void)state;
    for (enum kind k = 0; k < KIND_COUNT; k++) {
        read_pipe(k, 0, 1, 0);
        read_pipe(k, 1, 1, 0);
        read_pipe(k, 20000, 777, 0);
        read_pipe(k, 200000, 5000, 0);
    }
}

static void a_signal_does_not_end_a_read(void **state)
{
    (void)state;
    const struct sigaction action = {.sa_handler = do_nothing}; /* no SA_RESTART: EINTR */
    struct sigaction before;
    assert_int_equal(sigaction(SIGUSR1, &action, &before), 0);
    read_pipe(KIND_SHARED, 20000, 100, 1);
    assert_int_equal(sigaction(SIGUSR1, &before, NULL), 0);
}

struct fifo {
    char path[64];
    pthread_t reader;
};

/* Signals while the reader waits in open, and then comes to be the writer. */
static void *open_late(void *argument)
{
    const struct fifo *fifo = (const struct fifo *)argument;
    for (int i = 0; i < 20; i++) {
        (void)usleep(1000);
        (void)pthread_kill(fifo->reader, SIGUSR1);
    }
    int descriptor = open(fifo->path, O_WRONLY);
    ssize_t written = write(descriptor, "through a name", 14);
    (void)close(descriptor);
    return written == 14 ? NULL : argument;
}

static void a_signal_does_not_end_an_open(void **state)
{
    (void)state;
    const struct sigaction action = {.sa_handler = do_nothing};
    struct sigaction before;
    struct fifo fifo = {"/tmp/bitena_fifo_XXXXXX", pthread_self()};
    pthread_t thread;
    void *failed;
    assert_int_equal(sigaction(SIGUSR1, &action, &before), 0);
    assert_non_null(mkdtemp(fifo.path));
    char folder[64];
    (void)snprintf(folder, sizeof folder, "%s", fifo.path);
    (void)strcat(fifo.path, "/fifo");
    assert_int_equal(mkfifo(fifo.path, 0600), 0);
    assert_int_equal(pthread_create(&thread, NULL, open_late, &fifo), 0);
    bitena *arena = bitena_new(CAPACITY);
    assert_string_equal(bitena_text_read_file(arena, fifo.path).at, "through a name");
    assert_int_equal(pthread_join(thread, &failed), 0);
    assert_null(failed);
    assert_int_equal(unlink(fifo.path), 0);
    assert_int_equal(rmdir(folder), 0);
    assert_int_equal(sigaction(SIGUSR1, &before, NULL), 0);
    bitena_drop(arena);
}

#define ASSERT_NOT_READ(expected, call)    \
    do {                                   \
        errno = 0;                         \
        bitena_bytes bytes_ = (call);      \
        assert_null(bytes_.at);            \
        assert_int_equal(bytes_.size, 0);  \
        assert_int_equal(errno, expected); \
    } while (0)

static void what_cannot_be_read_is_refused_by_both_verbs(void **state)
{
    (void)state;
    bitena *arena = bitena_new(CAPACITY);
    (void)bitena_alloc_str(arena, "takes a lease");
    struct numbers before = numbers_of(arena);
    int ends[2];
    assert_int_equal(pipe2(ends, O_NONBLOCK), 0);
    assert_int_equal(write(ends[1], "some bytes", 10), 10);
    ASSERT_NOT_READ(EAGAIN, bitena_text_read(arena, ends[0]));
    ASSERT_NOT_READ(EBADF, bitena_text_read(arena, -1));
    ASSERT_NOT_READ(EBADF, bitena_text_try_read(arena, ends[1]));
    ASSERT_NOT_READ(ENOENT, bitena_text_read_file(arena, "/nowhere/at/all"));
    ASSERT_NOT_READ(ENOENT, bitena_text_try_read_file(arena, ""));
    ASSERT_NOT_READ(EISDIR, bitena_text_read_file(arena, "/tmp"));
    ASSERT_NOT_READ(EISDIR, bitena_text_try_read_file(arena, "/"));
    assert_same_numbers(arena, before);
    (void)close(ends[0]);
    (void)close(ends[1]);
    bitena_drop(arena);
}

static void *write_for_ever(void *descriptor)
{
    static char bytes[4096];
    while (write(*(int *)descriptor, bytes, sizeof bytes) > 0) {
    }
    return NULL;
}

static void too_much_is_refused_and_given_back(void **state)
{
    (void)state;
    (void)signal(SIGPIPE, SIG_IGN);
    for (enum kind k = 0; k < KIND_COUNT; k++) {
        struct subject s = subject_open(k, 64 << 10, NULL);
        char *most = bitena_try_alloc(s.arena, bitena_remaining(s.arena) / 2, 1);
        assert_non_null(most);
        int ends[2];
        pthread_t thread;
        assert_int_equal(pipe(ends), 0);
        assert_int_equal(pthread_create(&thread, NULL, write_for_ever, &ends[1]), 0);
        size_t before = bitena_remaining(s.arena);
        ASSERT_NOT_READ(ENOMEM, bitena_text_try_read(s.arena, ends[0]));
        assert_true(bitena_remaining(s.arena) + 8192 >= before);
        (void)close(ends[0]);
        assert_int_equal(pthread_join(thread, NULL), 0);
        (void)close(ends[1]);
        int descriptor = file_of(1 << 20);
        ASSERT_NOT_READ(ENOMEM, bitena_text_try_read(s.arena, descriptor));
        assert_int_equal(close(descriptor), 0);
        subject_close(&s);
    }
}

static int descriptors_open(void)
{
    int next = dup(0);
    (void)close(next);
    return next;
}

static void too_much_fails_the_plain_verbs_with_the_file_closed(void **state)
{
    (void)state;
    struct caught caught;
    bitena *arena = open_caught(64 << 10, &caught);
    int before = descriptors_open();
    ASSERT_REPORTS(&caught, ENOMEM, (void)bitena_text_read_file(arena, "/dev/zero"));
    assert_in_range(caught.size, 32 << 10, bitena_capacity(arena)); /* what came, and more */
    assert_int_equal(descriptors_open(), before);
    int descriptor = file_of(1 << 20);
    ASSERT_REPORTS(&caught, ENOMEM, (void)bitena_text_read(arena, descriptor));
    assert_int_equal(caught.size, (1 << 20) + 1);
    assert_int_equal(close(descriptor), 0);
    bitena_drop(arena);
}

static void read_null(void *unused)
{
    (void)unused;
    (void)bitena_text_read(NULL, 0);
}
static void try_read_null(void *unused)
{
    (void)unused;
    (void)bitena_text_try_read(NULL, 0);
}
static void read_file_null(void *arena)
{
    (void)bitena_text_read_file((bitena *)arena, NULL);
}
static void try_read_file_null(void *unused)
{
    (void)unused;
    (void)bitena_text_try_read_file(NULL, "/");
}

static void null_is_named(void **state)
{
    (void)state;
    bitena *arena = bitena_new(CAPACITY);
    assert_aborts(read_null, arena, "bitena: bitena_text_read: parameter 'arena' is NULL\n");
    assert_aborts(try_read_null, arena,
                  "bitena: bitena_text_try_read: parameter 'arena' is NULL\n");
    assert_aborts(read_file_null, arena,
                  "bitena: bitena_text_read_file: parameter 'path' is NULL\n");
    assert_aborts(try_read_file_null, arena,
                  "bitena: bitena_text_try_read_file: parameter 'arena' is NULL\n");
    bitena_drop(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(null_is_named), /* it forks: before any thread */
        cmocka_unit_test(a_file_of_any_size_is_read),
        cmocka_unit_test(a_file_needs_its_size_and_one),
        cmocka_unit_test(a_named_file_is_read),
        cmocka_unit_test(a_file_of_proc_is_read),
        cmocka_unit_test(a_pipe_is_read_to_its_end),
        cmocka_unit_test(a_signal_does_not_end_a_read),
        cmocka_unit_test(a_signal_does_not_end_an_open),
        cmocka_unit_test(what_cannot_be_read_is_refused_by_both_verbs),
        cmocka_unit_test(too_much_is_refused_and_given_back),
        cmocka_unit_test(too_much_fails_the_plain_verbs_with_the_file_closed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
