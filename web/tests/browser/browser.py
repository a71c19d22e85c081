"""A headless Chromium as a person uses it: by what is written on labels and buttons."""

import json
import os
import tempfile
import time
from pathlib import Path
from urllib.parse import urlsplit

from selenium import webdriver
from selenium.common.exceptions import StaleElementReferenceException, WebDriverException
from selenium.webdriver.chrome.service import Service as Driver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from service import PATIENCE, WORK, eventually

AXE = Path(os.environ["AXE"]).read_text()
# WCAG 2.2 AA, and what axe-core's authors call best practice.
AXE_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]

DESKTOP = (1280, 900)
PHONE = (390, 844)

FIND = """
const [kind, text] = arguments;
const shown = (element) => element.getClientRects().length > 0 && getComputedStyle(element).visibility !== 'hidden';
const clean = (value) => (value ?? '').replace(/\\s+/g, ' ').trim();
const name = (element) => clean(element.getAttribute('aria-label') || element.textContent);
const scope = document.querySelector('dialog[open]') ?? document;
if (kind === 'field') {
    for (const label of scope.querySelectorAll('label')) {
        if (clean(label.textContent).startsWith(text) && label.htmlFor) return document.getElementById(label.htmlFor);
    }
    return null;
}
const selector = kind === 'button' ? 'button' : kind === 'link' ? 'a' : 'button, a, summary';
const all = [...scope.querySelectorAll(selector)].filter(shown);
return all.find((element) => name(element) === text) ?? all.find((element) => name(element).startsWith(text)) ?? null;
"""


