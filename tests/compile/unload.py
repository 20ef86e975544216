#!/usr/bin/env python3
"""The shared library stays when it is closed while a thread that used it still lives.

The thread's end calls into the library, so an unloaded one would crash the process. Usage: unload.py
LIBRARY [--self-test]; the self-test is given a copy linked without -z nodelete and expects to find it
gone.

SPDX-License-Identifier: MIT
"""
import ctypes
import os
import sys
import threading


def is_mapped(name):
    with open("/proc/self/maps", encoding="utf-8") as maps:
        return name in maps.read()


def main():
    path = sys.argv[1]
    library = ctypes.CDLL(path)
    library.bitena_new.restype = ctypes.c_void_p
    library.bitena_new.argtypes = [ctypes.c_size_t]
    library.bitena_new_child.restype = ctypes.c_void_p
    library.bitena_new_child.argtypes = [ctypes.c_void_p]
    used, closed = threading.Event(), threading.Event()
    arena = library.bitena_new(1 << 20)

    def use():
        assert library.bitena_new_child(arena)
        used.set()
        closed.wait()

    thread = threading.Thread(target=use)
    thread.start()
    used.wait()
    close = ctypes.CDLL(None).dlclose
    close.argtypes = [ctypes.c_void_p]
    close(library._handle)
    stays = is_mapped("libbitena")
    if "--self-test" in sys.argv:
        print("unload: the unloadable copy is", "still there: the test sees nothing" if stays else "gone")
        sys.stdout.flush()
        os._exit(1 if stays else 0)  # its thread must not end any more
    closed.set()
    thread.join()
    print("unload:", "the library stays" if stays else "the library went away")
    return 0 if stays else 1


if __name__ == "__main__":
    sys.exit(main())
