//! Pushes for bench/modules/vector.c: whole loops over bumpalo's own Vec, from empty, in a Bump that
//! keeps its chunk. The same elements and the same checksum as there.
//! SPDX-License-Identifier: MIT

use crate::Room;
use bumpalo::collections::Vec;
use std::mem::ManuallyDrop;

#[repr(C)]
struct Pair {
    first: u64,
    second: u64,
}

fn pair(i: usize) -> Pair {
    Pair {
        first: i as u64,
        second: !i as u64,
    }
}

#[no_mangle]
pub unsafe extern "C" fn bumpalo_push_numbers(room: *mut Room, count: usize) -> u64 {
    let mut v: ManuallyDrop<Vec<u32>> = ManuallyDrop::new(Vec::new_in(&(*room).bump));
    for i in 0..count {
        v.push(i as u32);
    }
    let check = v[count / 2] as u64 + v[count - 1] as u64;
    (*room).bump.reset();
    check
}

#[no_mangle]
pub unsafe extern "C" fn bumpalo_push_pairs(room: *mut Room, count: usize) -> u64 {
    let mut v: ManuallyDrop<Vec<Pair>> = ManuallyDrop::new(Vec::new_in(&(*room).bump));
    for i in 0..count {
        v.push(pair(i));
    }
    let check = v[count / 2].first.wrapping_add(v[count - 1].second);
    (*room).bump.reset();
    check
}

/// Two by turns: only one can be the newest of the Bump.
#[no_mangle]
pub unsafe extern "C" fn bumpalo_push_turns(room: *mut Room, count: usize) -> u64 {
    let mut v: ManuallyDrop<Vec<Pair>> = ManuallyDrop::new(Vec::new_in(&(*room).bump));
    let mut w: ManuallyDrop<Vec<Pair>> = ManuallyDrop::new(Vec::new_in(&(*room).bump));
    for i in 0..count / 2 {
        v.push(pair(i));
        w.push(pair(i));
    }
    let check = v[count / 4].first.wrapping_add(w[count / 2 - 1].second);
    (*room).bump.reset();
    check
}
