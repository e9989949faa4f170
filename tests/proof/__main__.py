"""The proof: seeded traffic and seeded faults against real processes, and a checker of what became of it all.

    python3 tests/proof --seed 7 --database postgres --kills 20 --others 10

README.md beside this file tells the forms. Ends with 0 where nothing was found, 1 where something was.
"""

import argparse
import collections
import json
import os
import pathlib
import queue
import random
import shutil
import signal
import sys
import tempfile
import threading
import time

import checker
import clients
import faults
import plant
import store
from history import History
from world import SERVICE, TENANTS, WITHIN, Clock, World, call

ROOT = pathlib.Path(__file__).resolve().parents[2]


def say(text):
    print(f"{time.strftime('%H:%M:%S')} {text}", flush=True)


class Run:
    """What all clients of one run share."""

    def __init__(self, options, world):
        self.seed, self.world, self.history = options.seed, world, History()
        self.rate = options.rate / (len(TENANTS) * options.agents)
        self.is_over, self.work, self.last = threading.Event(), {}, {}
        self.work = {tenant: queue.Queue() for tenant in TENANTS}
        self.answers = collections.Counter()

    def rest(self, seconds):
        if self.is_over.is_set():
            time.sleep(min(seconds, 0.3))
        else:
            self.is_over.wait(seconds)

    def next(self, tenant):
        try:
            found = self.work[tenant].get(timeout=0.2)
        except queue.Empty:
            return None, None, None
        self.last[tenant] = found[0]
        return found

    def heard(self, kind, status, said):
        """Counts answers; 500 is never right, unless the disk is full."""
        self.answers[status] += 1
        if status and status >= 500 and status != 503 and not self.world.disk:
            self.history.wrong("wrong state", f"{kind} was answered {status}: {said.get('detail') if isinstance(said, dict) else said}")


def options():
    parser = argparse.ArgumentParser(prog="tests/proof", description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6), help="replays a run's choices")
    parser.add_argument("--database", choices=["sqlite", "postgres"], default="sqlite")
    parser.add_argument("--binary", help="the program to test; else the newest of target/{release,debug}/lotse")
    parser.add_argument("--kills", type=int, default=0, help="how often an instance is killed with SIGKILL")
    parser.add_argument("--restarts", type=int, default=0, help="how often PostgreSQL is restarted, shut down at once or killed")
    parser.add_argument("--others", type=int, default=0, help="how many other faults are strewn between")
    parser.add_argument("--instances", type=int, default=1)
    parser.add_argument("--failover", action="store_true", help="a synchronous standby takes over from a killed primary")
    parser.add_argument("--minutes", type=float, default=0, help="go on at least so long, with memory each minute")
    parser.add_argument("--pause", type=float, default=1.5, help="seconds of traffic between two faults, on average")
    parser.add_argument("--rate", type=float, default=20, help="requests handed in a second")
    parser.add_argument("--agents", type=int, default=4, help="agents a municipality")
    parser.add_argument("--clock", action="store_true", help="let the clock jump (needs libfaketime)")
    parser.add_argument("--disk", help="put SQLite on a file system of this size and fill it, such as 48m (needs root)")
    parser.add_argument("--plant", action="store_true", help="afterwards, plant faults and see the checker find them")
    parser.add_argument("--keep", help="write the run as JSON to this file")
    return parser.parse_args()


def newest():
    built = [ROOT / "target" / kind / "lotse" for kind in ("release", "debug")]
    built = [one for one in built if one.exists()]
    return max(built, key=lambda one: one.stat().st_mtime, default=None)


def traffic(run, agents):
    people = [clients.SecondLevel(run, "second")]
    for tenant in TENANTS:
        people += [clients.Agent(run, f"agent{number}", tenant) for number in range(1, agents + 1)]
        people += [clients.Central(run, f"central{number}", tenant) for number in range(1, agents + 1)]
        people += [clients.Keeper(run, "keeper", tenant), clients.Reader(run, "reader1", tenant), clients.Reader(run, "reader2", tenant)]
    for one in people:
        one.start()
    return people


