#!/usr/bin/env python3
"""segmentation.py [QUERIES [SEED]]: random requests and random questions, answered by the server and by a loop over the
raw requests, which knows nothing of batches and blocks. Asked while all is hot, half compacted, while events go from one
tier to the other and back all the time, and when all are in blocks; requests come in between, also late ones, sessions,
merges and purges. Every operator of the filter language must have been asked for.

A second app has places, and no merges and late requests, which leave it open which place is the latest.

The server is the one that psql finds. Ends with the line "segmentation: N passed, N failed"."""
import collections
import datetime
import decimal
import json
import random
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
from segmentation_model import EPOCH, HOUR, SESSION, STARTED, Model

DAYS = 90
KEYS = ["buy", "view", "tap", "share"]
PROPERTIES = ["plan", "level", "tags", "vip", "mixed", "address", "seen"]
SEGMENTS = ["item", "price", "labels", "deep"]
OPERATORS = ["$eq", "$ne", "$in", "$nin", "$gt", "$gte", "$lt", "$lte", "$exists", "$not", "$all", "$size", "$regex", "rgxcn",
             "rgxntc", "rgxbw", "rgxitl", "$within"]
OF_CONDITIONS = ["$and", "$or", "$nor", "$not"]


class Maker:
    """Random requests and queries."""

    def __init__(self, seed, has_places=False):
        self.random = random.Random(seed)
        self.times = set()
        self.has_places = has_places
        self.asked = collections.Counter()  # operators

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
        if name == "seen":
            return STARTED - self.pick([1, 30, 60, 24 * 3, 24 * 10, 24 * 40, -5]) * HOUR
        return self.chance(0.5) if name == "vip" else self.scalar()

    def time(self):
        start = int(EPOCH.timestamp() * 1000)
        while True:
            time = start + (len(self.times) * 1200000 if self.has_places else self.random.randrange(DAYS * 24 * HOUR))
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

    def session(self):
        return self.pick([{"begin_session": 1}, {"session_duration": self.random.randint(1, 300)},
                          {"begin_session": 1, "session_duration": self.random.randint(0, 60), "end_session": 1, "ignore_cooldown": 1}])

    def request(self, devices):
        if self.chance(0.01):
            return {"purge": "d%d" % self.random.randrange(devices)}
        request = {"device_id": "d%d" % self.random.randrange(devices), "timestamp": self.time(),
                   "events": [self.event() for _ in range(self.random.randint(1, 3))]}
        if self.chance(0.4):
            request["user_details"] = {"custom": {name: self.value(name) for name in PROPERTIES if self.chance(0.4)}}
        if self.chance(0.3):
            request |= self.session()
        if self.has_places:
            if self.chance(0.3):
                request["location"] = "%d,%d" % (self.random.randint(-80, 80), self.random.randint(-179, 179))
        elif self.chance(0.03):  # says of every property what it is from now on: then it does not matter which of both wins
            request["old_device_id"] = "d%d" % self.random.randrange(devices)
            request["user_details"] = {"custom": {name: self.value(name) if self.chance(0.7) else None for name in PROPERTIES}}
        return request

    # ---- queries

    def reference(self):
        return self.pick(["custom." + name for name in PROPERTIES] + ["event." + name for name in SEGMENTS] +
                         ["custom.address.zip", "event.deep.in.x", "event.key", "event.sum", "event.count", "event.dur", "custom.nothing"])

    def operand(self, reference):
        name = reference.split(".")[-1]
        return self.value(name) if name in PROPERTIES + SEGMENTS and self.chance(0.7) else self.pick(KEYS) if name == "key" else self.scalar()

    def operators(self, reference, depth=1):
        operator = self.pick(OPERATORS)
        self.asked[operator] += 1
        text = lambda: self.pick(["a", "b", "p", "ro", "team", "e", "é", "7"])
        if operator in ("$eq", "$ne"):
            return {operator: self.operand(reference)}
        if operator in ("$in", "$nin"):
            return {operator: [self.operand(reference) for _ in range(self.random.randint(0, 3))]}
        if operator in ("$gt", "$gte", "$lt", "$lte"):
            number = self.pick([self.number(), "a", "pro"])
            return {operator: number} | ({self.pick(["$lt", "$lte"]): self.number()} if operator[1] == "g" and self.chance(0.3) else {})
        if operator == "$exists":
            return {operator: self.chance(0.5)}
        if operator == "$not":
            return {operator: self.operators(reference, depth - 1) if depth and self.chance(0.9) else {}}
        if operator == "$all":
            return {operator: [self.pick(["a", "b", 1]) for _ in range(self.random.randint(0, 2))]}
        if operator == "$size":
            return {operator: self.random.randint(0, 3)}
        if operator == "$regex":
            return {operator: self.pick(["^p", "o$", "e.m", "[ab]+", "^.$", "P|T", "r*e"])} | ({"$options": "i"} if self.chance(0.5) else {})
        if operator == "$within":
            return {operator: self.pick(["2hours", "48hours", "5days", "15days", "3weeks", "9weeks"])}
        return {operator: text().upper() if operator == "rgxitl" and self.chance(0.5) else text()}

    def condition(self, reference):
        return self.pick([self.operand(reference), None]) if self.chance(0.15) else self.operators(reference)

    def filter(self, depth=2):
        made = {}
        for _ in range(self.random.randint(0, 2)):
            reference = self.reference()
            if reference == "custom.seen" and self.chance(0.5):
                self.asked["$within"] += 1
                made[reference] = {"$within": self.pick(["2hours", "5days", "3weeks"])}
            else:
                made[reference] = self.condition(reference)
        if self.has_places and self.chance(0.5):
            self.asked["$near"] += 1
            made["location"] = {"$near": [self.random.randint(-80, 80), self.random.randint(-179, 179)], "$km": self.pick([500, 3000, 8000])}
        if depth and self.chance(0.3):
            name = self.pick(OF_CONDITIONS)
            self.asked["of conditions " + name] += 1
            made[name] = self.filter(depth - 1) if name == "$not" else [self.filter(depth - 1) for _ in range(self.random.randint(1, 2))]
        return made

    def query(self):
        start, end = sorted([self.random.randrange(-2, DAYS + 2) for _ in range(2)])
        query = {"event": self.pick(KEYS + [SESSION, None]), "filter": self.filter(),
                 "bucket": self.pick([None, None, "hourly", "daily", "weekly", "monthly"]),
                 "range": None if self.chance(0.4) else (start, end),
                 "latest": self.chance(0.2)}
        references = ["custom." + n for n in PROPERTIES[:5]] + ["event.item", "event.price", "event.labels", "event.key", "custom.nothing", "event.sum"]
        if query["event"] is None:  # the server has events of its own beside these
            query["filter"] = {"$and": [query["filter"], {"event.key": {"$in": KEYS + [SESSION]}}]}
        elif query["event"] != SESSION:
            references.append("did")
        query["breakdown"] = self.random.sample(references, self.pick([0, 0, 1, 1, 2, 3]))
        return query


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


