"""What is kept of a row that was refused: where it stood, why, and what it said."""

from datetime import datetime
from typing import Final

import numpy as np
import pyarrow as pa

from data.contracts import COUNT, EVERY_TABLE, TEXT, Column, Contract
from data.engine import engine
from data.staging import Reason, Staged

RAGGED: Final = Reason("values_do_not_match_header", "The record has another number of values than the header.")

QUARANTINE: Final = Contract(
    "quarantine",
    ("quarantine_id",),
    (
        Column("quarantine_id", TEXT, "Derived from the source, the table, the reason and what the row said; stable."),
        Column("table", TEXT, "The table the row was meant for."),
        Column("file", TEXT, "Name of the file it stood in."),
        Column("line", COUNT, "Line in that file when it was first refused, the header being line 1."),
        Column("reason_code", TEXT, "Stable code of the reason."),
        Column("reason", TEXT, "The reason as a sentence."),
        Column("raw", TEXT, "What the row said, as a JSON object."),
        *(column for column in EVERY_TABLE if column.name != "is_deleted"),  # what was refused stays refused
    ),
)


def quarantined(staged: Staged, *, source: str, received_at: datetime) -> pa.Table:
    """The refused rows of a table in the shape of ``QUARANTINE``.

    Rows that said the same are told apart by an ordinal, so that refusing a delivery again names the same rows.

    Args:
        staged: Rows of one table, all rules applied.
        source: Name of the source.
        received_at: When the delivery was received, with a zone.

    Returns:
        One row per refused row, ragged records included.
    """
    refused = np.flatnonzero(~staged.accepted)
    if not len(refused) and not staged.ragged:
        return QUARANTINE.schema.empty_table()
    reasons = [staged.reasons[number] for number in staged.refusal[refused]]
    texts = pa.table(
        {
            "file": pa.array(
                [*(staged.files[n] for n in staged.file_of[refused]), *(r.file for r in staged.ragged)], pa.string()
            ),
            "line": pa.array([*staged.lines[refused], *(r.line for r in staged.ragged)], pa.int64()),
            "reason_code": pa.array([*(r.code for r in reasons), *(RAGGED.code for _ in staged.ragged)], pa.string()),
            "reason": pa.array(
                [*(r.sentence for r in reasons), *(RAGGED.sentence for _ in staged.ragged)], pa.string()
            ),
            "raw": _as_json(staged, refused),
        }
    )
    with engine().con as connection:
        connection.register("refused", texts)
        values = {"table": staged.table, "source": source, "received_at": received_at}
        return connection.sql(_NAMED, params=values).to_arrow_table().cast(QUARANTINE.schema)


_NAMED: Final = """
    SELECT substr(sha256(to_json([$source, $table, reason_code, raw, CAST(ordinal AS VARCHAR)])), 1, 20)
               AS quarantine_id,
           $table AS "table", file, line, reason_code, reason, raw,
           CAST($received_at AS TIMESTAMPTZ) AS known_at, $source AS source
    FROM (SELECT *, row_number() OVER (PARTITION BY reason_code, raw ORDER BY file, line) AS ordinal FROM refused)
    ORDER BY file, line
"""


def _as_json(staged: Staged, refused: np.ndarray) -> pa.Array:
    """Each refused row as it stood in its file, as a JSON object; a ragged record under the name ``record``."""
    texts = np.empty(len(refused), dtype=object)
    with engine().con as connection:
        for number in np.unique(staged.file_of[refused]):
            mine = staged.file_of[refused] == number
            connection.register("raw", staged.raws[number].take(pa.array(staged.raw_rows[refused[mine]])))
            found = connection.sql("SELECT CAST(to_json(raw) AS VARCHAR) AS raw FROM raw").to_arrow_table()
            texts[mine] = found["raw"].to_numpy()
        connection.register("ragged", pa.table({"record": pa.array([r.text for r in staged.ragged], pa.string())}))
        records = connection.sql("SELECT CAST(to_json(ragged) AS VARCHAR) AS raw FROM ragged").to_arrow_table()
    return pa.chunked_array([pa.array(texts, pa.string()), *records["raw"].chunks], pa.string())
