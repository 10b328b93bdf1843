"""What the update operators must do, written from the rulings and MongoDB's manual, not from the C++.

Values are what json gives with every number as a Decimal. Errors are the names of core's codes."""
import json
import re
from decimal import Context, Decimal, Inexact, MAX_EMAX, MAX_PREC, MIN_EMIN

WIDE = Context(prec=20000, Emax=MAX_EMAX, Emin=MIN_EMIN)
ORDER = ["$rename", "$unset", "$set", "$literal", "$setOnce", "$mul", "$inc", "$min", "$max", "$pop", "$pull", "$addToSet", "$push"]
OURS = {"$rename", "$literal", "$pop"}  # no SDK sends them
GROUPS = ("custom", "campaign")
STANDARD = {"name", "username", "email", "organization", "phone", "picture", "gender", "byear"}
ABSENT = object()


class Fault(Exception):
    """`codes`: every code that may be reported; which of several faults comes first is not ruled."""

    def __init__(self, *codes):
        self.codes = set(codes)


def parse(text):
    return json.loads(text, parse_int=Decimal, parse_float=Decimal)


def number(value):
    """The number as it is kept; a Fault where it cannot be."""
    if value == 0:
        return Decimal(0)
    value = value.normalize(WIDE)
    digits = len(value.as_tuple().digits)
    if digits > 34 or not -6143 <= value.adjusted() <= 6144:
        raise Fault("out_of_range")
    return value


def kind(value):
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, Decimal):
        return "number"
    return {str: "text", list: "array", dict: "object"}[type(value)]


def same(left, right):
    if kind(left) != kind(right):
        return False
    if isinstance(left, list):
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, dict):
        return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
    return left == right


def key_order(key):
    encoded = key.encode()
    return len(encoded), encoded


def number_text(value):
    value = number(value)
    if value == value.to_integral_value() and -2**63 <= value < 2**63:
        return str(int(value))
    sign, digits, exponent = value.as_tuple()
    digits = "".join(map(str, digits))
    minus = "-" if sign else ""
    point = len(digits) + exponent
    if exponent >= 0 and point <= 40:
        return minus + digits + "0" * exponent
    if exponent < 0 < point:
        return minus + digits[:point] + "." + digits[point:]
    if -40 <= exponent < 0:
        return minus + "0." + "0" * -point + digits
    fraction = "." + digits[1:] if len(digits) > 1 else ""
    return f"{minus}{digits[0]}{fraction}e{point - 1:+d}"


def text(value):
    """Canonical JSON: members by length and bytes of their keys, jsonb's spacing."""
    if isinstance(value, dict):
        members = sorted(value.items(), key=lambda member: key_order(member[0]))
        return "{" + ", ".join(f"{text(key)}: {text(member)}" for key, member in members) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(text, value)) + "]"
    if isinstance(value, Decimal):
        return number_text(value)
    return json.dumps(value, ensure_ascii=False)


# ---- operators: each gives the value after, or raises a Fault

def check_numbers(value):
    if isinstance(value, Decimal):
        number(value)
    for child in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        check_numbers(child)


def op_unset(before, operand):
    return ABSENT


def op_set(before, operand):
    return ABSENT if operand is None or operand == "" else operand


def op_literal(before, operand):
    return ABSENT if operand is None else operand


def op_set_once(before, operand):
    return op_set(before, operand) if before is ABSENT else before


def arithmetic(combine, missing):
    def apply(before, operand):
        codes = set()
        if kind(operand) != "number":
            codes.add("null_value" if operand is None else "wrong_type")
        if before is not ABSENT and kind(before) != "number":
            codes.add("wrong_type")
        if codes:
            raise Fault(*codes)
        return missing(operand) if before is ABSENT else number(combine(before, operand))
    return apply


def extreme(wins):
    def apply(before, operand):
        codes = set()
        if kind(operand) not in ("number", "text") or operand == "":
            codes.add("null_value" if operand is None else "wrong_type")
        if before is not ABSENT and kind(before) != kind(operand):
            codes.add("wrong_type")
        if codes:
            raise Fault(*codes)
        if before is ABSENT:
            return operand
        in_order = (lambda value: value.encode()) if kind(operand) == "text" else (lambda value: value)
        return operand if wins(in_order(operand), in_order(before)) else before
    return apply


def is_instruction(operand):
    return isinstance(operand, dict) and any(key.startswith("$") for key in operand)


def whole(value):
    if kind(value) != "number" or value != value.to_integral_value() or not -2**63 <= value < 2**63:
        raise Fault("wrong_type")
    return int(value)


