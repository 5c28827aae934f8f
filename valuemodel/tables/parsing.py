"""From source values to typed ones: texts, numbers, times and flags, by the declared forms only.

Why this way: a form is declared, never guessed, so `03/04/2025` cannot become the wrong day and
`1,200` cannot become 1.2. What does not fit the form is said to be unreadable, which is a rule of
its own, and never becomes a missing value in silence. Where a step is used more than once, a `Step`
may make a column of it, so that long expressions do not repeat themselves in the statement. Everything is an Ibis expression; the two
functions that Ibis lacks (`try_strptime`, `timezone`) are declared here, in one place.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import reduce

import ibis
import ibis.expr.types as ir

from valuemodel.settings import TableSection

#: Amounts from here on are impossible: beyond any business, and beyond DECIMAL(18, 4).
LARGEST = 1e14
#: Amounts closer to zero than this are damage, not money.
SMALLEST = 1e-9
#: Factors of a product (quantity, unit price) stay below this, so that the product is exact.
LARGEST_FACTOR = 1e12

#: The currencies that write themselves with a sign.
SIGNS = {"EUR": "€", "GBP": "£", "USD": "$", "CAD": "$", "AUD": "$", "JPY": "¥", "CNY": "¥"}

#: Narrow and no-break spaces, and the typographic minus, as tools print them.
_ODD, _PLAIN = "\u00a0\u202f\u2009\u2212", "   -"

_ISO = r"^\d{4}-\d{2}-\d{2}([ T]\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?)?$"
_ISO_OFFSET = r"^\d{4}-\d{2}-\d{2}[ T]\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}(:?\d{2})?)$"
_INSTANT = "timestamp('UTC')"


@ibis.udf.scalar.builtin(  # type: ignore[untyped-decorator]
    name="try_strptime", signature=(("string", "string"), "timestamp")
)
def _strptime(text: str, form: str) -> None:
    """Read a text by a strptime form; null where it does not fit."""


@ibis.udf.scalar.builtin(  # type: ignore[untyped-decorator]
    name="try_strptime", signature=(("string", "string"), _INSTANT)
)
def _strptime_offset(text: str, form: str) -> None:
    """Read a text by a strptime form with an offset; null where it does not fit."""


@ibis.udf.scalar.builtin(  # type: ignore[untyped-decorator]
    name="timezone", signature=(("string", "timestamp"), _INSTANT)
)
def _instant(zone: str, local: object) -> None:
    """Return the instant of a local time."""


@ibis.udf.scalar.builtin(  # type: ignore[untyped-decorator]
    name="timezone", signature=(("string", _INSTANT), "timestamp")
)
def _local(zone: str, instant: object) -> None:
    """Return the local time of an instant."""


#: What makes a column of a value that is used more than once; it may return the value itself.
Step = Callable[[ir.Value], ir.Value]


def _inline(value: ir.Value) -> ir.Value:
    return value


@dataclass(frozen=True)
class Parsed:
    """One column after reading: its values, and the rows where something is to be said.

    ``missing``, ``unreadable`` and ``impossible`` exclude one another; ``value`` is null in all
    three. ``repairs`` names what was put right.
    """

    value: ir.Value
    missing: ir.BooleanValue
    unreadable: ir.BooleanValue
    impossible: ir.BooleanValue
    repairs: dict[str, ir.BooleanValue] = field(default_factory=dict)

    @property
    def unusable(self) -> ir.BooleanValue:
        """Where there is a value, but none that can be used."""
        return self.unreadable | self.impossible


def _never() -> ir.BooleanValue:
    return ibis.literal(value=False)


def as_text(column: ir.Value, null_values: list[str]) -> ir.StringValue:
    """Return a source column as text; only the declared null values become null.

    Texts stay as they are, byte for byte. Whole floats lose their ``.0``: pandas writes ids so when
    one of them is missing.
    """
    if column.type().is_string():
        return ibis.cases((column.isin(null_values), ibis.null("string")), else_=column)
    if column.type().is_floating():
        whole = column.try_cast("int64")
        integral = whole.cast("float64") == column
        text = ibis.cases((integral, whole.cast("string")), else_=column.cast("string"))
        return ibis.cases((column.isnan(), ibis.null("string")), else_=text)
    return column.cast("string")


def as_number(
    column: ir.Value,
    section: TableSection,
    *,
    currency: str = "",
    to: str = "float64",
    below: float = LARGEST,
    step: Step = _inline,
) -> Parsed:
    """Read numbers written in the declared form.

    Parameters
    ----------
    column : ibis value
        The source column.
    section : TableSection
        Says how the table writes its decimals, thousands and nulls.
    currency : str
        The currency whose sign may stand beside the number.
    to : str
        The Ibis type of the result; decimals are read from the text itself, so they are exact.
    below : float
        Numbers from here on, up or down, are impossible.
    step : callable
        Makes a column of what is used more than once.
    """
    if column.type().is_string():
        text = step(as_text(column, section.null_values))
        canonical, repairs = _canonical_number(text, section, currency, step)
        parsed = in_range(text.isnull(), canonical.isnull(), canonical, to, below, step)
        return replace(parsed, repairs=parsed.repairs | repairs)
    return in_range(column.isnull(), _never(), column, to, below, step)


def in_range(
    missing: ir.BooleanValue,
    unreadable: ir.BooleanValue,
    number: ir.Value,
    to: str,
    below: float = LARGEST,
    step: Step = _inline,
) -> Parsed:
    """Cast a number, or say that it is impossible: infinite, not a number, beyond the range."""
    real = step(number.try_cast("float64"))
    size = real.abs()
    # NaN is asked for by name: DuckDB takes comparisons as true where a Parquet file's statistics,
    # which know no NaN, say so.
    usable = ~real.isnan() & (size < below) & ((size >= SMALLEST) | (size == 0))
    value = step(ibis.cases((usable, number.try_cast(to)), else_=ibis.null(to)))
    impossible = ~missing & ~unreadable & value.isnull()
    repairs = {}
    if to.startswith("decimal(18"):
        off = (value.cast("float64") - real).abs()
        repairs = {"rounded_to_4_decimals": (off > 1e-5) & (off > size * 1e-12)}
    return Parsed(value, missing, ~missing & unreadable, impossible, repairs)


def _canonical_number(
    text: ir.StringValue, section: TableSection, currency: str, step: Step
) -> tuple[ir.StringValue, dict[str, ir.BooleanValue]]:
    """Return the number with a point and without thousands, null where it fits no form."""
    mark = re.escape(section.decimal)
    whole = r"\d+"
    if section.thousands:
        whole = rf"(\d{{1,3}}({re.escape(section.thousands)}\d{{3}})+|\d+)"
    form = rf"^[+-]?({whole}({mark}\d*)?|{mark}\d+)([eE][+-]?\d{{1,3}})?$"
    declared = step(text.re_search(form))
    odd = ibis.cases((declared, ibis.null("string")), else_=_respell(text, currency))
    spelled = step(odd)  # asked only of the few that are not written as declared
    read = ibis.cases(
        (declared, text), (spelled.re_search(form), spelled), else_=ibis.null("string")
    )
    if section.thousands:
        read = read.replace(section.thousands, "")
    if section.decimal != ".":
        read = read.replace(section.decimal, ".")
    canonical = step(read)
    return canonical, {"respelled_number": ~declared & canonical.notnull()}


def _respell(text: ir.StringValue, currency: str) -> ir.StringValue:
    """Undo what spreadsheets and ledgers do to a number: spaces, signs, brackets for minus."""
    steps = [(r"^\((.*)\)$", r"-\1"), (r"^([^-].*)-$", r"-\1")]
    if currency:
        marks = [re.escape(mark) for mark in (SIGNS.get(currency), currency) if mark]
        sign = rf"({'|'.join(marks)})"
        steps += [(rf"^([+-]?) *{sign} *", r"\1"), (rf" *{sign}$", "")]
        steps += [(r"^\((.*)\)$", r"-\1")]  # the sign may stand before the bracket
    plain = text.translate(_ODD, _PLAIN).strip()
    return reduce(lambda value, step: value.re_replace(*step), steps, plain)


def as_time(column: ir.Value, section: TableSection, zone: str, step: Step = _inline) -> Parsed:
    """Read times in the declared form and zone, as naive times in the project's zone.

    Parameters
    ----------
    column : ibis value
        Text, a date, a naive timestamp (in the source's zone) or one with a zone.
    section : TableSection
        Says ``time_format``, ``timezone`` and nulls.
    zone : str
        The project's zone.
    step : callable
        Makes a column of what is used more than once.
    """
    missing = column.isnull()
    kind = column.type()
    if kind.is_timestamp() and kind.timezone is not None:
        read = _local(zone, column.cast(_INSTANT))
        return _timed(missing, read, {})
    if kind.is_timestamp() or kind.is_date():
        local = step(column.cast("timestamp"))
        return _timed(missing, *_moved(local, section.timezone, zone))
    text = step(as_text(column, section.null_values))
    if section.time_format is None:
        naive = step(_where(text.re_search(_ISO), text, "timestamp"))
        local, repairs = _moved(naive, section.timezone, zone)
        instant = _where(text.re_search(_ISO_OFFSET), text, _INSTANT)
        return _timed(text.isnull(), ibis.coalesce(local, _local(zone, instant)), repairs)
    if "%z" in section.time_format.lower():
        read = _local(zone, _strptime_offset(text, section.time_format))
        return _timed(text.isnull(), read, {})
    read = step(_strptime(text, section.time_format))
    return _timed(text.isnull(), *_moved(read, section.timezone, zone))


def _where(test: ir.BooleanValue, text: ir.StringValue, to: str) -> ir.Value:
    return ibis.cases((test, text.try_cast(to)), else_=ibis.null(to))


def _timed(
    missing: ir.BooleanValue, value: ir.Value, repairs: dict[str, ir.BooleanValue]
) -> Parsed:
    return Parsed(value.cast("timestamp(6)"), missing, ~missing & value.isnull(), _never(), repairs)


def _moved(
    local: ir.Value, source: str | None, zone: str
) -> tuple[ir.Value, dict[str, ir.BooleanValue]]:
    """Move local times of the source's zone into the project's, counting those that are no instant.

    A time in the spring gap moves forward by the gap; one in the autumn overlap is taken as the
    later of its two instants, as ICU does.
    """
    if source is None or source == zone:
        return local, {}
    instant = _instant(source, local)
    hour = ibis.interval(hours=1)
    repairs = {
        "time_in_dst_gap": _local(source, instant) != local,
        "time_in_dst_overlap": _local(source, instant - hour) == local,
    }
    return _local(zone, instant), repairs


_TRUE, _FALSE = ["true", "t", "yes", "y", "1"], ["false", "f", "no", "n", "0"]


def as_flag(column: ir.Value, section: TableSection) -> Parsed:
    """Read true and false as they are usually written."""
    if column.type().is_boolean():
        return Parsed(column, column.isnull(), _never(), _never())
    text = as_text(column, section.null_values).lower()
    value = ibis.cases(
        (text.isin(_TRUE), ibis.literal(value=True)),
        (text.isin(_FALSE), ibis.literal(value=False)),
        else_=ibis.null("boolean"),
    )
    return Parsed(value, text.isnull(), text.notnull() & value.isnull(), _never())
