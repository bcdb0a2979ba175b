"""A model that reads what stands in for protected traits is refused, whatever its figures."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from training.lifecycle.promote import promote
from training.lifecycle.register import register
from training.lifecycle.releasable import NotReleasableError, require_releasable

AT = datetime(2026, 1, 1, tzinfo=UTC)


def renamed(fitted, old, new):
    """The model with a feature under another name, in its trees and its spec."""

    def swap(plain):
        return {new if name == old else name: value for name, value in plain.items()}

    spec = fitted.spec.model_copy(
        update={
            "name": "late-payment-with-proxies",
            "feature_names": tuple(new if name == old else name for name in fitted.spec.feature_names),
            "groups": swap(fitted.spec.groups),
            "baseline": swap(fitted.spec.baseline),
            "typical": swap(fitted.spec.typical),
            "tendency": swap(fitted.spec.tendency),
        }
    )
    texts = tuple(text.replace(old, new) for text in fitted.model_texts)
    return replace(fitted, spec=spec, model_texts=texts, sketches=swap(fitted.sketches))


def test_promotion_refuses_a_model_that_reads_proxies(fitted, home, catalogue):
    research = renamed(fitted, "open_amount", "proxy_area_code")
    register(research, home, code_version="1", catalogue=catalogue)
    with pytest.raises(NotReleasableError, match="can never be released: train a model without --with-proxies") as no:
        promote(home, [research.spec.name], by="A", reason="r", at=AT, policy={}, feature_hashes={
            research.spec.feature_set: research.spec.feature_set_hash})  # fmt: skip
    assert no.value.features == ("proxy_area_code",)
    assert not home.releases.exists() or not list(home.releases.iterdir())


def test_the_label_alone_is_enough_to_be_refused(fitted):
    marked = fitted.spec.model_copy(update={"label": {**fitted.spec.label, "proxies": "used"}})
    with pytest.raises(NotReleasableError, match="its label says so"):
        require_releasable([fitted.spec, marked])


def test_a_model_without_them_passes(fitted):
    require_releasable([fitted.spec])
