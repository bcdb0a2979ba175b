"""The late-payment model with its time to pay, as a training on one day would have made it."""

from dataclasses import replace
from datetime import date

from benchmarks.models.extract import KNOWN_ON
from benchmarks.models.work import Work, say
from training.cases.split import between, split
from training.fitting.fit import one_seed
from training.fitting.fitted import Fitted
from training.fitting.learn import learn
from training.late_model import labelled_late, task
from training.pay_time.learn import with_pay_time

LAST_ISSUE = date(2020, 12, 31)


def late_model_then(work: Work, as_of: date, until: date = LAST_ISSUE) -> Fitted:
    """Learn with one seed from what was known at the end of a day; judged by the invoices issued from then on.

    Args:
        work: The run.
        as_of: The day.
        until: Last day of issue of the invoices that judge.
    """
    labelled = labelled_late(work.book, work.facts, until, grace=5, say=say)
    parts = split(labelled(as_of), between(labelled(KNOWN_ON), as_of, until), as_of)
    what = task()
    fitted = learn(
        replace(what, recipe=one_seed(what.recipe)),
        parts,
        as_of=as_of,
        known_on=KNOWN_ON,
        threads=work.threads,
        data_version="benchmark",
        say=say,
    )
    say(f"{what.name}: learning when invoices are paid")
    return with_pay_time(
        work.book,
        work.rows,
        fitted,
        as_of=as_of,
        period=(as_of, until),
        known_on=KNOWN_ON,
        threads=work.threads,
    )
