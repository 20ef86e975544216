#!/usr/bin/env python3
"""Writes a JSON document for the benchmark's json workload: always the same one for a size.

    make_json.py MIB PATH

Orders of a shop: nested objects, arrays of numbers, short and long strings with escapes and text
beyond ASCII (written raw and as \\u by turns), booleans and nulls. The writer is the standard
library's; the numbers come from a generator with a fixed seed.

SPDX-License-Identifier: MIT
"""
import json
import random
import sys

SEED = 20250115
WORDS = """amber anchor basket bridge candle canyon copper cotton desert dragon engine fabric falcon
garden glacier hammer harbor island jacket jungle kettle ladder lantern magnet marble meadow mirror
needle orchard oyster paddle pepper pillow planet pocket quartz rabbit ribbon saddle shadow silver
spiral sunset temple timber tunnel valley velvet violin walnut window winter zephyr""".split()
PLACES = ["Zürich", "København", "São Paulo", "Łódź", "Αθήνα", "Москва", "東京", "서울", "Oslo",
          "Lyon", "Quito", "Reno", "🏔 Base 🚀", "القاهرة", "Brno", "Cork"]
ODD = ["a \"quoted\" word", "C:\\temp\\new", "one\ntwo\nthree", "tab\tbetween", "half/half",
       "bell\u0007 and \u001f", "5 € or 6 £", "🙂 \U0001f680", "naïve café"]


class Orders:
    def __init__(self, seed):
        self.random = random.Random(seed).random  # the one source whose values never change

    def below(self, limit):
        return int(self.random() * limit)

    def pick(self, things):
        return things[int(self.random() * len(things))]

    def words(self, least, most):
        text = " ".join(self.pick(WORDS) for _ in range(least + self.below(most - least + 1)))
        return text if self.random() < 0.85 else f"{text} {self.pick(ODD)}"

    def customer(self):
        name = f"{self.pick(WORDS).title()} {self.pick(WORDS).title()}"
        mail = f"{name.replace(' ', '.').lower()}@example.org"
        return {"name": name, "mail": mail if self.random() < 0.8 else None,
                "address": {"city": self.pick(PLACES), "street": self.words(1, 3),
                            "zip": f"{self.below(100000):05}",
                            "geo": [round(self.random() * 180 - 90, 6),
                                    round(self.random() * 360 - 180, 6)]}}

    def line(self):
        return {"sku": f"{self.pick(WORDS)[:3].upper()}-{self.below(10**6)}",
                "count": 1 + self.below(12), "price": round(self.random() * 500, 2),
                "gift": self.random() < 0.1, "tags": [self.pick(WORDS)
                                                      for _ in range(self.below(4))]}

    def weight(self):
        value = self.random() * 10 ** (self.below(13) - 6)
        return value if self.random() < 0.1 else float(f"{value:.9g}")

    def order(self, number):
        return {"id": number, "state": self.pick(["new", "paid", "sent", "lost"]),
                "express": self.random() < 0.3, "customer": self.customer(),
                "lines": [self.line() for _ in range(1 + self.below(5))],
                "history": [1600000000 + self.below(10**8) for _ in range(self.below(12))],
                "weights": [self.weight() for _ in range(self.below(8))],
                "note": self.words(10, 60) if self.random() < 0.25 else None,
                "extra": {} if self.random() < 0.5 else {self.pick(WORDS): [[], [number % 7]]}}


def write(path, size):
    orders = Orders(SEED)
    plain = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))
    escaped = json.JSONEncoder(ensure_ascii=True)
    with open(path, "w", encoding="utf-8", newline="\n") as out:
        written = out.write('{"shop": "benchmark",\n "orders": [\n')
        number = 0
        while written < size or number == 0:
            text = (escaped if number % 4 == 0 else plain).encode(orders.order(number))
            written += out.write(text if number == 0 else ",\n" + text)
            number += 1
        out.write(f'\n], "count": {number}}}\n')


def main():
    if len(sys.argv) != 3 or not sys.argv[1].isdigit():
        sys.exit("usage: make_json.py MIB PATH")
    write(sys.argv[2], int(sys.argv[1]) << 20)


if __name__ == "__main__":
    main()
