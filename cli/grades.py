"""The grades of some cases as a person reads them: what was stated, what came, and the verdict on all of them."""

from typing import TYPE_CHECKING

from cli.output import percent, say, show_table

if TYPE_CHECKING:
    from training.judging.grades import GradeFigures, GradesVerdict


def tell_grades(found: "GradesVerdict") -> None:
    """A line for each grade that has a case, and the verdict."""
    numbers = ("cases", "bad", "stated", "came", "Jeffreys p", "Holm")
    show_table(
        "Grades (cases of one customer count together, so counts may be fractions)",
        ("grade", *numbers, "verdict"),
        [_row(grade) for grade in found.grades if grade.n],
        numbers=numbers,
    )
    say(verdict(found))


def verdict(found: "GradesVerdict") -> str:
    """The verdict on all grades together, in a sentence."""
    rejected = [grade.grade for grade in found.grades if grade.understates]
    if not rejected:
        said = "no grade states too little" if found.passed else "there is no case to judge them by"
    else:
        said = f"grade{'s' * (len(rejected) > 1)} {', '.join(rejected)} state{'s' * (len(rejected) == 1)} too little"
    return f"Grades judged together (Jeffreys with Holm's correction, family-wise {100 * found.level:g} %): {said}."


def _row(grade: "GradeFigures") -> tuple[str | None, ...]:
    return (
        grade.grade,
        f"{grade.n:,.1f}".removesuffix(".0"),
        f"{grade.bad:,.1f}".removesuffix(".0"),
        percent(grade.stated, 2),
        percent(grade.rate, 2),
        _four(grade.p_value),
        _four(grade.p_adjusted),
        "states too little" if grade.understates else "holds",
    )


def _four(value: float | None) -> str | None:
    return None if value is None else f"{value:.4f}"
