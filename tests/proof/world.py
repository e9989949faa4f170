"""An installation of its own: Lotse as processes, its database, its mailbox, and the peers around it.

Invariant: everything listens on loopback, lives in one folder, and ends with the run; only processes started here are
ever signalled, by their own id.
Not here: the traffic (clients.py), what is broken when (faults.py).
"""

import ctypes
import datetime
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request

import peers

LIBC = ctypes.CDLL(None)
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
TENANTS = {"kiel": "010020000000", "luebeck": "010030000000"}
SERVICE = "wohnsitzanmeldung"
WITHIN = 6  # seconds until the next of a chain is asked
MUNICIPALITIES = """ars,ags,name,land,kreis,gemeindeverband,typ,plz_sitz
010020000000,01002000,"Kiel, Landeshauptstadt",Schleswig-Holstein,"Kiel, Landeshauptstadt","Kiel, Landeshauptstadt",61,24103
010030000000,01003000,"Lübeck, Hansestadt",Schleswig-Holstein,"Lübeck, Hansestadt","Lübeck, Hansestadt",61,23539
"""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def until(what, holds, most):
    """Waits for a condition; answers what it found."""
    end = time.time() + most
    while time.time() < end:
        if found := holds():
            return found
        time.sleep(0.02)
    raise RuntimeError(f"waited {most} s in vain for {what}")


def contact(slug, more):
    today = datetime.datetime.now(datetime.timezone.utc).date()
    return f'[[contact]]\nid = "{slug}"\nname = "{slug}"\nconfirmed_on = {today}\n{more}\n'


def directory(hook):
    """Two municipalities with people of their own, and an operator both share. Every contact's mail and webhook name it."""
    def asked(slug, deputy):
        return contact(slug, f'email = "{slug}@example.org"\ndeputy = "{deputy}"\n'
                             f'webhook = {{ url = "{hook}/{slug}", secret = "{SECRET}" }}')
    text = asked("technik", "bereitschaft") + contact("bereitschaft", 'email = "bereitschaft@example.org"')
    text += (f'[[service]]\nslug = "{SERVICE}"\nname = "Wohnsitzanmeldung"\nleistung = "99115005060000"\n'
             'operating_land = "SH"\noperator = "Dataport"\n'
             '[[service.second_level]]\nkind = "technical"\ncontacts = ["technik"]\n')
    for tenant, ars in TENANTS.items():
        text += contact(f"{tenant}-zentral", f'email = "{tenant}-zentral@example.org"')
        text += contact(f"{tenant}-vertretung", f'email = "{tenant}-vertretung@example.org"\nphone = "0431 0"')
        text += asked(f"{tenant}-fach", f"{tenant}-vertretung")
        text += (f'[[adoption]]\nservice = "{SERVICE}"\nars = "{ars}"\nstate = "live"\ncentral = ["{tenant}-zentral"]\n'
                 f'functional = ["{tenant}-fach"]\n[[adoption.channel]]\nkind = "115"\nlabel = "115"\nphone = "115"\n'
                 'hours = "Mo-Fr 08:00-18:00; PH off"\nlanguages = ["de"]\n')
    return text


