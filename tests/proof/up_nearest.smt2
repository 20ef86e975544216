; No multiple at or above x is nearer than the padding says.
; SPDX-License-Identifier: MIT
(define-fun claim ((a word)) Bool
    (=> (and (bvule x p) (aligned p a)) (bvule (up x a) (bvsub p x))))
