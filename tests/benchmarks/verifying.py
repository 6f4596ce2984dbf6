"""Verifies the log of the environment's database: ``python -m tests.benchmarks.verifying ROUNDS JOBS``.

Each round verifies the log of acme as ``verify_changes`` does, and then nothing but the same signatures, on as many
cores. With no rounds it verifies once, to see how much memory that takes. It prints JSON.
"""

import base64
import json
import resource
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

Signed = list[tuple[bytes, bytes]]


def verify_bare(public: bytes, signed: Signed) -> int:
    """Verify so many signatures, and nothing else."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    key = Ed25519PublicKey.from_public_bytes(public)
    for signature, digest in signed:
        key.verify(signature, digest)
    return len(signed)


def bare_seconds(public: bytes, chunks: list[Signed], jobs: int) -> float:
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        began = time.perf_counter()  # with the start of the processes, as the verification of the log has it
        number = sum(pool.map(verify_bare, [public] * len(chunks), chunks))
        assert number == sum(map(len, chunks))
    return time.perf_counter() - began


def log_seconds(jobs: int) -> tuple[float, int]:
    from accounts_ui.changes.chain.keys import public_key
    from accounts_ui.changes.verification.verify_log import verify_log

    began = time.perf_counter()
    verified = verify_log("acme", public_key(), workers=jobs)
    assert verified.is_complete
    return time.perf_counter() - began, verified.count


def main(rounds: int, jobs: int) -> None:
    import django

    django.setup()
    from accounts_ui.changes.chain.keys import public_key
    from accounts_ui.changes.models import Event

    took: dict[str, list[float]] = {"log": [], "bare": []}
    if not rounds:
        _, count = log_seconds(jobs)
        peaks = [resource.getrusage(who).ru_maxrss / 1024 for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
        print(json.dumps({"events": count, "peaks": peaks}))
        return
    rows = Event.objects.order_by("sequence").values_list("signature", "hash")
    signed = [(base64.b64decode(signature), bytes.fromhex(digest)) for signature, digest in rows]
    chunks = [signed[begin : begin + 2000] for begin in range(0, len(signed), 2000)]
    for _ in range(rounds):
        took["log"].append(log_seconds(jobs)[0])
        took["bare"].append(bare_seconds(public_key().public_bytes_raw(), chunks, jobs))
    print(json.dumps({"events": len(signed), **took}))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