def statement(app, request):
    if "purge" in request:
        return "SELECT profiles.purge_user('%s', uid) FROM %s.devices WHERE device_id = %s;\n" % (app, app, literal(request["purge"]))
    return "DO $$ BEGIN PERFORM * FROM profiles.ingest('%s', %s); END $$;\n" % (app, literal(to_json(request)))


def arguments(app, query):
    bounds = "(,)" if query["range"] is None else "[%s,%s)" % tuple((EPOCH + datetime.timedelta(days=day)).isoformat() for day in query["range"])
    return (literal(app), "NULL" if query["event"] is None else literal(query["event"]), literal(to_json(query["filter"])),
            literal("{" + ",".join(query["breakdown"]) + "}"), "%s", literal(bounds) + "::tstzrange", "'latest'" if query["latest"] else "'event'")


def ask(app, queries):
    script = "SET timezone = 'UTC'; SET jit = off;\n"
    for query in queries:
        bucket = "NULL" if query["bucket"] is None else literal(query["bucket"])
        script += ("SELECT coalesce(jsonb_agg(jsonb_build_array(extract(epoch FROM bucket)::bigint, segment, users, times, sum::text, dur::text)), '[]')"
                   " FROM profiles.segmentation(%s);\n" % ", ".join(arguments(app, query)).replace("%s", bucket))
    return [{(row[0], tuple(row[1])): (row[2], row[3], decimal.Decimal(row[4]), decimal.Decimal(row[5])) for row in json.loads(line)}
            for line in psql(script)]


def ask_for_users(app, cells):
    """The devices of the users of each (query, segment)."""
    script = "SET jit = off;\n"
    for query, segment in cells:
        array = "ARRAY[" + ", ".join("NULL" if value is None else literal(value) for value in segment) + "]::text[]"
        script += ("SELECT coalesce(jsonb_agg(device_id ORDER BY device_id), '[]') FROM %s.devices WHERE uid IN (SELECT profiles.segmentation_users(%s));\n"
                   % (app, ", ".join(arguments(app, query)).replace("%s", array)))
    return [json.loads(line) for line in psql(script)]


