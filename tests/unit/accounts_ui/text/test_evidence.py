"""The evidence of an event as labels and values."""

from django.utils.translation import override

from accounts_ui.text.evidence import evidence_lines


def test_evidence_is_shown_line_by_line() -> None:
    with override("en"):
        lines = evidence_lines(
            {
                "how": "check",
                "by": {"name": "Ada", "subject": "s", "issuer": "i"},
                "seen": "active",
                "rows": 1234,
                "x": True,
            }
        )
    assert [(str(label), str(value)) for label, value in lines] == [
        ("How", "read for “Check now”"),
        ("By", "Ada (s at i)"),
        ("Status in the list", "active"),
        ("Rows in the list", "1,234"),
        ("x", "yes"),
    ]


def test_a_list_that_names_no_account() -> None:
    with override("en"):
        assert (
            dict(evidence_lines({"lists_types": True, "seen": None}))["Status in the list"]
            == "no such account is listed"
        )
        assert dict(evidence_lines({"lists_types": False, "seen": None}))["Status in the list"] == "not stated"
