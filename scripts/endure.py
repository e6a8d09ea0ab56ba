#!/usr/bin/env python3
# Drives scripts/endure: starts the world and the collector, breaks them in turns, judges what is left.
# Runs in moto's environment, whose AWS client it uses.
import argparse
import collections
import hashlib
import hmac
import http.server
import io
import json
import os
import pathlib
import random
import re
import select
import shutil
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
import urllib.request

import boto3
from botocore.parsers import BaseCBORParser

BLOCK_S = 300  # of the chain's clock, which goes as many times as fast: a block each second
HISTORY_DAYS = 4
SETTLE_S = 250  # for what is behind to catch up, at most: less than a block
LEASE_S = 31  # after which a mirror's lease has ended by itself
SWAP = "0xc42079f94a6350d7e6235f29174924f928cc2ac818eb64fed8004e115fbcca67"
CANARY = "canary"  # stands in every secret, so that any of them is found in a log

# Whatever waits does so for seconds instead of minutes, and what is broken on purpose pages.
CONFIG = """
[chain]
rpc_urls = ["aws-sm:endure#rpc"]
start = 0
compute_units_per_second = 0
poll_interval_ms = 300
request_timeout_s = 5
silence_s = 3
[storage]
path = "{dir}/store"
[schedule]
daily_at = "00:00"
[sync.postgres]
url = "postgres://collector@127.0.0.1:{postgres}/market"
password = "aws-sm:endure#postgres"
tls = "verify-full"
ca_file = "{dir}/ca.pem"
[sync.s3]
bucket = "endure"
prefix = "drill"
endpoint = "http://127.0.0.1:{aws}"
path_style = true
hot_every = "3s"
snapshot_every = "1m"
[alerts]
webhooks.pager = {{ url = "aws-sm:endure#pager_url", secret = "aws-sm:endure#pager" }}
sns.oncall.topic = "{topic}"
[alerts.rules]
endpoint_down = {{ severity = "page", fire_after_s = 8, recover_after_s = 2 }}
postgres_failing = {{ severity = "page", fire_after_s = 2, recover_after_s = 2 }}
s3_failing = {{ severity = "page", fire_after_s = 2, recover_after_s = 2 }}
sink_failing = {{ seconds = 4, recover_after_s = 2 }}
[api]
listen = "127.0.0.1:{api}"
webhook.secrets = ["aws-sm:endure#hook"]
[cloudwatch]
namespace = "Endure"
every = "5s"
[secrets]
refresh_every = "10s"
"""


class Failed(Exception):
    """Without this the drill cannot go on."""


def say(text):
    print(time.strftime("%H:%M:%S ", time.gmtime()) + text, flush=True)


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def wait_until(what, look, seconds=60):
    end = time.monotonic() + seconds
    while not (found := look()):
        if time.monotonic() > end:
            raise Failed(f"no {what} in {seconds} s")
        time.sleep(0.2)
    return found


def last_line(text):
    return ([""] + [line for line in text.splitlines() if line.strip()])[-1]


class Server:
    """A process of the drill's world, which listens on a port."""

    started = ()

    def __init__(self, folder, name, port, command, user=None, **variables):
        self.folder, self.name, self.port, self.command = folder, name, port, list(map(str, command))
        self.user, self.environment = user, os.environ | variables

    def start(self):
        with open(self.folder / f"{self.name}.log", "ab") as log:
            self.child = subprocess.Popen(self.command, cwd=self.folder, env=self.environment, stdin=subprocess.DEVNULL,
                                          stdout=log, stderr=log, user=self.user, group=self.user)
        Server.started = {*Server.started, self}

    def up(self):
        self.start()
        wait_until(self.name, self.answers)
        return self

    def answers(self):
        try:
            socket.create_connection(("127.0.0.1", self.port), 1).close()
            return True
        except OSError:
            return False

    def end(self, by=signal.SIGKILL):
        self.child.send_signal(by)
        return self.child.wait(60)


