"""A table of the data file that remembers what was asked of it: a misspelt key does not pass unseen."""

from collections.abc import Sequence
from datetime import date
from typing import Any


class RegulationError(Exception):
    """A regulation's data file cannot be used. The message names the key and says what to write."""


class Table:
    """One table of the file. Each method answers a key's value, or raises RegulationError."""

    def __init__(self, values: dict[str, Any], path: str = "") -> None:
        self._values = values
        self._path = path
        self._asked: set[str] = set()
        self._inner: list[Table] = []

    def text(self, key: str) -> str:
        """A text that is not blank, without white space around it."""
        value = self._value(key)
        if not isinstance(value, str) or not value.strip():
            raise self.error(key, "write a text in quotes")
        return value.strip()

    def texts(self, key: str) -> list[str]:
        """A list of texts, none blank; it may be empty."""
        value = self._value(key)
        if not isinstance(value, list) or not all(isinstance(one, str) and one.strip() for one in value):
            raise self.error(key, "write a list of texts in quotes")
        return [one.strip() for one in value]

    def days(self, key: str) -> list[date]:
        """A list of days, such as 2027-02-06; it may be empty."""
        value = self._value(key)
        if not isinstance(value, list) or not all(type(one) is date for one in value):
            raise self.error(key, "write a list of days like 2027-02-06, without quotes")
        return value

    def integer(self, key: str, lowest: int, highest: int) -> int:
        """A whole number within both bounds."""
        value = self._value(key)
        # TOML's true is an int to Python.
        if not isinstance(value, int) or isinstance(value, bool) or not lowest <= value <= highest:
            raise self.error(key, f"write a whole number from {lowest} to {highest}")
        return value

    def choice(self, key: str, options: Sequence[str]) -> str:
        """One of the options."""
        value = self._value(key)
        if value not in options:
            raise self.error(key, f"write one of {_listed(options)}")
        return str(value)

    def choices(self, key: str, options: Sequence[str]) -> list[str]:
        """One or more of the options, none twice."""
        value = self._value(key)
        if not isinstance(value, list) or not value or any(one not in options for one in value):
            raise self.error(key, f"write a list of one or more of {_listed(options)}")
        if len(set(value)) < len(value):
            raise self.error(key, "write each only once")
        return value

    def table(self, key: str) -> "Table":
        """The table under the key."""
        value = self._value(key)
        if not isinstance(value, dict):
            raise self.error(key, f"write a table [{self._full(key)}]")
        return self._enter(value, self._full(key))

    def has(self, key: str) -> bool:
        """Whether the file says anything under the key: a text that is older than the key does not."""
        self._asked.add(key)
        return key in self._values

    def tables(self, key: str) -> list["Table"]:
        """The tables, one or more, that the key repeats."""
        value = self._value(key)
        if not isinstance(value, list) or not value or not all(isinstance(one, dict) for one in value):
            raise self.error(key, f"write one or more tables [[{self._full(key)}]]")
        return [self._enter(one, f"{self._full(key)}[{count}]") for count, one in enumerate(value, start=1)]

    def error(self, key: str, remedy: str) -> RegulationError:
        """What to raise about a key: its place in the file, and what to do."""
        trouble = "cannot be used" if key in self._values else "is missing"
        return RegulationError(f"the key {self._full(key)} {trouble}: {remedy}.")

    def refuse_unknown(self) -> None:
        """Raises RegulationError when the file holds a key that nobody asked for."""
        for key in self._values:
            if key not in self._asked:
                remedy = f"remove it, or use one of {_listed(sorted(self._asked))}"
                raise RegulationError(f"the key {self._full(key)} is unknown: {remedy}.")
        for inner in self._inner:
            inner.refuse_unknown()

    def _value(self, key: str) -> Any:
        self._asked.add(key)
        return self._values.get(key)

    def _enter(self, values: dict[str, Any], path: str) -> "Table":
        self._inner.append(Table(values, path))
        return self._inner[-1]

    def _full(self, key: str) -> str:
        return f"{self._path}.{key}" if self._path else key


def _listed(options: Sequence[str]) -> str:
    return ", ".join(f'"{option}"' for option in options)
