//! What grows, by bumpalo's own Vec: it makes its block longer in place, moving the bytes, if the
//! block is the newest of its Bump, and copies it to a new one otherwise.
//! SPDX-License-Identifier: MIT

use crate::{take, Room};
use bumpalo::collections::Vec;
use std::mem::{size_of, ManuallyDrop};
use std::ptr;

const WORD: usize = size_of::<u64>();

/// `struct growing` of bumpalo.c.
#[repr(C)]
pub struct Growing {
    bytes: ManuallyDrop<Vec<'static, u8>>,
}
const _: () = assert!(size_of::<Growing>() == 4 * WORD);

#[no_mangle]
pub unsafe extern "C" fn grow_begin(room: *mut Room, growing: *mut Growing) {
    let bytes = ManuallyDrop::new(Vec::new_in(&(*room).bump));
    growing.write(Growing { bytes });
}

/// reserve and one copy: extend_from_slice of this version goes byte by byte.
#[no_mangle]
pub unsafe extern "C" fn grow_append(
    _room: *mut Room,
    growing: *mut Growing,
    bytes: *const u8,
    length: usize,
) {
    let vec = &mut (*growing).bytes;
    let before = vec.len();
    vec.reserve(length);
    ptr::copy_nonoverlapping(bytes, vec.as_mut_ptr().add(before), length);
    vec.set_len(before + length);
}

#[no_mangle]
pub unsafe extern "C" fn grow_finish(
    _room: *mut Room,
    growing: *mut Growing,
    length: *mut usize,
) -> *mut u8 {
    let vec = &mut (*growing).bytes;
    *length = vec.len();
    vec.as_mut_ptr()
}

/// A Vec of words keeps the alignment of 8 while it grows. A block whose size is not whole words
/// cannot be one's: it is copied.
#[no_mangle]
pub unsafe extern "C" fn room_resize(
    room: *mut Room,
    p: *mut u8,
    old_size: usize,
    new_size: usize,
) -> *mut u8 {
    let bump = &(*room).bump;
    if p.is_null() {
        return take(bump, new_size, WORD);
    }
    if new_size <= old_size {
        return p;
    }
    if old_size % WORD != 0 {
        let copy = take(bump, new_size, WORD);
        ptr::copy_nonoverlapping(p, copy, old_size);
        return copy;
    }
    let words = old_size / WORD;
    let vec = Vec::from_raw_parts_in(p as *mut u64, words, words, bump);
    let mut vec = ManuallyDrop::new(vec);
    vec.reserve_exact((new_size + WORD - 1) / WORD - words);
    vec.as_mut_ptr() as *mut u8
}
