"""Which rule of names would make two inputs spell their names alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from overlap.io.name_rules import KINDS, NameRule, as_rules

__all__ = ["repair"]

_LOOKED_AT = 20  # names for which a common text in front or at the end is looked for


def repair(
    what: str, truth: Sequence[str], found: Sequence[str], ids: Mapping[str, str] | None = None
) -> str:
    """Name the rules that give most names of predictions a name of the truth.

    Parameters
    ----------
    what : {"videos", "labels"}
    truth, found : sequence of str
        Distinct names of both sides.
    ids : mapping from str to str, optional
        Names of labels by number, as the truth states them.

    Returns
    -------
    str
        Such as ``"--names prefix=v_"``; empty where no rule helps.

    Examples
    --------
    >>> repair("videos", ["v_run", "v_jump"], ["run.mp4", "jump.mp4"])
    '--names suffix --names prefix=v_'
    """
    known, given = set(truth), set(found)
    extra = [name for name in found if name not in known]
    free = [name for name in truth if name not in given]
    if not extra or not free:
        return ""
    if what == "labels" and ids and sum(ids.get(name) in free for name in extra) * 2 > len(extra):
        return "--names ids"
    singles = [kind for kind in ("unicode", "spaces", "folder", "suffix", "case", "separators")]
    texts = [[kind] for kind in (*singles, *_affixes(extra, free), "prefix=v_")]
    texts += [[a, b] for a in singles for b in (*singles, "prefix=v_") if a != b]
    texts += [["folder", "suffix", "prefix=v_"], [*singles, "prefix=v_"]]
    best, most = "", 0
    for chosen in texts:
        rules = [_of(what, text) for text in chosen]
        count = _pairs(rules, extra, free)
        if count > most and _are_one_to_one(rules, truth, found):
            best, most = " ".join(f"--names {rule.text}" for rule in rules), count
    return best


def _of(what: str, text: str) -> NameRule:
    """Return a rule that is for these names alone where its kind is for others too."""
    kind = text.partition("=")[0]
    return as_rules(text if KINDS[kind] == (what,) else f"{what}:{text}")[0]


def _key(rules: Sequence[NameRule], name: str) -> str:
    for rule in rules:
        alike = rule.alike()
        name = alike(name) if alike else name
    return name


def _pairs(rules: Sequence[NameRule], extra: Sequence[str], free: Sequence[str]) -> int:
    keys = {_key(rules, name) for name in free}
    return sum(_key(rules, name) in keys for name in extra)


def _are_one_to_one(rules: Sequence[NameRule], *sides: Sequence[str]) -> bool:
    return all(len({_key(rules, name) for name in side}) == len(side) for side in sides)


def _affixes(extra: Sequence[str], free: Sequence[str]) -> list[str]:
    """Return rules for texts in front or at the end that one side has and the other has not."""
    rules: dict[str, None] = {}
    for longs, shorts in ((extra, free), (free, extra)):
        for name in longs[:_LOOKED_AT]:
            for short in shorts[:2000]:
                if 0 < len(short) < len(name):
                    if name.endswith(short):
                        rules[f"prefix={name.removesuffix(short)}"] = None
                    elif name.startswith(short):
                        rules[f"suffix={name.removeprefix(short)}"] = None
        if len(rules) > _LOOKED_AT:
            break
    return list(rules)[:_LOOKED_AT]
