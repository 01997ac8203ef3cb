"""The forms in which a batch's rows are read."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zoomcall.adapters.batch_file import read_batch
from zoomcall.domain.batch import BadRow, RawRow
from zoomcall.errors import UsageError
from zoomcall.usecases.batching.reading import COLUMNS

ROWS = [{"protocol": "sip", "address": "a@example.com"}, {"protocol": "h323", "address": "203.0.113.10"}]
CSV = "protocol,address\nsip,a@example.com\nh323,203.0.113.10\n"


def read(data: bytes | str) -> list[RawRow | BadRow]:
    content = data.encode() if isinstance(data, str) else data
    return list(read_batch(content, name="rooms.csv", columns=COLUMNS))


def fields(data: bytes | str) -> list[dict[str, Any]]:
    rows = read(data)
    assert all(isinstance(row, RawRow) for row in rows), rows
    return [row.fields for row in rows if isinstance(row, RawRow)]


@pytest.mark.parametrize(
    "data",
    [
        CSV,
        CSV.replace(",", ";"),
        CSV.replace(",", "\t"),
        CSV.replace(",", "|"),
        CSV.replace("\n", "\r\n"),
        CSV.replace("\n", "\r"),
        CSV.removesuffix("\n"),
        "\n\n" + CSV + "\n  \n",
        "sep=;\r\n" + CSV.replace(",", ";"),
        "Protocol, Address \nsip,a@example.com\nh323,203.0.113.10\n",
        '"protocol","address"\n"sip","a@example.com"\n"h323","203.0.113.10"\n',
        "\ufeff" + CSV,
        ("\ufeff" + CSV).encode("utf-16-le"),
        ("\ufeff" + CSV).encode("utf-16-be"),
        CSV.encode("utf-16-le"),
        CSV.encode("utf-16-be"),
        "\n".join(map(json.dumps, ROWS)),
        "\r\n\r\n".join(map(json.dumps, ROWS)),
        "\ufeff" + "\n".join(map(json.dumps, ROWS)),
        json.dumps(ROWS),
        json.dumps(ROWS, indent=2),
        "\n".join(json.dumps(row, indent=2) for row in ROWS),
        "a@example.com\n203.0.113.10\n",
        "# rooms\r\n\r\nsip a@example.com\r\n h323 203.0.113.10 \r\n",
    ],
)
def test_every_form_holds_the_same_rows(data: bytes | str) -> None:
    assert fields(data) == ROWS


def test_a_line_is_where_a_row_begins_and_a_number_counts_rows() -> None:
    rows = read('protocol,address,note\n\nsip,a@example.com,"two\nlines"\r\n\nsip,b@example.com,x\n')

    assert [(row.number, row.line) for row in rows] == [(1, 3), (2, 6)]


def test_lines_of_a_list_of_json_are_counted() -> None:
    rows = read('[\n {"address":\n "a"},\n\n {"address": "b"}, 7\n]\n')

    assert [(row.number, row.line) for row in rows] == [(1, 2), (2, 5), (3, 5)]
    assert rows[2] == BadRow(3, 5, "a row must be a JSON object")


def test_a_quoted_cell_keeps_delimiters_quotes_and_line_breaks() -> None:
    [row] = fields('address,protocol,note\na@example.com,sip,"a, ""b""\r\nc"\n')

    assert row["note"] == 'a, "b"\r\nc'


@pytest.mark.parametrize("data", ["", "\n \n", "\ufeff", "protocol,address\n", "[]", "# nothing\n", "sep=;\n"])
def test_an_input_without_rows_is_refused(data: str) -> None:
    with pytest.raises(UsageError, match="holds no rows"):
        read(data)


@pytest.mark.parametrize(
    ("data", "line", "message"),
    [
        ("protocol,address\nsip,a@example.com,x,y\n", 2, "4 cells for 2 columns"),
        ('protocol,address\nsip,"a"b\nsip,c@example.com\n', 2, "not valid CSV"),
        ('protocol,address\nsip,a@example.com\nsip,"a\n', 3, "not valid CSV"),
        ('{"address": "a@example.com"\n{"address": "b@example.com"}\n', 1, "not valid JSON"),
        ('{"address": "a@example.com"}\n[1]\n', 2, "a row must be a JSON object"),
        ('{"address": ' + "[" * 100_000 + "\n", 1, "nested too deep"),
        ('{"Address": "a", "address": "b"}\n', 1, "a key is there twice"),
        ("a@example.com\nsip,b@example.com\n", 2, "a CSV needs a header"),
        ("sip;b@example.com\n", 1, "a CSV needs a header"),
    ],
)
def test_a_bad_row_has_its_line(data: str, line: int, message: str) -> None:
    bad = [row for row in read(data) if isinstance(row, BadRow)]

    assert [row.line for row in bad] == [line]
    assert message in bad[0].message


def test_the_rows_after_a_bad_one_are_read() -> None:
    assert [type(row) for row in read('protocol,address\nsip,"a"b\nsip,c@example.com\n')] == [BadRow, RawRow]
    assert [type(row) for row in read('{"a" 1}\n{"address": "b@example.com"}\n')] == [BadRow, RawRow]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"address\n\xe9@example.com\n", "not UTF-8 text"),
        (b"\xff\xfea", "not UTF-16 text"),
        (b"protocol,address,address\nsip,a@example.com,b@example.com\n", "the column 'address' is there twice"),
        (b"protocol,name\nsip,Hall\n", "no column for the room"),
        (b'[{"address": "a@example.com"}', "does not end"),
        (b'[{"address": "a@example.com"}] 1', "more after the list"),
        (b'[{"address": "a@example.com"}, {]', "not valid JSON"),
    ],
)
def test_what_is_not_a_batch_is_refused(data: bytes, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        read(data)


def test_empty_columns_beside_the_rows_mean_nothing() -> None:
    assert fields("protocol,address,,\nsip,a@example.com,,\nh323,203.0.113.10,,,,\n") == [
        row | {"": ""} for row in ROWS
    ]


@given(st.one_of(st.binary(), st.text().map(str.encode)))
def test_no_input_does_more_than_be_refused(data: bytes) -> None:
    try:
        rows = read(data)
    except UsageError:
        return
    assert [row.number for row in rows] == list(range(1, len(rows) + 1))
