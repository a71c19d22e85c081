"""Accounts: signing in, staying signed in, and that nobody else can use it."""

import http.server
import threading
import uuid

from cases import Case, long
from service import eventually, reset_token, send_raw


class Account(Case):
    @long
    def test_a_forgotten_password_is_replaced_by_the_mailed_link(self):
        email, old, _ = self.service.buyer("Ada")
        browser = self.browser()
        browser.open("/sign-in")
        browser.fill("E-mail address", email)
        browser.fill("Password", "not the password")
        browser.press("Sign in", kind="button")
        browser.sees("The e-mail address or the password is wrong.")
        browser.press("Forgot your password?")
        browser.fill("E-mail address", email)
        browser.press("Mail me a link")
        browser.sees("Look into your mailbox")
        mail = eventually("the mail has come", lambda: self.service.mailbox.to(email, "#token="))
        browser.open(f"/reset-password#token={reset_token(mail)}")
        browser.fill("New password", "another password")
        browser.press("Set the password")
        browser.sees("The new password is set")
        self.assertNotIn("token", browser.driver.current_url)
        browser.sign_in(email, "another password")
        self.assertEqual(send_raw(
            self.service.url, "POST", "/api/auth/login", f'{{"email": "{email}", "password": "{old}"}}',
            {"Content-Type": "application/json"})[0], 401)

    def test_one_stays_signed_in_by_a_cookie_that_no_script_can_read(self):
        email, password, _ = self.service.buyer()
        browser = self.browser()
        browser.sign_in(email, password)
        cookies = browser.cdp("Network.getAllCookies")["cookies"]
        self.assertEqual([(cookie["name"], cookie["httpOnly"], cookie["sameSite"], cookie["path"]) for cookie in cookies],
                         [("onsale_refresh", True, "Strict", "/api/auth")])
        seen = browser.driver.execute_script(
            "return document.cookie + JSON.stringify({...localStorage}) + JSON.stringify({...sessionStorage})")
        self.assertNotIn(cookies[0]["value"], seen)
        self.assertNotIn("eyJ", seen)
        browser.reload()
        browser.find("link", "Account")
        # And in another tab, at the same moment.
        first, second = browser.new_tab("/account")
        browser.sees(email)
        browser.press("Sign out")
        browser.find("link", "Sign in")
        browser.tab(first)
        browser.find("link", "Sign in")
        self.assertEqual(browser.cdp("Network.getAllCookies")["cookies"], [])

    def test_a_sign_out_without_a_network_ends_the_session_later(self):
        email, password, _ = self.service.buyer()
        browser = self.browser()
        browser.sign_in(email, password, to="/account")
        browser.sees(email)
        browser.offline()
        browser.press("Sign out")
        browser.find("link", "Sign in")
        [cookie] = browser.cdp("Network.getAllCookies")["cookies"]
        browser.offline(False)
        eventually("the cookie is gone", lambda: browser.cdp("Network.getAllCookies")["cookies"] == [])
        status, _ = send_raw(self.service.url, "POST", "/api/auth/refresh", "", {
            "Cookie": f"onsale_refresh={cookie['value']}", "X-Onsale-Session": "cookie"})
        self.assertEqual(status, 401)

    def test_a_page_of_another_origin_can_use_the_cookie_for_nothing(self):
        email, password, _ = self.service.buyer()
        browser = self.browser()
        browser.sign_in(email, password)
        url = self.service.url
        # Another port of the same host is the same site: SameSite alone would not keep it out.
        page = f"""<!doctype html><title>waiting</title>
            <form method="post" action="{url}/api/auth/logout" target="frame" enctype="text/plain"><input name="a" value="b"></form>
            <iframe name="frame"></iframe>
            <script>
            document.forms[0].submit();
            Promise.allSettled([
                fetch("{url}/api/auth/refresh", {{method: "POST", credentials: "include"}}),
                fetch("{url}/api/auth/refresh", {{method: "POST", credentials: "include", headers: {{"X-Onsale-Session": "cookie"}}}}),
                fetch("{url}/api/auth/logout", {{method: "POST", credentials: "include", headers: {{"X-Onsale-Session": "cookie"}}}}),
            ]).then((all) => {{ document.title = all.map((one) => one.status).join(); }});
            </script>"""

        class Evil(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(200)
                self.send_header("Content-Type", "text/html")
                self.end_headers()
                self.wfile.write(page.encode())

            def log_message(self, *_):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Evil)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.shutdown)
        evil = f"http://127.0.0.1:{server.server_address[1]}"
        self.allowed_origins = (evil,)
        browser.driver.get(evil)
        eventually("the page is done", lambda: browser.driver.title == "rejected,rejected,rejected")
        browser.open("/account")
        browser.sees(email)
        # What that page caused and the browser refused is no fault of ours.
        browser.collect()
        browser.complaints = []
        cookie = browser.cdp("Network.getAllCookies")["cookies"][0]
        status, _ = send_raw(url, "POST", "/api/auth/refresh", "", {"Cookie": f"onsale_refresh={cookie['value']}"})
        self.assertEqual(status, 403)

    @long
    def test_the_profile_and_the_password_are_changed(self):
        email, password, _ = self.service.buyer("Ada")
        browser = self.browser()
        browser.sign_in(email, password, to="/account")
        browser.fill("Name", "Ada Lovelace")
        new = f"ada-{uuid.uuid4().hex[:8]}@onsale.example"
        browser.fill("E-mail address", new)
        browser.fill("Your password, to change the address", password)
        browser.press("Save changes")
        browser.sees("Saved.")
        browser.sees(new)
        browser.fill("Current password", "wrong")
        browser.fill("New password", "a better password")
        browser.press("Change the password", kind="button")
        browser.sees("The e-mail address or the password is wrong.")
        browser.fill("Current password", password)
        browser.press("Change the password", kind="button")
        browser.sees("all other sessions have ended")
        self.service.login(new, "a better password")

    @long
    def test_a_ticket_is_handed_on(self):
        event = self.service.event()
        email, password, token = self.service.buyer("Ada")
        other, other_password, _ = self.service.buyer("Bob")
        order = self.service.buy(event["id"], token, quantity=2)
        browser = self.browser()
        browser.sign_in(email, password, to="/tickets")
        browser.sees("Ticket 1 of 2")
        browser.press("Nocturne", kind="link")
        browser.press("Hand on")
        browser.fill("E-mail address of their account", "nobody@onsale.example")
        browser.press("Hand the ticket on", kind="button")
        browser.sees("There is no account with this address.")
        browser.fill("E-mail address of their account", other)
        browser.press("Hand the ticket on", kind="button")
        browser.sees(f"The ticket now belongs to {other}.")
        browser.sees("Handed on")
        self.assertEqual(browser.all("img.qr"), [])
        second = self.browser()
        second.sign_in(other, other_password, to="/tickets")
        second.sees("Nocturne")
        eventually("it has a code", lambda: len(second.all("img.qr")) == 1)
        self.assertNotIn(order["tickets"][0]["code"], second.text().replace(" ", ""))
