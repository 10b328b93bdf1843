"""The brute force that segmentation.py compares the server with: a loop over the raw requests."""
import datetime
import decimal
import math
import re
import time as clock
import zoneinfo

ZONE = zoneinfo.ZoneInfo("Europe/Berlin")
EPOCH = datetime.datetime(2024, 3, 1, tzinfo=datetime.timezone.utc)  # 90 days with a change to summer time
SESSION = "[CLY]_session"
MISSING = object()
STARTED = int(clock.time() * 1000)
HOUR = 3600000


class Model:
    """Users and their events, from the raw requests."""

    def __init__(self):
        self.user_of = {}  # device -> number of a user
        self.users = {}    # number -> {"now": properties, "last": time, "history": [(time, properties)], "session": [start, seconds]}
        self.events = []   # [user, time, event, properties, device]
        self.made = 0

    def prepare(self, request):
        """Late requests say nothing of sessions, and nor do merges: what they mean then is shown elsewhere."""
        user = self.users.get(self.user_of.get(request.get("device_id")))
        is_late = user is not None and user["last"] is not None and request.get("timestamp", 0) < user["last"]
        if is_late or "old_device_id" in request:
            for name in ("begin_session", "session_duration", "end_session", "ignore_cooldown"):
                request.pop(name, None)
        return request

    def take(self, request):
        if "purge" in request:
            return self.purge(request["purge"])
        device, old, time = request["device_id"], request.get("old_device_id"), request["timestamp"]
        if old is not None and old in self.user_of and self.user_of.get(device) != self.user_of[old]:
            if device in self.user_of:
                self.merge(self.user_of[old], self.user_of[device])
            else:
                self.user_of[device] = self.user_of[old]
        if device not in self.user_of:
            self.made += 1
            self.user_of[device] = self.made
            self.users[self.made] = {"now": {}, "last": None, "history": [], "session": None}
        user = self.users[self.user_of[device]]
        if "begin_session" in request:
            self.close_session(self.user_of[device])
        changes = request.get("user_details", {}).get("custom", {})
        if "location" in request:
            changes = changes | {"location": [float(part) for part in request["location"].split(",")]}
        before = user["now"]
        if user["last"] is not None and time < user["last"]:
            older = [entry for entry in user["history"] if entry[0] <= time]
            before = max(older, key=lambda entry: entry[0])[1] if older else before
        user["now"] = self.changed(user["now"], changes)
        then = self.changed(before, changes)
        user["last"] = time if user["last"] is None else max(time, user["last"])
        user["history"].append((time, then))
        for event in request["events"]:
            self.events.append([self.user_of[device], time, event, then, device])
        self.go_on(self.user_of[device], request)

    @staticmethod
    def changed(properties, changes):
        merged = properties | changes
        return {name: value for name, value in merged.items() if value not in (None, "")}

    def go_on(self, number, request):
        """The session, which ends only at once: so it is open or there is none."""
        user = self.users[number]
        duration = request.get("session_duration", 0)
        if "begin_session" in request or duration and user["session"] is None:
            user["session"] = [request["timestamp"], 0]
        if user["session"]:
            user["session"][1] += duration
        if "end_session" in request:
            self.close_session(number)

    def close_session(self, number):
        user = self.users[number]
        if user["session"]:
            self.events.append(session_event(number, user))
            user["session"] = None

    def purge(self, device):
        number = self.user_of.get(device)
        self.user_of = {name: user for name, user in self.user_of.items() if user != number}
        self.users.pop(number, None)
        self.events = [event for event in self.events if event[0] != number]

    def merge(self, old, new):
        self.close_session(old)
        self.close_session(new)
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

    def devices_of(self, users):
        return sorted(device for device, user in self.user_of.items() if user in users)

    def answer(self, query):
        """{(bucket, segment): [users, times, sum, duration]}"""
        groups = {}
        unfinished = [session_event(number, user) for number, user in self.users.items() if user["session"]]
        for user, time, event, then, device in self.events + unfinished:
            if query["event"] is not None and event["key"] != query["event"]:
                continue
            if query["range"] and not day_ms(query["range"][0]) <= time < day_ms(query["range"][1]):
                continue
            properties = self.users[user]["now"] if query["latest"] else then
            find = lambda reference: device if reference == "did" else look_up(reference, properties, event)
            if not matches(query["filter"], find):
                continue
            bucket = bucket_start(time, query["bucket"])
            combinations = [()]
            for reference in query["breakdown"]:
                combinations = [have + (text,) for have in combinations for text in texts_of(find(reference))]
            for segment in combinations:
                group = groups.setdefault((bucket, segment), [set(), 0, decimal.Decimal(0), decimal.Decimal(0)])
                group[0].add(user)
                group[1] += event.get("count", 1)
                group[2] += decimal.Decimal(event.get("sum", 0))
                group[3] += decimal.Decimal(event.get("dur", 0))
        return groups


