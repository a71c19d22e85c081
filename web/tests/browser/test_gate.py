"""The gate: who is let in, who is not, and what happens without a network."""

from selenium.webdriver.common.keys import Keys

from cases import Case
from service import eventually


class Gate(Case):
    def gate(self, event):
        browser = self.browser(size=(390, 844))
        settings = self.service.settings
        browser.sign_in(settings["ONSALE_ADMIN_EMAIL"], settings["ONSALE_ADMIN_PASSWORD"], to=f"/gate/{event}")
        browser.sees("Ready")
        return browser

    def verdict(self, browser):
        return browser.one(".verdict").get_attribute("class").split()[-1]

    def scan(self, browser, code):
        """As a keyboard-wedge scanner does: it types, wherever the focus is, and presses Enter."""
        browser.type(code, Keys.ENTER)

    def test_one_ticket_is_let_in_once(self):
        event = self.service.event()
        _, _, token = self.service.buyer("Ada Lovelace")
        order = self.service.buy(event["id"], token, quantity=2)
        code = order["tickets"][0]["code"]
        browser = self.gate(event["id"])
        browser.fill("Name of this gate", "North")
        browser.one("h1").click()
        self.scan(browser, code)
        browser.sees("Let in")
        browser.sees("Ada Lovelace · Ticket 1 of 2")
        self.assertEqual(self.verdict(browser), "yes")
        browser.sees("1 let in here")
        # The same code again, once it is no longer the same scan.
        eventually("it is refused", lambda: self._again(browser, code), every=0.5)
        browser.sees("Do not let in")
        browser.sees("Already used")
        browser.sees("(North)")
        self.assertEqual(self.service.sql(f"SELECT t.status, r.gate FROM tickets t JOIN ticket_redemptions r USING (ticket_code) WHERE t.ticket_code = '{code}'"), [["used", "North"]])
        browser.check_accessible()
        self.scan(browser, "0" * 26)
        browser.sees("No such ticket.")
        self.scan(browser, "hello")
        browser.sees("This is no ticket code.")
        other = self.service.event(title="Another")
        browser.open(f"/gate/{other['id']}")
        browser.sees("Ready")
        self.scan(browser, order["tickets"][1]["code"].lower())
        browser.sees("For another event.")

    def _again(self, browser, code):
        self.scan(browser, code)
        return self.verdict(browser) == "no"

    def test_a_reload_without_a_network_shows_the_gate_and_the_scans_that_wait(self):
        event = self.service.event()
        _, _, token = self.service.buyer("Ada")
        codes = [ticket["code"] for ticket in self.service.buy(event["id"], token, quantity=2)["tickets"]]
        browser = self.gate(event["id"])
        eventually("the page is kept", lambda: browser.driver.execute_async_script(
            "const done = arguments[0];"
            "navigator.serviceWorker.getRegistration('/gate').then((one) => done(Boolean(one?.active)))"))
        self.service.stop_gateway()
        try:
            self.scan(browser, codes[0])
            browser.sees("1 scan waits")
            browser.reload()
            browser.sees("Ready")
            browser.sees("1 scan waits")
            self.scan(browser, codes[1])
            browser.sees("2 scans wait")
            self.assertEqual(self.verdict(browser), "unsure")
        finally:
            self.service.start_gateway()
        eventually("both are checked", lambda: self.service.sql(
            f"SELECT count(*) FROM tickets WHERE status = 'used' AND ticket_code IN ('{codes[0]}', '{codes[1]}')") == [["2"]])
        eventually("nothing waits", lambda: "for the network" not in browser.text())
        # What the API says is kept by no worker.
        kept = browser.driver.execute_async_script(
            "const done = arguments[0];"
            "caches.keys().then((names) => Promise.all(names.map((name) => caches.open(name))))"
            ".then((all) => Promise.all(all.map((one) => one.keys())))"
            ".then((all) => done(all.flat().map((request) => new URL(request.url).pathname)))")
        self.assertIn("/", kept)
        self.assertEqual([path for path in kept if path != "/" and not path.startswith("/assets/")], [])

    def test_scans_wait_for_the_network(self):
        event = self.service.event()
        _, _, token = self.service.buyer("Ada")
        codes = [ticket["code"] for ticket in self.service.buy(event["id"], token, quantity=3)["tickets"]]
        browser = self.gate(event["id"])
        browser.offline()
        browser.sees("Offline: nobody can be checked right now.")
        for number, code in enumerate(codes, start=1):
            self.scan(browser, code)
            browser.sees("Not checked yet")
            browser.sees(f"{number} scan{'s' if number > 1 else ''} wait")
            self.assertEqual(self.verdict(browser), "unsure")
        used = f"SELECT count(*) FROM tickets WHERE status = 'used' AND ticket_code IN ('{codes[0]}', '{codes[1]}', '{codes[2]}')"
        self.assertEqual(self.service.sql(used), [["0"]])
        browser.offline(False)
        eventually("all are checked", lambda: self.service.sql(used) == [["3"]])
        eventually("nothing waits", lambda: "wait for the network" not in browser.text())
        browser.sees("checked later")
