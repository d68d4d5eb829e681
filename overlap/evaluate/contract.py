"""What two reports must have in common for their numbers to be comparable.

Every evaluation declares its contract once, where it describes its settings; it is kept under
``settings["contract"]``, so that a report that was written and read has it too. What is not in it
may differ: predictions, names of files, workers, outputs, the bootstrap.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

from .report import package_versions, plain

__all__ = ["Contract", "agreed", "contract_of", "same_kind"]

_SHOWN = 4  # differences of one kind in a message
_WIDTH = 60


def _series() -> str:
    """Major and minor version of the package: numbers may change between them."""
    return ".".join(package_versions().get("overlap-metrics", "").split(".")[:2])


@dataclass(frozen=True)
class Contract:
    """What was measured, on which truth, by which rules.

    A value with an entry ``sha256`` is the same as another with that digest; what stands beside
    the digest is for reading.

    Attributes
    ----------
    evaluation : str
        Name of the evaluation.
    rules : mapping
        Rules and truth, by the name that lifts a difference: plain data. They count for every
        number.
    numbers : mapping from str to mapping
        More rules, by the number for which alone they count, such as one threshold of several.
    labels : mapping
        Meaning of each label, which must agree where the label is compared.
    items : mapping from str to str or None
        Digest of the truth of each item, which must agree where the item is compared.
    sizes : sequence of str
        Numbers of which no value is better than another.
    reason : str
        Why reports of this evaluation cannot be compared; empty where they can.
    version : str
        Major and minor version of the package.
    """

    evaluation: str
    rules: Mapping[str, Any]
    numbers: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    labels: Mapping[str, Any] = field(default_factory=dict)
    items: Mapping[str, str | None] = field(default_factory=dict)
    sizes: Sequence[str] = ()
    reason: str = ""
    version: str = field(default_factory=_series)

    def settings(self) -> dict[str, Any]:
        """Return the contract as plain data, as it is after writing and reading."""
        return plain({entry.name: getattr(self, entry.name) for entry in fields(self)})

    def terms(self, metric: str | None, labels: Sequence[str], items: Sequence[str]) -> dict:
        """Return what must agree, by the name that lifts a difference.

        Parameters
        ----------
        metric : str or None
            Number that is compared.
        labels, items : sequence of str
            Labels and items that are compared.
        """
        result: dict[str, Any] = {"version": self.version, **self.rules}
        result |= self.numbers.get(metric or "", {})
        if self.labels:
            result["labels"] = {name: self.labels.get(name) for name in labels}
        if self.items:
            result["truth"] = {name: self.items.get(name) for name in items}
        return result


def contract_of(settings: Mapping[str, Any], name: str) -> Contract:
    """Return the contract of a report.

    Parameters
    ----------
    settings : mapping
        Settings of the report.
    name : str
        What errors call it.

    Raises
    ------
    ValueError
        It has none, or one that nobody can read.
    """
    stored = settings.get("contract")
    maps = ("rules", "numbers", "labels", "items")
    try:
        contract = Contract(**stored)  # type: ignore[arg-type]
        whole = all(isinstance(getattr(contract, part), Mapping) for part in maps)
        whole = whole and all(isinstance(rules, Mapping) for rules in contract.numbers.values())
        words = contract.evaluation, contract.reason, contract.version, *contract.sizes
        whole = whole and all(isinstance(word, str) for word in words)
    except TypeError:
        whole = False
    if not whole:
        raise ValueError(
            f"report {name!r} does not say on which truth and by which rules it was made (its "
            "settings have no contract): another version of overlap wrote it; make it again"
        )
    return contract


def agreed(
    contracts: Sequence[Contract],
    names: Sequence[str],
    *,
    metric: str | None = None,
    labels: Sequence[str] = (),
    items: Sequence[str] = (),
    allow: Sequence[str] = (),
) -> list[str]:
    """Refuse reports whose numbers are not comparable.

    Parameters
    ----------
    contracts : sequence of Contract
    names : sequence of str
        Of the reports.
    metric : str, optional
        Number that is compared.
    labels, items : sequence of str
        Labels and items that are compared.
    allow : sequence of str
        Differences that are lifted.

    Returns
    -------
    list of str
        The differences that were lifted, as sentences.

    Raises
    ------
    ValueError
        The contracts differ in something that is not lifted; the message names everything. Or
        a name in `allow` is none of a term.
    """
    if metric is not None and metric in contracts[0].sizes:
        raise ValueError(
            f"compare: {metric} is a size, of which no value is better than another; choose "
            "another metric"
        )
    terms = [contract.terms(metric, labels, items) for contract in contracts]
    known = dict.fromkeys(name for one in terms for name in one)
    for name in allow:
        if name not in known:
            raise ValueError(
                f"compare: there is no difference {name!r} to allow; there are {', '.join(known)}"
            )
    notes: list[str] = []
    faults: list[str] = []
    lifted: dict[str, None] = {}
    for other, there in zip(names[1:], terms[1:], strict=True):
        differences = {name: _differences(name, terms[0], there) for name in known}
        said = [text for name, texts in differences.items() if name in allow for text in texts]
        if said:
            notes.append(f"{names[0]!r} and {other!r} differ, as allowed: {'; '.join(said)}")
        open_ = {name: texts for name, texts in differences.items() if texts and name not in allow}
        if open_:
            texts = [text for texts in open_.values() for text in texts]
            faults.append(f"{names[0]!r} and {other!r} differ in {'; '.join(texts)}")
            lifted |= dict.fromkeys(open_)
    if faults:
        one_rule = "; or give one --missing (missing=) for all" if "missing" in lifted else ""
        raise ValueError(
            f"compare: the numbers are not comparable. {'. '.join(faults)}. Evaluate all in the "
            f"same way{one_rule}; or, if this is what you want to compare, say so: --allow "
            f"{','.join(lifted)} (in Python allow={list(lifted)!r})"
        )
    return notes


def same_kind(contracts: Sequence[Contract], names: Sequence[str]) -> None:
    """Refuse reports of different evaluations, and of those that cannot be compared.

    Parameters
    ----------
    contracts : sequence of Contract
    names : sequence of str
        Of the reports.
    """
    for contract, name in zip(contracts, names, strict=True):
        if contract.reason:
            raise ValueError(f"compare: report {name!r} {contract.reason}")
        if contract.evaluation != contracts[0].evaluation:
            raise ValueError(
                f"compare: reports {names[0]!r} and {name!r} are of different kinds: "
                f"{contracts[0].evaluation} and {contract.evaluation}"
            )


def _differences(name: str, ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> list[str]:
    """Every field of a term in which two contracts differ: ``field: one against the other``."""
    if name not in ours or name not in theirs:
        having = "only the second" if name not in ours else "only the first"
        return [f"{name}: {having} has it"]
    return _compared(name, ours[name], theirs[name])


def _compared(name: str, one: Any, other: Any) -> list[str]:
    if one == other:
        return []
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        digests = one.get("sha256"), other.get("sha256")
        if None not in digests and digests[0] == digests[1]:
            return []
        keys = [key for key in dict.fromkeys([*one, *other]) if one.get(key) != other.get(key)]
        texts = [
            x for key in keys for x in _compared(f"{name} {key}", one.get(key), other.get(key))
        ]
        if len(keys) > _SHOWN and set(one) == set(other) and _many(one):
            return [*texts[:_SHOWN], f"{name}: {len(keys) - _SHOWN} more"]
        return texts
    if isinstance(one, list) and isinstance(other, list):
        alone = [[x for x in a if x not in b] for a, b in ((one, other), (other, one))]
        if len(one) + len(other) > 2 * _SHOWN and any(alone):
            places = zip(("first", "second"), alone, strict=True)
            texts = [f"only in the {place} {_brief(rest)}" for place, rest in places if rest]
            return [f"{name}: {', '.join(texts)}"]
    return [f"{name}: {_brief(one)} against {_brief(other)}"]


def _many(mapping: Mapping[str, Any]) -> bool:
    """Whether a mapping is of items, and not of fields of which every one is worth naming."""
    return all(value is None or isinstance(value, str) for value in mapping.values())


def _brief(value: Any) -> str:
    if isinstance(value, str) and len(value) == 64 and value.isalnum():
        return f"{value[:12]}..."  # a digest
    if isinstance(value, list):
        value = [*value[:6], "..."] if len(value) > 6 else value
        text = ", ".join(map(str, value)) or "none"
    else:
        text = "none" if value is None else str(value)
    return text if len(text) <= _WIDTH else f"{text[: _WIDTH - 3]}..."
