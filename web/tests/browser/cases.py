"""What all tests have in common: one service, a new browser for each test, and what no test may leave behind."""

import os
import unittest

from browser import Browser
from service import WORK, Service

_service = None


def service():
    global _service
    if _service is None:
        _service = Service()
    return _service


def stop_service():
    if _service is not None:
        _service.stop()


def long(test):
    """Not part of the short form that CI runs."""
    return unittest.skipIf(os.environ.get("ONSALE_WEB_MODE") == "short", "only in the long form")(test)


class Case(unittest.TestCase):
    maxDiff = None
    # Beside the gateway, and the storage that images of events are shown from, where a test's pages may ask.
    allowed_origins = ()

    def setUp(self):
        self.service = service()
        self.browsers = []
        self.addCleanup(self._end)

    def browser(self, **options):
        browser = Browser(self.service, **options)
        self.browsers.append(browser)
        return browser

    def _end(self):
        failed = any(error for _, error in self._outcome.errors) if hasattr(self._outcome, "errors") else False
        failed = failed or not getattr(self._outcome, "success", True)
        problems = []
        for number, browser in enumerate(self.browsers):
            try:
                if failed:
                    browser.picture(WORK / f"{self.id()}-{number}.png")
                browser.collect()
                foreign = browser.foreign_requests((self.service.storage.origin, *self.allowed_origins))
                if foreign:
                    problems.append(f"requests left the origin: {foreign}")
                problems += [f"the browser complained: {text}" for text in browser.faults()]
            finally:
                browser.quit()
        if problems and not failed:
            self.fail("\n".join(problems))
