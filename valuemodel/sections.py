"""Strict sections: how every TOML file of a project is read.

Why this way: settings, model definitions and the tier policy are declared in the same manner, so a
mistake in any of them is reported in the same manner: all at once, with key path and nearest name.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from valuemodel.exceptions import SettingsError, nearest


class Section(BaseModel):
    """A strict, frozen section: unknown keys and wrong types are errors."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, arbitrary_types_allowed=True
    )


SectionType = TypeVar("SectionType", bound=Section)


def load_toml(path: Path) -> dict[str, Any]:
    """Read a TOML file, or say clearly why it cannot be read."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        problem = "there is no settings file"
        hint = "name one with --settings, or make a project with 'valuemodel init DIR'"
        raise SettingsError(problem, received=str(path), hint=hint) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        problem = f"{path} is not a valid TOML file"
        raise SettingsError(problem, received=str(error), hint="mind quotes and brackets") from None


def parse_section(
    model: type[SectionType], document: Mapping[str, Any], origin: str
) -> SectionType:
    """Validate a document against a strict model; list every mistake with its key path."""
    try:
        return model.model_validate(document)
    except ValidationError as error:
        details = sorted(_mistakes(error, model))
    count = f"{len(details)} mistake{'' if len(details) == 1 else 's'}"
    problem = f"{origin} {'have' if origin == 'the settings' else 'has'} {count}"
    hint = "see the reference of settings in the README"
    raise SettingsError(problem, hint=hint, details=details)


def _mistakes(error: ValidationError, model: type[BaseModel]) -> Iterator[str]:
    for item in error.errors():
        path = ".".join(str(part) for part in item["loc"])
        if item["type"] == "extra_forbidden":
            known = _keys_at(model, item["loc"][:-1])
            hint = nearest(str(item["loc"][-1]), known) or f"known keys: {', '.join(known)}"
            yield f"{path}: unknown key; {hint}"
        elif item["type"] == "missing":
            yield f"{path}: Field required"
        else:
            message = item["msg"].removeprefix("Value error, ")
            shown = "" if "received" in message or not path else f", received {item['input']!r}"
            yield f"{path}: {message}{shown}" if path else message


def _keys_at(model: type[BaseModel], path: tuple[int | str, ...]) -> list[str]:
    """Return the keys known at a path, walking through optional sections and lists of sections."""
    current: type[BaseModel] | None = model
    for part in path:
        if isinstance(part, int):
            continue
        field = current.model_fields.get(part) if current is not None else None
        current = _section_in(field.annotation) if field is not None else None
    fields = current.model_fields if current is not None else {}
    return sorted(field.alias or name for name, field in fields.items())


def _section_in(annotation: object) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    inner = (_section_in(part) for part in getattr(annotation, "__args__", ()))
    return next((found for found in inner if found is not None), None)
