"""Holds what clients were told, and what peers received, against the database.

Pure: takes a run as plain data (`history`, `rows`, `received`, `facts`), answers findings, and knows nothing of how
Lotse does it: the life cycle, the deadlines and whose mailbox is whose are written here a second time, on purpose.
"""

import re
from collections import Counter, defaultdict

MARKER = re.compile(r"p-([a-z]+)-agent[0-9]+-[0-9]+")
NUMBER = re.compile(r"\b\d{2}-\d{6,}-\d\b")
MOVES = {  # what an event of the history makes of a request
    "claimed": {"new": "assessing", "assessing": "assessing", "escalated": "escalated"},
    "escalated": {"new": "escalated", "assessing": "escalated", "escalated": "escalated"},
    "answered": {"assessing": "answered", "escalated": "answered"},
    "rejected": {"assessing": "rejected", "escalated": "rejected"},
    "closed": {"answered": "closed", "rejected": "closed"},
}
ENDS = ("escalation_answered", "escalation_returned", "escalation_expired", "escalation_withdrawn")
SAID = {"note": "noted", "answer": "answered", "reject": "rejected", "escalate": "escalated", "claim": "claimed",
        "close": "closed"}
NAMED = 50  # requests that a mail of notices names at most
SLACK = 3.0  # seconds between a deadline and what follows from it, on a busy machine


