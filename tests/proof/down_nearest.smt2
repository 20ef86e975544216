; No multiple at or below x lies above the cleared word.
; SPDX-License-Identifier: MIT
(define-fun claim ((a word)) Bool
    (=> (and (bvule p x) (aligned p a)) (bvule p (down x a))))
