"""Whoever can write to Redis gets neither code nor metadata into the console."""

import pickle

import pytest
import redis

from tests import servers


class Bomb:
    """Leaves a file when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (open, (str(self.path), "w"))


@pytest.fixture
def console_of_redis(start_console):
    store = redis.Redis.from_url(servers.REDIS)
    store.flushdb()
    return start_console("sqlite", CACHE_URL=servers.REDIS), store


def replace(store, value):
    """Everything that the console has cached becomes ``value``. The names of the entries."""
    names = [name for name in store.keys("*") if store.get(name) and not store.get(name).isdigit()]
    for name in names:
        store.set(name, value(name))
    return names


def swap(store):
    """A function that gives each entry the value of another one."""
    values = {name: store.get(name) for name in store.keys("*") if not (store.get(name) or b"1").isdigit()}
    names = list(values)
    return lambda name: values[names[names.index(name) - 1]]


@pytest.mark.parametrize("kind", ["pickle", "number", "text", "swapped", "json"])
def test_what_somebody_else_wrote_is_ignored(console_of_redis, sign_in, tmp_path, kind):
    console, store = console_of_redis
    sign_in(console, "ada")
    evidence = tmp_path / "executed"
    values = {
        "pickle": lambda _: pickle.dumps(Bomb(evidence)),
        "number": lambda _: b"5",
        "text": lambda _: b"\xff nonsense",
        "swapped": swap(store),
        "json": lambda _: b'{"authorization_endpoint": "https://evil.example/", "keys": []}',
    }
    assert len(replace(store, values[kind])) >= 2, "metadata and keys at least"
    page = sign_in(console, "ada").get("/")
    assert page.status_code == 200
    assert not evidence.exists()
    assert "was not written by this console" in console.log()


def test_nothing_in_redis_is_a_pickle(console_of_redis, sign_in):
    console, store = console_of_redis
    sign_in(console, "ada").get("/orgs/acme/accounts/")
    for name in store.keys("*"):
        value = store.get(name)
        assert value.isdigit() or b" " in value[:65], (name, value)


def test_metadata_that_this_console_sealed_is_validated_at_each_read(console_of_redis, sign_in):
    """Sealed by the console's own key, as by an older release or with another setting, but unusable."""
    console, store = console_of_redis
    sign_in(console, "ada")
    for value in ("5", "'text'", "[]", "{'keys': 7, 'at': 'x'}", "{'issuer': 'https://evil.example'}"):
        names = [name.decode() for name in store.keys("*console:*") if b"jwks" in name or b"discovery" in name]
        assert len(names) == 3, names
        sealing = "from console.authenticated_cache import seal; import redis; " + "".join(
            f"redis.Redis.from_url({servers.REDIS!r}).set({name!r}, seal({name!r}, {value}, 60)); " for name in names
        )
        assert console.manage("shell", "-v", "0", "-c", sealing).returncode == 0
        assert sign_in(console, "ada").get("/").status_code == 200, value


def test_keys_that_are_put_back_after_their_time_are_ignored(console_of_redis, sign_in):
    """Whoever copied an entry keeps no key alive that the provider has given up: here, a set without today's key."""
    console, store = console_of_redis
    sign_in(console, "ada")
    [name] = [name.decode() for name in store.keys("*jwks*")]
    sealing = (
        "from console.authenticated_cache import seal; import redis, time; "
        "value = {'keys': [], 'at': time.time()}; "
        f"redis.Redis.from_url({servers.REDIS!r}).set({name!r}, seal({name!r}, value, SECONDS))"
    )

    def put_back(seconds):
        assert console.manage("shell", "-v", "0", "-c", sealing.replace("SECONDS", seconds)).returncode == 0
        return sign_in(console, "ada").get("/", follow=False).status_code

    assert put_back("60") == 302, "within its time it counts"
    assert put_back("-120") == 200
    assert "or not lately" in console.log()