class Line:
    """A way to a port that can be cut: then nobody listens, and who was connected is cut off."""

    def __init__(self, to):
        self.to, self.port, self.ends = to, free_port(), set()
        self.mend()

    def mend(self):
        self.listener = socket.create_server(("127.0.0.1", self.port), backlog=128)
        threading.Thread(target=self.accept, args=(self.listener,), daemon=True).start()

    def cut(self):
        for end in [self.listener, *self.ends]:
            self.close(end)

    def accept(self, listener):
        try:
            while True:
                threading.Thread(target=self.carry, args=(listener.accept()[0],), daemon=True).start()
        except OSError:
            pass

    def carry(self, near):
        far = socket.create_connection(("127.0.0.1", self.to))
        self.ends |= {near, far}
        try:
            while True:
                for ready in select.select([near, far], [], [])[0]:
                    data = ready.recv(1 << 16)
                    if not data:
                        return
                    (far if ready is near else near).sendall(data)
        except (OSError, ValueError):
            pass
        finally:
            for end in near, far:
                self.close(end)

    def close(self, end):
        self.ends.discard(end)
        try:
            end.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        end.close()


def listen(take):
    """Has whatever is posted taken by a function of headers and body, which gives status and answer; the port."""

    class Listener(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            status, headers, answer = take(self.headers, self.rfile.read(int(self.headers["content-length"])))
            self.send_response(status)
            for name, value in {**headers, "content-length": len(answer)}.items():
                self.send_header(name, str(value))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Listener)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_address[1]


class Pager:
    """A subscriber of the webhook that checks signatures, and is rude now and then."""

    def __init__(self, secret):
        self.secret, self.posts, self.forged, self.refused = secret, 0, 0, set()
        self.taken = collections.defaultdict(list)
        self.port = listen(self.take)

    def take(self, headers, body):
        at, alert = headers["x-tidegauge-timestamp"], json.loads(body)
        mac = hmac.new(self.secret.encode(), at.encode() + b"." + body, hashlib.sha256).hexdigest()
        if headers["x-tidegauge-signature"] != "sha256=" + mac or abs(time.time() - int(at)) > 300:
            self.forged += 1
            return 401, {}, b""
        self.posts += 1
        # Each third is refused; each third of these was taken all the same.
        if self.posts % 3 == 0:
            self.refused.add(alert["id"])
        if self.posts % 3 or self.posts % 9 == 0:
            self.taken[alert["id"]].append(alert)
        return 200 if self.posts % 3 else 503, {}, b""


class Postgres:
    """A cluster that takes TLS alone, and a role whose password is replaced."""

    def __init__(self, folder, password):
        self.user = "postgres" if os.geteuid() == 0 else None
        found = shutil.which("initdb") or max(pathlib.Path("/usr/lib/postgresql").glob("*/bin/initdb"))
        self.bin, self.data, self.port = pathlib.Path(found).resolve().parent, folder / "postgres", free_port()
        self.data.mkdir(mode=0o700)
        if self.user:
            for path in self.data, folder / "server.key":
                shutil.chown(path, self.user, self.user)
        self.run("initdb", "-D", self.data, "-A", "peer", "-E", "UTF8", "--locale=C")
        (self.data / "pg_hba.conf").write_text("local all all peer\nhostssl all all 127.0.0.1/32 scram-sha-256\n")
        settings = {"listen_addresses": "127.0.0.1", "unix_socket_directories": self.data, "ssl": "on",
                    "ssl_cert_file": folder / "server.pem", "ssl_key_file": folder / "server.key"}
        command = [self.bin / "postgres", "-D", self.data, "-p", self.port, *(f"--{name}={value}" for name, value in settings.items())]
        self.server = Server(folder, "postgres", self.port, command, self.user).up()
        self.sql(f"CREATE ROLE collector LOGIN PASSWORD '{password}'")
        self.sql("CREATE DATABASE market OWNER collector")

    def run(self, program, *arguments):
        done = subprocess.run([self.bin / program, *map(str, arguments)], check=False, user=self.user, group=self.user, cwd="/",
                              capture_output=True, text=True)
        if done.returncode:
            raise Failed(f"{program}: {done.stderr}")
        return done.stdout

    def sql(self, statement, database="postgres"):
        return self.run("psql", "-h", self.data, "-p", self.port, "-d", database, "-qAt", "-v", "ON_ERROR_STOP=1", "-c", statement)

    def refuses_plain_text(self, password):
        try:
            self.run("psql", f"host=127.0.0.1 port={self.port} user=collector password={password} dbname=market sslmode=disable", "-c", "SELECT 1")
        except Failed as refusal:
            return "no encryption" in str(refusal)
        return False


