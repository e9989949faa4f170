"""Plants faults into a run that was found good, to see the checker find them.

Invariant: each fault is planted into a copy, so that what is found is that fault alone. A checker that finds nothing
proves nothing; this is the proof that it looks.
"""

import copy

import checker


def rows_of(run, table):
    return run["rows"][table]


def acked(run, kind):
    return next(one for one in run["history"]["did"] if one["kind"] == kind and one["ok"])


def lost_request(run):
    gone = acked(run, "submit")["id"]
    run["rows"]["tickets"] = [row for row in rows_of(run, "tickets") if row["id"] != gone]


def doubled_request(run):
    row = copy.deepcopy(rows_of(run, "tickets")[0])
    rows_of(run, "tickets").append(row | {"id": "00000000-0000-0000-0000-000000000001", "number": "26-000000-0"})


def number_drawn_twice(run):
    rows_of(run, "tickets")[1]["number"] = rows_of(run, "tickets")[0]["number"]


def foreign_request(run):
    row, tenants = rows_of(run, "tickets")[0], run["facts"]["tenants"]
    row["ars"] = next(ars for ars in tenants.values() if ars != row["ars"])


def lost_note(run):
    ticket = next(row["id"] for row in rows_of(run, "tickets")
                  if row["external_reference"] == acked(run, "note")["marker"])
    history = rows_of(run, "ticket_history")
    history.remove(next(row for row in history if row["ticket_id"] == ticket and row["event"]["kind"] == "noted"))


def doubled_note(run):
    history = rows_of(run, "ticket_history")
    history.append(next(row for row in history if row["event"]["kind"] == "noted") | {"id": "~"})


def note_before_claim(run):
    ticket = next(row["id"] for row in rows_of(run, "tickets")
                  if row["external_reference"] == acked(run, "note")["marker"])
    kinds = {row["event"]["kind"]: row for row in rows_of(run, "ticket_history") if row["ticket_id"] == ticket}
    kinds["noted"]["id"], kinds["claimed"]["id"] = kinds["claimed"]["id"], kinds["noted"]["id"]


def closed_again_open(run):
    next(row for row in rows_of(run, "tickets") if row["status"] == "closed")["status"] = "answered"


def lost_escalation(run):
    rows_of(run, "escalations").remove(next(row for row in rows_of(run, "escalations")
                                            if row["id"] == acked(run, "escalate")["id"]))


def never_arrived(run):
    sent = next(row["id"] for row in rows_of(run, "outbox") if row["status"] == "sent" and row["purpose"] == "created")
    run["received"] = [item for item in run["received"] if item["id"] != sent]


def never_told(run):
    number = rows_of(run, "tickets")[0]["number"]
    for item in run["received"]:
        item["text"] = item["text"].replace(number, "")


def given_up(run):
    rows_of(run, "outbox")[0]["status"] = "exhausted"


def came_twice(run):
    run["history"]["faults"] = []
    run["received"].append(run["received"][0] | {"at": run["received"][0]["at"] + 1})


def came_twice_in_other_words(run):
    run["received"].append(run["received"][0] | {"digest": "other"})


def to_the_neighbour(run):
    item = next(one for one in run["received"] if one["to"].startswith("kiel-zentral"))
    item["to"] = item["to"].replace("kiel", "luebeck")


def letter_to_somebody_else(run):
    letters = [one for one in run["received"] if one["to"].startswith("p-")]
    letters[0]["to"] = letters[1]["to"]


def lost_word(run):
    said = next(one["value"] for one in run["history"]["did"] if one["kind"] == "link answer" and one["ok"])
    history = rows_of(run, "ticket_history")
    run["rows"]["ticket_history"] = [row for row in history if row["event"].get("text") != said]


def asked_too_early(run):
    second = next(row for row in rows_of(run, "ticket_history")
                  if row["event"]["kind"] == "escalation_step" and row["event"]["step"] == 1)
    first = next(row for row in rows_of(run, "ticket_history") if row["event"]["kind"] == "escalation_step"
                 and row["event"]["step"] == 0 and row["event"]["escalation"] == second["event"]["escalation"])
    second["at"] = first["at"] + 0.5


def deadline_forgotten(run):
    second = next(row for row in rows_of(run, "ticket_history")
                  if row["event"]["kind"] == "escalation_step" and row["event"]["step"] == 1)
    run["history"]["faults"] = []
    for row in rows_of(run, "ticket_history"):
        if row["ticket_id"] == second["ticket_id"] and row["id"] >= second["id"]:
            row["at"] += 60


def address_forgotten(run):
    next(row for row in rows_of(run, "contacts") if row["slug"] == "kiel-vertretung")["phone"] = "0431 0"


def mail_not_taken_in(run):
    run["facts"]["mails_delivered"] += 1


PLANTED = {
    lost_request: "lost", doubled_request: "doubled", number_drawn_twice: "doubled", foreign_request: "wrong tenant",
    lost_note: "lost", doubled_note: "doubled", note_before_claim: "out of order", closed_again_open: "wrong state",
    lost_escalation: "lost", never_told: "lost", never_arrived: "lost", given_up: "lost", came_twice: "doubled",
    came_twice_in_other_words: "doubled", to_the_neighbour: "wrong tenant", letter_to_somebody_else: "wrong tenant",
    lost_word: "lost", asked_too_early: "deadline missed", deadline_forgotten: "deadline missed",
    address_forgotten: "lost", mail_not_taken_in: "lost",
}


def unseen(run):
    """The planted faults that the checker does not find."""
    missed = []
    known = set(checker.check(run))
    for fault, kind in PLANTED.items():
        broken = copy.deepcopy(run)
        try:
            fault(broken)
        except (StopIteration, KeyError, IndexError) as nothing:
            missed.append(f"{fault.__name__}: the run was too short to plant it ({nothing!r})")
            continue
        if kind not in {found for found, detail in checker.check(broken) if (found, detail) not in known}:
            missed.append(fault.__name__)
    return missed
