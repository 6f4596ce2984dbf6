"""``python -m tests.benchmarks.decoding FILE``: reads a list as the console does, and tells what that took, as JSON."""

import datetime
import gc
import json
import resource
import sys
import time
from pathlib import Path

from accounts_ui.directory.decoder import read_rows
from accounts_ui.directory.listing import Listing


def main(path: str) -> None:
    body = Path(path).read_bytes()
    size, began, now = len(body), time.process_time(), datetime.datetime.now(datetime.UTC)
    listing = Listing("acme", read_rows(body), now, now)
    seconds = time.process_time() - began
    del body
    gc.collect()
    resident = Path("/proc/self/status").read_text().partition("\nVmRSS:")[2].split()[0]
    told = {
        "rows": len(listing),
        "megabytes": size / 1024**2,
        "seconds": seconds,
        "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "after": int(resident) / 1024,
        "bytes_a_row": listing.size / len(listing),
    }
    print(json.dumps(told))


if __name__ == "__main__":
    main(sys.argv[1])
