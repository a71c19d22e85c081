"""The night of the on-sale, as a buyer has it."""

import time
import uuid

from selenium.webdriver import ActionChains

from cases import Case, long
from service import eventually


def address():
    return f"bea-{uuid.uuid4().hex[:10]}@onsale.example"


class Buying(Case):
    def setUp(self):
        super().setUp()
        self.addCleanup(self.service.thaw_worker)

    def test_two_tabs_at_the_opening_are_one_order_through_a_reload(self):
        event = self.service.event(opens_in=600, title="The Opening")
        browser, email = self.browser(), address()
        browser.clock_is_off(hours=1)
        browser.register(email, to=f"/events/{event['id']}")
        browser.sees("On sale in")
        self.assertFalse(browser.find("button", "Opens soon").is_enabled())
        first, second = browser.new_tab(f"/events/{event['id']}", before=lambda: browser.clock_is_off(hours=1))
        self.assertGreater(browser.driver.execute_script("return Date.now()") / 1000, time.time() + 3000)
        self.assertFalse(browser.find("button", "Opens soon").is_enabled())
        browser.driver.execute_script("window.notReloaded = true")
        # The organiser moves the opening, which the page hears by itself too.
        event = self.service.move_opening(event["id"], seconds=8)
        # The button wakes up by itself, at the opening by the server's clock: this browser's is an hour ahead.
        eventually("the button arms", lambda: browser.find("button", "Buy now").is_enabled())
        opened = time.time()
        self.assertTrue(browser.driver.execute_script("return window.notReloaded"))
        opens_at = browser.driver.execute_script("return Date.parse(arguments[0])", event["saleOpensAt"]) / 1000
        self.assertGreater(opened, opens_at - 0.2)
        self.assertLess(opened, opens_at + 20)
        self.service.freeze_worker()
        browser.press("Buy now", kind="button")
        browser.tab(first)
        # It may have heard of the other already, and then shows the way to it instead of the button.
        eventually("this tab is there too", lambda: self.go_on(browser))
        browser.tab(second)
        browser.sees("Your order")
        eventually("the order has its address", lambda: browser.path.startswith("/orders/"))
        place = browser.path
        browser.reload()
        browser.sees("You are next")
        self.assertEqual(browser.path, place)
        self.service.thaw_worker()
        browser.sees("You are going")
        eventually("both tickets have their codes", lambda: len(browser.all("img.qr")) == 2)
        browser.tab(first)
        browser.sees("You are going")
        self.assertEqual(browser.path, place)
        orders = self.service.orders_of(email, event["id"])
        self.assertEqual([order[1:] for order in orders], [["confirmed", "2"]])
        self.assertEqual(place, f"/orders/{orders[0][0]}")

    def go_on(self, browser):
        if browser.path.startswith("/orders/"):
            return True
        for words in ("Buy now", "Your order"):
            try:
                browser.press(words, within=0)
            except AssertionError:
                continue
        return False

    @long
    def test_a_double_click_buys_once(self):
        event, browser, email = self.service.event(), self.browser(), address()
        browser.register(email, to=f"/events/{event['id']}")
        ActionChains(browser.driver).double_click(browser.find("button", "Buy now")).perform()
        browser.sees("You are going")
        self.assertEqual(len(self.service.orders_of(email, event["id"])), 1)

    def test_sold_out_says_so_and_takes_nothing(self):
        event = self.service.event(totalTickets=3)
        browser, email = self.browser(), address()
        browser.register(email, to=f"/events/{event['id']}")
        browser.find("button", "Buy now")
        _, _, token = self.service.buyer()
        self.service.buy(event["id"], token, quantity=2)
        # The page may still think that there are three.
        browser.press("Buy now", kind="button")
        browser.sees("Not enough left")
        browser.sees("Nothing was taken from you")
        browser.press("Look again")
        browser.press("One fewer")
        browser.press("Buy now", kind="button")
        browser.sees("You are going")
        browser.open(f"/events/{event['id']}")
        browser.sees("Sold out")
        self.assertFalse(browser.has("button", "Buy now"))
        self.assertEqual([order[1:] for order in self.service.orders_of(email, event["id"])], [["confirmed", "1"]])

    def test_the_limit_is_told_with_the_way_to_the_tickets(self):
        event, browser, email = self.service.event(limitPerBuyer=2), self.browser(), address()
        browser.register(email, to=f"/events/{event['id']}")
        browser.press("Buy now", kind="button")
        browser.sees("You are going")
        browser.open(f"/events/{event['id']}")
        browser.press("Buy now", kind="button")
        browser.sees("That is more than the limit")
        browser.press("See my tickets")
        browser.sees("Ticket 1 of 2")

    def test_a_paused_sale_is_tried_again_until_it_goes_on(self):
        event, browser, email = self.service.event(), self.browser(), address()
        browser.register(email, to=f"/events/{event['id']}")
        browser.find("button", "Buy now")
        self.service.sale(event["id"], "paused")
        browser.sees("The sale is paused")
        browser.press("Try as soon as it goes on")
        browser.sees("The organiser has paused the sale. We keep trying for you.")
        self.service.sale(event["id"], "open")
        browser.sees("You are going")
        self.assertEqual(len(self.service.orders_of(email, event["id"])), 1)

    def test_a_declined_payment_says_why_and_what_next(self):
        event, browser, email = self.service.event(), self.browser(), address()
        browser.register(email, to=f"/events/{event['id']}")
        browser.choose("Payment", "pm_declined")
        browser.press("Buy now", kind="button")
        browser.sees("The payment was declined. Nothing was charged")
        browser.press("Try another way to pay")
        browser.press("Buy now", kind="button")
        browser.sees("You are going")
        orders = sorted(order[1] for order in self.service.orders_of(email, event["id"]))
        self.assertEqual(orders, ["cancelled", "confirmed"])

    def test_a_gateway_that_restarts_while_one_waits_costs_nothing(self):
        event, browser, email = self.service.event(), self.browser(), address()
        browser.register(email, to=f"/events/{event['id']}")
        self.service.freeze_worker()
        browser.press("Buy now", kind="button")
        browser.sees("You are next")
        self.service.stop_gateway()
        browser.sees("The connection is lost. Your place is safe; we keep asking.")
        self.service.start_gateway()
        self.service.thaw_worker()
        browser.sees("You are going")
        self.assertEqual(len(self.service.orders_of(email, event["id"])), 1)

    def test_offline_in_line_and_back(self):
        event, browser, email = self.service.event(), self.browser(), address()
        browser.register(email, to=f"/events/{event['id']}")
        self.service.freeze_worker()
        browser.press("Buy now", kind="button")
        browser.sees("You are next")
        browser.offline()
        browser.sees("You are offline")
        browser.sees("Your place is safe")
        self.service.thaw_worker()
        browser.offline(False)
        browser.sees("You are going")

    def test_a_click_without_a_network_goes_out_later_and_once(self):
        event, browser, email = self.service.event(), self.browser(), address()
        browser.register(email, to=f"/events/{event['id']}")
        browser.find("button", "Buy now")
        browser.offline()
        browser.press("Buy now", kind="button")
        browser.sees("Your order goes out as soon as you are back")
        self.assertEqual(self.service.orders_of(email, event["id"]), [])
        browser.offline(False)
        browser.sees("You are going")
        self.assertEqual(len(self.service.orders_of(email, event["id"])), 1)

    def test_what_may_have_been_accepted_can_be_stopped_but_not_forgotten(self):
        event, browser, email = self.service.event(), self.browser(), address()
        browser.register(email, to=f"/events/{event['id']}")
        browser.find("button", "Buy now")
        browser.offline()
        browser.press("Buy now", kind="button")
        browser.press("Stop trying")
        browser.sees("It may have been accepted.")
        browser.offline(False)
        browser.reload()
        # It is not sent by itself any more, and there is no way to a second order.
        browser.sees("It may have been accepted.")
        self.assertFalse(browser.has("button", "Buy now") or browser.has("button", "Forget it"))
        browser.press("Finish the order")
        browser.sees("You are going")
        self.assertEqual(len(self.service.orders_of(email, event["id"])), 1)

    def test_who_signs_out_elsewhere_buys_nothing_until_they_are_back(self):
        event, browser, email = self.service.event(), self.browser(), address()
        browser.register(email, password="a buyer's password", to=f"/events/{event['id']}")
        first, second = browser.new_tab("/account")
        browser.tab(first)
        browser.find("button", "Buy now")
        browser.offline()
        browser.press("Buy now", kind="button")
        browser.sees("Your order goes out as soon as you are back")
        browser.tab(second)
        browser.press("Sign out")
        browser.find("link", "Sign in")
        browser.tab(first)
        browser.sees("Sign in and finish")
        browser.offline(False)
        other, password, _ = self.service.buyer()
        browser.sign_in(other, password, to=f"/events/{event['id']}")
        browser.find("button", "Buy now")
        self.assertEqual(self.service.orders_of(other, event["id"]), [])
        browser.open("/account")
        browser.press("Sign out")
        browser.find("link", "Sign in")
        browser.open(f"/sign-in?to=/events/{event['id']}")
        browser.fill("E-mail address", email)
        browser.fill("Password", "a buyer's password")
        browser.press("Sign in", kind="button")
        eventually("the order has its address", lambda: browser.path.startswith("/orders/"))
        browser.sees("You are going")
        self.assertEqual(len(self.service.orders_of(email, event["id"])), 1)
        self.assertEqual(self.service.orders_of(other, event["id"]), [])

    @long
    def test_an_order_can_be_cancelled_in_line(self):
        event, browser, email = self.service.event(limitPerBuyer=20), self.browser(), address()
        browser.register(email, to=f"/events/{event['id']}")
        eventually("an order is cancelled before it is paid", lambda: self.cancel_in_time(browser, event["id"]))
        ended = [(order[1], int(order[2])) for order in self.service.orders_of(email, event["id"])]
        sold = sum(quantity for status, quantity in ended if status == "confirmed")
        eventually("the tickets are back", lambda: self.service.ledger(event["id"])["postgres"]["available"] == 100 - sold)

    def cancel_in_time(self, browser, event):
        """The slow payment takes five seconds, which a busy machine may miss."""
        browser.open(f"/events/{event}")
        browser.choose("Payment", "pm_slow")
        browser.press("Buy now", kind="button")
        try:
            browser.press("Cancel the order", within=5)
            browser.sees("go back on sale at once", within=5)
            browser.press("Cancel the order", kind="button", within=5)
            browser.sees("You cancelled this order", within=10)
        except AssertionError:
            return False
        return True
