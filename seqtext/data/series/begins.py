"""Where spans of readings begin, by the dates and times that flags give. Knows no series; light enough for `--help`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple


@dataclass(frozen=True)
class Begin:
    """A date or time, with what it was given by.

    Attributes:
        flag: such as --test_from.
        text: as it was given.
        moment: of it, without a zone: UTC where it has one, else what a clock says.
        zoned: whether it has one.
    """

    flag: str
    text: str
    moment: datetime
    zoned: bool

    @classmethod
    def of(cls, flag: str, text: str) -> Begin:
        """What a flag says: ISO 8601, also a year or a month of one.

        Raises:
            ValueError: it is no date.
        """
        for rest in ("", "-01", "-01-01"):
            try:
                time = datetime.fromisoformat(text + rest)
            except (ValueError, OverflowError):
                continue
            zoned = time.tzinfo is not None
            return cls(flag, text, time.astimezone(UTC).replace(tzinfo=None) if zoned else time, zoned)
        raise ValueError(f"{flag} is {text}")


class Begins(NamedTuple):
    """Where the spans of validation and test begin; None where no date says it."""

    validation: Begin | None = None
    test: Begin | None = None


NO_BEGINS = Begins()
