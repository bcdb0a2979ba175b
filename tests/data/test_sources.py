"""Reading files: texts stay texts, and what cannot be read says what to do."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from data.mapping import FileMapping, SourceMapping, load_mapping
from data.sources import SourceFileError, read_source

INFO = load_mapping("datarisk").files[2]
HEADER = "ID_CLIENTE;SAFRA_REF;RENDA_MES_ANTERIOR;NO_FUNCIONARIOS"


def read(folder, content, *, file=INFO, **options):
    data = content if isinstance(content, bytes) else content.encode()
    (folder / file.file).write_bytes(data)
    return read_source(folder, load_mapping("datarisk").model_copy(update=options), file)


def test_values_stay_texts(tmp_path):
    found = read(tmp_path, f"{HEADER}\n0012345678901234567;2021-01;1.10;\n NA ;null;1e5;-0\n")
    assert found.rows.to_pylist() == [
        dict(zip(HEADER.split(";"), ("0012345678901234567", "2021-01", "1.10", ""), strict=True)),
        dict(zip(HEADER.split(";"), (" NA ", "null", "1e5", "-0"), strict=True)),
    ]
    assert found.lines.to_pylist() == [2, 3]


def test_lines_are_counted_over_blank_and_ragged_ones(tmp_path):
    found = read(tmp_path, f"{HEADER}\na;b;c;d\n\ne;f;g\nh;i;j;k\n;;;\nl;m;n;o;p\nq;r;s;t")
    assert found.lines.to_pylist() == [2, 5, 8]
    assert [(line, text) for _, line, text in found.ragged] == [(4, "e;f;g"), (7, "l;m;n;o;p")]
    assert found.blank == 2


def test_quotes_crlf_and_a_byte_order_mark(tmp_path):
    found = read(tmp_path, f'\ufeff{HEADER}\r\n"a;b";c;d;e\r\n')
    assert found.rows["ID_CLIENTE"].to_pylist() == ["a;b"]


def test_a_header_alone_is_a_file_without_rows(tmp_path):
    assert read(tmp_path, HEADER).rows.num_rows == 0


def test_another_encoding(tmp_path):
    content = f"{HEADER}\nComércio;;;x\n".encode("latin-1")
    assert read(tmp_path, content, encoding="latin-1").rows["ID_CLIENTE"].to_pylist() == ["Comércio"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param("", "it is empty, without even a header", id="empty"),
        pytest.param(
            "ID_CLIENTE;SAFRA_REF\n1;2\n", "lacks the column RENDA_MES_ANTERIOR, NO_FUN.*it has ID_CLI", id="column"
        ),
        pytest.param(HEADER.replace(";", ","), "Check the separator", id="separator"),
        pytest.param(f"{HEADER}\nComércio;;;\n".encode("latin-1"), "cannot be read as utf-8.*latin-1", id="encoding"),
        pytest.param(HEADER.encode("utf-16"), "cannot be read as utf-8", id="encoding of the header"),
    ],
)
def test_a_file_that_cannot_be_read(tmp_path, content, message):
    with pytest.raises(SourceFileError, match=f"base_info.csv: .*{message}"):
        read(tmp_path, content)


def test_an_encoding_nobody_knows(tmp_path):
    with pytest.raises(SourceFileError, match="cannot be read as utf-99"):
        read(tmp_path, HEADER, encoding="utf-99")


def test_a_missing_file_says_what_is_there(tmp_path):
    (tmp_path / "other.csv").touch()
    with pytest.raises(SourceFileError, match=r"base_info.csv: it is not in .*, which holds other.csv"):
        read_source(tmp_path, load_mapping("datarisk"), INFO)


def test_a_column_name_that_appears_twice_can_be_told_apart(tmp_path):
    file = FileMapping(file="items.csv")
    found = read(tmp_path, "doc_id;x;doc_id\n1;2;3\n", file=file)
    assert found.rows.to_pylist() == [{"doc_id": "1", "x": "2", "doc_id (2)": "3"}]


def test_a_column_with_the_name_of_a_derived_key(tmp_path):
    payments = load_mapping("datarisk").files[1]
    header = "ID_CLIENTE;DATA_EMISSAO_DOCUMENTO;DATA_PAGAMENTO;DATA_VENCIMENTO;VALOR_A_PAGAR;TAXA;item"
    with pytest.raises(SourceFileError, match="a column item, which is the name of a derived key"):
        read(tmp_path, header, file=payments)


def csv_files(*files, **options):
    entries = [{"tables": {}} | file for file in files]
    return SourceMapping.model_validate({"source": "x", "description": "", "files": entries} | options)


def test_a_pattern_is_all_files_that_match_in_sorted_order(tmp_path):
    (tmp_path / "p_2.csv").write_text("b;a\n2;y\n")
    (tmp_path / "p_10.csv").write_text("a;b\nx;1\n;\nz;3\nragged\n")
    (tmp_path / ".p_0.csv").write_text("a;b\nhidden;0\n")
    (tmp_path / "q.csv").write_text("a;b\nother;0\n")
    mapping = csv_files({"file": "p_*.csv"})
    found = read_source(tmp_path, mapping, mapping.files[0])
    assert found.rows.to_pylist() == [{"a": "x", "b": "1"}, {"a": "z", "b": "3"}, {"a": "y", "b": "2"}]
    assert [found.files[n] for n in found.file_of] == ["p_10.csv", "p_10.csv", "p_2.csv"]
    assert found.lines.to_pylist() == [2, 4, 2]
    assert (found.ragged, found.blank) == ((("p_10.csv", 5, "ragged"),), 1)


def test_files_of_one_pattern_have_one_header(tmp_path):
    (tmp_path / "p_1.csv").write_text("a;b\n")
    (tmp_path / "p_2.csv").write_text("a;c\n")
    mapping = csv_files({"file": "p_*.csv"})
    with pytest.raises(SourceFileError, match=r"p_2.csv: its columns are not those of p_1.csv.*: b, c stands"):
        read_source(tmp_path, mapping, mapping.files[0])


def test_a_file_of_exactly_that_name_wins_over_a_pattern(tmp_path):
    for name in ("p[1].csv", "p1.csv"):
        (tmp_path / name).write_text(f"a\n{name}\n")
    mapping = csv_files({"file": "p[1].csv"}, {"file": "q*.csv", "optional": True}, {"file": "r*.csv"})
    assert read_source(tmp_path, mapping, mapping.files[0]).rows["a"].to_pylist() == ["p[1].csv"]
    assert read_source(tmp_path, mapping, mapping.files[1]) is None
    with pytest.raises(SourceFileError, match=r"r\*.csv: it is not in .*p1.csv"):
        read_source(tmp_path, mapping, mapping.files[2])


def test_what_stands_above_the_header_is_passed_over(tmp_path):
    (tmp_path / "a.csv").write_text('Title\n"as of\n2024"\na;b\n1;2\nx\n3;4\n')
    mapping = csv_files({"file": "a.csv", "header": 3})
    found = read_source(tmp_path, mapping, mapping.files[0])
    assert found.rows.to_pylist() == [{"a": "1", "b": "2"}, {"a": "3", "b": "4"}]
    assert (found.lines.to_pylist(), found.ragged) == ([4, 6], (("a.csv", 5, "x"),))
    with pytest.raises(SourceFileError, match="no header in record 9"):
        read_source(tmp_path, mapping, FileMapping(file="a.csv", header=9))


def test_parquet_files(tmp_path):
    mapping = SourceMapping(
        source="x", description="", kind="parquet", files=(FileMapping(file="limits.parquet", optional=True),)
    )
    assert read_source(tmp_path, mapping, mapping.files[0]) is None
    pq.write_table(pa.table({"a": [1, 2]}), tmp_path / "limits.parquet")
    assert read_source(tmp_path, mapping, mapping.files[0]).lines.to_pylist() == [1, 2]
    (tmp_path / "limits.parquet").write_bytes(b"PAR1")
    with pytest.raises(SourceFileError, match="not a readable Parquet file"):
        read_source(tmp_path, mapping, mapping.files[0])
