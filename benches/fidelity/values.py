"""Cell values in one normal form, and when what a reader gives is what the file holds.

A value is a pair (kind, content):

    ("text", str)  ("int", int)  ("float", float)  ("bool", bool)  ("error", "#N/A")
    ("moment", (year, month, day, milliseconds of the day))     a date is a moment at midnight
    ("time", milliseconds)  ("duration", milliseconds)
    ("serial", (days, is 1904))                                  days of the sheet that the reader marks as date or time
    ("reported", literal or None)                                no value, but a message that names the cell and its error
"""

import datetime
import json
import re
from decimal import Decimal, InvalidOperation

DAY = 86_400_000
# What readers without a type for times of day put before them.
NO_DATE = {(1899, 12, 30), (1899, 12, 31), (1904, 1, 1)}


def expected(value):
    """A value of the manifest."""
    kind, content = value["type"], value["value"]
    if kind == "date":
        return "moment", (*content, 0)
    if kind == "date_time":
        return "moment", (*content[:3], clock(*content[3:]))
    if kind == "time":
        return "time", clock(*content)
    return kind, content


def clock(hours, minutes, seconds, milliseconds=0):
    return ((hours * 60 + minutes) * 60 + seconds) * 1000 + milliseconds


def agrees(wanted, given, untyped=False):
    """Whether `given` keeps the value of `wanted`; `untyped` for formats where every value is text, such as CSV."""
    if given is None:
        return False
    (kind, value), (given_kind, content) = wanted, given
    if kind == "error":
        return given_kind in ("error", "text", "reported") and content == value
    if kind == "text":
        return text_agrees(value, given_kind, content, untyped)
    if given_kind == "text":
        return any(agrees(wanted, reading) for reading in readings(content, kind))
    if kind in ("int", "float"):
        return given_kind in ("int", "float") and content == value
    if kind == "bool":
        return given_kind == "bool" and content == value
    if kind == "moment":
        if given_kind == "serial":
            content = moment_of_serial(*content)
        return given_kind in ("moment", "serial") and near(absolute(value), absolute(content))
    return span_agrees(kind, value, given_kind, content)


def text_agrees(value, given_kind, content, untyped):
    """A text may come as the number it spells, if the number spells the text.

    Without types in the file it may come as any value it spells, unless it would lose leading zeros.
    """
    if given_kind == "text":
        return content == value
    if given_kind in ("int", "float") and not untyped:
        spellings = {str(content)}
        if given_kind == "float" and content.is_integer():
            spellings.add(str(int(content)))
        return value in spellings
    if not untyped or re.match(r"[+-]?0\d+$", value):
        return False
    return any(agrees(reading, (given_kind, content)) for reading in readings(value, given_kind))


def span_agrees(kind, value, given_kind, content):
    """Times of day and durations: both are spans, and below a day they can stand for each other."""
    if given_kind in ("time", "duration"):
        return near(value, content)
    if given_kind == "serial":
        return near(value, content[0] * DAY)
    is_clock = given_kind == "moment" and content[:3] in NO_DATE
    return kind == "time" and is_clock and near(value, content[3])


def readings(text, kind):
    """What a text can stand for where a value of `kind` is wanted: the exact spelling of it, no more."""
    if kind in ("int", "float"):
        return [("float" if kind == "float" else "int", number)] if (number := exact(text)) is not None else []
    if kind == "bool":
        return [("bool", text.lower() == "true")] if text.lower() in ("true", "false") else []
    if match := re.fullmatch(r"(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d):(\d\d(?:\.\d+)?)Z?)?", text):
        year, month, day, hour, minute, second = match.groups(default="0")
        seconds = float(second) * 1000
        return [("moment", (int(year), int(month), int(day), clock(int(hour), int(minute), 0, seconds)))]
    if match := re.fullmatch(r"(\d+):(\d\d):(\d\d(?:\.\d+)?)", text):
        hour, minute, second = match.groups()
        return [("duration", clock(int(hour), int(minute), 0, float(second) * 1000))]
    if match := re.fullmatch(r"PT(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?", text):
        hour, minute, second = match.groups(default="0")
        return [("duration", clock(int(hour), int(minute), 0, float(second) * 1000))]
    return []


def exact(text):
    """The number a text spells: an int, or the double nearest to it."""
    if not re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", text):
        return None
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    return int(number) if number == number.to_integral_value() and abs(number.adjusted()) < 30 else float(text)


def near(a, b):
    """Equal to the millisecond."""
    return a is not None and b is not None and abs(a - b) < 0.5


def absolute(moment):
    """Milliseconds since the year 1, or None for a day that no calendar has."""
    year, month, day, milliseconds = moment
    try:
        return datetime.date(year, month, day).toordinal() * DAY + milliseconds
    except ValueError:
        return None


def moment_of_serial(days, is_1904):
    """The rule of the format, including the 1900 that had a leap day; None as content beyond the calendar."""
    whole, part = divmod(days, 1)
    first = datetime.date(1904, 1, 1) if is_1904 else datetime.date(1899, 12, 31 if whole < 60 else 30)
    try:
        date = first + datetime.timedelta(days=int(whole))
    except OverflowError:
        return 0, 0, 0, 0
    return date.year, date.month, date.day, part * DAY


def show(value):
    """A value for people, on one line and short."""
    if value is None:
        return "nothing"
    kind, content = value
    if kind == "text":
        quoted = json.dumps(content, ensure_ascii=not content.isprintable())
        return quoted if len(quoted) <= 42 else quoted[:30] + f'…" ({len(content)} characters)'
    if kind == "moment":
        date, milliseconds = content[:3], content[3]
        words = "today" if date == today() else "{:04}-{:02}-{:02}".format(*date)
        return words if milliseconds == 0 else f"{words} {hours(milliseconds)}"
    if kind in ("time", "duration"):
        return hours(content)
    if kind == "serial":
        return f"date {content[0]}"
    if kind == "reported":
        return f"nothing, and a message on {content or 'the cell'}"
    if kind == "float" and content.is_integer() and abs(content) < 2**63:
        return str(int(content))
    return json.dumps(content) if kind == "bool" else str(content)


def today():
    """Readers that complete a time of day with the date of the run must not date the page."""
    now = datetime.datetime.now(datetime.timezone.utc)
    return now.year, now.month, now.day


def hours(milliseconds):
    whole = round(milliseconds)
    seconds, rest = divmod(whole, 1000)
    words = f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    return f"{words}.{rest:03}" if rest else words
