"""``python -m console.sandbox.directory``: serve the directory."""

import argparse

from console.sandbox.directory.server import SHAPES, DirectoryServer

parser = argparse.ArgumentParser()
parser.add_argument("--port", type=int, required=True)
parser.add_argument("--shape", choices=SHAPES, default="mixed")
parser.add_argument("--people", type=int, default=300)
parser.add_argument("--userinfo", required=True)
parser.add_argument("--token-seconds", type=float, default=60)
options = parser.parse_args()
DirectoryServer(
    ("127.0.0.1", options.port),
    shape=options.shape,
    people=options.people,
    userinfo=options.userinfo,
    token_seconds=options.token_seconds,
).serve_forever()
