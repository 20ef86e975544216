"""Source mutants: where the core's C can be changed, found in clang's syntax tree (-ast-dump=json), so that a change
is always one of a whole expression or statement. Only bodies of functions are changed; names of constants, tables,
macros' bodies and memory orders are not.

The operators are a sufficient set, not every one thinkable: relational and logical replacements are those that
subsume the others (G. Kaminski, P. Ammann, J. Offutt, Improving logic-based testing, 2013; R. Just, G. Kapfhammer,
F. Schweiggert, Do redundant mutants affect the effectiveness ..., 2012), arithmetic ones are one swap and one
operand (A. J. Offutt et al., An experimental determination of sufficient mutant operators, 1996), and statements are
deleted (L. Deng, J. Offutt, N. Li, Empirical evaluation of the statement deletion mutation operator, 2013).

SPDX-License-Identifier: MIT
"""
import json
import re
import subprocess
from dataclasses import dataclass, field

# What each operator becomes; "0" and "1" stand for the whole expression, "L" and "R" for one side alone.
BINARY = {
    "<": ("<=", "!=", "0"), "<=": ("<", "==", "1"), ">": (">=", "!=", "0"), ">=": (">", "==", "1"),
    "==": ("<=", ">=", "0"), "!=": ("<", ">", "1"), "&&": ("||", "L", "R"), "||": ("&&", "L", "R"),
    "+": ("-", "L"), "-": ("+", "L"), "*": ("/", "L"), "/": ("*", "L"), "%": ("/", "L"),
    "&": ("|", "L"), "|": ("&", "L"), "^": ("&", "L"), "<<": (">>", "L"), ">>": ("<<", "L"),
}
ASSIGNING = {"+=": "-=", "-=": "+=", "*=": "/=", "/=": "*=", "|=": "&=", "&=": "|=", "<<=": ">>=", ">>=": "<<="}
CALLS = {"smaller": "larger", "larger": "smaller", "place_up": "place_down", "place_down": "place_up"}
GROUP = {**dict.fromkeys(("<", "<=", ">", ">=", "==", "!="), "relation"), "&&": "logic", "||": "logic"}
CONDITION_AT = {"IfStmt": 0, "WhileStmt": 0, "DoStmt": 1, "ForStmt": 2, "ConditionalOperator": 0}
BODIES = {"IfStmt": (1, 2), "WhileStmt": (1,), "DoStmt": (0,), "ForStmt": (4,)}
LABEL_LENGTH = 60


@dataclass
class Mutant:
    file: str
    function: str
    operator: str
    line: int           # only to find its coverage; no part of its name
    context: str        # the line's text
    change: str
    edit: tuple         # (start, end, text) of the source; (line index, text) of the assembly
    kind: str = "source"
    ordinal: int = field(default=1)

    @property
    def name(self):
        return f"{self.file} {self.function} {self.operator}#{self.ordinal} [{self.change}] {self.context}"


def number(mutants):
    """Ordinals tell apart only what nothing else tells apart, so that an edit renames few mutants."""
    seen = {}
    for mutant in mutants:
        mutant.ordinal = 1
        seen[mutant.name] = seen.get(mutant.name, 0) + 1
        mutant.ordinal = seen[mutant.name]
    return mutants


def short(text):
    text = " ".join(text.split())
    return text if len(text) <= LABEL_LENGTH else text[:LABEL_LENGTH - 3] + "..."


def tree_of(root, file, flags):
    """clang omits a location's file where it is that of the location before, in the order of the text."""
    done = subprocess.run(["clang", *flags, "-w", "-x", "c", "-fsyntax-only", "-Xclang", "-ast-dump=json", file],
                          cwd=root, capture_output=True, text=True, check=True)
    latest = ""

    def located(pairs):
        nonlocal latest
        found = dict(pairs)
        if "offset" in found:
            latest = found.setdefault("file", latest)
        return found
    return json.loads(done.stdout, object_pairs_hook=located)


