"""A mail server for the tests, made of aiosmtpd: prints each message that it accepts as one JSON line.

usage: mail.py implicit|starttls CERTIFICATE KEY
"""
import asyncio
import json
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword


class Handler:
    async def handle_DATA(self, server, session, envelope):
        print(json.dumps({
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "tls": how == "implicit" or session.ssl is not None,
            "login": bool(session.authenticated),
            "text": envelope.content.decode(),
        }), flush=True)
        return "250 accepted"


def authenticate(server, session, envelope, mechanism, data):
    good = isinstance(data, LoginPassword) and (data.login, data.password) == (b"canary", b"open sesame")
    return AuthResult(success=good)


async def main():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    options = {"authenticator": authenticate, "auth_required": True, "hostname": "localhost"}
    if how == "implicit":
        # Below TLS already, which aiosmtpd cannot see by itself.
        make, outer = lambda: SMTP(Handler(), auth_require_tls=False, **options), context
    else:
        make, outer = lambda: SMTP(Handler(), tls_context=context, require_starttls=True, **options), None
    server = await asyncio.get_running_loop().create_server(make, "127.0.0.1", 0, ssl=outer)
    print(json.dumps({"port": server.sockets[0].getsockname()[1]}), flush=True)
    await server.serve_forever()


how, certificate, key = sys.argv[1:]
asyncio.run(main())
