"""What every client did and was told, and what was done to the installation meanwhile.

Invariant: an entry is complete when it is added and never changed; times are those of the harness, never of Lotse.
Not here: any judgement (checker.py).
"""

import threading
import time


class History:
    """Entries are plain dicts, so that a run can be kept as JSON and judged again."""

    def __init__(self):
        self.lock = threading.Lock()
        self.did = []      # what clients asked for, with the answer, or status None where none came
        self.faults = []   # what was broken, from when to when
        self.seen = []     # what a client saw at once to be wrong

    def add(self, **entry):
        with self.lock:
            self.did.append(entry)

    def wrong(self, kind, detail):
        with self.lock:
            self.seen.append({"kind": kind, "detail": detail})

    def fault(self, kind, began, ended=None):
        with self.lock:
            self.faults.append({"kind": kind, "from": began, "to": ended or time.time()})

    def count(self, kind):
        with self.lock:
            return sum(1 for one in self.did if one["kind"] == kind and one["ok"])

    def as_dict(self):
        with self.lock:
            return {"did": list(self.did), "faults": list(self.faults), "seen": list(self.seen)}