class Check:
    def __init__(self, run):
        self.did, self.faults = run["history"]["did"], run["history"]["faults"]
        self.rows, self.received, self.facts = run["rows"], run["received"], run["facts"]
        self.findings = [(one["kind"], one["detail"]) for one in run["history"]["seen"]]
        self.tickets = {one["id"]: one for one in self.rows["tickets"]}
        self.by_marker = defaultdict(list)
        for one in self.rows["tickets"]:
            self.by_marker[one["external_reference"]].append(one)
        self.events = defaultdict(list)
        for one in sorted(self.rows["ticket_history"], key=lambda row: row["id"]):
            self.events[one["ticket_id"]].append(one)
        self.escalations = {one["id"]: one for one in self.rows["escalations"]}

    def found(self, kind, detail):
        self.findings.append((kind, detail))

    def fault_between(self, began, ended):
        return any(one["from"] - 1 < ended and began < one["to"] + SLACK for one in self.faults)

    def was_in_flight(self, way, at):
        """An orderly stop, callers cut off or a mailbox away are no reason to send anything twice."""
        reasons = ("kill", "freeze", "database", "failover", "disk", "clock", "mail" if way == "email" else way)
        return any(one["from"] - SLACK < at < one["to"] + SLACK and one["kind"].split()[0] in reasons
                   for one in self.faults)

    def outage(self, began, ended):
        """Seconds of faults, each with the time to recover, between two moments."""
        return sum(max(0.0, min(ended, one["to"] + SLACK) - max(began, one["from"])) for one in self.faults)

    def all(self):
        for part in (self.requests, self.actions, self.life_cycles, self.escalation_rows, self.messages, self.repeats,
                     self.whose_mailbox, self.second_level, self.deadlines, self.directory, self.help):
            part()
        return self.findings

    def requests(self):
        tried = {one["marker"]: one for one in self.did if one["kind"] == "submit"}
        for marker, one in tried.items():
            stored = self.by_marker.get(marker, [])
            if one["ok"] and one["id"] not in [row["id"] for row in stored]:
                self.found("lost", f"request {marker} ({one['id']}) was acknowledged and is not there")
            if len(stored) > 1:
                self.found("doubled", f"request {marker} is there {len(stored)} times")
            if one["ok"] and any(row["number"] != one["number"] for row in stored):
                self.found("wrong state", f"request {marker} was told the number {one['number']}")
            if not one["ok"] and stored and not one["maybe"]:
                self.found("doubled", f"request {marker} was refused ({one['status']}) and is there")
        for marker in self.by_marker:
            if marker not in tried:
                self.found("doubled", f"nobody handed {marker} in")
        for number, times in Counter(row["number"] for row in self.rows["tickets"]).items():
            if times > 1:
                self.found("doubled", f"the number {number} was drawn {times} times")
        for row in self.rows["tickets"]:
            if row["ars"] != self.facts["tenants"][MARKER.match(row["external_reference"])[1]]:
                self.found("wrong tenant", f"request {row['external_reference']} is with {row['ars']}")
            if not self.events[row["id"]]:
                self.found("lost", f"request {row['external_reference']} has no history")

    def actions(self):
        """What was acknowledged stands in the history, once, in the order in which it was done."""
        by_ticket = defaultdict(list)
        for one in self.did:
            if one["kind"] in SAID:
                by_ticket[one["marker"]].append(one)
        for marker, acts in by_ticket.items():
            for row in self.by_marker.get(marker, [])[:1]:
                kinds = [event["event"]["kind"] for event in self.events[row["id"]]]
                last = -1
                for one in sorted(acts, key=lambda act: act["began"]):
                    kind = SAID[one["kind"]]
                    times = kinds.count(kind)
                    if one["ok"] and times == 0:
                        self.found("lost", f"{one['kind']} of {marker} was acknowledged and is not in its history")
                    if times > 1 and (one["tries"] == 1 or one["kind"] in ("note", "answer", "reject", "escalate")):
                        self.found("doubled", f"{one['kind']} of {marker} is in its history {times} times")
                    if times and not one["ok"] and not one["maybe"]:
                        self.found("wrong state", f"{one['kind']} of {marker} was refused ({one['status']}) and done")
                    if one["ok"] and times:
                        if kinds.index(kind) < last:
                            self.found("out of order", f"{one['kind']} of {marker} stands before what came before it")
                        last = max(last, kinds.index(kind))

    def life_cycles(self):
        for row in self.rows["tickets"]:
            status, open_ones = "new", set()
            for event in self.events[row["id"]]:
                kind, about = event["event"]["kind"], event["event"].get("escalation")
                if kind in MOVES:
                    after = MOVES[kind].get(status)
                    if not after:
                        self.found("wrong state", f"{row['external_reference']} was {kind} when it was {status}")
                    status = after or status
                if kind == "escalated":
                    open_ones.add(about)
                if kind in ENDS:
                    open_ones.discard(about)
                    if status == "escalated" and not open_ones:
                        status = "assessing"
            if row["status"] != status:
                self.found("wrong state", f"{row['external_reference']} is {row['status']}, its history says {status}")

    def escalation_rows(self):
        notes = defaultdict(list)
        for one in self.escalations.values():
            notes[one["note"]].append(one)
        for one in self.did:
            if one["kind"] != "escalate":
                continue
            stored = notes.get(f"frage {one['marker']}", [])
            if one["ok"] and one["id"] not in [row["id"] for row in stored]:
                self.found("lost", f"escalation of {one['marker']} was acknowledged and is not there")
            if len(stored) > 1:
                self.found("doubled", f"{one['marker']} is escalated {len(stored)} times")
        for one in self.escalations.values():
            ticket = self.tickets.get(one["ticket_id"])
            marker = MARKER.search(one["note"])
            if not ticket or ticket["external_reference"] != marker[0]:
                self.found("wrong state", f"escalation {one['id']} belongs to another request")
                continue
            tenant = marker[1]
            for step in one["chain"]:
                whose = step["contact"]["id"].split("-")[0]
                if whose in self.facts["tenants"] and whose != tenant:
                    self.found("wrong tenant", f"escalation of {marker[0]} asks {step['contact']['id']}")

    def messages(self):
        """What had to leave has left: every row ends, and whoever it was for has it."""
        arrived = {item["id"] for item in self.received}
        asked = defaultdict(set)
        for row in self.rows["outbox"]:
            name = f"{row['purpose']} {row['channel']} {row['id']}"
            if row["status"] in ("pending", "exhausted"):
                self.found("lost", f"message {name} is {row['status']}")
            if row["status"] == "sent" and row["id"] not in arrived:
                self.found("lost", f"message {name} counts as sent and has not arrived")
            if row["purpose"] == "created":
                asked[row["about"]].add((row["channel"], row["status"]))
        for dedupe, times in Counter(row["dedupe"] for row in self.rows["outbox"]).items():
            if times > 1:
                self.found("doubled", f"{times} messages for {dedupe}")
        known = {row["id"] for row in self.rows["outbox"]}
        for item in self.received:
            if item["id"] not in known:
                self.found("lost", f"{item['way']} {item['id']} was sent and is in no outbox")
        for one in self.escalations.values():
            if not asked[one["id"]]:
                self.found("lost", f"escalation {one['note']} asked nobody")
            if one["ended_at"] is None and any(status == "cancelled" for _, status in asked[one["id"]]):
                self.found("lost", f"escalation {one['note']} is open and its question was cancelled")
        replies = Counter(row["about"] for row in self.rows["outbox"] if row["purpose"] == "reply")
        wished = {one["marker"] for one in self.did
                  if one["kind"] == "submit" and one["value"]["reply"]["wish"] == "email"}
        for row in self.rows["tickets"]:
            is_told = row["status"] in ("answered", "closed", "rejected")
            due = 1 if is_told and row["external_reference"] in wished else 0
            if replies[row["id"]] != due:
                kind = "lost" if replies[row["id"]] < due else "doubled"
                self.found(kind, f"{row['external_reference']} has {replies[row['id']]} letters, {due} is due")
        named, full = set(), []
        for item in self.received:
            if item["way"] == "email" and "-zentral@" in item["to"]:
                numbers = set(NUMBER.findall(item["text"]))
                named |= numbers
                full += [item["at"]] if len(numbers) >= NAMED else []
        told = {row["ticket_id"]: row["told_at"] for row in self.rows["notices"] if row["told_at"]}
        for row in self.rows["tickets"]:
            # A long mail counts what it does not name; it leaves after the mark that it told.
            at = told.get(row["id"], float("inf"))
            is_counted = self.facts["clock"] or any(mail > at - 1 for mail in full)
            if row["number"] not in named and not is_counted:
                self.found("lost", f"nobody at the central contact was told of {row['external_reference']}")
        for row in self.rows["notices"]:
            if row["told_at"] is None:
                self.found("lost", f"notice {row['id']} was never told")

    def repeats(self):
        """Twice only what was in flight when something broke that can cost a receipt, and then to the letter."""
        first, last = {}, {}
        for item in sorted(self.received, key=lambda one: one["at"]):
            if item["way"] == "webhook" and not item["signed"]:
                self.found("wrong state", f"webhook {item['id']} has a wrong signature")
            before, latest = first.setdefault(item["id"], item), last.get(item["id"])
            last[item["id"]] = item
            if before is item:
                continue
            if before["digest"] != item["digest"] or before["to"] != item["to"]:
                self.found("doubled", f"{item['way']} {item['id']} came again with other words or to somebody else")
            elif not self.was_in_flight(item["way"], latest["at"]):
                self.found("doubled", f"{item['way']} {item['id']} came again though nothing broke when it came before")

    def whose_mailbox(self):
        """Nobody reads of another municipality's requests, and no citizen of another's."""
        numbers = {row["number"]: row["external_reference"] for row in self.rows["tickets"]}
        outbox = {row["id"]: row for row in self.rows["outbox"]}
        for item in self.received:
            to = item["to"].split("@")[0]
            whose = to.split("-")[0]
            text = item["text"] + str(item.get("subject", ""))
            about = {numbers[one] for one in NUMBER.findall(text) if one in numbers} | {
                one[0] for one in MARKER.finditer(text)}
            for marker in about:
                if (whose in self.facts["tenants"] and whose != marker.split("-")[1]) or whose == "p" and to != marker:
                    self.found("wrong tenant", f"{item['way']} to {item['to']} speaks of {marker}")
            row = outbox.get(item["id"])
            if row and item["way"] == "email" and row["purpose"] != "reply" and "@" in row["recipient"] \
                    and row["recipient"] != item["to"]:
                self.found("wrong tenant", f"mail {item['id']} for {row['recipient']} went to {item['to']}")

    def second_level(self):
        """A word of theirs that was taken stands in the history, once."""
        texts = Counter()
        for row in self.rows["ticket_history"]:
            event = row["event"]
            if event["kind"] in ("escalation_answered", "escalation_returned", "escalation_commented"):
                texts[(event.get("text") or event.get("reason") or "").strip()] += 1
        for one in self.did:
            if one["value"] and one["kind"] in ("callback answer", "link answer", "link return", "mail answer"):
                times = texts[one["value"]]
                if one["ok"] and times == 0:
                    self.found("lost", f"{one['kind']} of {one['client']} on {one['marker']} is nowhere")
                if times > 1:
                    self.found("doubled", f"{one['kind']} of {one['client']} on {one['marker']} counts {times} times")
        delivered, taken = self.facts["mails_delivered"], len(self.rows["inbound_mails"])
        if delivered != taken:
            kind = "lost" if taken < delivered else "doubled"
            self.found(kind, f"{delivered} mails were in the mailbox, {taken} were taken in")

    def deadlines(self):
        """The next is asked when the time of the one before is over: not earlier, and not much later."""
        if self.facts["clock"]:
            return
        within, read_at = self.facts["within"], self.facts["read_at"]
        for one in self.escalations.values():
            of_it = [row for row in self.events[one["ticket_id"]] if row["event"].get("escalation") == one["id"]]
            steps = [row for row in of_it if row["event"]["kind"] == "escalation_step"]
            ends = [row["at"] for row in of_it
                    if row["event"]["kind"] in (*ENDS, "escalation_acknowledged", "escalation_expired")]
            for before, after in zip(steps, steps[1:]):
                if after["at"] - before["at"] < within - 0.05:
                    self.found("deadline missed", f"{one['note']}: the next was asked too early")
            for at, step in enumerate(steps):
                began = step["at"]
                done = min([row["at"] for row in steps[at + 1:]] + ends, default=read_at)
                late = done - began - within
                if late > SLACK + self.outage(began, done):
                    self.found("deadline missed", f"{one['note']}: step {at} was acted on {late:.1f} s late")

    def directory(self):
        """Every object is as the last acknowledged change left it."""
        last, maybe = {}, defaultdict(list)
        for one in sorted((one for one in self.did if one["kind"] == "directory"), key=lambda one: one["began"]):
            if one["ok"]:
                last[one["marker"], one["tenant"]], maybe[one["marker"], one["tenant"]] = one["value"], []
            elif one["maybe"]:
                maybe[one["marker"], one["tenant"]].append(one["value"])
        addresses = {row["id"]: row["address"] for row in self.rows["endpoints"]}
        contacts = {row["slug"]: row for row in self.rows["contacts"]}
        for (what, tenant), value in last.items():
            contact = contacts[f"{tenant}-vertretung"]
            if what.endswith("phone") and what.startswith("/"):
                is_now = contact["phone"]
            elif what.endswith("email"):
                is_now = addresses.get(contact["email_endpoint"])
            elif what == "channel phone":
                ars = self.facts["tenants"][tenant]
                is_now = next(row["phone"] for row in self.rows["help_channels"] if row["ars"] == ars)
            else:
                is_now = self.facts["functional"].get(tenant)
            if is_now != value and is_now not in maybe[what, tenant]:
                self.found("lost", f"{what} of {tenant} is {is_now}, last acknowledged was {value}")

    def help(self):
        """What is shown in public is at most two seconds old, and never goes back."""
        changes = defaultdict(list)
        for one in self.did:
            if one["kind"] == "directory" and one["marker"] == "channel phone" and one["ok"]:
                changes[one["tenant"]].append((one["ended"], int(one["value"].split()[1])))
        for one in self.did:
            if one["kind"] != "help":
                continue
            digits = one["value"].split()
            shown = int(digits[1]) if len(digits) > 1 else 0
            due = max((value for at, value in changes[one["tenant"]] if at + 2 < one["began"]), default=0)
            if shown < due and not self.fault_between(one["began"] - 5, one["ended"]):
                self.found("wrong state", f"help of {one['tenant']} shows {shown} two seconds after {due}")


def check(run):
    return Check(run).all()
