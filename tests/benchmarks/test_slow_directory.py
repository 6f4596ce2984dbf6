"""Pages that need no directory, while fifty reads of it hang on one process, against the same pages when it is idle."""

import statistics
import time

from tests.operations.test_slow_directory import LIMITS, NEED_NO_DIRECTORY, TABS, open_tabs, wait_for

ROUNDS, SECONDS = 9, 10


def test_pages_beside_reads_that_hang(start_console, sign_in, directory):
    console = start_console("sqlite", DIRECTORY_TIMEOUT=str(SECONDS), **LIMITS)
    ada = sign_in(console, "ada")
    took = {(path, state): [] for path in NEED_NO_DIRECTORY for state in ("idle", "hanging")}
    for _ in range(ROUNDS):
        measure(ada, took, "idle")
        directory.fault("hang-before", on="list", times=TABS)
        threads, answers = open_tabs(ada)
        wait_for(lambda answers=answers: len(answers) >= TABS - 3)
        measure(ada, took, "hanging")
        assert len(answers) < TABS, "some still read"
        directory.reset()
        for thread in threads:
            thread.join()
    print(f"\n\n{table_of(took)}")


def measure(browser, took, state):
    for path in NEED_NO_DIRECTORY:
        began = time.perf_counter()
        page = browser.get(path)
        took[path, state].append(time.perf_counter() - began)
        assert page.status_code == 200, path


def table_of(took) -> str:
    lines = [
        f"Milliseconds, medians of {ROUNDS} rounds in turns:",
        "",
        f"| Page | Idle | {TABS} reads hang | Ratio | Least and most of the rounds' ratios |",
        "| --- | --- | --- | --- | --- |",
    ]
    for path in NEED_NO_DIRECTORY:
        idle, hanging = took[path, "idle"], took[path, "hanging"]
        ratios = sorted(b / a for a, b in zip(idle, hanging, strict=True))
        lines.append(
            f"| `{path}` | {statistics.median(idle) * 1000:.1f} | {statistics.median(hanging) * 1000:.1f} "
            f"| {statistics.median(ratios):.2f} | {ratios[0]:.2f} to {ratios[-1]:.2f} |"
        )
    return "\n".join(lines)