# Events from the blocks into batches again, some blocks at a time, and back: until somebody says stop.
MOVE = """
SELECT count(*) > 0 AS stop FROM stop \\gset
\\if :stop
\\q
\\endif
WITH gone AS (DELETE FROM {app}.event_blocks WHERE block % 3 = {part} RETURNING bucket, block, data)
INSERT INTO {app}.event_batches (uid, bucket, device_id, first_ts, last_ts, profile, events)
SELECT coalesce(moved.into_uid, cold.uid), coalesce(moved.into_uid, cold.uid) >> 16, device_id, first_ts, last_ts, profile, events
  FROM gone CROSS JOIN LATERAL ROWS FROM (profiles.event_block_batches(gone.data)) WITH ORDINALITY AS cold
       LEFT JOIN {app}.moved_events AS moved ON moved.uid = cold.uid AND moved.bucket = gone.bucket ORDER BY block, ordinality;
CALL profiles.compact('{app}');
"""


class Run:
    def __init__(self, seed, app, has_places=False):
        self.app = app
        self.maker, self.model = Maker(seed, has_places), Model()
        self.outcomes = collections.Counter()

    def feed(self, count, devices=60):
        requests = []
        for _ in range(count):
            requests.append(self.model.prepare(self.maker.request(devices)))
            self.model.take(requests[-1])
        psql("SET client_min_messages = warning;" + "".join(statement(self.app, request) for request in requests))

    def check(self, stage, count):
        queries = [self.maker.query() for _ in range(count)]
        cells = []
        for query, found in zip(queries, ask(self.app, queries), strict=True):
            groups = self.model.answer(query)
            expected = {key: (len(group[0]), *group[1:]) for key, group in groups.items()}
            self.note(stage, query, found, expected)
            self.outcomes["rows"] += len(expected)
            if query["bucket"] is None and groups:
                cell = self.maker.pick(sorted(groups, key=str))
                cells.append((query, cell[1], groups[cell][0]))
        for (query, segment, users), found in zip(cells, ask_for_users(self.app, [cell[:2] for cell in cells]), strict=True):
            self.note(stage + ", users of " + str(segment), query, {"devices": found}, {"devices": self.model.devices_of(users)})
            self.outcomes["cells"] += 1

    def note(self, stage, query, found, expected):
        self.outcomes[found == expected] += 1
        if found != expected and self.outcomes[False] <= 5:
            print(f"{self.app}, {stage}: {to_json(query['filter'])} {query}")
            for key in sorted(set(found) | set(expected), key=str):
                if found.get(key) != expected.get(key):
                    print(f"  {key}: server {found.get(key)}, expected {expected.get(key)}")

    def check_while_moving(self, stage, count):
        with tempfile.NamedTemporaryFile("w", suffix=".sql") as script:
            script.write("SET client_min_messages = warning;" + "".join(MOVE.format(app=self.app, part=part % 3) for part in range(20000)))
            script.flush()
            mover = subprocess.Popen(["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-f", script.name])
            self.check(stage, count)
            psql("INSERT INTO stop VALUES (true)")
            if mover.wait():
                sys.exit("segmentation: the events could not be moved")
        psql("DELETE FROM stop")
        self.outcomes["moves"] += int(psql("SELECT max(run) FROM %s.compact_runs" % self.app)[0])

    def all_stages(self, count):
        compact = "SET client_min_messages = warning; CALL profiles.compact('%s');" % self.app
        part = count // 5
        self.feed(350)
        self.check("hot", part)
        psql("SELECT profiles.compact_batches('%s', 0, 150)" % self.app)
        self.feed(150)
        self.check("half in blocks", part)
        psql(compact)
        self.feed(100)
        self.check_while_moving("while events move", part)
        self.feed(150)
        self.check("late events, merges and purges after it", part)
        psql(compact)
        self.check("in blocks", count - 4 * part)
        psql("SET client_min_messages = warning; SELECT profiles.drop_app('%s')" % self.app)


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    psql("SET client_min_messages = warning; CREATE EXTENSION IF NOT EXISTS profiles; CREATE TABLE stop (now boolean);"
         "SELECT profiles.create_app('shop', 'Europe/Berlin'), profiles.create_app('map', 'Europe/Berlin');")
    runs = [Run(seed, "shop"), Run(seed, "map", has_places=True)]
    for run, share in zip(runs, (count - count // 5, count // 5)):
        run.all_stages(share)
    total, asked = (sum(counters, collections.Counter()) for counters in ([run.outcomes for run in runs], [run.maker.asked for run in runs]))
    never = [name for name in OPERATORS + ["$near"] + ["of conditions " + name for name in OF_CONDITIONS] if asked[name] == 0]
    print(f"{sum(len(run.model.events) for run in runs)} events, {total['rows']} rows of answers, users of {total['cells']} cells, {total['moves']} compactions")
    print("operators: " + ", ".join(f"{name} {times}" for name, times in sorted(asked.items())))
    print(f"segmentation: {total[True]} passed, {total[False] + len(never)} failed" + ("; never asked: " + ", ".join(never) if never else ""))
    psql("DROP TABLE stop")
    return total[False] > 0


if __name__ == "__main__":
    sys.exit(main())
