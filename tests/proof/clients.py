"""The people and systems around Lotse, each with a seeded mind of its own.

Invariant: what somebody asks for is written into the history with what they were told; what tells somebody something
carries an Idempotency-Key and is repeated until there is an answer, as clients of a city's systems do it.
Not here: what is broken meanwhile (faults.py), whether it came out right (checker.py).
"""

import base64
import concurrent.futures
import json
import random
import re
import threading
import time
import urllib.parse
import uuid

import peers
from world import SERVICE, TENANTS, call

PATIENCE = 90  # seconds until somebody gives up asking again


class Client(threading.Thread):
    def __init__(self, run, name, tenant):
        super().__init__(daemon=True, name=name)
        self.run_, self.world, self.history, self.tenant = run, run.world, run.history, tenant
        self.random = random.Random(f"{run.seed}/{name}")

    def base(self):
        return self.random.choice(self.world.instances).base

    def token(self, role):
        return self.world.tokens[role, self.tenant]

    def ask(self, kind, role, path, body, marker, once=True, base=None, method="POST"):
        """Asks until there is an answer; answers status and body. Without `once`, a lost answer may be done already."""
        key, began, lost, tries = (f"{kind}-{marker}-{uuid.UUID(int=self.random.getrandbits(128))}" if once else None), time.time(), False, 0
        while True:
            tries += 1
            asked = time.time()
            status, said = call(base() if base else self.base(), self.token(role), method, path, body, key)
            self.run_.heard(kind, status, said)
            is_busy = status == 409 and once and "still" in said.get("detail", "")
            if status and status < 500 and status != 429 and not is_busy or time.time() - began > PATIENCE:
                break
            lost |= status is None or status >= 500
            self.run_.rest(self.random.uniform(0.05, 0.4))
        ok = bool(status) and status < 300
        self.history.add(client=self.name, kind=kind, tenant=self.tenant, marker=marker, began=began, asked=asked,
                         ended=time.time(), status=status, ok=ok, maybe=not ok and lost, tries=tries,
                         id=said.get("id"), number=said.get("number"), value=body,
                         detail=None if ok else said.get("detail"))
        return status, said

    def run(self):
        while not self.run_.is_over.is_set():
            try:
                self.turn()
            except Exception as fault:  # a client that dies would only look like less traffic
                self.history.wrong("harness", f"{self.name}: {fault!r}")
                return


class Agent(Client):
    """Hands requests in, over a line that may break; asks again under the same key until it has a number."""

    count = 0

    def front(self):
        return f"http://127.0.0.1:{self.random.choice(self.world.fronts).own_port}"

    def turn(self):
        self.count += 1
        marker = f"p-{self.tenant}-{self.name}-{self.count}"
        wish = {"wish": "email", "name": "Erika Mustermann", "email": f"{marker}@buerger.example.org"}
        body = {"service": SERVICE, "ars": TENANTS[self.tenant], "channel": "115", "category": "form_error",
                "subject": f"Anfrage {marker}", "description": "Fehler 500 nach der Anmeldung. " * self.random.randint(1, 20),
                "external_reference": marker, "reply": wish if self.random.random() < 0.7 else {"wish": "none"}}
        status, said = self.ask("submit", "agent", "/api/v1/tickets", body, marker, base=self.front)
        if status == 201:
            self.run_.work[self.tenant].put((said["id"], marker, time.time()))
        self.run_.rest(self.random.expovariate(self.run_.rate))


class Central(Client):
    """Claims, notes, answers, escalates, closes; and tries to look at the neighbours."""

    def __init__(self, *words):
        super().__init__(*words)
        self.asked = []
        self.turns = 0

    def turn(self):
        self.turns += 1
        if self.turns % 10 == 0:
            self.look_over_the_fence()
        if self.asked and self.asked[0][0] < time.time():
            return self.look_again(*self.asked.pop(0)[1:])
        ticket, marker, since = self.run_.next(self.tenant)
        if not ticket:
            return
        path = f"/api/v1/tickets/{ticket}"
        self.ask("claim", "central", path + "/claim", {}, marker, once=False)
        self.ask("note", "central", path + "/notes", {"text": f"note {marker}"}, marker)
        chance = self.random.random()
        if chance < 0.45:
            self.finish(path, marker)
        elif chance < 0.9:
            kind = self.random.choice(["technical", "functional"])
            self.ask("escalate", "central", path + "/escalations", {"kind": kind, "note": f"frage {marker}"}, marker)
            self.asked.append((time.time() + self.random.uniform(1, 14), path, marker, time.time()))
            self.asked.sort()
        else:
            self.ask("reject", "central", path + "/reject", {"reason": f"reject {marker}"}, marker)

    def finish(self, path, marker):
        status, _ = self.ask("answer", "central", path + "/answer", {"text": f"answer {marker}"}, marker)
        if status == 200:
            self.ask("close", "central", path + "/close", {}, marker, once=False)

    def look_again(self, path, marker, since):
        status, said = call(self.base(), self.token("central"), "GET", path)
        if status == 200 and said["status"] == "escalated" and time.time() - since < 25:
            self.asked.append((time.time() + 2, path, marker, since))
            self.asked.sort()
        elif status == 200:
            self.finish(path, marker)
        else:
            self.run_.heard("look", status, said)
            self.asked.append((time.time() + 1, path, marker, since))

    def look_over_the_fence(self):
        other = next(one for one in TENANTS if one != self.tenant)
        if theirs := self.run_.last.get(other):
            status, _ = call(self.base(), self.token("central"), "GET", f"/api/v1/tickets/{theirs}")
            if status not in (404, 503, None):
                self.history.wrong("wrong tenant", f"{self.name} read {theirs} of {other}: {status}")
        status, said = call(self.base(), self.token("central"), "GET", "/api/v1/tickets?limit=50")
        for one in said.get("items", []) if status == 200 else []:
            if one["municipality"]["ars"] != TENANTS[self.tenant]:
                self.history.wrong("wrong tenant", f"{self.name} was listed {one['id']}")


