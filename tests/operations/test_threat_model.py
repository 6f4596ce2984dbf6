"""The threat model names tests that exist, and every L1 and L2 requirement of OWASP ASVS 5.0.0 once."""

import ast
import re

from console.sandbox.processes import ROOT

PAGE = ROOT / "console" / "docs" / "threat-model.md"

# Section → how many requirements it has of any level, and which of them are of level 1 and of level 3.
SECTIONS = {
    "1.1": (2, "", ""), "1.2": (10, "1-5", "10"), "1.3": (12, "1-2", "12"), "1.4": (3, "", ""), "1.5": (3, "1", "3"),
    "2.1": (3, "1", ""), "2.2": (3, "1-2", ""), "2.3": (5, "1", "5"), "2.4": (2, "", "2"),
    "3.1": (1, "", "1"), "3.2": (3, "1-2", "3"), "3.3": (5, "1", "5"), "3.4": (8, "1-2", "7-8"),
    "3.5": (8, "1-3", "6-8"), "3.6": (1, "", "1"), "3.7": (5, "", "3-5"),
    "4.1": (5, "1", "4-5"), "4.2": (5, "", "2-5"), "4.3": (2, "", ""), "4.4": (4, "1", ""),
    "5.1": (1, "", ""), "5.2": (6, "1-2", "4-6"), "5.3": (3, "1-2", "3"), "5.4": (3, "", ""),
    "6.1": (3, "1", ""), "6.2": (12, "1-8", ""), "6.3": (8, "1-2", "5-8"), "6.4": (6, "1-2", "5-6"),
    "6.5": (8, "", "6-8"), "6.6": (4, "", "4"), "6.7": (2, "", "1-2"), "6.8": (4, "", ""),
    "7.1": (3, "", ""), "7.2": (4, "1-4", ""), "7.3": (2, "", ""), "7.4": (5, "1-2", ""), "7.5": (3, "", "3"),
    "7.6": (2, "", ""),
    "8.1": (4, "1", "3-4"), "8.2": (4, "1-2", "4"), "8.3": (3, "1", "2-3"), "8.4": (2, "", "2"),
    "9.1": (3, "1-3", ""), "9.2": (4, "1", ""),
    "10.1": (2, "", ""), "10.2": (3, "", "3"), "10.3": (5, "", "5"), "10.4": (16, "1-5", "12-16"), "10.5": (5, "", ""),
    "10.6": (2, "", ""), "10.7": (3, "", ""),
    "11.1": (4, "", "3-4"), "11.2": (5, "", "4-5"), "11.3": (5, "1-2", "4-5"), "11.4": (4, "1", ""),
    "11.5": (2, "", "2"), "11.6": (2, "", "2"), "11.7": (2, "", "1-2"),
    "12.1": (5, "1", "4-5"), "12.2": (2, "1-2", ""), "12.3": (5, "", "5"),
    "13.1": (4, "", "2-4"), "13.2": (6, "", "6"), "13.3": (4, "", "3-4"), "13.4": (7, "1", "6-7"),
    "14.1": (2, "", ""), "14.2": (8, "1", "5-8"), "14.3": (3, "1", ""),
    "15.1": (5, "1", "4-5"), "15.2": (5, "1", "4-5"), "15.3": (7, "1", ""), "15.4": (4, "", "1-4"),
    "16.1": (1, "", ""), "16.2": (5, "", ""), "16.3": (4, "", ""), "16.4": (3, "", ""), "16.5": (4, "", "4"),
    "17.1": (2, "", "2"), "17.2": (8, "", "5-8"), "17.3": (2, "", ""),
}  # fmt: skip

STATUSES = ("met", "operator", "n/a", "**NOT met**")


def wanted() -> dict[str, str]:
    found = {}
    for section, (count, first, third) in SECTIONS.items():
        for number in range(1, count + 1):
            if number not in among(third):
                found[f"v5.0.0-{section}.{number}"] = "L1" if number in among(first) else "L2"
    return found


def among(text: str) -> range:
    if not text:
        return range(0)
    first, _, last = text.partition("-")
    return range(int(first), int(last or first) + 1)


def rows() -> list[list[str]]:
    lines = [line for line in PAGE.read_text().splitlines() if line.startswith("| v5.0.0-")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]


def test_the_list_of_requirements_is_complete():
    levels = list(wanted().values())
    assert (levels.count("L1"), levels.count("L2")) == (70, 183)
    assert sum(count for count, *_ in SECTIONS.values()) == 345


def test_each_requirement_is_listed_once():
    numbers = [row[0] for row in rows()]
    assert [number for number in numbers if numbers.count(number) > 1] == []
    assert {row[0]: row[1] for row in rows()} == wanted()


def test_each_row_has_a_status_and_a_test_or_a_reason():
    for number, _, short, status, shown in rows():
        assert short, number
        assert status in STATUSES, number
        assert len(shown) > 5, number
        if status != "met":
            assert re.sub(r"`tests/[^`]*`", "", shown).strip(" ,;()"), f"{number} does not say why"


def test_the_sums_are_those_of_the_rows():
    for level in ("L1", "L2"):
        found = [row[3] for row in rows() if row[1] == level]
        sums = [*(found.count(status) for status in STATUSES), len(found)]
        assert f"| {level} | {' | '.join(map(str, sums))} |" in PAGE.read_text()


def test_every_named_test_exists():
    named = set(re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", PAGE.read_text()))
    assert len(named) > 50
    missing = [f"{path}::{name}" for path, name in sorted(named) if name not in functions(path)]
    assert missing == []


def test_every_threat_has_a_control_and_a_test():
    section = PAGE.read_text().split("## Threats")[1].split("\n## ")[0]
    threats = [line.strip("|").split(" | ") for line in section.splitlines() if line.startswith("| ")][2:]
    assert len(threats) > 20
    assert all(len(cells) == 3 and "::" in cells[2] for cells in threats)


def functions(path: str) -> set[str]:
    file = ROOT / path
    tree = ast.parse(file.read_text()) if file.exists() else ast.Module([], [])
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
