"""A mapping whose entries templates reach by a dot."""

from collections.abc import Iterator, Mapping
from typing import Any


class DotDict(Mapping[str, Any]):
    """Read-only; in templates an entry wins over a method of the same name."""

    __slots__ = ("values_",)

    def __init__(self, values: Mapping[str, Any]) -> None:
        self.values_ = values

    def __getattr__(self, name: str) -> Any:
        try:
            return self.values_[name]
        except KeyError:
            raise AttributeError(name) from None

    def __getitem__(self, name: str) -> Any:
        return self.values_[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.values_)

    def __len__(self) -> int:
        return len(self.values_)

    def __repr__(self) -> str:
        return f"Record({', '.join(self)})"


def records(value: Any) -> Any:
    """Tables inside tables as records, lists as tuples."""
    if isinstance(value, Mapping):
        return DotDict({name: records(inner) for name, inner in value.items()})
    if isinstance(value, list | tuple):
        return tuple(records(inner) for inner in value)
    return value
