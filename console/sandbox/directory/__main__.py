"""``python -m console.sandbox.directory``: the directory in a process of its own."""

import argparse

from console.sandbox.directory.server import SHAPES, Directory

parser = argparse.ArgumentParser()
parser.add_argument("--port", type=int, required=True)
parser.add_argument("--shape", choices=SHAPES, default="mixed")
parser.add_argument("--people", type=int, default=300)
parser.add_argument("--userinfo", required=True)
parser.add_argument("--token-seconds", type=float, default=60)
given = parser.parse_args()
Directory(
    ("127.0.0.1", given.port),
    shape=given.shape,
    people=given.people,
    userinfo=given.userinfo,
    token_seconds=given.token_seconds,
).serve_forever()
