"""How long an append waits: ``python -m tests.benchmarks.simulation [--organizations N] [--admins N] …``

It simulates some minutes, an event at a time, with the measured costs as options: the seconds of a commit for one event and
for each further one, and how many commits the database serves at the same time. Admins make changes at random times; a
change appends two events, the second one after the directory has answered. Bulk runs append groups. Each organization's
log has one commit at a time, which takes all that waits for it, up to 64 events. It prints the waiting time of appends.
"""

import argparse
import heapq
import random
import statistics
from collections import defaultdict, deque

MOST = 64  # events of one commit, as in accounts_ui.changes.committer


class Simulation:
    """The logs, what waits for each, and the commits that run."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options, self.chance = options, random.Random(18)
        self.waiting: dict[int, deque[tuple[float, int, str, float]]] = defaultdict(deque)
        self.committing: set[int] = set()
        self.ready: deque[int] = deque()  # logs that wait for a free server
        self.free = options.servers
        self.times: list[tuple[float, int, str, int]] = []
        self.waits: list[float] = []
        self.number = 0
        self.rows = max(1, min(MOST, int(1 / options.bulk_directory)))  # of a group: what is sent within a second

    def at(self, time: float, what: str, log: int) -> None:
        self.number += 1
        heapq.heappush(self.times, (time, self.number, what, log))

    def run(self) -> None:
        options = self.options
        for admin in range(options.admins):
            self.at(self.chance.expovariate(1 / options.interval), "change", admin % options.organizations)
        for run in range(options.bulk_runs):
            self.at(self.chance.uniform(0, 60), "group", run % options.organizations)
        while self.times:
            time, _, what, log = heapq.heappop(self.times)
            if time > options.seconds:
                return
            getattr(self, what)(time, log)

    def change(self, time: float, log: int) -> None:
        """An admin's change: the request, the call, the outcome; and the next change of the same admin."""
        self.append(time, log, 1, "outcome", self.options.directory)
        self.at(time + self.chance.expovariate(1 / self.options.interval), "change", log)

    def outcome(self, time: float, log: int) -> None:
        self.append(time, log, 1)

    def group(self, time: float, log: int) -> None:
        """A group of a bulk run: its requests, its calls, its outcomes, and the next group."""
        self.append(time, log, self.rows, "group_end", self.rows * self.options.bulk_directory)

    def group_end(self, time: float, log: int) -> None:
        self.append(time, log, self.rows, "group")

    def append(self, time: float, log: int, events: int, then: str = "", delay: float = 0) -> None:
        """Let events wait for their log. What follows begins after their commit."""
        self.waiting[log].append((time, events, then, delay))
        if log not in self.committing:
            self.committing.add(log)
            self.ready.append(log)
            self.serve(time)

    def serve(self, time: float) -> None:
        """Begin commits while the database has a core for them. Each takes what waits for its log."""
        while self.free and self.ready:
            log = self.ready.popleft()
            self.free -= 1
            queue, events, taken = self.waiting[log], 0, []
            while queue and (not taken or events + queue[0][1] <= MOST):
                taken.append(queue.popleft())
                events += taken[-1][1]
            done = time + self.options.commit + (events - 1) * self.options.event
            self.waits += [done - came for came, *_ in taken]
            for _, _, then, delay in taken:
                if then:
                    self.at(done + delay, then, log)
            self.at(done, "committed", log)

    def committed(self, time: float, log: int) -> None:
        self.free += 1
        if self.waiting[log]:
            self.ready.append(log)
        else:
            self.committing.discard(log)
        self.serve(time)


def options_of(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--organizations", type=int, default=1000)
    parser.add_argument("--admins", type=int, default=1000)
    parser.add_argument("--interval", type=float, default=60, help="seconds between two changes of an admin")
    parser.add_argument("--bulk-runs", type=int, default=2, help="bulk runs at the same time")
    parser.add_argument("--directory", type=float, default=0.3, help="seconds that the directory takes for a change")
    parser.add_argument("--bulk-directory", type=float, default=0.01, help="seconds of one row of a bulk run")
    parser.add_argument("--commit", type=float, default=0.008, help="seconds of a commit of one event")
    parser.add_argument("--event", type=float, default=0.001, help="seconds of each further event of a commit")
    parser.add_argument("--servers", type=int, default=2, help="commits at the same time: cores of the database")
    parser.add_argument("--seconds", type=float, default=600, help="simulated time")
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> str:
    options = options_of(arguments)
    simulation = Simulation(options)
    simulation.run()
    waits = sorted(simulation.waits)
    middle, late = statistics.median(waits), waits[int(0.99 * len(waits))]
    return (
        f"{options.organizations} organizations, {options.admins} admins, {options.bulk_runs} bulk runs: "
        f"{len(waits) / options.seconds:.0f} appends a second, {1000 * middle:.0f} ms median, "
        f"{1000 * late:.0f} ms 99th percentile"
    )


if __name__ == "__main__":
    print(main())