def elements_of(operand, modifiers):
    """(elements, modifiers) of $push and $addToSet."""
    found = {}
    if is_instruction(operand):
        codes = set()
        if "$each" not in operand:
            raise Fault("invalid_value")
        for key, value in operand.items():
            if key == "$each" and kind(value) != "array":
                codes.add("wrong_type")
            elif key in modifiers:
                try:
                    found[key] = whole(value)
                except Fault as fault:
                    codes |= fault.codes
            elif key != "$each":
                codes.add("invalid_value")
        if codes:
            raise Fault(*codes)
        elements = operand["$each"]
    else:
        elements = operand if isinstance(operand, list) else [operand]
    if None in elements:
        raise Fault("null_value")
    return elements, found


def on_array(change):
    def apply(before, operand):
        codes = set()
        if before is not ABSENT and kind(before) != "array":
            codes.add("wrong_type")
        result = before
        try:
            if operand is None:
                raise Fault("null_value")
            result = change([] if codes or before is ABSENT else before, operand)
        except Fault as fault:
            codes |= fault.codes
        if codes:
            raise Fault(*codes)
        return result if result is not None else before
    return apply


@on_array
def op_pop(before, operand):
    if kind(operand) != "number":
        raise Fault("wrong_type")
    if operand not in (1, -1):
        raise Fault("invalid_value")
    kept = before[:-1] if operand == 1 else before[1:]
    return kept if before else None


@on_array
def op_push(before, operand):
    elements, modifiers = elements_of(operand, ("$slice", "$position"))
    # Python's slices count from the end and stop at the ends as MongoDB's do.
    position = modifiers.get("$position", len(before))
    result = before[:position] + elements + before[position:] if elements else before
    if "$slice" in modifiers:
        count = modifiers["$slice"]
        result = result[:count] if count >= 0 else result[count:]
    return result if elements or before else None


@on_array
def op_add_to_set(before, operand):
    elements, _ = elements_of(operand, ())
    result = list(before)
    for element in elements:
        if not any(same(element, other) for other in result):
            result.append(element)
    return result if elements else None


CONDITIONS = {
    "$in": lambda element, operand: any(same(element, value) for value in operand),
    "$nin": lambda element, operand: not any(same(element, value) for value in operand),
    "$eq": same,
    "$ne": lambda element, operand: not same(element, operand),
    "$gt": lambda element, operand: ordered(element, operand, lambda left, right: left > right),
    "$gte": lambda element, operand: ordered(element, operand, lambda left, right: left >= right),
    "$lt": lambda element, operand: ordered(element, operand, lambda left, right: left < right),
    "$lte": lambda element, operand: ordered(element, operand, lambda left, right: left <= right),
}


def ordered(element, operand, test):
    if kind(element) != kind(operand):
        return False
    if isinstance(element, str):
        return test(element.encode(), operand.encode())
    return test(element, operand)


def check_conditions(operand):
    codes = set()
    for key, value in operand.items():
        if key not in CONDITIONS:
            codes.add("invalid_value")
        elif key in ("$in", "$nin"):
            if kind(value) != "array":
                codes.add("wrong_type")
            elif None in value:
                codes.add("null_value")
        elif value is None:
            codes.add("null_value")
        elif key in ("$gt", "$gte", "$lt", "$lte") and kind(value) not in ("number", "text"):
            codes.add("wrong_type")
    if codes:
        raise Fault(*codes)


@on_array
def op_pull(before, operand):
    if is_instruction(operand):
        check_conditions(operand)
        gone = lambda element: all(CONDITIONS[key](element, value) for key, value in operand.items())
    else:
        values = operand if isinstance(operand, list) else [operand]
        if None in values:
            raise Fault("null_value")
        gone = lambda element: any(same(element, value) for value in values)
    kept = [element for element in before if not gone(element)]
    return kept if before else None


OPERATORS = {
    "$unset": op_unset, "$set": op_set, "$literal": op_literal, "$setOnce": op_set_once, "$rename": None,
    "$mul": arithmetic(lambda left, right: WIDE.multiply(left, right), lambda operand: Decimal(0)),
    "$inc": arithmetic(lambda left, right: WIDE.add(left, right), lambda operand: operand),
    "$min": extreme(lambda operand, before: operand < before),
    "$max": extreme(lambda operand, before: operand > before),
    "$pop": op_pop, "$pull": op_pull, "$addToSet": op_add_to_set, "$push": op_push,
}


# ---- documents

def normalised(profile):
    result = {key: value for key, value in profile.items() if value is not None}
    for group in GROUPS:
        if group in result:
            result[group] = {key: value for key, value in result[group].items() if value is not None}
            if not result[group]:
                del result[group]
    return result


def birth_year(value):
    if value is None or value == "":
        return None
    if kind(value) not in ("number", "text"):
        raise Fault("wrong_type")
    if kind(value) == "text":
        if not re.fullmatch(r"-?(0|[1-9][0-9]*)([.][0-9]+)?([eE][-+]?[0-9]+)?", value):
            raise Fault("invalid_text")
        value = parse(value)
    value = number(value)
    if value != value.to_integral_value() or not -2**63 <= value < 2**63:
        raise Fault("invalid_value")
    return None if value < 0 else value


