; n & (n - 1) is 0 for the 64 powers of two and no other word but 0: what the axioms' premise says is
; what the other claims are asked for. Here the word is x; a runs through the powers, and tools/proof
; asks for an x that is none of them.
; SPDX-License-Identifier: MIT
(define-fun claim ((a word)) Bool (and (distinct a zero) (= (bvand a (low_bits a)) zero)))
(define-fun looks_like_one () Bool (and (distinct x zero) (= (bvand x (low_bits x)) zero)))