class Lotse:
    """One instance."""

    def __init__(self, world, name):
        self.world, self.port, self.child, self.peak = world, free_port(), None, 0
        self.base = f"http://127.0.0.1:{self.port}"
        self.file, self.log = world.folder / f"{name}.toml", world.folder / f"{name}.log"
        self.file.write_text(world.settings(self.base, self.port))

    def command(self, *words):
        done = subprocess.run([self.world.binary, "--config", self.file, *words], capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(f"lotse {' '.join(words)}: {done.stderr}")
        return done.stdout.strip()

    def launch(self):
        environment = dict(os.environ)
        if self.world.clock:
            environment |= self.world.clock.environment()
        with self.log.open("ab") as log:
            self.child = subprocess.Popen([self.world.binary, "--config", self.file, "serve"], stdout=log, stderr=log,
                                          env=environment, preexec_fn=die_with_parent)

    def is_ready(self):
        try:
            with urllib.request.urlopen(self.base + "/readyz", timeout=2) as answer:
                return answer.status == 200
        except OSError:
            return False

    def signal(self, what):
        self.child.send_signal(what)

    def end(self, what, within=30):
        """Ends it; answers the code, or None where it did not end in time."""
        self.signal(what)
        try:
            return self.child.wait(within)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()
            return None

    def memory(self):
        """Resident megabytes."""
        for line in pathlib.Path(f"/proc/{self.child.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 1000
        return 0


def die_with_parent():
    LIBC.prctl(1, signal.SIGKILL)


class Clock:
    """A clock that can be set: libfaketime reads the file at every look. Timers that count on are left alone."""

    def __init__(self, folder):
        self.file, self.shift = folder / "clock", 0
        self.set(0)

    @staticmethod
    def library():
        return next(iter(pathlib.Path("/usr/lib").glob("*/faketime/libfaketime.so.1")), None)

    def set(self, shift):
        self.shift = shift
        new = self.file.with_suffix(".new")
        new.write_text(f"{shift:+d}\n")
        new.rename(self.file)

    def environment(self):
        return {"LD_PRELOAD": str(self.library()), "FAKETIME_TIMESTAMP_FILE": str(self.file),
                "FAKETIME_NO_CACHE": "1", "DONT_FAKE_MONOTONIC": "1"}


class Sqlite:
    def __init__(self, folder):
        self.path = folder / "lotse.db"
        self.url = f"sqlite://{self.path}"

    def end(self):
        pass


class Postgres:
    """A server, durable as in operation; with `standby`, a second that follows it synchronously."""

    def __init__(self, folder, standby=False):
        newest = max(pathlib.Path("/usr/lib/postgresql").iterdir(), key=lambda found: float(found.name))
        self.programs, self.folder, self.child = newest / "bin", folder / "pg", {}
        self.folder.mkdir()
        if os.geteuid() == 0:
            folder.chmod(0o755)
            shutil.chown(self.folder, "postgres", "postgres")
        self.ports = {"one": free_port()}
        self.run("initdb", "-D", self.folder / "one", "-U", "postgres", "-A", "trust", "-E", "UTF8",
                 "--locale=C.UTF-8", "--no-sync")
        self.more = {"one": [], "two": []}
        self.start("one")
        self.psql("CREATE DATABASE proof", "postgres", "one")
        if standby:
            self.ports["two"] = free_port()
            self.run("pg_basebackup", "--checkpoint=fast", "-h", "127.0.0.1", "-p", str(self.ports["one"]), "-U", "postgres", "-R",
                     "-D", self.folder / "two", "-d", "application_name=two")
            self.more["one"] = ["-c", "synchronous_standby_names=two"]
            self.start("two")
            self.restart(signal.SIGINT)
            until("the standby in step", lambda: "sync" == self.psql(
                "SELECT sync_state FROM pg_stat_replication", "postgres", "one"), 30)
        # Through a line of its own it can be cut off and slowed. A line would accept for a dead server, after which
        # libpq does not ask the next; so one of two is reached directly.
        self.lines = {} if standby else {"one": peers.Line(self.ports["one"]).begin()}
        self.direct = self.address(self.ports.values())
        self.url = self.direct if standby else self.address([self.lines["one"].own_port])

    def address(self, ports):
        hosts = ",".join(f"127.0.0.1:{port}" for port in ports)
        return f"postgres://postgres@{hosts}/proof" + ("?target_session_attrs=read-write" if "," in hosts else "")

    def account(self):
        return {"user": "postgres", "group": "postgres", "extra_groups": []} if os.geteuid() == 0 else {}

    def run(self, program, *words):
        subprocess.run([self.programs / program, *words], check=True, capture_output=True, cwd="/", **self.account())

    def start(self, which):
        log = (self.folder / f"{which}.log").open("ab")
        self.child[which] = subprocess.Popen(
            [self.programs / "postgres", "-D", self.folder / which, "-k", self.folder, "-h", "127.0.0.1",
             "-p", str(self.ports[which]), "-c", "shared_buffers=128MB", *self.more[which]],
            stdout=log, stderr=log, cwd="/", start_new_session=True, preexec_fn=die_with_parent,
            **self.account())

        def is_up():
            if self.child[which].poll() is not None:
                # After a kill, processes that still end keep the data locked for a moment.
                self.start(which)
                return True
            return self.psql("SELECT 1", "postgres", which, check=False) == "1"
        until(f"PostgreSQL {which}", is_up, 60)

    def psql(self, sql, database="proof", which=None, check=True):
        at = f"postgres://postgres@127.0.0.1:{self.ports[which]}/{database}" if which else self.direct
        done = subprocess.run([self.programs / "psql", "-XqAt", "-v", "ON_ERROR_STOP=1", at], input=sql,
                              capture_output=True, text=True)
        if check and done.returncode:
            raise RuntimeError(done.stderr)
        return done.stdout.strip()

    def stop(self, what, which="one"):
        if what == signal.SIGKILL:
            os.killpg(self.child[which].pid, what)  # a group that only this server is in
        else:
            self.child[which].send_signal(what)
        self.child[which].wait()

    def restart(self, what, which="one"):
        self.stop(what, which)
        self.start(which)

    def fail_over(self):
        """The primary dies, the standby takes over."""
        self.stop(signal.SIGKILL)
        self.run("pg_ctl", "promote", "-w", "-D", self.folder / "two")

    def end(self):
        for which, child in self.child.items():
            if child.poll() is None:
                self.stop(signal.SIGQUIT, which)


class Dovecot:
    """A real IMAP server; mail is delivered as files of a Maildir."""

    def __init__(self, folder):
        self.folder, self.port = folder / "imap", free_port()
        (self.folder / "home").mkdir(parents=True)
        folder.chmod(0o755)
        is_root = os.geteuid() == 0
        self.user = "nobody" if is_root else os.environ["USER"]
        self.group = "nogroup" if is_root else subprocess.check_output(["id", "-gn"], text=True).strip()
        for part in ("antwort", "antwort/Maildir", *(f"antwort/Maildir/{one}" for one in ("tmp", "new", "cur"))):
            (self.folder / "home" / part).mkdir()
        subprocess.run(["chown", "-R", f"{self.user}:{self.group}", self.folder / "home"], check=True)
        at, internal = self.folder, "" if is_root else (
            f"default_internal_user = {self.user}\ndefault_internal_group = {self.group}\n"
            f"default_login_user = {self.user}\n")
        (at / "dovecot.conf").write_text(
            f"protocols = imap\nlisten = 127.0.0.1\nbase_dir = {at}/run\nstate_dir = {at}/state\nlog_path = {at}/log\n"
            f"{internal}ssl = no\ndisable_plaintext_auth = no\nfirst_valid_uid = 1\n"
            f"service imap-login {{\n chroot =\n inet_listener imap {{\n port = {self.port}\n }}\n"
            " inet_listener imaps {\n port = 0\n }\n}\n"
            "service anvil {\n chroot =\n}\nservice stats {\n chroot =\n}\n"
            "passdb {\n driver = static\n args = password=geheim\n}\n"
            f"userdb {{\n driver = static\n args = uid={self.user} gid={self.group} home={at}/home/%u\n}}\n"
            "mail_location = maildir:~/Maildir\n")
        self.child, self.delivered = None, 0
        self.start()

    def start(self):
        self.child = subprocess.Popen(["dovecot", "-F", "-c", self.folder / "dovecot.conf"],
                                      stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, preexec_fn=die_with_parent)

    def restart(self):
        self.end()
        self.start()

    def deliver(self, raw):
        self.delivered += 1
        home = self.folder / "home" / "antwort" / "Maildir"
        name = f"{time.time_ns()}.{self.delivered}.proof"
        (home / "tmp" / name).write_bytes(raw)
        shutil.chown(home / "tmp" / name, self.user, self.group)
        (home / "tmp" / name).rename(home / "new" / name)

    def settings(self):
        return (f'[[inbound.mailbox]]\nname = "antwort"\nhost = "127.0.0.1"\nport = {self.port}\nuser = "antwort"\n'
                'password = "geheim"\nallow_plain = true\n')

    def end(self):
        self.child.terminate()
        self.child.wait()


class World:
    """All of it, ready for traffic."""

    def __init__(self, folder, binary, database, instances=1, standby=False, clock=False, disk=None):
        self.folder, self.binary = pathlib.Path(folder), str(binary)
        self.mails, self.hooks = peers.Mails().begin(), peers.Hooks(SECRET).begin()
        self.lines = {"mail": peers.Line(self.mails.server_address[1]).begin(),
                      "webhook": peers.Line(self.hooks.server_address[1]).begin()}
        self.disk = disk
        if disk:
            (self.folder / "disk").mkdir()
            subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={disk}", "tmpfs", self.folder / "disk"], check=True)
        is_sqlite = database == "sqlite"
        self.database = (Sqlite(self.folder / "disk" if disk else self.folder) if is_sqlite
                         else Postgres(self.folder, standby))
        self.dovecot = Dovecot(self.folder) if shutil.which("dovecot") else None
        self.clock = Clock(self.folder) if clock else None
        self.instances = [Lotse(self, f"lotse-{number}") for number in range(1, instances + 1)]
        first = self.instances[0]
        (self.folder / "municipalities.csv").write_text(MUNICIPALITIES)
        (self.folder / "directory.toml").write_text(directory(f"http://127.0.0.1:{self.lines['webhook'].own_port}"))
        first.command("import", "municipalities", str(self.folder / "municipalities.csv"))
        first.command("import", "directory", str(self.folder / "directory.toml"))
        self.tokens = {("admin", ""): first.command("token", "create", "--name", "admin", "--role", "admin")}
        for tenant, ars in TENANTS.items():
            for role in ("agent", "central"):
                self.tokens[role, tenant] = first.command(
                    "token", "create", "--name", f"{role} {tenant}", "--role", role, "--ars", ars[:5])
        for one in self.instances:
            one.launch()
        for one in self.instances:
            until("Lotse", one.is_ready, 60)
        # The 1st level reaches each instance over a line that can be cut.
        self.fronts = [peers.Line(one.port).begin() for one in self.instances]

    def settings(self, base, port):
        line, again = self.lines, ",".join(["1s"] * 4 + ["2s"] * 60)
        return (
            f'[server]\nlisten = "127.0.0.1:{port}"\npublic_url = "{base}"\nworkers = 2\n'
            f'[database]\nurl = "{self.database.url}"\nconnections = 6\n'
            '[security]\nmaster_key = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="\n'
            f'[mail]\nsmtp_url = "smtp://127.0.0.1:{line["mail"].own_port}"\nfrom = "Lotse <lotse@example.org>"\n'
            f'reply_address = "antwort@example.org"\nretry_schedule = "{again}"\nnotice_interval = "1s"\n'
            'notices_per_hour = 0\n'
            '[webhook]\nallow_http = true\nallow_private_addresses = true\n'
            f'retry_schedule = "{again}"\n'
            f'[escalation]\nacknowledge_within = "{WITHIN}s"\n[clock]\nhours = "24/7"\n'
            '[limits]\nforms_per_minute = 0\ncallbacks_per_minute = 0\n[directory]\nconfirm_between = ""\n'
            '[inbound]\nloop_limit = 100000\npoll = "2s"\n'
            + (self.dovecot.settings() if self.dovecot else "") + '[log]\nlevel = "warn"\nformat = "json"\n')

    def end(self):
        for one in self.instances:
            if one.child and one.child.poll() is None:
                one.child.kill()
                one.child.wait()
        if self.dovecot:
            self.dovecot.end()
        self.database.end()
        if self.disk:
            subprocess.run(["umount", "-l", self.folder / "disk"])


def call(base, token, method, path, body=None, key=None, timeout=12):
    """One call of the API: status (None where no whole answer came), what was said, and when it was asked and told."""
    import http.client
    host, port = base.removeprefix("http://").split(":")
    headers = {"Content-Type": "application/json"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    if key:
        headers["Idempotency-Key"] = key
    line = http.client.HTTPConnection(host, int(port), timeout=timeout)
    try:
        line.request(method, path, json.dumps(body) if body is not None else None, headers)
        answer = line.getresponse()
        text = answer.read().decode()
        return answer.status, json.loads(text) if text[:1] in "{[" and text else {}
    except (OSError, http.client.HTTPException, ValueError):
        return None, {}
    finally:
        line.close()


if sys.version_info < (3, 9):
    sys.exit("this needs Python 3.9 or newer")