class Finder:
    def __init__(self, root, file, flags):
        self.file = file
        self.text = (root / file).read_bytes().decode("latin-1")  # clang counts bytes
        self.tree = tree_of(root, file, flags)
        self.found = {}
        self.function = None

    def spot(self, location):
        """(start, end, inside a macro) of a token in this file, or None."""
        if "expansionLoc" in location:
            expansion, spelling = location["expansionLoc"], location["spellingLoc"]
            if not (expansion.get("isMacroArgExpansion") and spelling.get("file") == self.file):
                if expansion.get("file") != self.file:
                    return None
                start = expansion["offset"]
                return start, self.after_call(start + expansion["tokLen"]), True
            location = spelling
        if location.get("file") != self.file:
            return None
        return location["offset"], location["offset"] + location["tokLen"], False

    def after_call(self, at):
        """The end of a macro's arguments, if it has any."""
        if self.text[at:at + 1] != "(":
            return at
        depth = 0
        for at in range(at, len(self.text)):
            depth += {"(": 1, ")": -1}.get(self.text[at], 0)
            if depth == 0:
                break
        return at + 1

    def span(self, node):
        """(start, end, whether it is the expansion of one macro), or None."""
        begin, end = (self.spot(node.get("range", {}).get(side, {})) for side in ("begin", "end"))
        if not begin or not end or begin[0] >= end[1]:
            return None
        return begin[0], end[1], begin[2] and end[2] and begin[0] == end[0]

    def add(self, operator, start, end, text, label=None):
        old = self.text[start:end]
        if " ".join(old.split()) == text or (start, end, text) in self.found:
            return
        line = self.text.count("\n", 0, start)
        context = " ".join(re.sub(r"/\*.*?(\*/|$)", "", self.text.split("\n")[line]).split())
        change = f"{short(old)} -> {label or short(text) or 'nothing'}"
        text += "\n" * (old.count("\n") - text.count("\n"))  # lines keep their numbers
        self.found[start, end, text] = Mutant(self.file, self.function, operator, line + 1, context, change,
                                              (start, end, text))

    def functions(self):
        for node in self.tree["inner"]:
            body = [child for child in node.get("inner", ()) if child.get("kind") == "CompoundStmt"]
            if node.get("kind") == "FunctionDecl" and body:
                yield node, body[0]

    def mutants(self):
        for node, body in self.functions():
            if self.span(body):
                self.function = node["name"]
                self.visit(body, node["type"]["qualType"])
        return number([self.found[key] for key in sorted(self.found)])

    def visit(self, node, result):
        span = self.span(node)
        kind = node.get("kind")
        inner = [child for child in node.get("inner", ()) if child]
        every = node.get("inner", [])
        if span and not span[2]:
            self.expression(node, kind, span, inner)
            if kind in CONDITION_AT:
                self.condition(every[CONDITION_AT[kind]])
            for at in BODIES.get(kind, ()):
                if at < len(every) and every[at]:
                    self.statement(every[at])
            if kind == "CompoundStmt":
                for child in inner:
                    self.statement(child)
            if kind == "ReturnStmt" and inner:
                self.returned(inner[0], result.split("(")[0])
        elif span and self.text[span[0]:span[1]] in ("true", "false"):
            self.add("constant", *span[:2], "false" if self.text[span[0]:span[1]] == "true" else "true")
        if kind == "CallExpr" and span and self.text.startswith("__builtin_expect", span[0]):
            inner = inner[:2]  # the guess is of no meaning
        for child in inner:
            self.visit(child, result)

    def expression(self, node, kind, span, inner):
        start, end = span[:2]
        code = node.get("opcode")
        if kind == "BinaryOperator" and code in BINARY:
            self.binary(node, code, span, inner)
        elif kind == "CompoundAssignOperator" and code in ASSIGNING:
            self.between(inner, code, "arithmetic", ASSIGNING[code])
        elif kind == "UnaryOperator" and code in ("++", "--"):
            other = {"++": "--", "--": "++"}[code]
            self.add("arithmetic", start, end, self.text[start:end].replace(code, other))
        elif kind == "UnaryOperator" and code in ("!", "-", "~"):
            operand = self.span(inner[0])
            if operand:
                self.add("unary", start, end, self.text[operand[0]:operand[1]])
        elif kind == "IntegerLiteral":
            value = int(node["value"])
            suffix = re.search(r"[uUlL]*$", self.text[start:end]).group(0)
            for other in {value + 1, max(value - 1, 0), 0} - {value}:
                self.add("constant", start, end, f"{other}{suffix}")
        elif kind == "CallExpr":
            callee = re.match(r"\w+", self.text[start:end])
            if callee and callee.group(0) in CALLS:
                self.add("call", start, start + callee.end(), CALLS[callee.group(0)])

    def binary(self, node, code, span, inner):
        left, right = self.span(inner[0]), self.span(inner[1])
        if not left or not right:
            return
        group = GROUP.get(code, "arithmetic")
        choices = BINARY[code]
        if group == "relation" and inner[0].get("type", {}).get("qualType", "").endswith("*"):
            choices = ({"==": "!=", "!=": "=="}.get(code, choices[0]),)
        for choice in choices:
            if choice in "01":
                self.add(group, *span[:2], choice)
            elif choice in "LR":
                part = left if choice == "L" else right
                self.add(group, *span[:2], self.text[part[0]:part[1]])
            else:
                self.between(inner, code, group, choice)

    def between(self, inner, code, group, other):
        left, right = self.span(inner[0]), self.span(inner[1])
        if left and right:
            gap = re.sub(r"/\*.*?\*/", lambda m: " " * len(m.group(0)), self.text[left[1]:right[0]], flags=re.S)
            at = left[1] + gap.find(code)
            if code in gap:
                self.add(group, at, at + len(code), other)

    def condition(self, node):
        span = self.span(node) if node else None
        if span:
            old = self.text[span[0]:span[1]]
            for value in "10":  # what it does besides is still done
                self.add("condition", *span[:2], f"(({old}), {value})", f"always {'true' if value == '1' else 'false'}")

    def statement(self, node):
        span = self.span(node)
        kind = node.get("kind", "")
        if not span:
            return
        swap = {"BreakStmt": "continue", "ContinueStmt": "break"}.get(kind)
        if swap:
            self.add("jump", *span[:2], swap)
        is_plain = kind.endswith(("Expr", "Operator")) or swap or span[2]
        if is_plain or (kind == "ReturnStmt" and not node.get("inner")):
            self.add("deletion", *span[:2], "(void)0", "nothing")

    def returned(self, node, result):
        span = self.span(node)
        old = self.text[span[0]:span[1]] if span else "0"
        result = result.strip()
        if old in ("true", "false", "NULL", "0", "1"):
            return  # a constant, changed as one, or nothing else to give
        if result in ("bool", "_Bool"):
            choices = (f"!({old})",)
        elif result.endswith("*"):
            choices = ("(void *)0",)
        elif result.startswith(("struct", "bitena_mark", "bitena_scope")):
            choices = ()
        else:
            choices = ("0", f"({old}) + 1")
        for choice in choices:
            self.add("return", *span[:2], choice)

    def reached(self):
        """Names of the functions that this file's own functions call, directly or through inline ones."""
        calls, own = {}, []
        for node, body in self.functions():
            calls[node["name"]] = set(names_in(body))
            if self.span(body):
                own.append(node["name"])
        seen = set()
        while own:
            name = own.pop()
            if name not in seen:
                seen.add(name)
                own.extend(calls.get(name, ()))
        return seen


def names_in(node):
    declared = node.get("referencedDecl", {})
    if declared.get("kind") == "FunctionDecl":
        yield declared["name"]
    for child in node.get("inner", ()):
        yield from names_in(child)
