"""The other side: a mail server, a webhook receiver, and a line in between that can be cut and slowed.

Invariant: what arrived in full is recorded before it is answered, whatever the answer; the moods are set from outside.
Not here: what a message means (clients.py), whether it should have come (checker.py).
"""

import base64
import email
import email.policy
import hashlib
import hmac
import http.server
import socket
import socketserver
import struct
import threading
import time


class Received:
    """What a peer got, in the order of arrival. Readers follow it by position."""

    def __init__(self):
        self.lock = threading.Lock()
        self.items = []

    def add(self, item):
        with self.lock:
            self.items.append(item)

    def after(self, position):
        with self.lock:
            return self.items[position:]


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 512

    def handle_error(self, request, client_address):
        pass  # the other end hung up, which is what many of these runs are about

    def begin(self):
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()
        return self


class Mails(Server):
    """An SMTP server. Moods: well, busy (451 at RCPT), deaf (hangs up after the final dot without an answer)."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), MailSession)
        self.mood, self.received = "well", Received()


class MailSession(socketserver.StreamRequestHandler):
    def say(self, text):
        self.wfile.write(text.encode() + b"\r\n")

    def handle(self):
        self.say("220 proof ESMTP")
        to = []
        while line := self.rfile.readline():
            verb = line[:4].upper()
            if verb == b"EHLO":
                self.wfile.write(b"250-proof\r\n250-8BITMIME\r\n250 SMTPUTF8\r\n")
            elif verb == b"MAIL":
                to = []
                self.say("250 fine")
            elif verb == b"RCPT":
                if self.server.mood == "busy":
                    self.say("451 4.3.0 later")
                    continue
                to.append(line.split(b"<", 1)[1].split(b">", 1)[0].decode())
                self.say("250 fine")
            elif verb == b"DATA":
                if not to:
                    self.say("503 nobody")
                    continue
                self.say("354 go on")
                if not self.take(to):
                    return
            elif verb == b"QUIT":
                self.say("221 bye")
                return
            else:
                self.say("250 fine")

    def take(self, to):
        lines = []
        while (line := self.rfile.readline()) != b".\r\n":
            if not line:
                return False
            lines.append(line[1:] if line.startswith(b".") else line)
        raw = b"".join(lines)
        mail = email.message_from_bytes(raw, policy=email.policy.default)
        part = mail.get_body(("plain",))
        self.server.received.add({
            "way": "email", "id": str(mail["Message-ID"]).strip("<> ").split("@")[0], "to": to[0], "at": time.time(),
            "subject": str(mail["Subject"]), "reply_to": str(mail["Reply-To"]), "message_id": str(mail["Message-ID"]),
            "text": part.get_content() if part else "", "digest": hashlib.sha256(raw).hexdigest(),
        })
        if self.server.mood == "deaf":
            return False
        self.say("250 taken")
        return True


class Hooks(http.server.ThreadingHTTPServer):
    """A webhook receiver. Moods: well, busy (503), deaf (reads, then resets the line), slow (2 s)."""

    daemon_threads = True
    request_queue_size = 512

    def __init__(self, secret):
        super().__init__(("127.0.0.1", 0), Hook)
        self.mood, self.received = "well", Received()
        self.key = base64.b64decode(secret.removeprefix("whsec_"))

    handle_error = Server.handle_error
    begin = Server.begin


class Hook(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        name, at = self.headers["webhook-id"], self.headers["webhook-timestamp"]
        signature = sign(self.server.key, name, at, body)
        self.server.received.add({
            "way": "webhook", "id": name, "to": self.path.strip("/"), "at": time.time(), "text": body.decode(),
            "digest": hashlib.sha256(body).hexdigest(), "signed": signature in self.headers["webhook-signature"],
        })
        mood = self.server.mood
        if mood == "slow":
            time.sleep(2)
        if mood == "deaf":
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.close_connection = True
            return
        self.send_response(503 if mood == "busy" else 204)
        self.end_headers()

    def log_message(self, *_):
        pass


def sign(key, name, at, body):
    """A signature of Standard Webhooks."""
    return "v1," + base64.b64encode(hmac.new(key, f"{name}.{at}.".encode() + body, hashlib.sha256).digest()).decode()


class Line(Server):
    """A line to another address. Moods: well, cut (refuses and breaks off), slow (0.3 s a piece), drip (a few bytes
    at a time), mute (passes on what is asked, and hangs up as soon as the answer comes)."""

    def __init__(self, port):
        super().__init__(("127.0.0.1", 0), Passing)
        self.port, self.mood, self.open = port, "well", set()

    @property
    def own_port(self):
        return self.server_address[1]

    def set(self, mood):
        self.mood = mood
        if mood == "cut":
            for one in list(self.open):
                hang_up(one)


def hang_up(line):
    try:
        line.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass


class Passing(socketserver.BaseRequestHandler):
    def handle(self):
        if self.server.mood == "cut":
            return
        try:
            there = socket.create_connection(("127.0.0.1", self.server.port), 5)
        except OSError:
            return
        there.settimeout(None)
        ends = (self.request, there)
        for end in ends:
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.server.open.update(ends)
        back = threading.Thread(target=self.carry, args=(there, self.request, True), daemon=True)
        back.start()
        self.carry(self.request, there, False)
        back.join()
        self.server.open.difference_update(ends)
        there.close()

    def carry(self, source, to, is_answer):
        try:
            while piece := source.recv(65536):
                mood = self.server.mood
                if mood == "mute" and is_answer:
                    break
                if mood == "slow":
                    time.sleep(0.3)
                if mood == "drip":
                    for at in range(0, len(piece), 97):
                        to.sendall(piece[at:at + 97])
                        time.sleep(0.005)
                else:
                    to.sendall(piece)
        except OSError:
            pass
        hang_up(source)
        hang_up(to)
