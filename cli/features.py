"""`o2c-risk features …`: today's facts of customers, refreshed, pushed and compared with the book."""

from datetime import UTC, datetime
from typing import Annotated, Final

import typer

from cli.clock import BadDateError, business_day, instant
from cli.errors import Exit
from cli.output import count, say, show_json, working
from data.settings import Settings

features_app: Final = typer.Typer(
    invoke_without_command=True,
    help="Compute every customer's facts at the end of a day, put them online and check them against the book.",
    epilog="Example: o2c-risk features --as-of 2021-03-01   |   o2c-risk features push   |   o2c-risk features parity",
)
AsOf = Annotated[str | None, typer.Option(help="Business day, year-month-day; today unless given.", show_default=False)]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for a machine instead of tables.")]


@features_app.callback()
def features(context: typer.Context, as_of: AsOf = None, as_json: Json = False) -> None:
    """Compute every customer's facts at the end of a day, put them online and check them against the book."""
    if context.invoked_subcommand is not None:
        return
    from cli.facts import check, refresh, state_of_the_lake, the_store
    from cli.ledger import the_book

    settings, day, computed_at = Settings(), business_day(as_of), instant()
    with working("Features") as step:
        step("opening the store")
        store, lake = the_store(settings), state_of_the_lake(settings)
        book = the_book(settings)
        step("computing and writing")
        written = refresh(book, store, as_of=day, computed_at=computed_at, lake=lake)
        step("comparing online with the book")
        found = check(book, store, day)
    if as_json:
        show_json({"as_of": day, "customers": len(written.customer_ids), "features": written.features, "parity": found})
    else:
        say(f"{len(written.customer_ids):,} customers x {written.features} facts at the end of {day} are online.")
        say(f"Compared with the book: {found.compared:,} values, {found.different:,} differ.")
    if not found.holds:
        raise typer.Exit(Exit.ALERT)


@features_app.command(epilog="Example: o2c-risk features refresh --as-of 2021-03-01")
def refresh(as_of: AsOf = None, as_json: Json = False) -> None:
    """Compute every customer's facts and put them online in one step; readers stay on the old ones until then."""
    from cli.facts import refresh as write_all
    from cli.facts import state_of_the_lake, the_store
    from cli.ledger import the_book

    settings, day, computed_at = Settings(), business_day(as_of), instant()
    with working("Refreshing") as step:
        step("opening the store")
        store, lake = the_store(settings), state_of_the_lake(settings)
        book = the_book(settings)
        step("computing and writing")
        written = write_all(book, store, as_of=day, computed_at=computed_at, lake=lake)
    told = {"as_of": day, "customers": len(written.customer_ids), "features": written.features}
    if as_json:
        show_json(told | {"generation": written.generation})
    else:
        say(f"{count(len(written.customer_ids))} customers x {written.features} facts at the end of {day} are online.")


@features_app.command(epilog="Example: o2c-risk features push   |   o2c-risk features push --customers C000012")
def push(
    as_of: AsOf = None,
    since: Annotated[
        str | None,
        typer.Option(
            help="Customers with rows that became known after this instant (ISO, UTC unless it says otherwise), "
            "instead of those that came in after the last write.",
            show_default=False,
        ),
    ] = None,
    customers: Annotated[
        list[str] | None, typer.Option(help="A customer, as often as needed.", show_default=False)
    ] = None,
    as_json: Json = False,
) -> None:
    """Compute the facts of the customers that came with news, and put them online; all others keep theirs.

    News of a customer reach the facts of others in its group, and of its peers, with the next refresh.
    """
    from cli.facts import news, state_of_the_lake, tell_pushed, the_store
    from cli.facts import push as write_some
    from cli.ledger import the_book

    settings, day, computed_at = Settings(), business_day(as_of), instant()
    with working("Pushing") as step:
        step("looking for news")
        store, lake = the_store(settings), state_of_the_lake(settings)
        touched = news(settings, store, since=_instant(since), customers=customers or ())
        step(f"computing {count(len(touched.customer_ids))} customers")
        by_hand = bool(since or customers)
        written = write_some(
            the_book(settings), store, touched, as_of=day, computed_at=computed_at, lake=None if by_hand else lake
        )
    show_json(written) if as_json else tell_pushed(written)


@features_app.command(epilog=f"Exit code {int(Exit.ALERT)} when anything differs. Example: o2c-risk features parity")
def parity(
    as_of: Annotated[
        str | None,
        typer.Option(help="Day to compare for; that of the facts online unless given.", show_default=False),
    ] = None,
    show: Annotated[int, typer.Option(min=1, help="How many features to name.")] = 10,
    as_json: Json = False,
) -> None:
    """Compute every customer's facts anew from the book and compare them with what is served, to the last bit."""
    from cli.facts import check, day_of_the_facts, tell_parity, the_store
    from cli.ledger import the_book

    settings = Settings()
    with working("Comparing") as step:
        step("opening the store")
        store = the_store(settings)
        day = business_day(as_of) if as_of else day_of_the_facts(store) or business_day(None)
        step(f"computing every customer as of {day}")
        found = check(the_book(settings), store, day, show=show)
    if as_json:
        show_json({"holds": found.holds, "share": found.share, **vars(found)})
    else:
        tell_parity(found)
    if not found.holds:
        raise typer.Exit(Exit.ALERT)


def _instant(text: str | None) -> datetime | None:
    """The instant a person named; UTC when it states no zone.

    Raises:
        BadDateError: The text is no ISO date or time.
    """
    if text is None:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise BadDateError(text) from error
    return at if at.tzinfo else at.replace(tzinfo=UTC)
