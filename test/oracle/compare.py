#!/usr/bin/env python3
"""compare.py RUNNER [CASES [SEED]]: random update documents through core and through the model.

Two thirds are documents on a profile. The rest are laws: that a composed document does what its parts do one after
the other, that composing is associative, that a difference leads from one profile to the other.

Ends with the line "oracle: N passed, N failed"; shows the first cases that differ."""
import collections
import json
import multiprocessing
import random
import subprocess
import sys

import model

OPERATORS = model.ORDER
NAMES = ["a", "b", "bb", "longer", "é", "plan"]
TEXTS = ['"x"', '"y"', '"abc"', '"5"', '"007"', '""', '"\\u00e9"', '"\\ud83d\\ude00"', '"\\uffff"', '"a\\"b\\\\\\n"']
NUMBERS = ["0", "1", "1.0", "2", "-3", "5", "0.1", "0.2", "-0.5", "2.50", "1e2", "1E-2", "-0", "10", "100000",
           "2147483647", "9223372036854775807", "-9223372036854775808", "9223372036854775808", "4611686018427387904",
           "1234567890123456789012345678901234", "0.1234567890123456789012345678901234", "1e33", "1e40", "1e-40",
           "9.99e6144", "1e-6143", "3037000500"]
BAD_NUMBERS = ["12345678901234567890123456789012345", "1e6145", "1e-6144", "0.12345678901234567890123456789012345"]


