//! bumpalo as a rival: what bench/rivals/bumpalo.c declares, and the loops that are timed, in
//! Rust, so that the compiler inlines bumpalo into them as it does in a Rust program. They make
//! the same objects and the same writes as fill.h and trees.h. See fills.rs and growing.rs.
//!
//! Kindest settings: a first chunk for the whole room, which Bump::reset keeps, and for chunks of
//! that size the same pages from the system that the other rivals get.
//! SPDX-License-Identifier: MIT

mod fills;
mod growing;
mod pushes;

use bumpalo::Bump;
use std::alloc::{GlobalAlloc, Layout, System};
use std::mem::{size_of, ManuallyDrop};
use std::os::raw::c_char;
use std::ptr;

/// `struct room` of bumpalo.c. The Bump stands in it, with no box between.
#[repr(C, align(64))]
pub struct Room {
    bump: ManuallyDrop<Bump>,
}
const _: () = assert!(size_of::<Room>() == 64);

extern "C" {
    fn die(format: *const c_char, ...) -> !;
    fn bumpalo_pages_take(bytes: usize) -> *mut u8;
    fn bumpalo_pages_give(start: *mut u8, bytes: usize);
}

#[cold]
#[inline(never)]
fn refused() -> ! {
    unsafe { die(b"bumpalo refused\0".as_ptr() as *const c_char) }
}

/// The rooms of crew.h are larger than this, the chunks of short-lived arenas smaller.
const PAGES_FROM: usize = 1 << 20;

struct Pages;

unsafe impl GlobalAlloc for Pages {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if layout.size() >= PAGES_FROM {
            bumpalo_pages_take(layout.size())
        } else {
            System.alloc(layout)
        }
    }

    unsafe fn dealloc(&self, p: *mut u8, layout: Layout) {
        if layout.size() >= PAGES_FROM {
            bumpalo_pages_give(p, layout.size())
        } else {
            System.dealloc(p, layout)
        }
    }
}

#[global_allocator]
static PAGES: Pages = Pages;

/// What bumpalo itself gives out, or the end of the process.
#[inline(always)]
pub(crate) unsafe fn take(bump: &Bump, size: usize, align: usize) -> *mut u8 {
    match bump.try_alloc_layout(Layout::from_size_align_unchecked(size, align)) {
        Ok(p) => p.as_ptr(),
        Err(_) => refused(),
    }
}

/// A zero terminated copy. alloc_str has no zero at its end, so this is what stands behind it.
#[inline(always)]
pub(crate) unsafe fn copied_text(bump: &Bump, s: *const u8, length: usize) -> *mut u8 {
    let copy = take(bump, length + 1, 1);
    ptr::copy_nonoverlapping(s, copy, length);
    copy.add(length).write(0);
    copy
}

#[no_mangle]
pub unsafe extern "C" fn room_open(room: *mut Room, bytes: usize) {
    let bump = Bump::try_with_capacity(bytes).unwrap_or_else(|_| refused());
    room.write(Room {
        bump: ManuallyDrop::new(bump),
    });
}

#[no_mangle]
pub unsafe extern "C" fn room_close(room: *mut Room) {
    ManuallyDrop::drop(&mut (*room).bump);
}

#[no_mangle]
pub unsafe extern "C" fn room_reset(room: *mut Room) {
    (*room).bump.reset();
}

/// What has been handed out of each chunk; allocated_bytes would be the chunks themselves.
#[no_mangle]
pub unsafe extern "C" fn room_used(room: *const Room) -> usize {
    (*room)
        .bump
        .iter_allocated_chunks_raw()
        .map(|(_, length)| length)
        .sum()
}

#[no_mangle]
pub unsafe extern "C" fn room_alloc(room: *mut Room, size: usize, align: usize) -> *mut u8 {
    take(&(*room).bump, size, align)
}

#[no_mangle]
pub unsafe extern "C" fn room_text(room: *mut Room, s: *const u8, length: usize) -> *mut u8 {
    copied_text(&(*room).bump, s, length)
}

/// An arena for one request of a server: beside the thread's own one, not in it.
#[no_mangle]
pub unsafe extern "C" fn child_open(child: *mut Room, _parent: *mut Room) {
    child.write(Room {
        bump: ManuallyDrop::new(Bump::new()),
    });
}

#[no_mangle]
pub unsafe extern "C" fn child_close(child: *mut Room) {
    room_close(child);
}
