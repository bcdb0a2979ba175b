"""What columns are called in the languages and systems of ``synonyms.yaml``.

A concept is what a column of a source means; ``data.suggestion_tables`` says which columns of the contracts it can
fill. Names are compared without case, accents and signs, so ``Fälligkeitsdatum`` and ``faelligkeits_datum`` are one.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

import yaml

LISTED: Final = Path(__file__).with_name("synonyms.yaml")


class NameMatch(NamedTuple):
    """How well a column's name says a concept.

    Attributes:
        concept: The concept.
        score: From 0.6 (it resembles a synonym) to 1 (it is one).
        why: The synonym, in words.
    """

    concept: str
    score: float
    why: str


@dataclass(frozen=True)
class _Words:
    concept_of: Mapping[str, str]
    sap_names: frozenset[str]
    noise: frozenset[str]
    size_of: Mapping[str, str]


@cache
def _words() -> _Words:
    listed = yaml.safe_load(LISTED.read_text(encoding="utf-8"))
    concept_of = {
        plain(synonym): concept
        for concept, names in listed["concepts"].items()
        for synonym in (concept.replace("_", " "), *names.split(","))
    }
    sizes = {word: size for size, words in listed["sizes"].items() for word in words.split()}
    return _Words(concept_of, frozenset(listed["sap_names"].split()), frozenset(listed["noise"].split()), sizes)


def plain(name: str) -> str:
    """A name as it is compared: words in lower case, without accents and signs.

    Example:
        >>> plain("DATA_EMISSAO_DOCUMENTO"), plain("Fälligkeitsdatum"), plain("dueDate"), plain("N° Facture")
        ('data emissao documento', 'faelligkeitsdatum', 'due date', 'n facture')
    """
    text = re.sub(r" \(\d+\)$", "", name)
    for letter, letters in (("ä", "ae"), ("ö", "oe"), ("ü", "ue"), ("ß", "ss"), ("Ä", "Ae"), ("Ö", "Oe"), ("Ü", "Ue")):
        text = text.replace(letter, letters)
    text = re.sub(r"(?<=[a-z0-9])(?=[A-Z][a-z])", " ", text)
    text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return " ".join(re.findall(r"[a-z0-9]+", text))


def size_of(word: str) -> str | None:
    """The size class that a word most likely says.

    Example:
        >>> size_of("PEQUENO"), size_of("groß"), size_of("C3")
        ('SMALL', 'LARGE', None)
    """
    return _words().size_of.get(plain(word))


def matches(name: str) -> list[NameMatch]:
    """Concepts that a column's name may say, the best first.

    Example:
        >>> [(match.concept, match.score) for match in matches("BUDAT")]
        [('issued_on', 1.0)]
        >>> matches("data_vencimento_titulo")[0].concept, matches("xyzzy")
        ('due_on', [])
    """
    wanted, words = plain(name), _words()
    exact = words.concept_of.get(wanted)
    if exact is not None:
        kind = "SAP's name" if wanted in words.sap_names else "the name"
        return [NameMatch(exact, 1.0, f"{kind} says {wanted!r}")]
    best: dict[str, NameMatch] = {}
    for synonym, concept in words.concept_of.items():
        score, why = _likeness(wanted, synonym, words.noise)
        if score >= 0.6 and (concept not in best or best[concept].score < score):
            best[concept] = NameMatch(concept, score, why)
    return sorted(best.values(), key=lambda match: (-match.score, match.concept))


def _likeness(name: str, synonym: str, noise: frozenset[str]) -> tuple[float, str]:
    if name.replace(" ", "") == synonym.replace(" ", ""):
        return 0.95, f"the name says {synonym!r}"
    mine, theirs = set(name.split()), set(synonym.split())
    if theirs <= mine and theirs - noise:
        return 0.7 + 0.2 * len(theirs) / len(mine), f"the name holds {synonym!r}"
    if mine - noise and mine <= theirs and mine - noise == theirs - noise:
        return 0.8, f"the name says {synonym!r}"
    close = len(synonym) > 4 and abs(len(name) - len(synonym)) < 5
    ratio = SequenceMatcher(None, name, synonym).ratio() if close else 0.0
    return (0.75 * ratio, f"the name is like {synonym!r}") if ratio >= 0.85 else (0.0, "")