class Cases:
    def __init__(self, seed):
        self.random = random.Random(seed)

    def pick(self, items):
        return items[self.random.randrange(len(items))]

    def chance(self, share):
        return self.random.random() < share

    def number(self):
        if self.chance(0.3):
            return str(self.random.randint(-20, 20))
        if self.chance(0.3):
            return f"{self.random.randint(-999, 999)}.{self.random.randint(0, 99)}"
        return self.pick(NUMBERS)

    def scalar(self, faulty=True):
        roll = self.random.random()
        if roll < 0.5:
            return self.pick(BAD_NUMBERS) if faulty and self.chance(0.01) else self.number()
        if roll < 0.85:
            return self.pick(TEXTS)
        return self.pick(["true", "false", "null"] if roll < 0.95 else ["null"])

    def array(self, faulty=True):
        length = self.random.randint(0, 5) if self.chance(0.95) else self.random.randint(14, 70)
        return "[" + ", ".join(self.element(faulty) for _ in range(length)) + "]"

    def element(self, faulty=True):
        if self.chance(0.93):
            return self.pick(["1", "1.0", "2", '"1"', '"x"']) if self.chance(0.4) else self.scalar(faulty and self.chance(0.2))
        return self.pick(['{"k": 1, "l": [2]}', '{"l": [2], "k": 1.0}', "[1]", "[]", "{}", '{"k": 1}'])

    def value(self, faulty=True):
        roll = self.random.random()
        if roll < 0.55:
            return self.scalar(faulty)
        return self.array(faulty) if roll < 0.92 else self.pick(['{"k": 1}', '{"k": [1, null], "m": "x"}', "{}"])

    def clean_array(self):
        return "[" + ", ".join(self.pick(["1", "2.0", '"x"', '"1"', "3", "true"]) for _ in range(self.random.randint(0, 6))) + "]"

    def each(self):
        members = ['"$each": ' + (self.clean_array() if self.chance(0.9) else self.value())]
        if self.chance(0.4):
            members.append('"$slice": ' + self.pick(["-2", "3", "0", "-1", "100", "1.5", '"1"', "-9223372036854775808"]))
        if self.chance(0.4):
            members.append('"$position": ' + self.pick(["0", "1", "-1", "-100", "100", "2.0", "null"]))
        if self.chance(0.03):
            members.append('"$sort": 1')
        return "{" + ", ".join(members) + "}"

    def conditions(self):
        members = []
        for _ in range(self.random.randint(1, 2)):
            condition = self.pick(["$in", "$nin", "$eq", "$ne", "$gt", "$gte", "$lt", "$lte"])
            if condition in ("$in", "$nin"):
                members.append(f'"{condition}": ' + (self.clean_array() if self.chance(0.9) else self.value()))
            else:
                members.append(f'"{condition}": ' + self.scalar())
        if self.chance(0.03):
            members.append(self.pick(['"$regex": "x"', '"plain": 1']))
        return "{" + ", ".join(members) + "}"

    def operand(self, operator):
        if operator == "$pop":
            return self.pick(["1", "-1", "-1.0"]) if self.chance(0.9) else self.value()
        if operator == "$rename":
            return json.dumps(self.property_name()) if self.chance(0.95) else self.value()
        if operator in ("$inc", "$mul"):
            return self.number() if self.chance(0.85) else self.value()
        if operator in ("$min", "$max"):
            return self.scalar() if self.chance(0.9) else self.value()
        if operator == "$pull" and self.chance(0.4):
            return self.conditions()
        if operator in ("$push", "$addToSet", "$pull"):
            return self.each() if self.chance(0.4) else self.array() if self.chance(0.5) else self.value()
        return self.value()

    def operators(self):
        count = self.pick([1, 1, 1, 2, 3, 10])
        members = {self.pick(OPERATORS) for _ in range(count)}
        members = sorted(members)
        self.random.shuffle(members)
        members = [f'"{operator}": {self.operand(operator)}' for operator in members]
        if self.chance(0.01):
            members.append(self.pick(['"$foo": 1', '"plain": 1']))
        return "{" + ", ".join(members) + "}"

    def property_name(self):
        return self.pick(["a.b", "$a", "l.onger", "$", "", "b$b", "custom"]) if self.chance(0.02) else self.pick(NAMES)

    def custom(self, make, most):
        names = dict.fromkeys(self.property_name() if make != self.stored else self.pick(NAMES)
                              for _ in range(self.random.randint(1, most)))
        return "{" + ", ".join(f"{json.dumps(name)}: {make()}" for name in names) + "}"

    def stored(self):
        return self.array(False) if self.chance(0.45) else self.value(False)

    def asked(self):
        return self.operators() if self.chance(0.85) else self.value()

    def profile(self):
        members = ['"name": "Ada"', '"byear": 1990', '"city": "Köln"', '"country": "DE"']
        members = [member for member in members if self.chance(0.3)]
        if self.chance(0.9):
            members.append('"custom": ' + self.custom(self.stored, 5))
        if self.chance(0.1):
            members.append('"campaign": {"name": "spring"}')
        return "{" + ", ".join(members) + "}"

    def details(self):
        members = []
        if self.chance(0.2):
            members.append('"name": ' + self.scalar())
        if self.chance(0.1):
            members.append('"byear": ' + self.pick(["1985", '"1985"', '"x"', "-1", "1e3", "1.5", "true", '""', "null", '"1985 "']))
        if self.chance(0.03):
            members.append(self.pick(['"country": "DE"', '"email": [1]', '"phone": {}', '"gender": null']))
        if self.chance(0.1):
            members.append(f'"{self.pick(["city", "score", "a.b", "email"])}": {self.asked()}')
        if self.chance(0.05):
            members.append('"campaign": ' + self.custom(self.asked, 2))
        if self.chance(0.97):
            members.append('"custom": ' + (self.custom(self.asked, 3) if self.chance(0.99) else self.value()))
        return "{" + ", ".join(members) + "}"

    def document(self):
        """A document, or a sequence of them."""
        if self.chance(0.9):
            return self.details()
        steps = [self.details() for _ in range(self.random.randint(0, 3))]
        if self.chance(0.05):
            steps.append(self.pick(["1", "null", '{"$seq": []}']))
        return '{"$seq": [' + ", ".join(steps) + "]}"

    # Documents that mostly fit the profiles that they meet, so that many go through without a fault.

    def fitting_value(self, name):
        if name in ("a", "b"):
            return str(self.random.randint(-9, 9)) if self.chance(0.7) else self.pick(["0.5", "-2.25", "1e20", "123456789012345678"])
        if name in ("bb", "longer"):
            return self.clean_array()
        return self.pick(['"x"', '"abc"', '"5"', '"\\u00e9"', "true", "1", "3", '{"k": 1}', '{"$inc": 1}', '""'])

    def fitting_change(self, name):
        if self.chance(0.15):
            return self.pick([self.fitting_value(name), "null", '{"$unset": 1}', f'{{"$literal": {self.fitting_value(name)}}}'])
        if self.chance(0.1):
            return f'{{"$setOnce": {self.fitting_value(name)}}}'
        if name in ("a", "b"):
            members = {operator: self.fitting_value(name) for operator in self.random.sample(["$inc", "$mul", "$min", "$max"], self.pick([1, 1, 2]))}
        elif name in ("bb", "longer"):
            members = {operator: self.array_operand(operator) for operator in self.random.sample(["$push", "$push", "$addToSet", "$pull", "$pop"], self.pick([1, 1, 2]))}
        else:
            members = {self.pick(["$min", "$max"]): self.pick(['"a"', '"m"', '"x"', "1", "2"])}
            if self.chance(0.3):
                members["$setOnce"] = '"s"'
        return "{" + ", ".join(f'"{operator}": {operand}' for operator, operand in members.items()) + "}"

    def array_operand(self, operator):
        if operator == "$pop":
            return self.pick(["1", "-1"])
        if operator == "$pull" and self.chance(0.3):
            return self.pick(['{"$in": [1, 2]}', '{"$eq": "x"}', '{"$gt": 1}', '{"$nin": [1, 2, 3]}'])
        if operator == "$push" and self.chance(0.6):
            few = self.pick(["[]", '["n"]', '["n", 9]', self.clean_array()])
            members = [f'"$each": {few}', '"$slice": ' + self.pick(["-1", "-2", "-3", "-5", "-5", "0", "2", "3"])]
            if self.chance(0.1):
                members.append('"$position": 0')
            return "{" + ", ".join(members) + "}"
        return self.clean_array() if self.chance(0.6) else self.pick(["1", "2", '"x"', '{"k": 1}'])

    def fitting_group(self, make):
        names = self.random.sample(NAMES[:5], self.random.randint(0, 4))
        return "{" + ", ".join(f'"{name}": {make(name)}' for name in names) + "}"

    def fitting_profile(self):
        return f'{{"country": "DE", "a": {self.fitting_value("a")}, "custom": {self.fitting_group(self.fitting_value)}}}'

    def fitting_step(self):
        members = [f'"custom": {self.fitting_group(self.fitting_change)}']
        if self.chance(0.2):
            members.append(f'"a": {self.fitting_change("a")}')
        if self.chance(0.08):
            source, target = self.random.sample(NAMES[:5], 2)
            members[0] = f'"custom": {{"{source}": {{"$rename": "{target}"}}, "{target}": {self.fitting_change(target)}}}'
        return "{" + ", ".join(members) + "}"

    def fitting_document(self):
        if self.chance(0.12):
            return self.document()
        if self.chance(0.8):
            return self.fitting_step()
        return '{"$seq": [' + ", ".join(self.fitting_step() for _ in range(self.random.randint(0, 4))) + "]}"

    def case(self):
        """(what to do, its arguments)"""
        roll = self.random.random()
        if roll < 0.65:
            return self.pick(["strict", "lenient"]), self.profile(), self.document()
        if roll < 0.67:
            return "sdk", self.profile(), self.details()
        profile = self.fitting_profile() if self.chance(0.9) else self.profile()
        if roll < 0.92:
            return self.pick(["compose strict", "compose lenient"]), profile, self.fitting_document(), self.fitting_document()
        if roll < 0.96:
            return "associate", self.fitting_document(), self.fitting_document(), self.fitting_document()
        return "diff", profile, self.profile() if self.chance(0.3) else self.fitting_profile()