class SecondLevel(Client):
    """Everybody at the other side: reads mails and webhooks and speaks by link, by callback and by mail, or is silent."""

    def __init__(self, run, name):
        super().__init__(run, name, "")
        self.position = {"mails": 0, "hooks": 0}
        self.met, self.pool = set(), concurrent.futures.ThreadPoolExecutor(12)
        self.secrets = {}
        for slug in ["technik", *(f"{tenant}-fach" for tenant in TENANTS)]:
            _, said = call(run.world.instances[0].base, run.world.tokens["admin", ""], "POST",
                           f"/api/v1/contacts/{slug}/callbacks/secret", {})
            self.secrets[slug] = base64.b64decode(said["secret"].removeprefix("whsec_"))

    def turn(self):
        for name, peer in (("mails", self.world.mails), ("hooks", self.world.hooks)):
            for item in peer.received.after(self.position[name]):
                self.position[name] += 1
                if item["id"] not in self.met:
                    self.met.add(item["id"])
                    self.consider(item)
        self.run_.rest(0.05)

    def consider(self, item):
        marker = re.search(r"p-[a-z]+-agent[0-9]+-[0-9]+", item["text"])
        if item["way"] == "webhook":
            event = json.loads(item["text"])
            if event["type"] == "escalation.created":
                self.decide(item, marker[0], item["to"], event["data"]["escalation_id"])
        elif marker and "/eskalation/" in item["text"] and not item["to"].startswith("p-"):
            self.decide(item, marker[0], item["to"].split("@")[0].removesuffix("-2"), None)

    def decide(self, item, marker, slug, escalation):
        """A contact with both ways decides which one it uses, and acts once, however often it is reminded."""
        chance = random.Random(f"{self.run_.seed}/{marker}/{slug}").random()
        way = ("callback" if chance < 0.3 else "link" if chance < 0.55 else "mail" if chance < 0.75 else
               "return" if chance < 0.85 else "silence")
        if slug not in self.secrets:
            way = "link" if chance < 0.5 else "mail"
        if (marker, slug) in self.met or item["way"] != ("webhook" if way == "callback" else "email"):
            return
        self.met.add((marker, slug))
        if way == "callback":
            self.pool.submit(self.guarded, self.call_back, marker, slug, escalation)
        elif way in ("link", "return"):
            self.pool.submit(self.guarded, self.press, marker, slug, item["text"], way)
        elif way == "mail":
            self.pool.submit(self.guarded, self.reply, marker, slug, item)

    def guarded(self, act, *words):
        try:
            act(*words)
        except Exception as fault:
            self.history.wrong("harness", f"{act.__name__}: {fault!r}")

    def call_back(self, marker, slug, escalation):
        for action, text in (("acknowledge", None), ("answer", f"callback {marker} {slug}")):
            body = {"escalation_id": escalation, "action": action} | ({"text": text} if text else {})
            raw, name, began, tries = json.dumps(body), f"{action}-{escalation}", time.time(), 0
            status = None
            while (not status or status >= 500 or status == 429) and time.time() - began < PATIENCE:
                tries += 1
                at = str(int(time.time() + (self.world.clock.shift if self.world.clock else 0)))
                headers = {"webhook-id": name, "webhook-timestamp": at, "Content-Type": "application/json",
                           "webhook-signature": peers.sign(self.secrets[slug], name, at, raw.encode())}
                status, said = post(self.base(), f"/api/v1/callbacks/{slug}", raw, headers)
                if tries > 1:
                    self.run_.rest(0.2)
            self.said("callback " + action, marker, text, slug, began, status, tries, said)

    def press(self, marker, slug, text, way):
        link = re.search(r"/eskalation/[A-Za-z0-9_-]+", text)[0]
        acts = [("return", "reason", f"return {marker} {slug}")] if way == "return" else [
            ("acknowledge", "reference", ""), ("answer", "text", f"link {marker} {slug}")]
        for action, field, words in acts:
            began, tries, status = time.time(), 0, None
            while (not status or status >= 500) and time.time() - began < PATIENCE:
                tries += 1
                status, said = post(self.base(), f"{link}/{action}", urllib.parse.urlencode({field: words}),
                                    {"Content-Type": "application/x-www-form-urlencoded"})
                if not status or status >= 500:
                    self.run_.rest(0.2)
            self.said("link " + action, marker, words, slug, began, status, tries, said)

    def said(self, kind, marker, words, slug, began, status, tries, said):
        self.run_.heard(kind, status, {"detail": said})
        ok = status in (200, 303)
        self.history.add(client=slug, kind=kind, tenant=marker.split("-")[1], marker=marker, began=began, asked=began,
                         ended=time.time(), status=status, ok=ok, maybe=not ok and tries > 1, tries=tries, id=None,
                         number=None, value=words, detail=None if ok else str(said)[:300])

    def reply(self, marker, slug, item):
        words = f"mail {marker} {slug}"
        self.world.dovecot and self.world.dovecot.deliver(
            f"From: {item['to']}\r\nTo: {item['reply_to']}\r\nSubject: Re: {item['subject']}\r\n"
            f"In-Reply-To: {item['message_id']}\r\nMessage-ID: <{uuid.uuid4()}@mail.example.org>\r\n"
            "Date: Tue, 24 Nov 2026 10:00:00 +0100\r\nContent-Type: text/plain; charset=utf-8\r\n"
            f"\r\nAntwort: {words}\r\n".encode())
        self.said("mail answer", marker, words, slug, time.time(), 200 if self.world.dovecot else 0, 1, "")


