/* No system call: a child's life, scopes, objects, text and refills run where the kernel lets
 * nothing through but the end of the process, so one call too many kills the forked child that
 * makes it. Linux only, like the filter it uses. Skipped under Valgrind and where filters are not
 * allowed.
 * SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/misuse.h"
#include "support/random.h"
#include "support/trial.h"

enum { KIB = 1024, MIB = 1024 * 1024, NOT_ALLOWED = 50, REFUSED = 51 };

/* From here on only exit_group is let through. */
static bool forbid_system_calls(void)
{
    struct sock_filter rules[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_exit_group, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
    };
    const struct sock_fprog program = {.len = 4, .filter = rules};
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

typedef bool work(void *argument);

/* The status of a forked child that did this work without a system call, or tried to. */
static int status_without_system_calls(work *fn, void *argument)
{
    if (&__msan_init) {
        skip(); /* its runtime makes calls of its own */
    }
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        if (!forbid_system_calls()) {
            _exit(NOT_ALLOWED);
        }
        bool served = fn(argument);
        (void)syscall(SYS_exit_group, served ? 0 : REFUSED);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    if (WIFEXITED(status) && WEXITSTATUS(status) == NOT_ALLOWED) {
        skip();
    }
    return status;
}

static bool call_getpid(void *argument)
{
    (void)argument;
    return syscall(SYS_getpid) > 0;
}

static void the_trap_catches_a_system_call(void **state)
{
    (void)state;
    int status = status_without_system_calls(call_getpid, NULL);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGSYS);
}

/* Create, ten objects, drop. */
static bool make_children(void *argument)
{
    bitena *parent = (bitena *)argument;
    bool served = true;
    for (size_t i = 0; i < 100000 && served; i++) {
        bitena *child = bitena_new_child(parent);
        served = child != NULL;
        for (size_t k = 0; k < 10 && served; k++) {
            char *p = bitena_try_alloc(child, 16 + k, 8);
            served = p && memset(p, 1, 16 + k);
        }
        bitena_drop(child);
    }
    return served;
}

static bool make_large_children(void *argument)
{
    bitena *parent = (bitena *)argument;
    bool served = true;
    for (size_t i = 0; i < 2000 && served; i++) {
        bitena *child = bitena_new_child(parent);
        bitena *inner = child ? bitena_new_child(child) : NULL;
        served = inner && bitena_try_alloc(child, 20000, 8);
        for (size_t k = 0; k < 200 && served; k++) {
            served = bitena_try_alloc(inner, 100 + k, 8) && bitena_try_alloc_str(child, "text");
        }
        bitena_drop(inner);
        served = served && bitena_absorb(parent, bitena_new_child(parent)) == 0;
        bitena_drop(child);
        served = served && bitena_reset(parent) == 0;
    }
    return served;
}

static bool fill_in_scopes(void *argument)
{
    bitena *arena = (bitena *)argument;
    for (size_t i = 0; i < 20; i++) {
        BITENA_SCOPE (arena) {
            while (bitena_try_alloc(arena, 500 + i, 8) && bitena_try_alloc_str(arena, "text")) {
            }
        }
    }
    return bitena_try_alloc(arena, 2 * MIB, 8) == NULL && errno == ENOMEM;
}

static bool live_in_a_buffer(void *argument)
{
    bitena *arena = bitena_init(argument, 128 * KIB, NULL);
    bool served = arena && make_children(arena) && bitena_reset(arena) == 0;
    bitena_drop(arena);
    return served;
}

static void assert_makes_no_system_call(work *fn, int mode)
{
    bitena *arena = bitena_open(&(bitena_options){.capacity = MIB, .mode = mode});
    assert_int_equal(status_without_system_calls(fn, arena), 0);
    bitena_drop(arena);
}

static void a_childs_life_makes_no_system_call(void **state)
{
    (void)state;
    for (int mode = BITENA_SHARED; mode <= BITENA_LOCAL; mode++) {
        assert_makes_no_system_call(make_children, mode);
    }
}

static void large_children_make_no_system_call(void **state)
{
    (void)state;
    for (int mode = BITENA_SHARED; mode <= BITENA_LOCAL; mode++) {
        assert_makes_no_system_call(make_large_children, mode);
    }
}

static void scopes_refills_and_refusals_make_no_system_call(void **state)
{
    (void)state;
    for (int mode = BITENA_SHARED; mode <= BITENA_LOCAL; mode++) {
        assert_makes_no_system_call(fill_in_scopes, mode);
    }
}

static void an_arena_in_a_buffer_makes_no_system_call(void **state)
{
    (void)state;
    static _Alignas(64) char buffer[128 * KIB];
    bitena_drop(bitena_new(KIB * 64)); /* the thread has its id */
    assert_int_equal(status_without_system_calls(live_in_a_buffer, buffer), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_trap_catches_a_system_call),
        cmocka_unit_test(a_childs_life_makes_no_system_call),
        cmocka_unit_test(large_children_make_no_system_call),
        cmocka_unit_test(scopes_refills_and_refusals_make_no_system_call),
        cmocka_unit_test(an_arena_in_a_buffer_makes_no_system_call),
    };
    if (getenv("BITENA_UNDER_VALGRIND")) {
        return 77; /* Valgrind makes system calls of its own */
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
