// Asks what benches/load serves: at a fixed rate for features of pools, one after another for a day.
"use strict";
const http = require("node:http");

const [base, rate, seconds, offline] = process.argv.slice(2);
const agent = new http.Agent({ keepAlive: true, maxSockets: 64 });

async function json(path) {
  const answer = await fetch(base + path);
  return [answer.status, await answer.json()];
}

// A server that follows its chain has the last whole day.
async function ready() {
  for (;;) {
    const [, ready] = await json("/readyz");
    const [, refused] = await json("/api/pools/9999-12-31");
    const day = refused.error.progress?.last_complete;
    if (day && (offline || ready.ready)) return day;
    await new Promise((after) => setTimeout(after, 500));
  }
}

// One question, and how long after it was due its answer was there.
function ask(path, due, outcome) {
  return new Promise((done) => {
    const failed = () => {
      outcome.failed += 1;
      done();
    };
    const asked = http.get(base + path, { agent }, (answer) => {
      answer.resume();
      answer.on("error", failed);
      answer.on("end", () => {
        if (answer.statusCode === 200) outcome.times.push(performance.now() - due);
        else outcome.failed += 1;
        done();
      });
    });
    asked.on("error", failed);
  });
}

// Asks in turn at the rate; times in order, and how many were refused.
async function asked(paths, total) {
  const outcome = { times: [], failed: 0 };
  const waiting = [];
  const begun = performance.now();
  for (let at = 0; at < total; ) {
    const now = performance.now() - begun;
    for (; at < total && (at * 1000) / rate <= now; at += 1) {
      waiting.push(ask(paths[at % paths.length], begun + (at * 1000) / rate, outcome));
    }
    await new Promise(setImmediate);
  }
  await Promise.all(waiting);
  outcome.times.sort((a, b) => a - b);
  return { ...outcome, spent: (performance.now() - begun) / 1000 };
}

async function load(name, paths) {
  // The client's own start, its connections and its compiler, is no part of it.
  await asked(["/healthz"], rate);
  const before = (await json("/api/status"))[1];
  const { times, failed, spent } = await asked(paths, rate * seconds);
  const after = (await json("/api/status"))[1];
  const at = (share) => times[Math.min(times.length - 1, Math.floor(times.length * share))].toFixed(2);
  console.log(
    `${name}: ${(times.length / spent).toFixed(0)} answers/s, p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, p99.9 ${at(0.999)} ms, ` +
      `most ${at(1)} ms; ${failed} failed; ${after.tip.number - before.tip.number} blocks collected meanwhile`,
  );
}

async function single(name, path, encoding) {
  const times = [];
  let bytes = 0;
  for (let round = 0; round < 40; round += 1) {
    const begun = performance.now();
    const answer = await fetch(base + path, { headers: { "accept-encoding": encoding } });
    bytes = (await answer.arrayBuffer()).byteLength;
    times.push(performance.now() - begun);
  }
  times.sort((a, b) => a - b);
  console.log(`${name}: median ${times[20].toFixed(1)} ms, most ${times[39].toFixed(1)} ms (${bytes} bytes unpacked)`);
}

async function main() {
  const day = await ready();
  const [, table] = await json(`/api/pools/${day}?sort=-swap_count_24h`);
  const paths = table.rows.map((row) => `/api/features/${row.pool_address}`);
  console.log(`${paths.length} pools on ${day}`);
  await load("the busiest pool", paths.slice(0, 1));
  await load("all pools in turn", paths);
  await single("a day of all pools, one after another", `/api/pools/${day}`, "identity");
  await single("the same, compressed", `/api/pools/${day}`, "gzip");
}

main();