class Chain:
    """The simulated chain, served by a hostile and an honest listener."""

    def __init__(self, flags, folder):
        self.rate = folder / "clock"
        self.rate.write_bytes(struct.pack("i", BLOCK_S))
        self.port, self.honest = free_port(), free_port()
        # Its own waits are hurried, too.
        command = [flags.tidegauge, "simulate", "--listen", f"127.0.0.1:{self.port}", "--honest-listen", f"127.0.0.1:{self.honest}",
                   "--seed", flags.seed, "--hostile", "--hostile-seed", flags.seed, "--latency-ms", 1500 * BLOCK_S,
                   "--block-time", BLOCK_S, "--history-days", HISTORY_DAYS, "--pool-count", 12, "--cache-dir", folder / "chain"]
        self.server = Server(folder, "chain", self.honest, command, LD_PRELOAD=str(folder / "clock.so"), ENDURE_CLOCK=str(self.rate)).up()

    def goes(self, times):
        with open(self.rate, "r+b") as file:
            file.write(struct.pack("i", times))

    def ask(self, method, *parameters):
        """The honest one."""
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": parameters}).encode()
        request = urllib.request.Request(f"http://127.0.0.1:{self.honest}", body, {"content-type": "application/json"})
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)["result"]

    def head(self):
        return self.ask("eth_getBlockByNumber", "latest", False)

    def slows_down(self):
        """From a block that was just made on, real time: minutes without another. Gives that block."""
        head = self.head()
        while (now := self.head()) == head:
            time.sleep(0.01)
        self.goes(1)
        return now

    def swaps(self, to):
        """Every log of a swap up to a block, whatever contract made it, by block and log index."""
        found = {}
        for begin in range(0, to + 1, 500):
            for log in self.ask("eth_getLogs", {"fromBlock": hex(begin), "toBlock": hex(min(to, begin + 499)), "topics": [SWAP]}):
                data = bytes.fromhex(log["data"][2:])
                amounts = [int.from_bytes(data[at:at + 32], signed=True) for at in (0, 32)]
                found[int(log["blockNumber"], 16), int(log["logIndex"], 16)] = (log["address"].lower(), log["transactionHash"], *amounts)
        return found


class Collector(Server):
    """`tidegauge run` with settings, and what a supervisor does for it."""

    def __init__(self, flags, folder, port, settings, **variables):
        self.program = [flags.tidegauge, *settings]
        super().__init__(folder, "collector", port, [*self.program, "run"], **variables)
        self.starts, self.stops, self.ended_alone, self.slowest_stop_s = 0, [], [], 0.0

    def start(self):
        self.starts += 1
        super().start()

    def stop(self, by=signal.SIGTERM):
        begun = time.monotonic()
        code = self.end(by)
        self.stops.append(time.time())
        if by == signal.SIGTERM:
            self.slowest_stop_s = max(self.slowest_stop_s, time.monotonic() - begun)
            self.ended_alone += [f"exit code {code} on SIGTERM"] if code else []

    def tend(self, may_end=False):
        """Starts it again where it ended by itself."""
        if (code := self.child.poll()) is not None:
            self.ended_alone += [] if may_end else [f"exit code {code} at {time.strftime('%H:%M:%S', time.gmtime())}"]
            time.sleep(1)
            self.start()

    def ask(self, path):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=5) as answer:
                return json.load(answer)
        except (OSError, ValueError):
            return None

    def status(self):
        return self.ask("/api/status")

    def command_of(self, *words, settings=()):
        """Another command over the same store: exit code, and what it said."""
        done = subprocess.run([*self.program, *(f"--set={setting}" for setting in settings), *words], check=False, cwd=self.folder,
                              env=self.environment, capture_output=True, text=True)
        with open(self.folder / "commands.log", "a") as log:
            log.write(f"$ {' '.join(words)}\n{done.stdout}{done.stderr}exit code {done.returncode}\n")
        return done


