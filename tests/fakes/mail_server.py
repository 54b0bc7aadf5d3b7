"""A mail server on loopback that offers STARTTLS, asks for an account, and keeps what it gets."""

import base64
import email
import socketserver
import ssl
import threading
from email.message import Message
from pathlib import Path


class MailServer(socketserver.ThreadingTCPServer):
    """Speaks as much of SMTP (RFC 5321, 3207, 4954) as a sender of alerts needs."""

    daemon_threads = True

    def __init__(self, certificate: Path, *, offers_tls: bool = True) -> None:
        super().__init__(("127.0.0.1", 0), _Session)
        self.messages: list[Message] = []
        self.accounts: list[tuple[str, str]] = []
        """Who signed in, with the password."""
        self.said: list[str] = []
        """Every command; what came before TLS is marked by it."""
        self.offers_tls = offers_tls
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(certificate)
        self.port = self.server_address[1]
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def close(self) -> None:
        """Take no more calls."""
        self.shutdown()
        self.server_close()


class _Session(socketserver.StreamRequestHandler):
    server: MailServer
    is_secure = False

    def handle(self) -> None:
        self._say("220 localhost")
        while line := self.rfile.readline():
            word = line.decode().strip()
            self.server.said.append(word if self.is_secure else f"plain: {word}")
            verb, _, rest = word.partition(" ")
            getattr(self, f"_on_{verb.lower()}", self._on_other)(rest)
            if verb == "QUIT":
                return

    def finish(self) -> None:
        super().finish()
        self.connection.close()

    def _on_ehlo(self, _: str) -> None:
        more = "AUTH PLAIN" if self.is_secure else "STARTTLS" * self.server.offers_tls
        for line in ("250-localhost", f"250-{more}" if more else "", "250 8BITMIME"):
            if line:
                self._say(line)

    def _on_starttls(self, _: str) -> None:
        self._say("220 go on")
        self.connection = self.server.context.wrap_socket(self.connection, server_side=True)
        self.rfile, self.wfile = (self.connection.makefile(way) for way in ("rb", "wb"))
        self.is_secure = True

    def _on_auth(self, rest: str) -> None:
        _, name, password = base64.b64decode(rest.split()[1]).decode().split("\0")
        self.server.accounts.append((name, password))
        self._say("235 welcome")

    def _on_data(self, _: str) -> None:
        self._say("354 go on")
        lines = iter(self.rfile.readline, b".\r\n")
        text = b"".join(line.removeprefix(b".") for line in lines)
        self.server.messages.append(email.message_from_bytes(text))
        self._say("250 taken")

    def _on_other(self, _: str) -> None:
        self._say("250 fine")

    def _say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())
        self.wfile.flush()
