"""The driver of the benchmark: rivals -> plan -> run -> goals, report, plots. tools/bench is its entry.

SPDX-License-Identifier: MIT
"""