def differs(task, *arguments):
    """Why the last argument, the answer, is not right; None when it is."""
    if task == "associate":
        return misassociated(*arguments)
    if task == "diff":
        return wrong_difference(*arguments)
    if task.startswith("compose"):
        return wrong_composition(task.endswith("strict"), *arguments)
    return wrong_application(task, *arguments)


def apply(profile, details, strict):
    return model.Application(model.parse(profile), model.parse(details), strict)


def wrong_composition(strict, profile, first, second, answer):
    fields = answer.split("\t")
    one = apply(profile, first, strict)
    two = model.Application(one.profile, model.parse(second), strict)
    faults = one.faults | two.faults
    if fields[0] == "error":  # composing reads strictly
        return None if apply(profile, first, True).faults | apply(profile, second, True).faults else "a document"
    # A fault of strict mode ends everything; a number out of range may be in range once numbers are joined.
    if faults and (strict or "out_of_range" in faults):
        return None
    after = model.text(two.profile)
    if fields[0] != "ok" or fields[2] != after:
        return after
    again = apply(profile, fields[4], strict)
    if model.text(again.profile) != after:
        return f"a document that gives {after} in the model"
    skipped = set(map(tuple, json.loads(fields[3])))
    if skipped != set(again.skipped) or not skipped <= set(one.skipped + two.skipped):
        return f"skipped some of {one.skipped + two.skipped}"
    return None