def standard_change(key, value):
    codes = set()
    if key not in STANDARD:
        codes.add("invalid_value")
    if kind(value) in ("array", "object"):
        codes.add("wrong_type")
    if codes:
        raise Fault(*codes)
    check_numbers(value)
    return birth_year(value) if key == "byear" else value


def is_name(name):
    return bool(name) and "." not in name and "$" not in name


class Application:
    """One update document on one profile; `sdk`: only what an SDK may send."""

    def __init__(self, profile, details, strict, sdk=False):
        self.profile = normalised(profile)
        self.strict = strict
        self.sdk = sdk
        self.steps = []     # of each a list of (group, key, operator, operand)
        self.faults = set()
        self.skipped = []   # (key, operator or None)
        if "$seq" in details and not sdk:
            self.guarded("$seq", None, lambda: self.read_sequence(details))
        else:
            self.read_step(details)
        self.before = text(self.profile)
        for changes in self.steps:
            self.run(changes)

    def guarded(self, key, operator, body):
        try:
            body()
        except Fault as fault:
            self.faults |= fault.codes
            self.skipped.append((key, operator))

    def read_sequence(self, details):
        if len(details) > 1:
            raise Fault("invalid_value")
        if kind(details["$seq"]) != "array":
            raise Fault("wrong_type")
        for step in details["$seq"]:
            self.guarded("$seq", None, lambda: self.read_step_of_sequence(step))

    def read_step_of_sequence(self, step):
        if kind(step) != "object":
            raise Fault("wrong_type")
        if "$seq" in step:
            raise Fault("invalid_value")
        self.read_step(step)

    def read_step(self, details):
        self.steps.append([])
        self.renamed = set()
        seen = {}
        for key in sorted(details, key=key_order):
            self.guarded(key, None, lambda: self.read_member(key, details[key], seen))
        self.report_collisions(seen)

    def read_member(self, key, value, seen):
        if key == "custom" or key == "campaign" and not self.sdk:
            self.read_group(key, value)
        elif self.sdk or key in STANDARD and not is_instruction(value):
            self.steps[-1].append(("", key, "$set", standard_change(key, value)))
        else:
            self.read_property("", key, value, seen)

    def read_group(self, group, members):
        if members is None:
            return
        if kind(members) != "object":
            raise Fault("wrong_type")
        seen = {}
        for key in sorted(members, key=key_order):
            self.guarded(key, None, lambda: self.read_property(group, key, members[key], seen))
        self.report_collisions(seen)

    def report_collisions(self, seen):
        for keys in seen.values():
            self.skipped += [(key, None) for key in keys[1:]]

    def read_property(self, group, key, value, seen):
        name = key
        if self.strict and not is_name(key):
            raise Fault("invalid_value")
        if not self.strict:
            name = key.replace(".", "").replace("$", "")
            if not name:
                raise Fault("invalid_value")
            seen.setdefault(name, []).append(key)
        if not group and name in GROUPS:
            raise Fault("invalid_value")
        if kind(value) == "object" and (not value or is_instruction(value)):
            if not all(member.startswith("$") for member in value):
                raise Fault("invalid_value")
            for operator, operand in value.items():
                self.guarded(key, None, lambda: self.add_change(group, name, operator, operand))
        else:
            self.add_change(group, name, "$set", value)

    def add_change(self, group, name, operator, operand):
        if operator not in OPERATORS or self.sdk and operator in OURS:
            raise Fault("invalid_value")
        check_numbers(operand)
        if operator == "$rename":
            self.check_rename(group, name, operand)
        self.steps[-1].append((group, name, operator, operand))

    def check_rename(self, group, name, target):
        if kind(target) != "text":
            raise Fault("null_value" if target is None else "wrong_type")
        if not is_name(target) or target == name or not group and target in GROUPS:
            raise Fault("invalid_value")
        names = {(group, name), (group, target)}
        if names & self.renamed:
            raise Fault("invalid_value")
        self.renamed |= names

    def members(self, group):
        return self.profile.setdefault(group, {}) if group else self.profile

    def run(self, changes):
        for operator in ORDER:
            for group, key, wanted, operand in changes:
                if wanted == operator:
                    self.change(group, key, operator, operand)
        self.profile = normalised(self.profile)

    def change(self, group, key, operator, operand):
        members = self.members(group)
        if operator == "$rename":
            if key in members:
                members[operand] = members.pop(key)
            return

        def body():
            after = OPERATORS[operator](members.get(key, ABSENT), operand)
            if after is ABSENT:
                members.pop(key, None)
            else:
                members[key] = after
        self.guarded(key, operator, body)
