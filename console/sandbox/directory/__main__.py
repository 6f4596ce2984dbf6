"""``python -m console.sandbox.directory``: serve the directory."""

import argparse
from pathlib import Path

from console.sandbox.directory.server import SHAPES, DirectoryServer

parser = argparse.ArgumentParser()
parser.add_argument("--port", type=int, required=True)
parser.add_argument("--shape", choices=SHAPES, default="mixed")
parser.add_argument("--people", type=int, default=300)
parser.add_argument("--userinfo", required=True)
parser.add_argument("--token-seconds", type=float, default=60)
parser.add_argument("--file", type=Path, default=None, help="stores the accounts between two starts")
options = parser.parse_args()
DirectoryServer(
    ("127.0.0.1", options.port),
    shape=options.shape,
    people=options.people,
    userinfo=options.userinfo,
    token_seconds=options.token_seconds,
    file=options.file,
).serve_forever()