class World:
    """Everything around the collector, and what can be done to it."""

    def __init__(self, flags, folder):
        self.random = random.Random(int(flags.seed))
        self.chain = Chain(flags, folder)
        self.postgres = Postgres(folder, f"{CANARY}-postgres-0")
        port = free_port()
        Server(folder, "moto", port, [pathlib.Path(sys.executable).parent / "moto_server", "-H", "127.0.0.1", "-p", port]).up()
        self.pager = Pager(f"{CANARY}-of-the-pager-01")
        self.rpc, self.aws, self.numbers = Line(self.chain.port), Line(port), Line(listen(self.put_numbers))
        key = {"region_name": "eu-west-1", "aws_access_key_id": "AKIDOFNOBODY", "aws_secret_access_key": f"{CANARY}-aws"}
        s3, self.sns, self.sqs, self.cloudwatch, self.manager = (
            boto3.client(name, endpoint_url=f"http://127.0.0.1:{port}", **key) for name in ("s3", "sns", "sqs", "cloudwatch", "secretsmanager"))
        s3.create_bucket(Bucket="endure", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
        self.queue = self.sqs.create_queue(QueueName="told")["QueueUrl"]
        arn = self.sqs.get_queue_attributes(QueueUrl=self.queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        topic = self.sns.create_topic(Name="endure")["TopicArn"]
        self.sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"})
        self.secrets = {"rpc": f"http://127.0.0.1:{self.rpc.port}/v2/{CANARY}-of-the-endpoint", "postgres": f"{CANARY}-postgres-0",
                        "pager": self.pager.secret, "hook": f"{CANARY}-of-the-hook-0001",
                        "pager_url": f"http://127.0.0.1:{self.pager.port}/hook/{CANARY}-of-the-address"}
        self.manager.create_secret(Name="endure", SecretString=json.dumps(self.secrets))
        config, api = folder / "endure.toml", free_port()
        config.write_text(CONFIG.format(dir=folder, postgres=self.postgres.port, aws=self.aws.port, topic=topic, api=api))
        self.collector = Collector(flags, folder, api, ["--config", config], AWS_REGION="eu-west-1", AWS_ACCESS_KEY_ID="AKIDOFNOBODY",
                                   AWS_SECRET_ACCESS_KEY=f"{CANARY}-aws", AWS_ENDPOINT_URL=f"http://127.0.0.1:{self.aws.port}",
                                   AWS_ENDPOINT_URL_CLOUDWATCH=f"http://127.0.0.1:{self.numbers.port}")

    def put_numbers(self, _, body):
        """moto's CloudWatch does not know the protocol that the collector speaks."""
        asked = BaseCBORParser().parse_data_item(io.BufferedReader(io.BytesIO(body)))
        self.cloudwatch.put_metric_data(Namespace=asked["Namespace"], MetricData=asked["MetricData"])
        return 200, {"smithy-protocol": "rpc-v2-cbor", "content-type": "application/cbor"}, b"\xa0"

    def faults(self):
        """What breaks; for how long beside the others; how; how it is mended; which rules page by it."""
        return {
            "the endpoint is dead": (2, self.rpc.cut, self.rpc.mend, {("endpoint_down", "endpoint")}),
            "Postgres is stopped": (1.5, self.stop_postgres, self.postgres.server.up, {("postgres_failing", "postgres")}),
            "AWS is down": (1.5, self.cut_aws, self.mend_aws, {("s3_failing", "s3"), ("sink_failing", "oncall")}),
            "the password is replaced": (0.5, self.replace_password, lambda: None, set()),
            "the collector is ended twice": (0.5, self.end_collector, self.end_collector, set()),
        }

    def stop_postgres(self):
        self.postgres.server.end(self.random.choice([signal.SIGQUIT, signal.SIGINT, signal.SIGKILL]))

    def cut_aws(self):
        # moto keeps everything in memory: it goes on, and nobody reaches it.
        self.aws.cut()
        self.numbers.cut()

    def mend_aws(self):
        self.aws.mend()
        self.numbers.mend()

    def replace_password(self):
        kind, number = self.secrets["postgres"].rsplit("-", 1)
        self.secrets["postgres"] = f"{kind}-{int(number) + 1}"
        self.postgres.sql(f"ALTER ROLE collector PASSWORD '{self.secrets['postgres']}'")
        self.manager.put_secret_value(SecretId="endure", SecretString=json.dumps(self.secrets))
        self.postgres.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'collector'")

    def end_collector(self):
        by = self.random.choice([signal.SIGKILL, signal.SIGTERM])
        say(f"  the collector gets {by.name}")
        self.collector.stop(by)
        self.collector.start()

    def told_by_topic(self):
        """What SNS was given, by number."""
        told = collections.defaultdict(list)
        while messages := self.sqs.receive_message(QueueUrl=self.queue, MaxNumberOfMessages=10).get("Messages"):
            for message in messages:
                alert = json.loads(message["Body"])
                told[alert["id"]].append(alert)
                self.sqs.delete_message(QueueUrl=self.queue, ReceiptHandle=message["ReceiptHandle"])
        return told


class Drill:
    """The plan, and the judgement."""

    def __init__(self, flags):
        self.flags, self.folder, self.minutes = flags, pathlib.Path(flags.dir), int(flags.minutes)
        self.world = World(flags, self.folder)
        self.chain, self.collector, self.faults = self.world.chain, self.world.collector, self.world.faults()
        self.honest = f"chain.rpc_urls=http://127.0.0.1:{self.chain.honest}"
        self.wrong = []

    def plan(self):
        """Each fault in turn, each round in an order of its own; in every second one the collector is ended meanwhile."""
        rounds = max(1, self.minutes // 6)
        unit = 60 * self.minutes / rounds / sum(share for share, *_ in self.faults.values())
        begin = 0
        for n in range(rounds):
            for name in self.world.random.sample(list(self.faults), len(self.faults)):
                turn = unit * self.faults[name][0]
                yield name, begin, begin + turn * self.world.random.uniform(0.5, 0.6), n % 2 == 1
                begin += turn

    def run(self):
        say("history is collected")
        most = int(self.chain.head()["number"], 16) - 200
        if (collected := self.collector.command_of("backfill", "--from", "0", "--to", str(most))).returncode:
            raise Failed(collected.stderr)
        self.collector.start()
        wait_until("collector at the tip", self.is_following, SETTLE_S)
        done, begun = [], time.monotonic()
        for name, begin, end, with_end in self.plan():
            _, break_it, mend_it, rules = self.faults[name]
            self.sleep(begun + begin)
            say(f"{name}, for {end - begin:.0f} s")
            broken = time.time()
            break_it()
            # Without its secrets it does not start.
            may_end = name == "AWS is down"
            if with_end:
                self.sleep(begun + (begin + 2 * end) / 3, may_end)
                self.world.end_collector()
            self.sleep(begun + end, may_end)
            if name == "Postgres is stopped":
                self.judge_lag()
            mend_it()
            say("  mended")
            done.append((name, broken, time.time(), rules))
            # A start that failed a moment ago has not been seen yet.
            self.sleep(time.monotonic() + 5, may_end)
        self.sleep(begun + 60 * self.minutes)
        self.judge(done)

    def sleep(self, until, may_end=False):
        while time.monotonic() < until:
            self.collector.tend(may_end)
            time.sleep(0.2)

    def is_following(self):
        self.collector.tend()
        status = self.collector.status()
        return status and status["collector"]["stage"] == "following"

    def is_settled(self):
        """At the head, mirrors and spools too, and nothing is wrong that pages."""
        self.collector.tend()
        status, alerts = self.collector.status(), self.collector.ask("/api/alerts")
        if not status or not alerts or status["tip"]["hash"] != self.head["hash"]:
            return None
        mirrors = [status["mirrors"][name] for name in ("postgres", "s3")]
        # Their lag is that of their last step: their blocks tell.
        is_level = all(mirror["block"] == status["tip"]["number"] and not mirror["last_error"] for mirror in mirrors)
        is_quiet = not any(sink["waiting"] for sink in alerts["sinks"]) and not any(t["severity"] == "page" for t in alerts["troubles"])
        return (status, alerts) if is_level and is_quiet else None

    def check(self, claim, holds, detail=""):
        say(f"{'ok  ' if holds else 'FAIL'} {claim}{': ' if detail else ''}{detail}")
        self.wrong += [] if holds else [claim]

    def judge(self, done):
        say("the chain's clock is as ours; the collector catches up")
        self.head = self.chain.slows_down()
        try:
            status, alerts = wait_until("collector that has caught up", self.is_settled, SETTLE_S)
        except Failed as failed:
            self.check("it catches up", False, str(failed))
            status, alerts = self.collector.status(), self.collector.ask("/api/alerts")
        (self.folder / "status.json").write_text(json.dumps([status, alerts], indent=1))
        self.collector.stop()
        # Now it stands still; the hostile listener, which takes its time, answers no more.
        self.chain.goes(0)
        self.check("the chain did not go on meanwhile", self.chain.head() == self.head)
        jobs = [job for job in status["daily"]["jobs"] if job["ended_at"]]
        self.check("days that ended were proven complete", jobs and all(job["complete"] for job in jobs), ", ".join(job["day"] for job in jobs))
        self.judge_told(alerts)
        self.judge_episodes(done)
        self.judge_numbers()
        self.judge_commands()
        self.judge_swaps()
        self.judge_digest()
        self.check("it never ended by itself", not self.collector.ended_alone, "; ".join(self.collector.ended_alone))
        self.check("SIGTERM ends it within 10 s", self.collector.slowest_stop_s < 10, f"{self.collector.slowest_stop_s:.1f} s at most")
        self.chain.goes(BLOCK_S)
        self.chain.server.end(signal.SIGTERM)
        say(last_line((self.folder / "chain.log").read_text()))
        told = [f"{log.name}: {line[:200]}" for log in self.folder.glob("*.log")
                for line in log.read_text(errors="replace").splitlines() if CANARY in line]
        self.check("no secret is in any log", not told, "; ".join(told[:1]))

    def judge_lag(self):
        status = self.collector.status()
        if status and (mirror := status["mirrors"]["postgres"]) and mirror["block"]:
            behind = status["tip"]["number"] - mirror["block"]
            self.check("status says how far behind a mirror is that cannot be reached", mirror["lag_blocks"] >= behind - 1,
                       f"{mirror['lag_blocks']} blocks, in truth {behind}")

    def judge_told(self, alerts):
        pager, by_topic = self.world.pager, self.world.told_by_topic()
        self.check("topic and webhook were told the same, and everything", set(pager.taken) == set(by_topic) >= {a["id"] for a in alerts["told"]},
                   f"{len(by_topic)} and {len(pager.taken)} alerts, {pager.posts} posts")
        self.check("every signature is right", not pager.forged)
        self.check("in order", list(pager.taken) == sorted(pager.taken))
        for place, taken, refused in ("webhook", pager.taken, pager.refused), ("topic", by_topic, set()):
            twice = {number: copies for number, copies in taken.items() if len(copies) > 1}
            same = all(copy == copies[0] for copies in twice.values() for copy in copies)
            # One that was taken when the collector ended, before it knew, comes again.
            at_an_end = {n for n, copies in twice.items() if any(abs(end - copies[0]["at"]) < 60 for end in self.collector.stops)}
            self.check(f"the {place} was told nothing twice but for a refusal or an end", same and twice.keys() <= refused | at_an_end,
                       f"{len(twice)} came again")

    def judge_episodes(self, done):
        alerts = [copies[0] for copies in self.world.pager.taken.values()]
        fired = [alert for alert in alerts if alert["state"] == "firing"]
        ends = {alert["episode"]: alert for alert in alerts if alert["state"] == "recovered"}
        planned = set()
        for name, broken, mended, rules in done:
            for rule in sorted(rules):
                found = [a for a in fired if (a["rule"], a["subject"]) == rule and int(broken) <= a["at"] <= mended + 10]
                planned |= {alert["id"] for alert in found}
                spans = [f"after {a['at'] - broken:.0f} s, " + (f"well {ends[a['id']]['at'] - mended:.0f} s after the mending" if a["id"] in ends else "NEVER WELL")
                         for a in found]
                self.check(f"{name}: {rule[0]} pages once and recovers", len(found) == 1 and found[0]["id"] in ends, "; ".join(spans) or "it did not")
        others = [a for a in fired if a["severity"] == "page" and a["id"] not in planned]
        self.check("nothing else pages", not others, "; ".join(f"{a['rule']} at {a['at']}: {a['summary']}" for a in others))
        lesser = collections.Counter(f"{a['rule']} ({a['severity']})" for a in fired if a["severity"] != "page")
        self.check("no row of features differs from what it is computed from", "feature_errors (warn)" not in lesser)
        say("other alerts: " + (", ".join(f"{count} {rule}" for rule, count in sorted(lesser.items())) or "none"))

    def judge_numbers(self):
        now = time.time()
        points = self.world.cloudwatch.get_metric_statistics(Namespace="Endure", MetricName="tidegauge_heartbeat", StartTime=now - 86400,
                                                             EndTime=now + 3600, Period=60, Statistics=["SampleCount"])["Datapoints"]
        beats = sum(point["SampleCount"] for point in points)
        self.check("CloudWatch was told of heartbeats", len(points) >= self.minutes * 0.8, f"{beats:.0f} in {len(points)} minutes")

    def judge_commands(self):
        audit = self.collector.command_of("audit", "--deep", settings=[self.honest])
        is_held = "writes this mirror" in audit.stderr
        self.check("stopped, it lets go of the mirror at once", not is_held)
        if is_held:
            time.sleep(LEASE_S)
            audit = self.collector.command_of("audit", "--deep", settings=[self.honest])
        self.check("tidegauge audit --deep", audit.returncode == 0, last_line(audit.stdout + audit.stderr))
        for words in (["verify", "--level", "receipts", "--again"], ["restore", "--to", str(self.folder / "restored"), "--drill"]):
            done = self.collector.command_of(*words, settings=[self.honest])
            self.check(f"tidegauge {words[0]}", done.returncode == 0, last_line(done.stdout))
        # The chain's clock is not the machine's.
        failing = re.findall("^FAIL (.*)", self.collector.command_of("doctor", "--store", settings=[self.honest]).stdout, re.MULTILINE)
        self.check("tidegauge doctor --store, but for the head's age", [line.split()[0] for line in failing] == ["head"], "; ".join(failing[1:]))
        self.check("Postgres refuses whoever comes without TLS", self.world.postgres.refuses_plain_text(self.world.secrets["postgres"]))

    def judge_swaps(self):
        """The chain's own logs against the rows in Postgres."""
        sql = self.world.postgres.sql
        truth, pools = self.chain.swaps(int(self.head["number"], 16)), set(sql("SELECT pool_address FROM pools", "market").split())
        rows = [row.split("|") for row in sql(
            "SELECT block_number, log_index, pool_address, tx_hash, amount0_raw, amount1_raw FROM daily_transactions", "market").splitlines()]
        mirrored = {(int(block), int(index)): (pool, tx, int(in_0), int(in_1)) for block, index, pool, tx, in_0, in_1 in rows}
        expected = {place: swap for place, swap in truth.items() if swap[0] in pools}
        missing, extra = expected.keys() - mirrored.keys(), mirrored.keys() - expected.keys()
        different = sum(expected[place] != mirrored[place] for place in expected.keys() & mirrored.keys())
        self.check("Postgres has the chain's swaps", len(expected) > 1000 and not missing and not extra and not different,
                   f"{len(expected)} of {len(pools)} pools, {len(missing)} missing, {len(extra)} extra, {different} different")
        # A fork's, and one whose token has no decimals.
        refused = {swap[0] for swap in truth.values()} - pools
        self.check("two pools are refused, as they should be", len(refused) == 2, ", ".join(sorted(refused)))

    def judge_digest(self):
        """Against the store of a collector of its own, from the honest listener, that nobody disturbs."""
        folder, port = self.folder / "alone", free_port()
        folder.mkdir()
        settings = [f"storage.path={folder / 'store'}", self.honest, "chain.start=0", "chain.compute_units_per_second=0", f"api.listen=127.0.0.1:{port}"]
        alone = Collector(self.flags, folder, port, [f"--set={setting}" for setting in settings])
        alone.start()
        is_there = lambda: (status := alone.status()) and status["tip"] and status["tip"]["hash"] == self.head["hash"]
        wait_until("undisturbed collector at the head", is_there, SETTLE_S)
        alone.stop()
        ours, theirs = (json.loads(of.command_of("status", "--digest", "--json").stdout)["digest"] for of in (self.collector, alone))
        self.check("the store is that of a collector that nobody disturbed", ours == theirs, ours if ours == theirs else f"{ours}, not {theirs}")


def main():
    parser = argparse.ArgumentParser()
    for name in ("tidegauge", "minutes", "seed", "dir"):
        parser.add_argument(f"--{name}", required=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        drill = Drill(parser.parse_args())
        drill.run()
    except Failed as failed:
        sys.exit(f"endure: {failed}")
    finally:
        for server in Server.started:
            server.end()
    say(f"{drill.collector.starts} starts, {len(drill.collector.stops)} ends by the plan; data in {drill.folder}")
    if drill.wrong:
        sys.exit("endure: FAILED: " + "; ".join(dict.fromkeys(drill.wrong)))
    say("all is well")


main()
