"""What the tests of sessions share."""

import pytest


@pytest.fixture
def provider_again(provider):
    """The provider, which refuses to refresh no longer than a test wants it to."""
    yield provider
    provider.control(refuse_refresh=False)