def session_event(number, user):
    start, seconds = user["session"]
    return [number, start, {"key": SESSION, "dur": seconds}, user["now"], None]


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
    if reference == "location":
        return properties.get("location", MISSING)
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


def texts_of(value):
    if value is MISSING:
        return [None]
    if isinstance(value, list):
        return sorted({plain(element) for element in value}) or [None]
    return [plain(value)]


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


def regular_expression(expression, options):
    flags = re.IGNORECASE if "i" in options else 0
    return lambda text: re.search(expression, text, flags) is not None


def kilometres(one, other):
    (a, b), (c, d) = (tuple(map(math.radians, place)) for place in (one, other))
    half = math.sin((c - a) / 2) ** 2 + math.cos(a) * math.cos(c) * math.sin((d - b) / 2) ** 2
    return 2 * 6371.0088 * math.asin(min(1.0, math.sqrt(half)))


def text_test(value, test):
    return any(isinstance(e, str) and test(e) for e in (value if isinstance(value, list) else [value]))


def holds(operator, value, operand):
    missing = value is MISSING
    if operator == "$exists":
        return missing != operand
    if operator == "$not":
        return not all_hold(operand, value) if operand else not missing
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
    if operator == "$within":
        amount, unit = re.fullmatch(r"(\d+)(hours|days|weeks)", operand).groups()
        length = int(amount) * {"hours": HOUR, "days": 24 * HOUR, "weeks": 168 * HOUR}[unit]
        return any(kind(e) == "n" and STARTED - length < e <= STARTED for e in (value if isinstance(value, list) else [value]))
    texts = {"rgxcn": lambda t: operand in t, "rgxbw": lambda t: t.startswith(operand), "rgxitl": lambda t: operand.lower() in t.lower()}
    if operator in texts:
        return text_test(value, texts[operator])
    tests = {"$gt": lambda a, b: a > b, "$gte": lambda a, b: a >= b, "$lt": lambda a, b: a < b, "$lte": lambda a, b: a <= b}
    return ordered(value, operand, tests[operator])


def all_hold(operators, value):
    """Two of them need another beside them."""
    if "$near" in operators:
        return value is not MISSING and kilometres(value, operators["$near"]) <= operators["$km"]
    if "$regex" in operators:
        return value is not MISSING and text_test(value, regular_expression(operators["$regex"], operators.get("$options", "")))
    return all(holds(operator, value, operand) for operator, operand in operators.items())


def matches(filter, find):
    for name, condition in filter.items():
        if name == "$not":
            if matches(condition, find):
                return False
            continue
        if name in ("$and", "$or", "$nor"):
            parts = [matches(part, find) for part in condition]
            if not {"$and": all, "$or": any, "$nor": lambda p: not any(p)}[name](parts):
                return False
        elif isinstance(condition, dict) and condition and all(key[0] == "$" or key[:3] == "rgx" for key in condition):
            if not all_hold(condition, find(name)):
                return False
        elif not holds("$eq", find(name), condition):
            return False
    return True