def post(base, path, raw, headers):
    import http.client
    host, port = base.removeprefix("http://").split(":")
    line = http.client.HTTPConnection(host, int(port), timeout=12)
    try:
        line.request("POST", path, raw.encode(), headers)
        answer = line.getresponse()
        return answer.status, answer.read().decode()
    except (OSError, http.client.HTTPException):
        return None, ""
    finally:
        line.close()


class Keeper(Client):
    """Keeps the directory of one place: addresses and phone numbers of contacts, what help shows, who has which duty."""

    turns = 0

    def token(self, role):
        return self.world.tokens["admin", ""]

    def turn(self):
        self.turns += 1
        slug, mails = f"{self.tenant}-vertretung", ["", "-2"]
        self.change(f"/api/v1/contacts/{slug}", "PATCH", {"phone": f"0431 {self.turns}"})
        if self.turns % 3 == 0:
            self.change(f"/api/v1/contacts/{slug}", "PATCH",
                        {"email": f"{slug}{mails[self.turns // 3 % 2]}@example.org"})
        self.change("channel", "PUT", {"phone": f"115 {self.turns}"})
        if self.turns % 4 == 0:
            who = [f"{self.tenant}-fach", f"{self.tenant}-vertretung"][:1 + self.turns // 4 % 2]
            self.change("adoption", "PATCH", {"functional": who})
        self.run_.rest(self.random.uniform(0.5, 1.5))

    def change(self, path, method, values):
        name = path
        if not path.startswith("/"):
            kind = path + "s"
            _, found = call(self.base(), self.token(""), "GET",
                            f"/api/v1/{kind}?service={SERVICE}&ars={TENANTS[self.tenant]}")
            if not found.get("items"):
                return
            path = f"/api/v1/{kind}/{found['items'][0]['id']}"
        status, now = call(self.base(), self.token(""), "GET", path)
        if status != 200:
            return
        body = values | {"version": now["version"]}
        if method == "PUT":
            body |= {field: now[field] for field in ("kind", "label", "hours", "languages")}
        began = time.time()
        status, said = call(self.base(), self.token(""), method, path, body)
        self.run_.heard("directory", status, said)
        for field, value in values.items():
            self.history.add(client=self.name, kind="directory", tenant=self.tenant, marker=f"{name} {field}",
                             began=began, asked=began, ended=time.time(), status=status, ok=status == 200,
                             maybe=status is None or status >= 500, tries=1, id=path, number=None, value=value,
                             detail=None if status == 200 else str(said)[:300])


class Reader(Client):
    """Reads the public help of a place, again and again."""

    def turn(self):
        instance = self.random.choice(self.world.instances)
        began = time.time()
        status, said = call(instance.base, None, "GET",
                            f"/api/v1/help?service={SERVICE}&ars={TENANTS[self.tenant]}")
        if status == 200:
            if said["municipality"]["ars"] != TENANTS[self.tenant]:
                self.history.wrong("wrong tenant", f"help of {self.tenant} showed {said['municipality']}")
            self.history.add(client=self.name, kind="help", tenant=self.tenant, marker=instance.base, began=began,
                             asked=began, ended=time.time(), status=200, ok=True, maybe=False, tries=1, id=None,
                             number=None, value=said["channels"][0]["phone"], detail=None)
        else:
            self.run_.heard("help", status, said)
        self.run_.rest(self.random.uniform(0.05, 0.3))
