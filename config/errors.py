"""The faults of a configuration, each with its file, its key and what is allowed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One fault: its file, its key, and a message with what is allowed."""

    file: str
    key: str
    message: str

    def __str__(self) -> str:
        return f"{self.file}: {self.key}: {self.message}" if self.key else f"{self.file}: {self.message}"


class ConfigurationError(Exception):
    """The configuration is invalid; it has all faults."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__(faults)
        self.faults = faults

    def __str__(self) -> str:
        return "\n".join(str(fault) for fault in self.faults)


def faults_of(error: ValidationError, file: str, prefix: tuple[str, ...], model: type[BaseModel]) -> list[Fault]:
    """Return the faults that ``model`` found, by key; values are not repeated, because they may be secrets."""
    faults = []
    for details in error.errors(include_url=False, include_input=False):
        location = [*prefix, *(str(part) for part in details["loc"] if not str(part).startswith(_INNER))]
        faults.append(Fault(file=file, key=".".join(location), message=_message(details, model)))
    return faults


UNKNOWN_KEY = "unknown key"
_INNER = ("function-", "is-", "[key]")  # parts of a location that pydantic adds


def _message(details: ErrorDetails, model: type[BaseModel]) -> str:
    context = details.get("ctx", {})
    match details["type"]:
        case "extra_forbidden":
            allowed = _keys_at(model, details["loc"][:-1])
            return UNKNOWN_KEY + (f"; allowed are {', '.join(allowed)}" if allowed else "")
        case "missing":
            return "is missing"
        case "dict_type" | "model_type" | "model_attributes_type":
            return "must be a table"
        case "tuple_type" | "list_type":
            return 'must be a list: ["…"]'
        case "string_type":
            return "must be text in quotes"
        case "string_too_short" | "too_short":
            return "must not be empty"
        case "literal_error":
            return f"is unknown; allowed are {context['expected']}"
        case "greater_than_equal":
            return f"is too small; allowed is {context['ge']} or more"
        case "less_than_equal":
            return f"is too large; allowed is {context['le']} or less"
    return details["msg"].removeprefix("Value error, ")


def _keys_at(model: type[BaseModel], path: tuple[int | str, ...]) -> list[str]:
    """Return the keys that the table at ``path`` may have, found by walking the models' fields."""
    here: Any = model
    for part in path:
        if isinstance(here, type) and issubclass(here, BaseModel):
            field = here.model_fields.get(str(part))
            here = field.annotation if field else None
        else:
            arguments = getattr(here, "__args__", ())
            here = next(
                (argument for argument in arguments if isinstance(argument, type) and issubclass(argument, BaseModel)),
                None,
            )
    if not (isinstance(here, type) and issubclass(here, BaseModel)):
        arguments = getattr(here, "__args__", ())
        here = next(
            (argument for argument in arguments if isinstance(argument, type) and issubclass(argument, BaseModel)), None
        )
    return sorted(here.model_fields) if here is not None else []