def misassociated(first, second, third, answer):
    fields = answer.split("\t")
    if fields[0] == "error":
        return None if any(apply("{}", document, True).faults for document in (first, second, third)) else "documents"
    return None if fields[1] == fields[2] else "the same from both sides"


def wrong_difference(before, after, answer):
    fields = answer.split("\t")
    old, new = (model.normalised(model.parse(profile)) for profile in (before, after))
    expected = model.text(new)
    if fields[0] != "ok" or fields[2] != expected or (fields[1] == "changed") != (model.text(old) != expected):
        return expected
    if model.text(apply(before, fields[4], True).profile) != expected:
        return f"a document that gives {expected} in the model"
    changes = model.parse(fields[4])
    named = {("", key) for key in changes if key not in model.GROUPS}
    named |= {(group, key) for group in model.GROUPS for key in changes.get(group, {})}
    differing = {name for name, _ in properties(old) ^ properties(new)}
    return None if named == differing else "the properties that differ and no other"


def properties(profile):
    groups = [(group, profile.get(group, {})) for group in model.GROUPS]
    groups.append(("", {key: value for key, value in profile.items() if key not in model.GROUPS}))
    return {((group, key), model.text(value)) for group, members in groups for key, value in members.items()}


def wrong_application(mode, profile, details, answer):
    expected = model.Application(model.parse(profile), model.parse(details), mode == "strict", mode == "sdk")
    fields = answer.split("\t")
    if any(number in details for number in BAD_NUMBERS):
        expected.faults.add("out_of_range")  # strict reading stops there, even at a key that is repeated later
    if mode == "strict" and expected.faults:
        if fields[0] != "error" or fields[1] not in expected.faults:
            return f"one of the errors {sorted(expected.faults)}"
        return None
    if fields[0] != "ok":
        return model.text(expected.profile)
    after = model.text(expected.profile)
    if fields[2] != after:
        return after
    if (fields[1] == "changed") != (after != expected.before):
        return f"changed: {after != expected.before}"
    skipped = collections.Counter(map(tuple, json.loads(fields[3])))
    if skipped != collections.Counter(expected.skipped):
        return f"skipped {expected.skipped}"
    return None


def run_chunk(task):
    """Cases of one seed: (differing cases in words, how often each kind of answer came)."""
    runner, count, seed = task
    cases = Cases(seed)
    lines = [cases.case() for _ in range(count)]
    done = subprocess.run([runner], input="\n".join(map("\t".join, lines)) + "\n", capture_output=True, text=True)
    answers = done.stdout.split("\n")[:-1]
    failures = []
    if done.returncode or len(answers) != len(lines):
        failures.append(f"the runner ended with status {done.returncode} after {len(answers)} cases\n{done.stderr[-4000:]}")
    kinds = collections.Counter()
    for line, answer in zip(lines, answers):
        law = line[0] not in ("strict", "lenient", "sdk")
        kinds[" ".join(line[:1] * law + tuple(answer.split("\t")[:1 if line[0] == "associate" else 2]))] += 1
        expected = differs(*line, answer)
        if expected is not None:
            failures.append("\n  ".join(line) + f"\n  expected {expected}\n  got      {answer}")
    return failures, kinds


def main():
    runner, count, seed = sys.argv[1], int((sys.argv[2:] or [100000])[0]), int((sys.argv[3:] or [20240229])[0])
    # The same cases on any machine: the chunks do not depend on the number of processors.
    chunks = max(count // 5000, 1)
    tasks = [(runner, count // chunks + (index < count % chunks), seed + index) for index in range(chunks)]
    with multiprocessing.Pool() as pool:
        results = pool.map(run_chunk, tasks, chunksize=1)
    failures = [failure for chunk, _ in results for failure in chunk]
    for failure in failures[:10]:
        print("FAILED   " + failure)
    kinds = sum((kinds for _, kinds in results), collections.Counter())
    print("what came out: " + ", ".join(f"{times} {name}" for name, times in kinds.most_common()))
    print(f"oracle: {count - len(failures)} passed, {len(failures)} failed")
    sys.exit(1 if failures else 0)


main()
