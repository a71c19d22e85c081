"""Pictures of every view, on a phone and a desktop, light and dark, made small; names given are taken alone."""

import concurrent.futures
import os
import subprocess
import sys
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from selenium.webdriver.common.keys import Keys  # noqa: E402

from browser import Browser, settle  # noqa: E402
from service import ROOT, WORK, Refused, Service, eventually  # noqa: E402

TARGET = ROOT / "docs/screenshots"
# As the browser gives them.
RAW = WORK / "shots"
SIZES = {"desktop": (1200, 800), "phone": (390, 844)}
# Bytes of one picture and of all together: they are in the repository.
MOST_BYTES = 60_000
MOST_BYTES_OF_ALL = 2_500_000
COLOURS = ("96", "48", "24")
BUYERS_IN_LINE = 1300


class Shots:
    def __init__(self, names):
        self.names = names
        self.service = Service()
        self.browsers = {}
        RAW.mkdir(parents=True, exist_ok=True)
        self.taken = []

    def wants(self, *names):
        return not self.names or any(name in self.names for name in names)

    def browser(self, account=None):
        """One for each account, signed in once."""
        if account not in self.browsers:
            browser = Browser(self.service, size=SIZES["desktop"])
            if account is not None:
                browser.sign_in(*account)
            self.browsers[account] = browser
        return self.browsers[account]

    def take(self, name, browser, path=None, prepare=None, is_still=True):
        """The view in both sizes and both schemes. With a path it is opened anew for each size."""
        if not self.wants(name):
            return
        for device, size in SIZES.items():
            browser.resize(*size)
            if path is not None:
                browser.open(path)
            browser.one("h1")
            if is_still:
                eventually(f"{name} has come", lambda: not browser.all(".skeleton"))
            if prepare is not None:
                prepare(browser)
            for scheme in ("light", "dark"):
                browser.scheme(scheme)
                settle(0.6)
                self.taken.append(f"{name}-{device}-{scheme}.png")
                browser.picture(RAW / self.taken[-1])
            browser.scheme("light")
        print(f"{name}: 4 pictures", flush=True)

    def prepare(self):
        service = self.service
        now = datetime.now(timezone.utc)

        def at(**later):
            return (now + timedelta(**later)).replace(minute=0, second=0, microsecond=0).isoformat()

        def money(amount, currency="EUR"):
            return {"amount": amount, "currency": currency}

        self.opening = service.event(
            title="Midsummer Night at the Harbour", venue="Old Harbour, Pier 3", opens_in=2 * 86_400 + 7 * 3600 + 1234, eventDate=at(days=24, hours=3),
            description="One long evening on the water: three stages, a brass band on the ferry, and fireworks at midnight.\n\nDoors open at six. The last ferry back leaves at two.",
            ticketPrice=money(4800), totalTickets=6000, limitPerBuyer=4)
        self.open = service.event(title="The Paper Kites Orchestra", venue="Foundry Hall", eventDate=at(days=31), ticketPrice=money(3650), totalTickets=900)
        service.event(title="Salt & Static", venue="Warehouse 12", eventDate=at(days=38), ticketPrice=money(2900), totalTickets=40, limitPerBuyer=2)
        sold_out = service.event(title="Understudies", venue="Theatre on the Hill", eventDate=at(days=45), ticketPrice=money(2200), totalTickets=2)
        service.event(title="Long Now: Ten Hours of Drone", venue="Gasometer", eventDate=at(days=52), ticketPrice=money(5200), totalTickets=1500)
        self.sale = service.event(title="Two Thousand at the Gate", venue="Harbour Stadium", eventDate=at(days=60), ticketPrice=money(5400), totalTickets=1800)
        self.line = service.event(title="Glass Animals, Paper Moons", venue="Botanical Garden", eventDate=at(days=66), ticketPrice=money(4100), totalTickets=5000)
        email, password, token = service.buyer("Bea Buyer")
        self.buyer, self.token = (email, password), token
        service.buy(sold_out["id"], token, quantity=2)
        self.order = service.buy(self.open["id"], token, quantity=2)
        self.admin = (service.settings["ONSALE_ADMIN_EMAIL"], service.settings["ONSALE_ADMIN_PASSWORD"])

    def buyers(self):
        browser, service = self.browser(), self.service
        self.take("events", browser, "/")
        self.take("event-before", browser, f"/events/{self.opening['id']}")
        self.take("sign-in", browser, "/sign-in")
        self.take("register", browser, "/register")
        browser = self.browser(self.buyer)
        self.take("event-open", browser, f"/events/{self.line['id']}")
        self.take("order-confirmed", browser, f"/orders/{self.order['id']}")
        self.take("tickets", browser, "/tickets")
        self.take("orders", browser, "/orders")
        self.take("ticket", browser, f"/tickets/{self.order['tickets'][0]['code']}")
        self.take("account", browser, "/account")
        if self.wants("order-declined"):
            declined = service.call("POST", "/api/tickets/purchase", {"eventId": self.open["id"], "quantity": 1, "paymentMethod": "pm_declined"}, self.token)
            eventually("it is declined", lambda: service._ended(declined["orderId"], self.token))
            self.take("order-declined", browser, f"/orders/{declined['orderId']}")
        if self.wants("order-queued"):
            self.queue(browser)

    def queue(self, browser):
        """A place in a line: the worker stands still while others order, and then the buyer."""
        service = self.service
        programs = os.environ.get("ONSALE_BIN_DIR", str(ROOT / ".build/release"))
        tokens = subprocess.run(
            [f"{programs}/loadtest", "tokens", "--count", str(BUYERS_IN_LINE)], env=dict(service.environment, **service.settings),
            capture_output=True, text=True, check=True).stdout.split()
        service.freeze_worker()

        def order(token):
            try:
                service.call("POST", "/api/tickets/purchase", {"eventId": self.line["id"], "quantity": 1}, token)
            except Refused:
                pass

        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            list(pool.map(order, tokens))
        browser.open(f"/events/{self.line['id']}")
        browser.press("Buy now", kind="button")
        browser.sees("Your place in line")
        self.take("order-queued", browser)
        service.thaw_worker()
        browser.sees("You are going", within=60)

    def organisers(self):
        browser, service = self.browser(self.admin), self.service
        self.take("organise", browser, "/organise")
        self.take("organise-edit", browser, f"/organise/events/{self.opening['id']}/edit")
        self.take("organise-users", browser, "/organise/users")
        self.take("organise-audit", browser, "/organise/audit")

    def live(self):
        """A sale while it goes on, and what it has left behind."""
        browser, service = self.browser(self.admin), self.service
        if not self.wants("organise-live", "organise-orders"):
            return
        browser.resize(*SIZES["desktop"])
        browser.open(f"/organise/events/{self.sale['id']}")
        load = service.load(
            self.sale["id"], 1900, "--max-quantity", "2", "--rate", "70", "--connections", "32", "--decline-percent", "3")
        eventually("it sells", lambda: service.ledger(self.sale["id"])["postgres"]["sold"] > 1100, within=300)
        # The same page in all pictures, so that its charts have what came before.
        self.take("organise-live", browser)
        load.wait(300)
        self.take("organise-orders", browser, f"/organise/events/{self.sale['id']}/orders")

    def gates(self):
        browser = self.browser(self.admin)
        codes = [ticket["code"] for ticket in self.order["tickets"]]

        def scan(code):
            def work(page):
                page.sees("Ready")
                page.type(code, Keys.ENTER)
                eventually("an answer", lambda: page.one(".verdict").get_attribute("class").split()[-1] in ("yes", "no"))
            return work

        path = f"/gate/{self.open['id']}"
        if self.wants("gate-admitted"):
            # Each size needs a ticket of its own to let in.
            left = list(codes)
            self.take("gate-admitted", browser, path, prepare=lambda page: scan(left.pop())(page))
        if self.wants("gate-refused"):
            if not self.wants("gate-admitted"):
                self.service.call("POST", f"/api/tickets/{codes[0]}/redeem", {"eventId": self.open["id"], "nonce": "a" * 32, "gate": "North"}, self.service.admin)
            self.take("gate-refused", browser, path, prepare=scan(codes[0]))

    def run(self):
        try:
            self.prepare()
            self.buyers()
            self.organisers()
            self.gates()
            self.live()
        finally:
            for browser in self.browsers.values():
                browser.quit()
            self.service.stop()
            TARGET.mkdir(parents=True, exist_ok=True)
            for name in self.taken:
                shrink(RAW / name, TARGET / name)
        sizes = {file.name: file.stat().st_size for file in TARGET.glob("*.png")}
        large = {name: size for name, size in sizes.items() if size > MOST_BYTES}
        print(f"{len(sizes)} pictures, {sum(sizes.values()) / 1e6:.2f} MB; the largest {max(sizes.values()) / 1e3:.0f} kB")
        if large or sum(sizes.values()) > MOST_BYTES_OF_ALL:
            print(f"too large: {large}", file=sys.stderr)
            return 1
        return 0


def shrink(raw, target):
    """Fewer colours until it is small enough, and then as few bytes as they take."""
    for colours in COLOURS:
        subprocess.run(
            ["pngquant", "--force", "--strip", "--nofs", "--speed", "3", "--output", target, colours, raw], check=True)
        if target.stat().st_size <= MOST_BYTES:
            break
    subprocess.run(["optipng", "-quiet", "-o1", "-strip", "all", target], check=True)


if __name__ == "__main__":
    began = time.monotonic()
    status = Shots(sys.argv[1:]).run()
    print(f"{time.monotonic() - began:.0f} s")
    sys.exit(status)
