"""What a search may change in a definition: ``[search]`` of ``models/*.toml``.

Keys are the paths of the definition's own options, so whatever the file can say can be searched:
``trees.learning_rate = { low = 0.01, high = 0.2, log = true }`` for numbers, whole ones where both
ends are written as whole ones, or ``scale_features = { choices = [["past_value_*"], ["money_*"]] }``.

Why this way: both ends of every range are put into the definition and read by the same strict parser
as the file, so that a space cannot hold what a definition would refuse. What the file says now must
lie inside, because it is the first trial: a search then never ends with less than it began with.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, Self

from pydantic import Field, ValidationError, model_validator

from valuemodel.estimators.definitions import Definition
from valuemodel.exceptions import SettingsError
from valuemodel.sections import Section

_NOT_SEARCHED = frozenset({"estimator", "seed", "gate", "search"})


class Trial(Protocol):
    """What asks for values: a trial of Optuna."""

    def suggest_int(self, name: str, low: int, high: int, *, log: bool = ...) -> int:
        """Return a whole number."""
        ...

    def suggest_float(self, name: str, low: float, high: float, *, log: bool = ...) -> float:
        """Return a number."""
        ...

    def suggest_categorical(self, name: str, choices: Any) -> Any:
        """Return one of the choices."""
        ...


class Range(Section):
    """Numbers from ``low`` to ``high``; with ``log``, each doubling is as likely as any other."""

    low: int | float
    high: int | float
    log: bool = False

    @model_validator(mode="after")
    def _is_a_range(self) -> Self:
        if not self.low < self.high:
            problem = f"low must be below high, received {self.low} and {self.high}"
            raise ValueError(problem)
        if self.log and self.low <= 0:
            problem = f"log needs a low above 0, received {self.low}"
            raise ValueError(problem)
        return self

    @property
    def ends(self) -> list[Any]:
        """What the definition must be able to read."""
        return [self.low, self.high]

    def holds(self, value: Any) -> bool:
        """Say whether a value lies inside."""
        return isinstance(value, int | float) and self.low <= value <= self.high

    def asked(self, trial: Trial, path: str, current: Any) -> Any:
        """Return the trial's value; of others than that in force, the three digits one would write."""
        if isinstance(self.low, int) and isinstance(self.high, int):
            return trial.suggest_int(path, self.low, self.high, log=self.log)
        value = trial.suggest_float(path, self.low, self.high, log=self.log)
        return value if value == current else min(max(float(f"{value:.3g}"), self.low), self.high)

    def first(self, current: Any) -> Any:
        """Return the value in force as a trial knows it."""
        return current


class Choice(Section):
    """Any of some values."""

    choices: list[Any] = Field(min_length=2)

    @property
    def ends(self) -> list[Any]:
        """What the definition must be able to read."""
        return self.choices

    def holds(self, value: Any) -> bool:
        """Say whether a value is one of them."""
        return value in self.choices

    def asked(self, trial: Trial, path: str, current: Any) -> Any:
        """Return the trial's value; the trial itself knows only its place."""
        del current
        return self.choices[trial.suggest_categorical(path, list(range(len(self.choices))))]

    def first(self, current: Any) -> Any:
        """Return the value in force as a trial knows it."""
        return self.choices.index(current)


@dataclass(frozen=True)
class SearchSpace:
    """What may be changed in one definition.

    Parameters
    ----------
    name : str
        Of the definition: ``models/<name>.toml``.
    definition : Definition
        As the file has it.
    options : mapping of str to Range or Choice
        By the path of the option.

    Examples
    --------
    >>> document = {"estimator": "future_value", "trees": {"rounds": 80}}
    >>> document["search"] = {"trees": {"num_leaves": {"low": 4, "high": 63, "log": True}}}
    >>> space = SearchSpace.of("future_value", Definition.parse(document))
    >>> space.current
    {'trees.num_leaves': 15}
    >>> changed = space.changed({"trees.num_leaves": 31}).trees
    >>> changed.num_leaves, changed.rounds
    (31, 80)
    """

    name: str
    definition: Definition
    options: Mapping[str, Range | Choice]

    @classmethod
    def of(cls, name: str, definition: Definition) -> SearchSpace:
        """Read and check the ``[search]`` of a definition; without one there is nothing to change.

        Raises
        ------
        SettingsError
            If an option is unknown, a range is none, an end would be refused, or the value in force
            lies outside; all mistakes at once.
        """
        mistakes: list[str] = []
        options: dict[str, Range | Choice] = {}
        for path, declared in _leaves(definition.search):
            try:
                kind = Choice if "choices" in declared else Range
                options[path] = kind.model_validate(declared)
            except ValidationError as error:
                mistakes += [f"{path}: {_said(item)}" for item in error.errors()]
        space = cls(name, definition, options)
        mistakes += [said for path in options for said in space._wrong(path)]
        if mistakes:
            problem = f"models/{name}.toml [search] has {len(mistakes)} mistakes"
            hint = "give each option of the definition { low, high, log } or { choices }"
            raise SettingsError(problem, hint=hint, details=sorted(mistakes))
        return space

    @property
    def current(self) -> dict[str, Any]:
        """The values in force, by path."""
        return {path: _value_at(self.definition, path) for path in self.options}

    @property
    def first_trial(self) -> dict[str, Any]:
        """The values in force as a trial knows them: the place of a choice."""
        return {path: self.options[path].first(value) for path, value in self.current.items()}

    def asked(self, trial: Trial) -> dict[str, Any]:
        """Return the values of a trial, by path, in the order of the file."""
        current = self.current
        return {path: one.asked(trial, path, current[path]) for path, one in self.options.items()}

    def changed(self, values: Mapping[str, Any]) -> Definition:
        """Return the definition with other values.

        Raises
        ------
        SettingsError
            If the definition refuses a value.
        """
        document = self.definition.model_dump(mode="json", exclude_unset=True, exclude={"search"})
        for path, value in values.items():
            *sections, key = path.split(".")
            place = document
            for section in sections:
                place = place.setdefault(section, {})
            place[key] = value
        return Definition.parse(document, f"models/{self.name}.toml [search]")

    def _wrong(self, path: str) -> Iterator[str]:
        option = self.options[path]
        if _NOT_SEARCHED & set(path.split(".")):
            yield f"{path}: is not searched"
            return
        said: dict[str, None] = {}
        for end in option.ends:
            try:
                self.changed({path: end})
            except SettingsError as error:
                said |= dict.fromkeys(error.details)
        yield from said
        if not said and not option.holds(_value_at(self.definition, path)):
            current = _value_at(self.definition, path)
            yield f"{path}: the value in force, {current}, must be among those to search"


def _leaves(declared: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the options by their paths; a table without low, high or choices is a section."""
    for key, value in declared.items():
        path = f"{above}{key}"
        section = isinstance(value, dict) and not {"low", "high", "choices"} & set(value)
        if section and value:
            yield from _leaves(value, f"{path}.")
        else:
            yield path, value if isinstance(value, dict) else {"low": value}


def _value_at(definition: Definition, path: str) -> Any:
    place: Any = definition
    for name in path.split("."):
        place = getattr(place, name, None)
    return place


def _said(item: Any) -> str:
    where = ".".join(
        str(part) for part in item["loc"] if not str(part).startswith(("int", "float"))
    )
    message = str(item["msg"]).removeprefix("Value error, ")
    return f"{where}: {message}" if where else message