class Browser:
    def __init__(self, service, size=DESKTOP, language="en-GB", scheme="light", is_calm=True):
        self.service = service
        self.profile = tempfile.TemporaryDirectory(prefix="onsale-browser-", ignore_cleanup_errors=True)
        options = webdriver.ChromeOptions()
        for argument in (
            "--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--hide-scrollbars",
            f"--user-data-dir={self.profile.name}", f"--window-size={size[0]},{size[1]}", f"--lang={language}",
            "--no-first-run", "--disable-component-update", "--disable-background-networking", "--disable-extensions",
            "--disable-search-engine-choice-screen", "--disable-features=Translate,MediaRouter,OptimizationHints",
        ):
            options.add_argument(argument)
        options.add_experimental_option("prefs", {
            "intl.accept_languages": language, "profile.password_manager_leak_detection": False,
            "credentials_enable_service": False, "download.default_directory": str(WORK),
        })
        options.set_capability("goog:loggingPrefs", {"performance": "ALL", "browser": "ALL"})
        # What fields for dates look like is the browser's own language, which it takes from here.
        environment = dict(os.environ, LANGUAGE=language.replace("-", "_"))
        self.driver = webdriver.Chrome(service=Driver(log_path=os.devnull, env=environment), options=options)
        # On a machine with much else to do the accessibility checker alone takes half a minute.
        self.driver.set_script_timeout(180)
        self.size = size
        self.resize(*size)
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        if is_calm:
            features.append({"name": "prefers-reduced-motion", "value": "reduce"})
        self.features = features
        self.cdp("Emulation.setEmulatedMedia", {"features": features})
        self.cdp("Emulation.setLocaleOverride", {"locale": language.replace("-", "_")})
        self.cdp("Emulation.setTimezoneOverride", {"timezoneId": "Europe/Berlin"})
        self.requests = []
        self.complaints = []

    def cdp(self, command, parameters=None):
        return self.driver.execute_cdp_cmd(command, parameters or {})

    def resize(self, width, height):
        self.size = (width, height)
        self.cdp("Emulation.setDeviceMetricsOverride", {
            "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 700})

    def scheme(self, scheme):
        self.features[0]["value"] = scheme
        self.cdp("Emulation.setEmulatedMedia", {"features": self.features})

    def quit(self):
        try:
            self.driver.quit()
        finally:
            self.profile.cleanup()

    # Going about.

    def open(self, path):
        self.driver.get(self.service.url + path)

    @property
    def path(self):
        parts = urlsplit(self.driver.current_url)
        return parts.path

    def reload(self):
        self.driver.refresh()

    def clock_is_off(self, hours):
        """From the next page on, in this tab."""
        self.cdp("Page.addScriptToEvaluateOnNewDocument", {"source": f"""
            const {{ now }} = Date, off = {hours * 3_600_000};
            window.Date = class extends Date {{
                constructor(...given) {{ given.length === 0 ? super(now() + off) : super(...given); }}
                static now() {{ return now() + off; }}
            }};"""})

    def new_tab(self, path, before=None):
        """Opens it beside this one, after `before` was called in the empty tab; gives both."""
        first = self.driver.current_window_handle
        self.driver.switch_to.new_window("tab")
        self.cdp("Emulation.setEmulatedMedia", {"features": self.features})
        if before is not None:
            before()
        self.open(path)
        return first, self.driver.current_window_handle

    def tab(self, handle):
        self.driver.switch_to.window(handle)

    def offline(self, is_offline=True):
        self.cdp("Network.enable")
        self.cdp("Network.emulateNetworkConditions", {
            "offline": is_offline, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1})

    # What is there.

    def text(self):
        return self.driver.execute_script("return document.body.innerText")

    def sees(self, words, within=PATIENCE):
        """Waits until the words are on the page, however their lines are broken."""
        def look():
            return words.lower() in " ".join(self.text().split()).lower()
        try:
            eventually(words, look, within)
        except AssertionError:
            raise AssertionError(f"not seen within {within} s: {words!r}; the page says:\n{self.text()}") from None

    def find(self, kind, text, within=PATIENCE):
        try:
            return eventually(text, lambda: self.driver.execute_script(FIND, kind, text), within)
        except AssertionError:
            raise AssertionError(f"no {kind} {text!r} within {within} s; the page says:\n{self.text()}") from None

    def has(self, kind, text):
        return self.driver.execute_script(FIND, kind, text) is not None

    def one(self, selector, within=PATIENCE):
        return eventually(selector, lambda: next(iter(self.driver.find_elements(By.CSS_SELECTOR, selector)), None), within)

    def all(self, selector):
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def press(self, text, kind="any", within=PATIENCE):
        """Clicks what has these words, as soon as it can be clicked."""
        def click():
            element = self.driver.execute_script(FIND, kind, text)
            if element is None or not element.is_enabled():
                return False
            try:
                self.driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", element)
                element.click()
                return True
            except (StaleElementReferenceException, WebDriverException):
                return False
        try:
            eventually(f"{text!r} can be clicked", click, within)
        except AssertionError as error:
            raise AssertionError(f"{error}; the page says:\n{self.text()}") from None

    def fill(self, label, value):
        """Writes into the field, anew when the page has replaced it meanwhile."""
        def enter():
            try:
                self.enter(self.find("field", label), value)
                return True
            except StaleElementReferenceException:
                return False
        eventually(f"{label!r} can be filled", enter)

    def enter(self, field, value):
        kind = field.get_attribute("type")
        if kind in ("datetime-local", "date"):
            self.driver.execute_script(
                "const set = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value').set;"
                "set.call(arguments[0], arguments[1]); arguments[0].dispatchEvent(new Event('input', {bubbles: true}));",
                field, value)
            return
        field.send_keys(Keys.CONTROL, "a")
        field.send_keys(value)

    def choose(self, label, value):
        field = self.find("field", label)
        self.driver.execute_script(
            "const set = Object.getOwnPropertyDescriptor(HTMLSelectElement.prototype, 'value').set;"
            "set.call(arguments[0], arguments[1]); arguments[0].dispatchEvent(new Event('change', {bubbles: true}));",
            field, value)

    def type(self, *keys):
        webdriver.ActionChains(self.driver).send_keys(*keys).perform()

    def register(self, email, password="a buyer's password", name="Bea Buyer", to="/"):
        self.open(f"/register?to={to}")
        self.fill("Name", name)
        self.fill("E-mail address", email)
        self.fill("Password", password)
        self.press("Create an account", kind="button")
        eventually("the account is there", lambda: self.path == to)
        self.find("link", "Account")

    def sign_in(self, email, password, to="/"):
        self.open(f"/sign-in?to={to}")
        self.fill("E-mail address", email)
        self.fill("Password", password)
        self.press("Sign in", kind="button")
        eventually(f"{email} is signed in", lambda: self.path == to)
        self.find("link", "Account")

    # What must not be.

    def collect(self):
        """Takes in what the browser has asked for and complained about since the last time."""
        for entry in self.driver.get_log("performance"):
            message = json.loads(entry["message"])["message"]
            if message["method"] == "Network.requestWillBeSent":
                self.requests.append(message["params"]["request"]["url"])
        self.complaints += [entry["message"] for entry in self.driver.get_log("browser") if entry["level"] in ("SEVERE", "WARNING")]

    def foreign_requests(self, allowed=()):
        own = {self.service.url, *allowed}
        found = set()
        for address in self.requests:
            parts = urlsplit(address)
            if parts.scheme in ("http", "https", "ws", "wss") and f"{parts.scheme}://{parts.netloc}" not in own:
                found.add(address)
        return found

    def faults(self):
        """Complaints but for those about answers that tests cause on purpose: refusals, and a network that is away."""
        expected = ("Failed to load resource", "net::ERR_", "the server responded with a status")
        return [text for text in self.complaints if not any(part in text for part in expected)]

    def check_accessible(self):
        """No finding of axe-core on the page as it is now."""
        if not self.driver.execute_script("return typeof window.axe === 'object'"):
            self.driver.execute_script(AXE + ";window.axe = axe;")
        result = self.driver.execute_async_script(
            "const done = arguments[arguments.length - 1];"
            "axe.run(document, {runOnly: arguments[0], resultTypes: ['violations']}).then(done, (error) => done({error: String(error)}))",
            AXE_TAGS)
        if "error" in result:
            raise AssertionError(result["error"])
        found = [
            f"{violation['id']}: {violation['help']}\n" + "\n".join(
                f"    {node['html'][:200]}\n      {node['failureSummary']}" for node in violation["nodes"][:4])
            for violation in result["violations"]]
        if found:
            raise AssertionError(f"{self.path}:\n" + "\n".join(found))

    def check_fits(self):
        """Nothing sticks out to the side, but in something that scrolls."""
        width, culprits = self.driver.execute_script(
            "const page = document.documentElement;"
            "const scrolls = (e) => e && e !== document.body && (getComputedStyle(e).overflowX !== 'visible' || scrolls(e.parentElement));"
            "return [page.scrollWidth - page.clientWidth, [...document.querySelectorAll('main *')]"
            ".filter((e) => e.getBoundingClientRect().right > page.clientWidth && !scrolls(e.parentElement))"
            ".slice(0, 5).map((e) => e.outerHTML.slice(0, 160))]")
        if width > 0:
            raise AssertionError(f"{self.path} is {width} px too wide: {culprits}")

    def picture(self, path):
        self.driver.save_screenshot(str(path))


def settle(seconds):
    """Only for pictures: lets charts and images come to rest. No test waits like this."""
    time.sleep(seconds)
