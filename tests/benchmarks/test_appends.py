"""What the chain costs: events a second through the log against plain inserts of the same rows, on PostgreSQL."""

import statistics

import psycopg

from tests.appending import Appenders

ROUNDS = 9
CHANGES = 160  # of one round, shared by the processes; two events each


def test_appends(start_console, directory):
    console = start_console("postgresql")
    database = console.server.env["DATABASE_URL"]
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("CREATE TABLE plain_event (LIKE changes_event INCLUDING ALL)")
    rates: dict[tuple[str, int], list[float]] = {}
    wrote: dict[str, list[str]] = {"append": [], "plain": []}
    appenders = Appenders(console, 16)
    for _ in range(ROUNDS):  # interleaved, so that a busy minute of the machine slows all of them
        for among in (1, 16):
            for task, names in wrote.items():
                seconds, new = appenders.do(task, CHANGES // among, among=among)
                assert len(new) == CHANGES
                names += new
                rates.setdefault((task, among), []).append(2 * CHANGES / seconds)
    appenders.stop()

    with psycopg.connect(database) as connection:
        for table, names in (("changes_event", wrote["append"]), ("plain_event", wrote["plain"])):
            found = connection.execute(f"SELECT change_id::text FROM {table}").fetchall()
            assert sorted(name for (name,) in found) == sorted(names * 2), table
    verified = console.manage("verify_changes")
    assert verified.returncode == 0, verified.stderr
    assert f"Verified {2 * len(wrote['append'])} events" in verified.stdout
    print(f"\n\n{table_of(rates)}")


def table_of(rates) -> str:
    lines = [
        f"Events a second, median of {ROUNDS} interleaved rounds of {2 * CHANGES} events:",
        "",
        "| Processes | Through the log | Plain INSERT | Log : plain | Least and most of the rounds' ratios |",
        "| --- | --- | --- | --- | --- |",
    ]
    for among in (1, 16):
        log, plain = rates["append", among], rates["plain", among]
        ratios = sorted(one / other for one, other in zip(log, plain, strict=True))
        lines.append(
            f"| {among} | {statistics.median(log):.0f} | {statistics.median(plain):.0f} "
            f"| {statistics.median(ratios):.2f} | {ratios[0]:.2f} to {ratios[-1]:.2f} |"
        )
    return "\n".join(lines)
