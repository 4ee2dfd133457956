"""What a plan of the database says that a statement touched."""

from datetime import UTC, datetime

from bench.explain import literal, touched


def test_buffers_are_those_of_the_whole_plan_and_full_scans_those_of_one_table() -> None:
    scan = {"Node Type": "Seq Scan", "Shared Hit Blocks": 3, "Shared Read Blocks": 1}
    plan = {
        "Node Type": "Limit", "Actual Rows": 7.0, "Shared Hit Blocks": 10, "Shared Read Blocks": 2,
        "Plans": [
            scan | {"Relation Name": "held"},
            {"Node Type": "Nested Loop", "Plans": [
                scan | {"Relation Name": "state"}, {"Node Type": "Index Scan", "Relation Name": "state"},
            ]},
        ],
    }  # fmt: skip
    assert touched({"Plan": plan, "Execution Time": 1.5}, "state") == (7, 12, 1.5, 1)


def test_a_literal_is_as_sql_has_it() -> None:
    assert literal("it's") == "'it''s'"
    assert literal([0, 15]) == """'{"0","15"}'"""
    assert literal([datetime(2026, 3, 2, 9, tzinfo=UTC)]) == """'{"2026-03-02 09:00:00+00:00"}'"""
