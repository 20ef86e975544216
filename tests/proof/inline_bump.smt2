; The public header's inline path, as a formula written after it (not read from it): with a floor y of at
; least 65536, a ceiling x, a size p - 1 below 32768 and a - 1 below 4096, one compare tells exactly whether
; there is room, and nothing wraps.
; SPDX-License-Identifier: MIT
(define-fun at ((a word)) word (bvand (bvsub x p) (bvnot (low_bits a))))
(define-fun room_wide ((a word)) Bool ; the same on integers, as 128 bits that cannot wrap
    (let ((size ((_ zero_extend 64) p)) (floor ((_ zero_extend 64) y)) (ceiling ((_ zero_extend 64) x))
          (mask ((_ zero_extend 64) (low_bits a))))
        (bvsge (bvand (bvsub ceiling size) (bvnot mask)) floor)))
(define-fun claim ((a word)) Bool
    (=> (and (bvuge y (_ bv65536 64)) (bvule y x) (bvult (bvsub p one) (_ bv32768 64))
             (bvult (low_bits a) (_ bv4096 64)))
        (and (bvule p x) (= (bvuge (at a) y) (room_wide a)))))
