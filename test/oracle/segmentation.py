#!/usr/bin/env python3
"""segmentation.py [QUERIES [SEED]]: random requests and random questions, answered by the server and by a loop over the
raw requests, which knows nothing of batches and blocks. Asked while all is hot, half compacted, while compact runs,
and when it is done; requests, late ones and merges come in between.

The server is the one that psql finds. Ends with the line "segmentation: N passed, N failed"."""
import collections
import datetime
import decimal
import fractions
import json
import random
import subprocess
import sys
import zoneinfo

ZONE = zoneinfo.ZoneInfo("Europe/Berlin")
EPOCH = datetime.datetime(2024, 3, 1, tzinfo=datetime.timezone.utc)  # 90 days with a change to summer time
DAYS = 90
KEYS = ["buy", "view", "tap", "share"]
PROPERTIES = ["plan", "level", "tags", "vip", "mixed", "address"]
SEGMENTS = ["item", "price", "labels", "deep"]
MISSING = object()


class Maker:
    """Random requests and queries."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.times = set()

    def pick(self, items):
        return self.random.choice(items)

    def chance(self, share):
        return self.random.random() < share

    def number(self):
        return self.pick([0, 1, 2, 3, 7, -1, 100]) if self.chance(0.7) else decimal.Decimal(self.pick(["0.5", "2.25", "1.0", "-3.75", "12345678901234.5"]))

    def scalar(self):
        return self.pick([self.number, self.number, lambda: self.pick(["a", "b", "ab", "7", "", "é", "pro"]), lambda: self.chance(0.5)])()

    def value(self, name):
        if name in ("plan", "item"):
            return self.pick(["free", "pro", "team", "a", "b"])
        if name in ("level", "price"):
            return self.number()
        if name in ("tags", "labels"):
            return [self.pick(["a", "b", "c", 1, 2]) for _ in range(self.random.randint(0, 3))]
        if name in ("address", "deep"):
            return {"zip": self.number(), "in": {"x": self.scalar()}}
        return self.chance(0.5) if name == "vip" else self.scalar()

    def time(self):
        while True:
            time = int(EPOCH.timestamp() * 1000) + self.random.randrange(DAYS * 86400 * 1000)
            if time not in self.times:
                self.times.add(time)
                return time

    def event(self):
        event = {"key": self.pick(KEYS)}
        if self.chance(0.3):
            event["count"] = self.random.randint(1, 5)
        if self.chance(0.5):
            event["sum"] = self.number()
        if self.chance(0.3):
            event["dur"] = self.pick([1, 2.5, 30, 100, 0.25])
        segmentation = {name: self.value(name) for name in SEGMENTS if self.chance(0.4)}
        segmentation = {name: value for name, value in segmentation.items() if value not in ("", [])}
        return event | ({"segmentation": segmentation} if segmentation else {})

    def request(self, devices):
        request = {"device_id": "d%d" % self.random.randrange(devices), "timestamp": self.time(),
                   "events": [self.event() for _ in range(self.random.randint(1, 3))]}
        if self.chance(0.4):
            request["user_details"] = {"custom": {name: self.value(name) for name in PROPERTIES if self.chance(0.4)}}
        if self.chance(0.03):  # says of every property what it is from now on: then it does not matter which of both wins
            request["old_device_id"] = "d%d" % self.random.randrange(devices)
            request["user_details"] = {"custom": {name: self.value(name) if self.chance(0.7) else None for name in PROPERTIES}}
        return request

    # ---- queries

    def reference(self):
        return self.pick(["custom." + name for name in PROPERTIES] + ["event." + name for name in SEGMENTS] +
                         ["custom.address.zip", "event.deep.in.x", "event.key", "event.sum", "event.count", "custom.nothing"])

    def operand(self, reference):
        name = reference.split(".")[-1]
        return self.value(name) if name in PROPERTIES + SEGMENTS and self.chance(0.7) else self.pick(KEYS) if name == "key" else self.scalar()

    def condition(self, reference):
        roll = self.random.random()
        plain = lambda: self.operand(reference)
        ordered = lambda: self.pick([self.number(), "a", "pro"])
        if roll < 0.25:
            return plain()
        if roll < 0.45:
            return {self.pick(["$eq", "$ne"]): plain()}
        if roll < 0.6:
            return {self.pick(["$in", "$nin"]): [plain() for _ in range(self.random.randint(0, 3))]}
        if roll < 0.8:
            return {self.pick(["$gt", "$gte"]): ordered()} | ({self.pick(["$lt", "$lte"]): ordered()} if self.chance(0.3) else {})
        if roll < 0.9:
            return {"$exists": self.chance(0.5)}
        if roll < 0.95:
            return {"$all": [self.pick(["a", "b", 1]) for _ in range(self.random.randint(0, 2))]}
        return self.pick([{"$size": self.random.randint(0, 3)}, {"rgxcn": "a"}, {"rgxntc": "a"}, {"rgxbw": "p"}, {"$not": {"$gt": self.number()}}, None])

    def filter(self, depth=2):
        made = {}
        for _ in range(self.random.randint(0, 2)):
            reference = self.reference()
            made[reference] = self.condition(reference)
        if depth and self.chance(0.3):
            made[self.pick(["$and", "$or", "$nor"])] = [self.filter(depth - 1) for _ in range(self.random.randint(1, 2))]
        return made

    def breakdown(self):
        reference = self.pick(["custom." + n for n in PROPERTIES[:5]] + ["event.item", "event.price", "event.labels", "event.key", "custom.nothing", "event.sum"])
        if not self.chance(0.3):
            return reference, None
        bounds = [decimal.Decimal(self.pick(["-3.75", "-1", "0", "0.5", "1", "2", "2.25", "3", "7", "100"])) for _ in range(6)]
        ranges = [sorted(pair) for pair in zip(bounds[::2], bounds[1::2])][:self.random.randint(1, 3)]
        if self.chance(0.3):
            ranges[-1][self.pick([0, 1])] = None
        return reference, [(low, high, "-".join("" if end is None else str(end) for end in (low, high))) for low, high in ranges]

    def metric(self):
        amount = self.pick(["sum", "dur"])
        return self.pick(["times/users", amount + "/users", "avg(%s)" % amount, "min(%s)" % amount, "max(%s)" % amount, "median(%s)" % amount,
                          "p%s(%s)" % (self.pick(["5", "90", "99.9", "33.3333", "0.01"]), amount)])

    def query(self):
        start, end = sorted([self.random.randrange(-2, DAYS + 2) for _ in range(2)])
        query = {"event": self.pick(KEYS), "filter": self.filter(),
                 "breakdown": [self.breakdown() for _ in range(self.pick([0, 0, 1, 1, 2, 3]))],
                 "bucket": self.pick([None, None, "hourly", "daily", "weekly", "monthly"]),
                 "range": None if self.chance(0.4) else (start, end),
                 "latest": self.chance(0.2),
                 "limit": self.random.randint(1, 5) if self.chance(0.3) else None,
                 "metrics": [self.metric() for _ in range(self.random.randint(1, 3))] if self.chance(0.3) else []}
        query["fill"] = query["range"] is not None and self.chance(0.2)
        query["compare"] = query["range"] is not None and query["bucket"] in (None, "daily") and self.chance(0.25)
        if self.chance(0.1):
            query["event"] = None  # any, but not those of the system
            query["filter"] = {"$and": [query["filter"], {"event.key": {"$in": KEYS}}]}
        return query


class Group:
    def __init__(self):
        self.users, self.times, self.sums, self.durations = set(), 0, [], []

    def add(self, other):
        self.users |= other.users
        self.times += other.times
        self.sums += other.sums
        self.durations += other.durations

    def figures(self):
        return len(self.users), self.times, sum(self.sums, decimal.Decimal(0)), sum(self.durations, decimal.Decimal(0))

    def metric(self, name):
        if "/" in name:
            above = {"times": self.times, "sum": sum(self.sums), "dur": sum(self.durations)}[name.split("/")[0]]
            return rounded(fractions.Fraction(above) / len(self.users)) if self.users else None
        function, amount = name[:-1].split("(")
        amounts = sorted(self.sums if amount == "sum" else self.durations)
        if function == "avg":
            return rounded(fractions.Fraction(sum(amounts)) / self.times) if self.times else None
        if not amounts:
            return None
        share = fractions.Fraction({"min": "0", "median": "50", "max": "100"}.get(function, function[1:])) / 100
        place = share * (len(amounts) - 1)
        below = int(place)
        part = place - below
        return rounded(fractions.Fraction(amounts[below]) + (part and part * (fractions.Fraction(amounts[below + 1]) - fractions.Fraction(amounts[below]))))


def rounded(number):
    return None if number is None else round(number, 12)


class Model:
    """Users and their events, from the raw requests."""

    def __init__(self):
        self.user_of = {}  # device -> number of a user
        self.users = {}    # number -> {"now": properties, "last": time, "history": [(time, properties)]}
        self.events = []   # [user, time, event, properties]

    def take(self, request):
        device, old, time = request["device_id"], request.get("old_device_id"), request["timestamp"]
        if old is not None and old in self.user_of and self.user_of.get(device) != self.user_of[old]:
            if device in self.user_of:
                self.merge(self.user_of[old], self.user_of[device])
            else:
                self.user_of[device] = self.user_of[old]
        if device not in self.user_of:
            self.user_of[device] = len(self.users) + 1
            self.users[self.user_of[device]] = {"now": {}, "last": None, "history": []}
        user = self.users[self.user_of[device]]
        changes = request.get("user_details", {}).get("custom", {})
        before = user["now"]
        if user["last"] is not None and time < user["last"]:
            older = [entry for entry in user["history"] if entry[0] <= time]
            before = max(older, key=lambda entry: entry[0])[1] if older else before
        user["now"] = self.changed(user["now"], changes)
        then = self.changed(before, changes)
        user["last"] = time if user["last"] is None else max(time, user["last"])
        user["history"].append((time, then))
        for event in request["events"]:
            self.events.append([self.user_of[device], time, event, then])

    @staticmethod
    def changed(properties, changes):
        merged = properties | changes
        return {name: value for name, value in merged.items() if value not in (None, "")}

    def merge(self, old, new):
        self.users[new]["history"] += self.users[old]["history"]
        lasts = [user["last"] for user in (self.users[old], self.users[new]) if user["last"] is not None]
        self.users[new]["last"] = max(lasts, default=None)
        for device, user in self.user_of.items():
            if user == old:
                self.user_of[device] = new
        for event in self.events:
            if event[0] == old:
                event[0] = new

    # ---- answers

    def answer(self, query):
        if query["compare"]:
            return self.comparison(query)
        groups = self.groups(query, query["range"])
        groups, = top([groups], query["limit"])
        if query["fill"]:
            cells = {segment for _, segment in groups} | ({()} if not query["breakdown"] else set())
            for bucket in bucket_starts(query["range"], query["bucket"]) if query["bucket"] else []:
                for segment in cells:
                    groups.setdefault((bucket, segment), Group())
        return {key: group.figures() + tuple(group.metric(name) for name in query["metrics"]) for key, group in groups.items()}

    def comparison(self, query):
        start, end = query["range"]
        ranges = [(start, end), (2 * start - end, start)]
        shown, before = top([self.groups(query, part) for part in ranges], query["limit"])
        starts = [bucket_starts(part, query["bucket"]) if query["bucket"] else [None] for part in ranges]
        answer = {}
        for nr in range(max(map(len, starts))):
            buckets = [each[nr] if nr < len(each) else None for each in starts]
            for segment in {segment for _, segment in shown | before}:
                keys = [(bucket, segment) if nr < len(each) else None for bucket, each in zip(buckets, starts)]
                if keys[0] in shown or keys[1] in before:
                    answer[(buckets[0], segment, buckets[1])] = (shown.get(keys[0]) or Group()).figures() + (before.get(keys[1]) or Group()).figures()
        return answer

    def groups(self, query, days):
        groups = {}
        for user, time, event, then in self.events:
            if query["event"] is not None and event["key"] != query["event"]:
                continue
            if days and not day_ms(days[0]) <= time < day_ms(days[1]):
                continue
            properties = self.users[user]["now"] if query["latest"] else then
            find = lambda reference: look_up(reference, properties, event)
            if not matches(query["filter"], find):
                continue
            bucket = bucket_start(time, query["bucket"])
            combinations = [()]
            for reference, ranges in query["breakdown"]:
                combinations = [have + (text,) for have in combinations for text in texts_of(find(reference), ranges)]
            for segment in combinations:
                group = groups.setdefault((bucket, segment), Group())
                group.users.add(user)
                group.times += event.get("count", 1)
                group.sums.append(decimal.Decimal(event.get("sum", 0)))
                group.durations.append(decimal.Decimal(event.get("dur", 0)))
        return groups


def top(periods, limit):
    """The cells with the most times in the first of the periods have their groups, all others one together: None."""
    cells = {segment for groups in periods for _, segment in groups}
    if limit is None or len(cells) <= limit:
        return periods
    times = collections.Counter()
    for (_, segment), group in periods[0].items():
        times[segment] += group.times
    order = sorted(cells, key=lambda segment: (-times[segment], [(text is None, (text or "").encode()) for text in segment]))
    answers = []
    for groups in periods:
        answers.append({})
        for (bucket, segment), group in groups.items():
            answers[-1].setdefault((bucket, segment if segment in order[:limit] else None), Group()).add(group)
    return answers


def bucket_starts(days, bucket):
    return sorted({bucket_start(time, bucket) for time in range(day_ms(days[0]), day_ms(days[1]), 3600000)})


def day_ms(day):
    return int((EPOCH + datetime.timedelta(days=day)).timestamp() * 1000)


def bucket_start(time, bucket):
    if bucket is None:
        return None
    local = datetime.datetime.fromtimestamp(time / 1000, ZONE).replace(minute=0, second=0, microsecond=0)
    if bucket == "hourly":
        return time // 3600000 * 3600
    local = local.replace(hour=0, fold=0)
    if bucket == "weekly":
        local -= datetime.timedelta(days=local.weekday())
    elif bucket == "monthly":
        local = local.replace(day=1)
    return int(local.timestamp())


def look_up(reference, properties, event):
    scope, *path = reference.split(".")
    if scope == "event" and path[0] in ("key", "sum", "count", "dur"):
        return event.get(path[0], {"sum": 0, "count": 1, "dur": 0}.get(path[0]))
    value = properties if scope == "custom" else event.get("segmentation", {})
    for name in path:
        if not isinstance(value, dict) or name not in value:
            return MISSING
        value = value[name]
    return MISSING if value is None else value


def plain(value):
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value
    text = format(decimal.Decimal(value), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def range_of(value, ranges):
    return next((name for low, high, name in ranges if kind(value) == "n" and (low is None or low <= value) and (high is None or value <= high)), None)


def texts_of(value, ranges):
    if value is MISSING:
        return [None]
    text = plain if ranges is None else lambda element: range_of(element, ranges)
    return list({text(element) for element in value}) or [None] if isinstance(value, list) else [text(value)]


def kind(value):
    return "b" if isinstance(value, bool) else "s" if isinstance(value, str) else "l" if isinstance(value, list) else "o" if isinstance(value, dict) else "n"


def same(left, right):
    if kind(left) != kind(right):
        return False
    if kind(left) == "l":
        return len(left) == len(right) and all(same(a, b) for a, b in zip(left, right))
    if kind(left) == "o":
        return left.keys() == right.keys() and all(same(left[k], right[k]) for k in left)
    return left == right


def equals(value, operand):
    return same(value, operand) or isinstance(value, list) and any(same(element, operand) for element in value)


def ordered(value, operand, test):
    elements = value if isinstance(value, list) else [value]
    raw = lambda v: v.encode() if isinstance(v, str) else v
    return any(kind(e) == kind(operand) and kind(e) in "ns" and test(raw(e), raw(operand)) for e in elements)


def text_test(value, test):
    return any(isinstance(e, str) and test(e) for e in (value if isinstance(value, list) else [value]))


def holds(operator, value, operand):
    missing = value is MISSING
    if operator == "$exists":
        return missing != operand
    if operator == "$not":
        return not all(holds(op, value, inner) for op, inner in operand.items())
    if operator == "$ne":
        return not holds("$eq", value, operand)
    if operator == "$nin":
        return not holds("$in", value, operand)
    if operator == "rgxntc":
        return not holds("rgxcn", value, operand)
    if operator == "$in":
        return any(holds("$eq", value, each) for each in operand)
    if operator == "$eq":
        return missing if operand is None else not missing and equals(value, operand)
    if missing:
        return False
    if operator == "$all":
        return bool(operand) and all(equals(value, each) for each in operand)
    if operator == "$size":
        return isinstance(value, list) and len(value) == operand
    if operator in ("rgxcn", "rgxbw"):
        return text_test(value, (lambda t: operand in t) if operator == "rgxcn" else (lambda t: t.startswith(operand)))
    tests = {"$gt": lambda a, b: a > b, "$gte": lambda a, b: a >= b, "$lt": lambda a, b: a < b, "$lte": lambda a, b: a <= b}
    return ordered(value, operand, tests[operator])


def matches(filter, find):
    for name, condition in filter.items():
        if name in ("$and", "$or", "$nor"):
            parts = [matches(part, find) for part in condition]
            if not {"$and": all, "$or": any, "$nor": lambda p: not any(p)}[name](parts):
                return False
        elif isinstance(condition, dict) and condition and all(key[0] == "$" or key[:3] == "rgx" for key in condition):
            if not all(holds(operator, find(name), operand) for operator, operand in condition.items()):
                return False
        elif not holds("$eq", find(name), condition):
            return False
    return True


# ---- the server

def to_json(value):
    if isinstance(value, dict):
        return "{" + ",".join(json.dumps(key) + ":" + to_json(item) for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(to_json, value)) + "]"
    return str(value) if isinstance(value, decimal.Decimal) else json.dumps(value)


def literal(text):
    return "'" + text.replace("'", "''") + "'"


def psql(script):
    done = subprocess.run(["psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1"], input=script, capture_output=True, text=True)
    if done.returncode:
        sys.exit("segmentation: " + done.stderr[:2000])
    return done.stdout.splitlines()


def send(requests):
    psql("SET client_min_messages = warning;" + "".join(
        "DO $$ BEGIN PERFORM * FROM profiles.ingest('shop', %s); END $$;\n" % literal(to_json(request)) for request in requests))


def array(texts):
    return literal("{" + ",".join('"' + text + '"' for text in texts) + "}")


def question(query):
    """A call, and the columns of its answer: bucket, segment, users, times, sum, dur, others."""
    bounds = "(,)" if query["range"] is None else "[%s,%s)" % tuple((EPOCH + datetime.timedelta(days=day)).isoformat() for day in query["range"])
    elements = [reference + (":" + ",".join(name for _, _, name in ranges) if ranges else "") for reference, ranges in query["breakdown"]]
    arguments = ["'shop'", "NULL" if query["event"] is None else literal(query["event"]), literal(to_json(query["filter"])), array(elements),
                 "NULL" if query["bucket"] is None else literal(query["bucket"]), literal(bounds) + "::tstzrange", "'latest'" if query["latest"] else "'event'"]
    last = ["NULL" if query["limit"] is None else str(query["limit"])]
    if query["compare"]:
        return "segmentation_compare", arguments + last, "extract(epoch FROM previous_bucket)::bigint, ARRAY[previous_users, previous_times, previous_sum, previous_dur]::text[]"
    last.append(str(query["fill"]))
    if query["metrics"]:
        return "segmentation_metrics", arguments + [array(query["metrics"])] + last, "NULL, metrics::text[]"
    return "segmentation", arguments + last, "NULL, '{}'::text[]"


def read_answer(query, rows):
    number = decimal.Decimal if query["compare"] else lambda text: rounded(None if text is None else fractions.Fraction(text))
    answer = {}
    for bucket, segment, users, times, total, duration, before, others in rows:
        key = (bucket, None if segment is None else tuple(segment))
        answer[key + (before,) if query["compare"] else key] = (users, times, decimal.Decimal(total), decimal.Decimal(duration)) + tuple(map(number, others))
    return answer


def ask(queries):
    script = "SET timezone = 'UTC'; SET jit = off;\n"
    for query in queries:
        function, arguments, others = question(query)
        script += ("SELECT coalesce(jsonb_agg(jsonb_build_array(extract(epoch FROM bucket)::bigint, segment, users, times, sum::text, dur::text, %s)), '[]')"
                   " FROM profiles.%s(%s);\n" % (others, function, ", ".join(arguments)))
    return [read_answer(query, json.loads(line)) for query, line in zip(queries, psql(script), strict=True)]


class Run:
    def __init__(self, seed):
        self.maker, self.model = Maker(seed), Model()
        self.outcomes = collections.Counter()

    def feed(self, count, devices=60):
        requests = [self.maker.request(devices) for _ in range(count)]
        send(requests)
        for request in requests:
            self.model.take(request)

    def check(self, stage, count):
        queries = [self.maker.query() for _ in range(count)]
        for query, found in zip(queries, ask(queries), strict=True):
            expected = self.model.answer(query)
            self.outcomes[found == expected] += 1
            self.outcomes["rows"] += len(expected)
            if found != expected and self.outcomes[False] <= 5:
                print(f"{stage}: {to_json(query['filter'])} {query} {question(query)}")
                for key in sorted(set(found) | set(expected), key=str):
                    if found.get(key) != expected.get(key):
                        print(f"  {key}: server {found.get(key)}, expected {expected.get(key)}")


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
    run = Run(int(sys.argv[2]) if len(sys.argv) > 2 else 1)
    psql("SET client_min_messages = warning; CREATE EXTENSION IF NOT EXISTS profiles;"
         "SELECT profiles.create_app('shop', 'Europe/Berlin');")
    part = count // 5
    run.feed(350)
    run.check("hot", part)
    psql("SELECT profiles.compact_batches('shop', 0, 150);")
    run.feed(150)
    run.check("half in blocks", part)
    compact = subprocess.Popen(["psql", "-X", "-q", "-c", "SET client_min_messages = warning", "-c", "CALL profiles.compact('shop')"])
    run.check("while compact runs", part)
    if compact.wait():
        sys.exit("segmentation: compact failed")
    run.feed(150)
    run.check("late events and merges after it", part)
    psql("SET client_min_messages = warning; CALL profiles.compact('shop');")
    run.check("in blocks", count - 4 * part)
    psql("SET client_min_messages = warning; SELECT profiles.drop_app('shop');")
    print(f"{len(run.model.events)} events, {run.outcomes['rows']} rows of answers")
    print(f"segmentation: {run.outcomes[True]} passed, {run.outcomes[False]} failed")
    return run.outcomes[False] > 0


if __name__ == "__main__":
    sys.exit(main())
