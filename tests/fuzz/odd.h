/* Operations of the lifetimes target with odd numbers, which the model does not draw: any size and
 * alignment, counts whose product wraps, options out of range.
 * SPDX-License-Identifier: MIT */
#ifndef TESTS_FUZZ_ODD_H
#define TESTS_FUZZ_ODD_H

void odd_request(int arena);
void odd_slice(int arena);
void odd_making(int arena); /* of another arena, which goes at once; `arena` is left alone */

#endif
