"""A plugin for pytest: proxy variables that are there when a test begins.

Many suites clear these variables before each test, so that a developer's own proxy does no harm. This sets them again right
before the body of the test, which may change them as it likes. aiohttp reads them only when a session says so; here sessions
say so by default.
"""
import os

import pytest

NAMES = ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY")


def pytest_configure(config):
    try:
        import aiohttp
    except ImportError:
        return
    aiohttp.ClientSession.__init__.__kwdefaults__["trust_env"] = True


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_call(item):
    before = {name: os.environ.get(name) for name in NAMES}
    os.environ.update({name: os.environ["FAIRLEAD_SUITES_URL"] for name in NAMES})
    yield
    for name, value in before.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
