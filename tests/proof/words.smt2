; The words that every claim beside this file speaks of; tools/proof puts it before each, asks z3 for a
; counterexample to `claim` for each of the 64 powers of two in the place of a, and wants none. All
; words have 64 bits, sums and negations wrap. Holds no claim itself.
; SPDX-License-Identifier: MIT
(set-logic QF_BV)
(define-sort word () (_ BitVec 64))
(define-fun zero () word (_ bv0 64))
(define-fun one () word (_ bv1 64))
(declare-const x word)
(declare-const y word)
(declare-const p word)
(define-fun low_bits ((a word)) word (bvsub a one))
(define-fun aligned ((n word) (a word)) Bool (= (bvand n (low_bits a)) zero))
(define-fun up ((n word) (a word)) word (bvand (bvneg n) (low_bits a)))
(define-fun down ((n word) (a word)) word (bvand n (bvnot (low_bits a))))
