//! The loops of bench/workloads/fill.h and the inner work of bench/programs/trees.h, in Rust: the
//! same objects, links and writes, through raw pointers that leave this file, so that none of them
//! is elided.
//! SPDX-License-Identifier: MIT

use crate::{copied_text, die, take, Room};
use bumpalo::Bump;
use std::mem::size_of;
use std::os::raw::{c_char, c_uint};
use std::ptr;

const WORD: usize = 8;
const LINE: usize = 64;
const OBJECT_ALIGN: usize = 8;

#[repr(C)]
pub struct Word {
    s: *const u8,
    length: u32,
}

#[repr(C)]
pub struct Entry {
    before: *mut Entry,
    name: *const u8,
    length: u32,
    count: u32,
}

#[repr(C)]
pub struct Node {
    left: *mut Node,
    right: *mut Node,
}

#[inline(always)]
unsafe fn write_object(p: *mut u8, before: *mut u8, size: usize, value: u64) {
    (p as *mut *mut u8).write(before);
    if size >= 2 * WORD {
        (p as *mut u64).add(1).write(value);
    }
    let mut at = LINE;
    while at + WORD <= size {
        (p.add(at) as *mut u64).write(value);
        at += LINE;
    }
}

#[inline(never)]
unsafe fn fill_constant<const SIZE: usize>(bump: &Bump, count: usize) -> *mut u8 {
    let mut last = ptr::null_mut();
    for i in 0..count {
        let p = take(bump, SIZE, OBJECT_ALIGN);
        write_object(p, last, SIZE, i as u64);
        last = p;
    }
    last
}

#[no_mangle]
pub unsafe extern "C" fn fill_same(room: *mut Room, count: usize, size: usize) -> *mut u8 {
    let bump: &Bump = &(*room).bump;
    match size {
        8 => fill_constant::<8>(bump, count),
        16 => fill_constant::<16>(bump, count),
        32 => fill_constant::<32>(bump, count),
        64 => fill_constant::<64>(bump, count),
        128 => fill_constant::<128>(bump, count),
        256 => fill_constant::<256>(bump, count),
        512 => fill_constant::<512>(bump, count),
        1024 => fill_constant::<1024>(bump, count),
        2048 => fill_constant::<2048>(bump, count),
        4096 => fill_constant::<4096>(bump, count),
        _ => die(
            b"size=%zu: a power of two from 8 to 4096\0".as_ptr() as *const c_char,
            size,
        ),
    }
}

#[no_mangle]
pub unsafe extern "C" fn fill_sizes(room: *mut Room, sizes: *const u16, count: usize) -> *mut u8 {
    let bump: &Bump = &(*room).bump;
    let mut last = ptr::null_mut();
    for i in 0..count {
        let size = *sizes.add(i) as usize;
        let p = take(bump, size, OBJECT_ALIGN);
        write_object(p, last, size, i as u64);
        last = p;
    }
    last
}

#[no_mangle]
pub unsafe extern "C" fn fill_words(
    room: *mut Room,
    words: *const Word,
    count: usize,
) -> *mut Entry {
    let bump: &Bump = &(*room).bump;
    let mut last: *mut Entry = ptr::null_mut();
    for i in 0..count {
        let word = &*words.add(i);
        let entry = take(bump, size_of::<Entry>(), OBJECT_ALIGN) as *mut Entry;
        let name = copied_text(bump, word.s, word.length as usize);
        entry.write(Entry {
            before: last,
            name,
            length: word.length,
            count: i as u32,
        });
        last = entry;
    }
    last
}

unsafe fn build(bump: &Bump, depth: c_uint) -> *mut Node {
    let mut left = ptr::null_mut();
    let mut right = ptr::null_mut();
    if depth > 0 {
        left = build(bump, depth - 1);
        right = build(bump, depth - 1);
    }
    let node = take(bump, size_of::<Node>(), OBJECT_ALIGN) as *mut Node;
    node.write(Node { left, right });
    node
}

/// A full tree: 2^(depth+1) - 1 nodes.
#[no_mangle]
pub unsafe extern "C" fn trees_build(room: *mut Room, depth: c_uint) -> *mut Node {
    build(&(*room).bump, depth)
}
