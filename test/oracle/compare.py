#!/usr/bin/env python3
"""compare.py RUNNER [CASES [SEED]]: random update documents through core and through the model.

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
        if self.chance(0.97):
            members.append('"custom": ' + (self.custom(self.asked, 3) if self.chance(0.99) else self.value()))
        return "{" + ", ".join(members) + "}"


def differs(mode, profile, details, answer):
    """Why the answer is not the model's; None when it is."""
    expected = model.Application(model.parse(profile), model.parse(details), mode == "strict")
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
    lines = [(cases.pick(["strict", "lenient"]), cases.profile(), cases.details()) for _ in range(count)]
    done = subprocess.run([runner], input="\n".join(map("\t".join, lines)) + "\n", capture_output=True, text=True)
    answers = done.stdout.split("\n")[:-1]
    failures = []
    if done.returncode or len(answers) != len(lines):
        failures.append(f"the runner ended with status {done.returncode} after {len(answers)} cases\n{done.stderr[-4000:]}")
    kinds = collections.Counter()
    for line, answer in zip(lines, answers):
        kinds[" ".join(answer.split("\t")[:2])] += 1
        expected = differs(*line, answer)
        if expected is not None:
            failures.append("{}\n  profile  {}\n  details  {}\n".format(*line) + f"  expected {expected}\n  got      {answer}")
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
