"""What an organiser does before and during an on-sale."""

from cases import Case, long
from service import WORK, eventually, picture_file


class Organiser(Case):
    def admin(self, to):
        browser = self.browser()
        settings = self.service.settings
        browser.sign_in(settings["ONSALE_ADMIN_EMAIL"], settings["ONSALE_ADMIN_PASSWORD"], to=to)
        return browser

    def figure(self, browser, name):
        text = browser.one(f"[data-figure={name}] dd").text
        return int("".join(character for character in text if character.isdigit()))

    def test_an_event_with_an_image_is_made_opened_and_watched_under_load(self):
        browser = self.admin("/organise/events/new")
        browser.press("Create the event")
        browser.sees("This is needed.")
        browser.sees("An amount like 45 or 45.50, please.")
        browser.one("#event-image").send_keys(picture_file())
        browser.fill("Title", "Two Thousand")
        browser.fill("Venue", "Harbour Stadium")
        browser.fill("Description", "All at once.")
        browser.fill("Date and time", "2035-06-21T20:00")
        browser.fill("Price", "45,50")
        browser.fill("Tickets", "1200")
        browser.fill("Most tickets a person", "4")
        browser.press("Create the event")
        browser.sees("Remaining")
        event = browser.path.split("/")[-1]
        stored = self.service.call("GET", f"/api/events/{event}")
        self.assertEqual(stored["ticketPrice"], {"amount": 4550, "currency": "EUR"})
        self.assertTrue(stored["imageUrl"].startswith(self.service.storage.origin))
        eventually("the stock is loaded", lambda: self.service.ledger(event).get("redis"))
        browser.press("Open the sale")
        browser.sees("The sale is now: Open.")
        load = self.service.load(event, 2000, "--max-quantity", "2", "--rate", "80", "--connections", "64")
        self.addCleanup(load.kill)
        eventually("orders show while they come", lambda: 0 < self.figure(browser, "confirmed") < 1200)
        eventually("it is sold out", lambda: self.figure(browser, "stock") == 0, within=120)
        eventually("all is confirmed", lambda: self.figure(browser, "confirmed") == 1200)
        self.assertEqual(load.wait(120), 0, (WORK / "load.log").read_text())
        eventually("refusals are counted", lambda: self.figure(browser, "refused") > 0)
        browser.sees("Balanced")
        self.assertEqual(len(browser.all(".chart svg path.line")), 9)
        lengths = browser.driver.execute_script(
            "return [...document.querySelectorAll('.chart path.line')].map((path) => path.getTotalLength())")
        self.assertGreater(lengths[0], 10)
        browser.check_accessible()
        # The image, as a buyer sees it.
        browser.press("Event page")
        browser.sees("Sold out")
        eventually("the image is shown", lambda: browser.driver.execute_script(
            "const image = document.querySelector('img.poster'); return image !== null && image.complete && image.naturalWidth === 320"))
        # The check of foreign requests sees those to the storage, which tests allow.
        browser.collect()
        self.assertTrue(browser.foreign_requests())
        self.orders(browser, event)

    def orders(self, browser, event):
        buyer = self.service.sql(
            f"SELECT u.email FROM ticket_orders o JOIN users u ON u.id = o.user_id WHERE o.event_id = '{event}' "
            "AND o.status = 'confirmed' LIMIT 1")[0][0]
        browser.open(f"/organise/events/{event}/orders")
        eventually("a page of orders is there", lambda: len(browser.all("tbody tr")) == 50)
        browser.press("Show more")
        eventually("and the next", lambda: len(browser.all("tbody tr")) == 100)
        browser.fill("Buyer's e-mail address", buyer)
        eventually("only this buyer is there", lambda: browser.driver.execute_script(
            "return [...document.querySelectorAll('tbody tr')].map((row) => row.innerText.split(/\\s/)[0])") == [buyer])
        browser.check_accessible()
        export = WORK / f"orders-{event}.csv"
        export.unlink(missing_ok=True)
        browser.press("Export as CSV")
        eventually("the export is saved", export.exists)
        self.assertIn(buyer, export.read_text())
        browser.press("Refund")
        browser.fill("Reason", "fell ill")
        browser.press("Refund", kind="button")
        browser.sees("The refund is on its way.")
        eventually("it is refunded", lambda: self.service.sql(
            f"SELECT o.status FROM ticket_orders o JOIN users u ON u.id = o.user_id WHERE u.email = '{buyer}' AND o.event_id = '{event}'") == [["refunded"]])

    @long
    def test_single_tickets_of_an_order_are_refunded(self):
        event = self.service.event()
        _, _, token = self.service.buyer("Ada")
        order = self.service.buy(event["id"], token, quantity=3)
        kept = order["tickets"][0]["code"]
        browser = self.admin(f"/organise/events/{event['id']}/orders")
        browser.press("Refund")
        browser.sees("Tickets to refund")
        browser.check_accessible()
        next(choice for choice in browser.all("dialog .choices label") if choice.text.endswith(kept[-6:])).click()
        browser.press("Refund", kind="button")
        browser.sees("The refund is on its way.")
        eventually("two are void, and one is not", lambda: sorted(self.service.sql(
            f"SELECT status, ticket_code = '{kept}' FROM tickets WHERE order_id = '{order['id']}'")) == [
                ["cancelled", "f"], ["cancelled", "f"], ["valid", "t"]])

    @long
    def test_a_sale_is_paused_resumed_and_closed(self):
        event = self.service.event()
        browser = self.admin(f"/organise/events/{event['id']}")
        browser.press("Pause the sale", kind="button")
        browser.sees("The sale is now: Paused.")
        browser.press("Resume the sale", kind="button")
        browser.sees("The sale is now: Open.")
        browser.press("Close the sale", kind="button")
        browser.sees("You can open it again.")
        browser.press("Close the sale", kind="button")
        eventually("it is closed", lambda: self.service.call("GET", f"/api/events/{event['id']}")["saleState"] == "closed")

    @long
    def test_roles_are_given_and_the_audit_log_tells(self):
        email, _, token = self.service.buyer("Grace")
        browser = self.admin("/organise/users")
        browser.fill("E-mail address or name", email)
        eventually("one is found", lambda: len(browser.all("tbody tr")) == 1)
        select = browser.one("tbody select")
        select.send_keys("Organiser")
        browser.sees(f"{email} becomes: Organiser.")
        browser.press("Change the role", kind="button")
        browser.sees(f"{email} is now: Organiser.")
        user = self.service.sql(f"SELECT role FROM users WHERE email = '{email}'")
        self.assertEqual(user, [["admin"]])
        browser.press("Audit log")
        browser.sees("user.")
        browser.sees(self.service.settings["ONSALE_ADMIN_EMAIL"])
        self.assertTrue(token)

    @long
    def test_a_buyer_is_told_that_this_is_not_for_them(self):
        email, password, _ = self.service.buyer()
        browser = self.browser()
        browser.sign_in(email, password, to="/organise")
        browser.sees("For organisers only")
        self.assertFalse(browser.has("link", "Organise"))
