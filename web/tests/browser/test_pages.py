"""Every page as it must always be: accessible, narrow enough, in two languages, and of this origin alone."""

import os

from selenium.webdriver.common.keys import Keys

from cases import Case, long
from service import eventually, send_raw


# The colours of both have the same names, so the short form looks at one.
SCHEMES = ("light",) if os.environ.get("ONSALE_WEB_MODE") == "short" else ("light", "dark")


class Pages(Case):
    def test_every_page_is_accessible_and_fits_into_320_pixels(self):
        event = self.service.event()
        scheduled = self.service.event(opens_in=86_400, title="Tomorrow, with quite a long title that has to break somewhere")
        email, password, token = self.service.buyer("Ada")
        order = self.service.buy(event["id"], token, quantity=2)
        browser = self.browser(size=(320, 720))
        public = ["/", f"/events/{event['id']}", f"/events/{scheduled['id']}", "/sign-in", "/register", "/forgot-password",
                  "/reset-password#token=x", "/reset-password", "/nowhere", f"/events/{order['id']}"]
        own = ["/tickets", "/orders", f"/orders/{order['id']}", f"/tickets/{order['tickets'][0]['code']}", "/account"]
        staff = ["/organise", "/organise/events/new", f"/organise/events/{event['id']}", f"/organise/events/{event['id']}/edit",
                 f"/organise/events/{event['id']}/orders", "/organise/users", "/organise/audit", "/gate", f"/gate/{event['id']}"]
        self.check(browser, public)
        browser.sign_in(email, password)
        self.check(browser, own)
        settings = self.service.settings
        browser.open("/account")
        browser.press("Sign out")
        browser.sign_in(settings["ONSALE_ADMIN_EMAIL"], settings["ONSALE_ADMIN_PASSWORD"])
        self.check(browser, staff)

    def check(self, browser, paths):
        for path in paths:
            for scheme in SCHEMES:
                with self.subTest(path=path, scheme=scheme):
                    browser.scheme(scheme)
                    if scheme == "light":
                        browser.open(path)
                    browser.one("h1")
                    eventually(f"{path} has come", lambda: not browser.all(".skeleton") and not browser.all("img.qr:not([src])"))
                    browser.check_accessible()
                    browser.check_fits()
        browser.scheme("light")

    def test_the_checks_find_what_they_are_there_for(self):
        browser = self.browser()
        browser.open("/")
        browser.one("h1")
        browser.check_accessible()
        browser.driver.execute_script(
            "const image = document.createElement('img'); image.src = '/icon.svg'; document.querySelector('main').append(image);")
        with self.assertRaisesRegex(AssertionError, "image-alt"):
            browser.check_accessible()
        browser.driver.execute_script(
            "const box = document.createElement('div'); box.style.width = '3000px'; box.textContent = 'wide';"
            "document.querySelector('main').append(box);")
        with self.assertRaisesRegex(AssertionError, "too wide"):
            browser.check_fits()

    def test_everything_can_be_done_by_keyboard(self):
        event = self.service.event()
        email, password, _ = self.service.buyer()
        browser = self.browser()
        browser.sign_in(email, password, to=f"/events/{event['id']}")
        browser.find("button", "Buy now")
        browser.reload()
        browser.find("button", "Buy now")
        browser.type(Keys.TAB)
        active = "return document.activeElement"
        self.assertEqual(browser.driver.execute_script(active).text, "Skip to content")
        browser.type(Keys.ENTER)
        self.assertEqual(browser.driver.execute_script(active).get_attribute("id"), "main")
        seen = []
        for _ in range(20):
            browser.type(Keys.TAB)
            element = browser.driver.execute_script(active)
            seen.append(element.get_attribute("aria-label") or element.text)
            outline = browser.driver.execute_script("return getComputedStyle(document.activeElement).outlineStyle")
            self.assertNotEqual(outline, "none", seen[-1])
            if seen[-1] == "Buy now":
                break
        self.assertEqual(seen[-1], "Buy now")
        browser.type(Keys.ENTER)
        browser.sees("You are going")
        # Whoever hears the page is told where they are.
        self.assertEqual(browser.driver.execute_script(active).text, "You are going")

    @long
    def test_the_app_speaks_german_with_german_dates_and_prices(self):
        event = self.service.event(title="Nachtstück", ticketPrice={"amount": 123450, "currency": "EUR"})
        browser = self.browser(language="de-DE")
        browser.open(f"/events/{event['id']}")
        browser.sees("Zum Kaufen anmelden")
        browser.sees("1.234,50 €")
        self.assertEqual(browser.one("html").get_attribute("lang"), "de")
        browser.check_accessible()
        browser.one(".setting select").send_keys("English")
        browser.sees("Sign in to buy")
        browser.reload()
        browser.sees("Sign in to buy")

    @long
    def test_the_theme_that_was_chosen_stays(self):
        browser = self.browser()
        browser.open("/")
        browser.one("h1")
        ground = "return getComputedStyle(document.body).backgroundColor"
        light = browser.driver.execute_script(ground)
        browser.one(".setting:last-child select").send_keys("Dark")
        eventually("it is dark", lambda: browser.driver.execute_script(ground) != light)
        dark = browser.driver.execute_script(ground)
        browser.reload()
        browser.one("h1")
        self.assertEqual(browser.driver.execute_script(ground), dark)

    def test_the_policy_lets_no_foreign_or_inline_script_run(self):
        status, headers = send_raw(self.service.url, "GET", "/", None, {"Accept": "text/html"})
        self.assertEqual(status, 200)
        policy = headers["Content-Security-Policy"]
        self.assertIn("script-src 'self'", policy)
        self.assertNotIn("unsafe", policy)
        browser = self.browser()
        browser.open("/")
        browser.one("h1")
        browser.driver.execute_script(
            "const one = document.createElement('script'); one.textContent = 'window.inline = true'; document.head.append(one);"
            "const other = document.createElement('script'); other.src = 'https://example.org/x.js'; document.head.append(other);"
            "document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=\"window.inline = true\">');")
        eventually("the browser has refused them", lambda: self.refusals(browser) >= 2)
        self.assertIsNone(browser.driver.execute_script("return window.inline ?? null"))
        browser.complaints = [text for text in browser.complaints if "Content Security Policy" not in text]
        browser.requests = [address for address in browser.requests if "example.org" not in address]

    def refusals(self, browser):
        browser.collect()
        return sum("Content Security Policy" in text for text in browser.complaints)

    @long
    def test_events_are_found_by_words_and_dates(self):
        self.service.event(title="Zanzibar Quartet", eventDate="2034-03-05T20:00:00Z")
        browser = self.browser()
        browser.open("/")
        browser.fill("Search events", "zanzi")
        browser.sees("Zanzibar Quartet")
        eventually("the address says so", lambda: "q=zanzi" in browser.driver.current_url)
        # Who types goes on typing.
        self.assertEqual(browser.driver.execute_script("return document.activeElement.type"), "search")
        browser.fill("From", "2034-03-06")
        browser.sees("No event fits")
        browser.fill("From", "2034-03-05")
        browser.fill("Until", "2034-03-05")
        browser.sees("Zanzibar Quartet")
        browser.reload()
        browser.sees("Zanzibar Quartet")
        browser.press("Clear")
        eventually("all are back", lambda: len(browser.all(".event-card")) > 1)
