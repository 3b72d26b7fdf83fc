"""The contract of the topic ``measures``: a Kafka key and value enter, a ``Measure``, ``Withdrawn`` or ``Rejected``
leaves.

One record is one number: ``{"name": "operating_cost", "period": "2026-03", "value": 41250.0}``, perhaps with ``team``
or ``client``. Its key is ``["operating_cost","2026-03","",""]``, and the topic is compacted, so that the latest record
of a name, period, team and client is the one that holds, and a record without value withdraws it.
"""

from __future__ import annotations

import re
from typing import Annotated, Final, NamedTuple

import msgspec
from msgspec import Meta, Struct

from streams.decode import MAX_BYTES, Rejected
from streams.events import SCHEMA_VERSION, EpochMs, Name
from streams.measures.inputs import INPUTS
from streams.measures.period import FORMS, Period, PeriodError, parse
from streams.settings.values import did_you_mean

MEASURES: Final = "measures"
"""The topic."""

PARTITION: Final = 0
"""It has one (``topics.check_topics``), so that its records have one order."""

MeasureName = Annotated[
    str,
    Meta(
        pattern=r"^[a-z][a-z0-9_]{0,79}$(?!\n)",  # Python's $ also stands before a last line feed
        description="Small letters, digits and underscores, a letter first",
    ),
]


class Identity(NamedTuple):
    """What a number is about; of two with the same identity the later one holds. No team or client: the whole floor."""

    name: str
    period: Period
    team: str = ""
    client: str = ""


class Measure(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One number from outside. Money is in the floor's currency, shares are from 0 to 1, durations in hours.

    ``source`` and ``noted_at`` say where it is from, for whoever asks later; which of two holds, they don't decide.
    """

    name: MeasureName
    value: Annotated[float, Meta(ge=-1e15, le=1e15)]
    period: Annotated[str, Meta(min_length=4, max_length=24, description=f"Such as {FORMS}")]
    team: Name | None = None
    client: Name | None = None
    source: Annotated[str, Meta(max_length=200)] = ""
    noted_at: EpochMs | None = None
    schema_version: Annotated[int, Meta(ge=1)] = SCHEMA_VERSION

    @property
    def identity(self) -> Identity:
        """What it is about. Raises PeriodError for a period that is none; a decoded measure has one."""
        return Identity(self.name, parse(self.period), self.team or "", self.client or "")


class Withdrawn(NamedTuple):
    """The number of this identity no longer holds."""

    identity: Identity


_read = msgspec.json.Decoder(Measure).decode
_read_key = msgspec.json.Decoder(tuple[MeasureName, str, str, str]).decode
_WHERE: Final = re.compile(r"^(.*?)(?: - at `\$\.(\w+)`)?$")
_A_VERSION: Final = re.compile(rb"[1-9][0-9]*")


def encode(measure: Measure) -> tuple[bytes, bytes]:
    """The key and value to publish. Raises PeriodError for a period that is none, msgspec.ValidationError for a value
    that the contract refuses."""
    checked = msgspec.convert(msgspec.to_builtins(measure), Measure)
    identity = checked.identity
    written = msgspec.structs.replace(checked, period=str(identity.period))
    return key_of(identity), msgspec.json.encode(written)


def key_of(identity: Identity) -> bytes:
    """The Kafka key of every record about this; with no value beside it, the record that withdraws the number."""
    return msgspec.json.encode((identity.name, str(identity.period), identity.team, identity.client))


def decode(key: bytes | None, value: bytes | None) -> Measure | Withdrawn | Rejected:
    """The number in one record of the topic. Never raises; the reasons are those of ``streams.decode``."""
    if value is None:
        return _withdrawn(key)
    if not value.strip():
        return Rejected("empty", "the record's value is empty: publish the measure, or no value to withdraw it")
    if len(value) > MAX_BYTES:
        return Rejected("too_large", f"{len(value):,} bytes: a measure has less than {MAX_BYTES:,}")
    try:
        value.decode()
        measure = _read(value)
        identity = measure.identity
    except UnicodeDecodeError as error:
        return Rejected("not_utf8", f"byte {error.start} is not UTF-8: encode the value as UTF-8")
    except msgspec.ValidationError as error:
        return _invalid(value, str(error))
    except msgspec.DecodeError:
        return _not_json()
    except RecursionError:
        return _too_deep()
    except PeriodError as error:
        if error.outside:
            return Rejected("time_out_of_range", "$.period is outside the years 1990 to 2099")
        return Rejected("out_of_range", f"$.period is no period: write it like {FORMS}")
    if measure.schema_version > SCHEMA_VERSION:
        return _newer()
    if key != key_of(identity):
        return Rejected(
            "key_mismatch", 'the key must be ["name","period","team","client"] as in the value, "" for none'
        )
    known = INPUTS.get(measure.name)
    if measure.value < 0 and known is not None and not known.negative:
        return Rejected("out_of_range", f"$.value is negative: {measure.name} counts {known.unit}")
    return measure


def advice(name: str) -> str | None:
    """What to tell somebody who gives a number of this name: None when a formula knows it.

    Other names are kept and shown as given, so a misspelt one would go unnoticed.
    """
    if name in INPUTS:
        return None
    return f"No formula knows it; it is shown as given. {did_you_mean(name, INPUTS, '')}".rstrip()


def _withdrawn(key: bytes | None) -> Withdrawn | Rejected:
    wrong = Rejected("key_mismatch", "a record without value must have the key of the measure it withdraws")
    if key is None:
        return wrong
    try:
        name, period, team, client = _read_key(key)
        identity = Identity(name, parse(period), team, client)
    except (msgspec.DecodeError, UnicodeDecodeError, PeriodError, RecursionError):
        return wrong
    return Withdrawn(identity) if key_of(identity) == key else wrong


class _Head(Struct):
    """The version as it stands in the text: reading it could fail as well (a number of 5,000 digits)."""

    schema_version: msgspec.Raw = msgspec.Raw(b"")


def _invalid(value: bytes, message: str) -> Rejected:
    """The reason for which the typed decoder refused the value, without repeating what it holds."""
    try:
        msgspec.json.decode(value, type=msgspec.Raw)  # the typed one stopped at the first fault
    except msgspec.DecodeError:
        return _not_json()
    except RecursionError:
        return _too_deep()
    if not value.lstrip().startswith(b"{"):
        return Rejected("not_an_object", "the value is another kind of JSON: publish one object a record, not a list")
    version = bytes(msgspec.json.decode(value, type=_Head).schema_version)
    if _A_VERSION.fullmatch(version) and (len(version) > 9 or int(version) > SCHEMA_VERSION):
        return _newer()
    if message.startswith("Object missing required field"):
        return Rejected("missing_field", f"$.{message.split('`')[1]} is required")
    where = _WHERE.match(message)
    what, field = (where[1], where[2]) if where else (message, None)
    if field == "name" and "regex" in what:
        return Rejected("out_of_range", "$.name: small letters, digits and underscores, a letter first, at most 80")
    reason = "wrong_type" if ", got " in what else "out_of_range"
    return Rejected(reason, f"$.{field or '?'}: {what[0].lower()}{what[1:]}".replace("`", ""))


def _not_json() -> Rejected:
    return Rejected("not_json", "the value is not one JSON document (NaN and Infinity are not JSON)")


def _too_deep() -> Rejected:
    return Rejected("too_deep", "nested too deep: a measure is flat, leave the nested field out")


def _newer() -> Rejected:
    return Rejected("newer_version", f"$.schema_version is above {SCHEMA_VERSION}: update Queuepulse")
