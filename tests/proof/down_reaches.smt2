; Clearing the low bits leads down to a multiple, by less than the alignment.
; SPDX-License-Identifier: MIT
(define-fun claim ((a word)) Bool
    (and (bvule (down x a) x) (bvult (bvsub x (down x a)) a) (aligned (down x a) a)))
