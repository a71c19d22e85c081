"""A mail server for tests, by aiosmtpd, which fails as it is told; and a parser of mails, by Python's own.

  smtp-server.py serve FOLDER [--certificate FILE --key FILE --tls starttls|implicit] [--user NAME --password WORD]
                        [--fail-every N]
  smtp-server.py parse FILE…

`serve` takes a free port of the loopback interface and writes it to FOLDER/port. Each mail that it has taken over becomes
a line of JSON in FOLDER/accepted, each attempt at one a line in FOLDER/attempts. With `--fail-every 3`, one attempt in
three fails, and the failures take turns: a 451 for the receiver, a 451 for the content, a connection that is cut before
the content is taken over, and one that is cut afterwards, so that the sender does not know of it. Some receivers always
fail in one way: unknown@ (550), spam@ (554 for the content), busy@ (451), slow@ (no answer to the content).
"""

import argparse
import asyncio
import email
import email.policy
import json
import os
import ssl


def described(data):
    """What a mail reader makes of the bytes."""
    message = email.message_from_bytes(data, policy=email.policy.default)
    to = message["To"].addresses if message["To"] else []
    sender = message["From"].addresses if message["From"] else []
    parts = list(message.iter_parts()) if message.is_multipart() else [message]
    return {
        "fields": message.keys(),
        "subject": message["Subject"],
        "from": [[a.display_name, a.addr_spec] for a in sender],
        "to": [[a.display_name, a.addr_spec] for a in to],
        "id": message["Message-ID"],
        "date": message["Date"].datetime.isoformat() if message["Date"] else None,
        "automatic": message["Auto-Submitted"],
        "type": message.get_content_type(),
        "parts": [[part.get_content_type(), part.get_content_charset(), part.get_content()] for part in parts],
        "defects": [type(d).__name__ for d in message.defects]
        + [type(d).__name__ for part in parts for d in part.defects]
        + [type(d).__name__ for name in message.keys() for d in message[name].defects],
        "longest": max(len(line) for line in data.split(b"\r\n")),
        "bare": data.replace(b"\r\n", b"").count(b"\n") + data.replace(b"\r\n", b"").count(b"\r"),
    }


def serve(arguments):
    from aiosmtpd.smtp import SMTP, AuthResult

    accepted = open(os.path.join(arguments.folder, "accepted"), "a", buffering=1)
    attempts = open(os.path.join(arguments.folder, "attempts"), "a", buffering=1)
    turns = ["receiver", "content", "cut", "cut-afterwards"]
    count = 0
    failures = 0

    def is_encrypted(server):
        return server.transport.get_extra_info("sslcontext") is not None

    class Handler:
        async def handle_RCPT(self, server, session, envelope, address, options):
            nonlocal count, failures
            count += 1
            fate = None
            if arguments.fail_every and count % arguments.fail_every == 0:
                fate = turns[failures % len(turns)]
                failures += 1
            envelope.fate = fate
            attempts.write(json.dumps({"to": address, "fate": fate, "tls": is_encrypted(server)}) + "\n")
            name = address.split("@")[0]
            if name == "unknown":
                return f"550 5.1.1 <{address}> is not known here"
            if name == "busy" or fate == "receiver":
                return "451 4.3.0 try again later"
            envelope.rcpt_tos.append(address)
            return "250 OK"

        async def handle_DATA(self, server, session, envelope):
            name = envelope.rcpt_tos[0].split("@")[0]
            if name == "spam":
                return "554 5.7.1 this is not wanted here"
            if name == "slow":
                await asyncio.sleep(60)
            if envelope.fate == "content":
                return "451 4.3.0 try again later"
            if envelope.fate != "cut":
                mail = described(envelope.original_content)
                mail["sender"] = envelope.mail_from
                mail["receivers"] = envelope.rcpt_tos
                mail["tls"] = is_encrypted(server)
                mail["user"] = session.auth_data
                accepted.write(json.dumps(mail) + "\n")
            if envelope.fate in ("cut", "cut-afterwards"):
                server.transport.abort()
                await asyncio.sleep(0)
            return "250 OK"

    def authenticate(server, session, envelope, mechanism, data):
        name, word = data.login.decode(), data.password.decode()
        if (name, word) == (arguments.user, arguments.password):
            return AuthResult(success=True, auth_data=name)
        return AuthResult(success=False, handled=False)

    options = {}
    context = None
    is_implicit = arguments.tls == "implicit"
    if arguments.certificate:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(arguments.certificate, arguments.key)
        if not is_implicit:
            options.update(tls_context=context, require_starttls=True)
    if arguments.user:
        options.update(authenticator=authenticate, auth_required=True, auth_require_tls=not is_implicit)

    async def main():
        server = await asyncio.get_running_loop().create_server(
            lambda: SMTP(Handler(), **options), host="127.0.0.1", port=0, ssl=context if is_implicit else None
        )
        port = server.sockets[0].getsockname()[1]
        with open(os.path.join(arguments.folder, "port.new"), "w") as file:
            file.write(str(port))
        os.rename(os.path.join(arguments.folder, "port.new"), os.path.join(arguments.folder, "port"))
        await server.serve_forever()

    asyncio.run(main())


parser = argparse.ArgumentParser()
commands = parser.add_subparsers(dest="command", required=True)
serving = commands.add_parser("serve")
serving.add_argument("folder")
serving.add_argument("--certificate")
serving.add_argument("--key")
serving.add_argument("--tls", default="starttls")
serving.add_argument("--user")
serving.add_argument("--password")
serving.add_argument("--fail-every", type=int, default=0)
parsing = commands.add_parser("parse")
parsing.add_argument("files", nargs="+")
given = parser.parse_args()
if given.command == "serve":
    serve(given)
else:
    for name in given.files:
        with open(name, "rb") as file:
            print(json.dumps(described(file.read())))