def break_things(run, asked):
    """Plays the faults, and goes on until the time is over; answers how long it took to be ready again each time."""
    chance, waits, began, told = random.Random(f"{run.seed}/pauses"), [], time.time(), 0
    named = faults.plan(run.seed, asked.kills, asked.restarts, run.world, asked.others)
    if asked.failover:
        named.insert(len(named) // 2, "failover")
    number = 0
    while number < len(named) or time.time() - began < asked.minutes * 60:
        time.sleep(chance.uniform(0.2, 2 * asked.pause))
        if number < len(named):
            waits.append((faults.play(run, named[number], number), named[number]))
            number += 1
            if waits[-1][1] == "failover":
                say(f"the standby took over; ready again after {waits[-1][0]:.1f} s")
            if number % 10 == 0:
                say(f"fault {number} of {len(named)}; {run.history.count('submit')} requests acknowledged")
        if asked.minutes and time.time() - began >= told * 60:
            sizes = [one.memory() for one in run.world.instances]
            say(f"minute {told}: {', '.join(f'{size:.1f} MB' for size in sizes)}; "
                f"{run.history.count('submit')} requests, {len(run.world.mails.received.items)} mails, "
                f"{len(run.world.hooks.received.items)} webhooks; {store.waiting(run.world.database)} waiting")
            told += 1
    return waits


def settle(run, people, patience):
    """Lets everybody finish and everything leave."""
    time.sleep(WITHIN + 2)
    run.is_over.set()
    end = time.time() + 120
    for one in people:
        one.join(max(0.1, end - time.time()))
        if one.is_alive():
            run.history.wrong("harness", f"{one.name} does not come to an end")
    people[0].pool.shutdown()
    say("everybody has finished; what is left leaves now")
    if run.world.clock:
        run.world.clock.set(0)
    end, still = time.time() + patience, 0
    while time.time() < end and still < 3:
        left = store.waiting(run.world.database)
        mails = run.world.dovecot and run.world.dovecot.delivered - len(store.read(run.world.database)["inbound_mails"])
        still = still + 1 if not left and not mails else 0
        time.sleep(1)
    # Whoever is silent to the end lets the chains run out.
    time.sleep(3)


def gather(run):
    world, functional = run.world, {}
    for tenant, ars in TENANTS.items():
        _, said = call(world.instances[0].base, world.tokens["admin", ""], "GET", f"/api/v1/adoptions?service={SERVICE}&ars={ars}")
        functional[tenant] = said["items"][0]["functional"]
    rows, received = at_rest(world)
    facts = {"tenants": TENANTS, "within": WITHIN, "clock": bool(world.clock), "functional": functional,
             "mails_delivered": world.dovecot.delivered if world.dovecot else 0, "read_at": time.time()}
    return {"history": run.history.as_dict(), "rows": rows, "received": received, "facts": facts}


def at_rest(world):
    """The database and what the peers have, of one moment. Chains run on to their end after everybody has left, so
    what leaves between the two readings would be in only one of them: read until nothing moved meanwhile."""
    end, rows = time.time() + 60, store.read(world.database)
    while True:
        received = world.mails.received.after(0) + world.hooks.received.after(0)
        again = store.read(world.database)
        if again == rows and not store.waiting(world.database) or time.time() > end:
            return again, received
        rows = again


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    asked = options()
    binary = asked.binary or newest()
    if not binary:
        sys.exit("tests/proof: build lotse first, or name one with --binary")
    if asked.disk and os.geteuid() != 0:
        say("skipped: a full disk needs root, to mount a small file system")
        asked.disk = None
    if asked.clock and not Clock.library():
        say("skipped: clock jumps need libfaketime (Debian: faketime)")
        asked.clock = False
    say(f"seed {asked.seed}: python3 tests/proof {' '.join(sys.argv[1:])}" + ("" if "--seed" in " ".join(sys.argv) else f" --seed {asked.seed}"))
    folder = pathlib.Path(tempfile.mkdtemp(prefix="lotse-proof-"))
    world = World(folder, binary, asked.database, asked.instances, asked.failover, asked.clock, asked.disk)
    try:
        began = time.time()
        run = Run(asked, world)
        people = traffic(run, asked.agents)
        waits = break_things(run, asked)
        busy = time.time() - began
        settle(run, people, 120)
        for one in world.instances[:1]:
            try:
                one.command("audit", "verify")
            except RuntimeError as fault:
                run.history.wrong("wrong state", f"the audit log: {fault}")
        kept = gather(run)
    finally:
        world.end()
    found = checker.check(kept)
    if asked.keep:
        pathlib.Path(asked.keep).write_text(json.dumps(kept))
    report(run, kept, found, waits, busy)
    missed = plant.unseen(kept) if asked.plant else []
    for one in missed:
        say(f"NOT SEEN: planted fault {one}")
    if asked.plant:
        say(f"{len(plant.PLANTED) - len(missed)} of {len(plant.PLANTED)} planted faults were found")
    if found or missed:
        say(f"logs of Lotse: {folder}/*.log")
        sys.exit(1)
    shutil.rmtree(folder, ignore_errors=True)


def report(run, kept, found, waits, busy):
    did, received = kept["history"]["did"], kept["received"]
    done = collections.Counter(one["kind"] for one in did if one["ok"])
    broken = collections.Counter(one["kind"] for one in kept["history"]["faults"])
    ids = collections.Counter(item["id"] for item in received)
    say(f"{sum(broken.values())} faults in {busy:.0f} s: " + ", ".join(f"{times} {kind}" for kind, times in sorted(broken.items())))
    if waits:
        longest = max(waits)
        say(f"ready again after at most {longest[0]:.1f} s ({longest[1]})")
    say(f"acknowledged: " + ", ".join(f"{times} {kind}" for kind, times in sorted(done.items())))
    say(f"asked again: {sum(one['tries'] > 1 for one in did)}; answers: " + ", ".join(f"{times} × {status}" for status, times in run.answers.most_common()))
    say(f"received: {len(received)} messages, {sum(times > 1 for times in ids.values())} of them more than once; {len(kept['rows']['tickets']) / busy:.1f} requests/s")
    for kind, times in collections.Counter(kind for kind, _ in found).items():
        say(f"FOUND {times} × {kind}")
        for detail in [detail for one, detail in found if one == kind][:8]:
            say(f"  {detail}")
    say("nothing was lost, doubled, out of order, with the wrong people, in a wrong state or late" if not found else f"{len(found)} findings; replay with --seed {run.seed}")


if __name__ == "__main__":
    main()
