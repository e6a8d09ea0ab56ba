"""An endpoint with a plan: passes requests on while the second's compute units last, else answers 429.

usage: throttle.py UPSTREAM UNITS_PER_SECOND; its address is its first line of output. GET says what it
has let pass, and how often it refused.
"""
import http.client
import http.server
import json
import shutil
import sys
import threading
import time
import urllib.parse

# Alchemy's throughput units; what is not named costs as much as a header.
UNITS = {
    "eth_chainId": 0,
    "eth_blockNumber": 10,
    "eth_getBlockByNumber": 20,
    "eth_getTransactionReceipt": 20,
    "eth_call": 26,
    "eth_getLogs": 60,
    "eth_getBlockReceipts": 500,
}
TOO_MANY = b'{"jsonrpc":"2.0","id":null,"error":{"code":429,"message":"Your app has exceeded its compute units per second capacity."}}'
CHUNK_BYTES = 1 << 18


def cost(body):
    """The units of a request or a batch."""
    calls = json.loads(body)
    return sum(UNITS.get(call["method"], 20) for call in (calls if isinstance(calls, list) else [calls]))


class Bucket:
    """Refills at the plan's rate and holds one second of it: Alchemy's ten would hold a whole short run."""

    def __init__(self, rate):
        self.rate, self.units, self.at, self.lock = rate, rate, time.monotonic(), threading.Lock()
        self.spent = self.refused = 0

    def take(self, units):
        with self.lock:
            now = time.monotonic()
            self.units = min(self.rate, self.units + (now - self.at) * self.rate)
            self.at = now
            if units > self.units:
                self.refused += 1
                return False
            self.units -= units
            self.spent += units
            return True


class Plan(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        if self.server.bucket.take(cost(body)):
            self.pass_on(body)
        else:
            self.head(429, len(TOO_MANY))
            self.wfile.write(TOO_MANY)

    def do_GET(self):
        bucket = self.server.bucket
        text = json.dumps({"units": bucket.spent, "refused": bucket.refused}).encode()
        self.head(200, len(text))
        self.wfile.write(text)

    def pass_on(self, body):
        # One connection upstream for each of the client's, as each has a thread.
        if not hasattr(self, "upstream"):
            self.upstream = http.client.HTTPConnection(self.server.upstream)
        self.upstream.request("POST", "/", body, {"content-type": "application/json"})
        answer = self.upstream.getresponse()
        self.head(answer.status, answer.getheader("content-length"))
        shutil.copyfileobj(answer, self.wfile, CHUNK_BYTES)

    def head(self, status, length):
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(length))
        self.end_headers()

    def log_message(self, *_):
        pass


def main():
    upstream, rate = sys.argv[1:]
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Plan)
    server.daemon_threads = True
    server.upstream, server.bucket = urllib.parse.urlsplit(upstream).netloc, Bucket(int(rate))
    print(f"http://127.0.0.1:{server.server_address[1]}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
