"""What is broken, when and for how long: one seeded list of faults, played one after the other.

Invariant: every fault ends, and the next begins only when Lotse is ready again; what was broken is in the history.
Not here: whether Lotse stood it (checker.py), except that it is ready again in time, which only this moment shows.
"""

import os
import random
import signal
import time

READY_WITHIN = 10  # seconds after the cause is gone

# Faults by name; `plan` draws from those that the database and the machine allow.
EVERYWHERE = ["kill", "freeze", "stop", "mail busy", "mail deaf", "mail cut", "mail drip", "webhook busy", "webhook deaf",
              "webhook slow", "webhook cut", "webhook drip", "front mute", "front cut", "front slow", "mailbox"]
WEIGHT = {"kill": 4, "front mute": 2}


def plan(seed, kills, restarts, world, others):
    """The list of faults: so many kills and restarts of the database, and others strewn between."""
    chance = random.Random(f"{seed}/faults")
    named = ["kill"] * kills + ["database restart"] * restarts
    kinds = [one for one in EVERYWHERE if one != "kill" and (one != "mailbox" or world.dovecot)]
    if getattr(world.database, "lines", None):
        kinds += ["database cut", "database slow"]
    if world.clock:
        kinds += ["clock"]
    if world.disk:
        kinds += ["disk"]
    chance.shuffle(kinds)
    named += [kinds[at % len(kinds)] for at in range(others)]
    chance.shuffle(named)
    return named


def play(run, named, number):
    """Breaks one thing and mends it."""
    chance = random.Random(f"{run.seed}/fault/{number}")
    world, began = run.world, time.time()
    one = chance.choice(world.instances)
    what, _, mood = named.partition(" ")
    pause = chance.uniform(0.2, 2.5)
    if named == "kill":
        one.end(signal.SIGKILL)
        time.sleep(chance.choice([0, 0, pause]))
        one.launch()
    elif named == "freeze":
        one.signal(signal.SIGSTOP)
        time.sleep(pause * 2)
        one.signal(signal.SIGCONT)
    elif named == "stop":
        code = one.end(signal.SIGTERM)
        if code != 0:
            run.history.wrong("stop", f"ended with {code}")
        one.launch()
    elif what in ("mail", "webhook"):
        peer, line = (world.mails if what == "mail" else world.hooks), world.lines[what]
        to = line if mood in ("cut", "drip") else peer
        to.set(mood) if to is line else setattr(to, "mood", mood)
        time.sleep(pause)
        to.set("well") if to is line else setattr(to, "mood", "well")
    elif what == "front":
        for line in world.fronts:
            line.set(mood)
        time.sleep(pause)
        for line in world.fronts:
            line.set("well")
    elif named == "database restart":
        world.database.stop(chance.choice([signal.SIGINT, signal.SIGQUIT, signal.SIGKILL]))
        time.sleep(chance.choice([0, pause]))
        world.database.start("one")
    elif what == "database":
        for line in world.database.lines.values():
            line.set(mood)
        time.sleep(pause)
        for line in world.database.lines.values():
            line.set("well")
    elif named == "failover":
        world.database.fail_over()
    elif named == "mailbox":
        world.dovecot.end()
        time.sleep(pause)
        world.dovecot.start()
    elif named == "clock":
        world.clock.set(chance.choice([3600, -3600, 86400, -86400, 0]))
        time.sleep(pause)
    elif named == "disk":
        fill(world.folder / "disk" / "ballast")
        time.sleep(pause)
        (world.folder / "disk" / "ballast").unlink()
    mended = time.time()
    while not all(one.is_ready() for one in world.instances):
        if time.time() - mended > READY_WITHIN:
            run.history.wrong("not ready", f"{READY_WITHIN} s after fault {number} ({named})")
            break
        time.sleep(0.02)
    run.history.fault(named, began)
    return time.time() - mended


def fill(ballast):
    with ballast.open("wb", buffering=0) as file:
        for size in (65536, 512):
            try:
                while os.write(file.fileno(), bytes(size)):
                    pass
            except OSError:
                pass
