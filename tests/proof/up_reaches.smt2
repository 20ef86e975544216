; The padding is less than the alignment, and where the sum does not wrap it leads to a multiple.
; SPDX-License-Identifier: MIT
(define-fun claim ((a word)) Bool
    (and (bvult (up x a) a)
         (=> (bvuge (bvadd x (up x a)) x) (aligned (bvadd x (up x a)) a))))
