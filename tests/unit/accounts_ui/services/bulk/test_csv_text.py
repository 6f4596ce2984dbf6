"""The text of a list: its separator, and what the parser could not read."""

import contextlib
import json
import time

import pytest

from accounts_ui.services.bulk.csv_import import read_list
from accounts_ui.services.bulk.csv_text import read_text
from accounts_ui.services.errors import InvalidInput


@pytest.mark.parametrize(
    ("text", "separator"),
    [
        ("email,code\n", ","),
        ('"a;b;c",email,code\n', ","),
        ('"a, b, c";email;code\n', ";"),
        ("remark;remark;remark,email,code\n", ","),
        ("sep=;\nemail;code\n", ";"),
        ("\n\nSEP=\t\nemail\tcode\n", "\t"),
        ("sep=;\nemail,code\n", ","),
        ('"a\n;;;;\nb",email,code', ","),
        ("unknown", ","),
        ('"a;b;c;d";x,y,z\n', ","),
        ("sep=|\nemail|code\n", "|"),
        ('x"more\nlines",email,code\n', ","),
        ('x"\r\n;";email;code\n', ";"),
    ],
)
def test_the_separator(text: str, separator: str) -> None:
    assert read_text(text.encode()).separator == separator


def test_lines_keep_their_numbers() -> None:
    read = read_list(b'sep=;\n\n"email" ; "code"\np@acme.example;"worker" \n')
    assert [(row.line, row.values["email"], row.values["code"]) for row in read.rows] == [
        (4, "p@acme.example", "worker")
    ]


@pytest.mark.parametrize("cell", ['5" disk " , x', 'a "b" c', '"a "" , b"'])
def test_quotes_inside_of_cells_are_left_alone(cell: str) -> None:
    read = read_list(f'remark,email,code\n{cell},p@acme.example,"worker" \n'.encode())
    assert read.rows[0].values["code"] == "worker" or len(json.loads(read.rows[0].cells)) > 3


@pytest.mark.parametrize(
    "unit", [" ", "\t", '"', '""', '" ', ' "', '"a" ,', '\t"', "\xa0,", '"" "', ', "', 'a"" ', '" "\t']
)
def test_blanks_and_quotes_take_time_that_is_linear(unit: str) -> None:
    """Twenty times the text would take four hundred times as long if it were quadratic."""

    def seconds(size: int) -> float:
        text = ('email,code\n" ,"\n' + unit * (size // len(unit))).encode()
        begin = time.process_time()
        with contextlib.suppress(InvalidInput):
            read_list(text)
        return time.process_time() - begin

    assert seconds(1_000_000) < 100 * max(seconds(50_000), 0.002)
