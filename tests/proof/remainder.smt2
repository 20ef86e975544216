; What is aligned is a multiple: the low bits are the remainder.
; SPDX-License-Identifier: MIT
(define-fun claim ((a word)) Bool
    (and (= (bvand x (low_bits a)) (bvurem x a)) (= (aligned x a) (= (bvurem x a) zero))))
