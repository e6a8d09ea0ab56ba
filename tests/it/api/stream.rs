//! Server-sent events: every step, and the features that it changed.

use super::client::Client;
use crate::arena::{Arena, Hardship};
use crate::support::Daemon;
use serde_json::Value;
use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::time::Duration;
use tidegauge_chain::Method;

/// Of the chain and its reorganisations.
const SEED: u64 = 8;

/// One event.
#[derive(Debug, Clone, PartialEq)]
struct Event {
    id: u64,
    name: String,
    data: Value,
}

/// A stream that is read event by event.
struct Events(BufReader<TcpStream>);

impl Events {
    fn open(daemon: &Daemon, query: &str, last: Option<u64>) -> Self {
        let mut stream = TcpStream::connect(daemon.address()).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(60)))
            .unwrap();
        let last = last.map_or(String::new(), |id| format!("last-event-id: {id}\r\n"));
        write!(
            stream,
            "GET /api/stream{query} HTTP/1.1\r\nhost: tidegauge\r\n{last}\r\n"
        )
        .unwrap();
        let mut reader = BufReader::new(stream);
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            assert!(reader.read_line(&mut head).unwrap() > 0, "{head}");
        }
        assert!(head.starts_with("HTTP/1.1 200"), "{head}");
        assert!(head.contains("text/event-stream"), "{head}");
        Self(reader)
    }

    /// The next event; comments and the lengths of chunks are passed over.
    fn next(&mut self) -> Event {
        let (mut id, mut name, mut data) = (None, None, None);
        loop {
            let mut line = String::new();
            assert!(self.0.read_line(&mut line).unwrap() > 0, "the stream ended");
            let line = line.trim_end();
            if let Some(text) = line.strip_prefix("id:") {
                id = text.trim().parse().ok();
            } else if let Some(text) = line.strip_prefix("event:") {
                name = Some(text.trim().to_owned());
            } else if let Some(text) = line.strip_prefix("data:") {
                data = serde_json::from_str(text).ok();
            }
            if line.is_empty()
                && let (Some(id), Some(name), Some(data)) = (id, &name, &data)
            {
                let (name, data) = (name.clone(), Value::clone(data));
                return Event { id, name, data };
            }
        }
    }
}

#[test]
fn every_step_is_told_once_and_in_order() {
    let mut arena = Arena::open(SEED, Hardship::Reorgs, Method::Receipts);
    let daemon = arena.live();
    let status = daemon.wait_until("some swaps", |status| {
        status["latest_swaps"]
            .as_array()
            .is_some_and(|swaps| !swaps.is_empty())
            && status["collector"]["stage"] == "following"
    });
    let pool = status["latest_swaps"][0]["pool"]
        .as_str()
        .unwrap()
        .to_owned();
    let mut all = Events::open(&daemon, "", None);
    let mut one = Events::open(&daemon, &format!("?pools={pool}"), None);
    let told: Vec<Event> = (0..12).map(|_| all.next()).collect();
    let mut changed = BTreeSet::new();
    for (a, b) in told.iter().zip(&told[1..]) {
        assert_eq!((a.name.as_str(), b.id), ("step", a.id + 1), "{told:#?}");
        let (from, to) = (&b.data["blocks"]["from"], &b.data["blocks"]["to"]);
        if b.data["kind"] == "committed" {
            assert_eq!(b.data["as_of"]["number"], *to, "{b:?}");
            assert!(from.as_u64() <= to.as_u64());
        }
        changed.extend(
            b.data["pools"]
                .as_array()
                .unwrap()
                .iter()
                .map(Value::to_string),
        );
    }
    assert!(!changed.is_empty(), "{told:#?}");
    // The pool's features follow its steps, as the route answers.
    let features = std::iter::repeat_with(|| one.next())
        .find(|event| event.name == "features")
        .unwrap();
    assert_eq!(features.data["pool_address"], pool.as_str());
    assert!(
        features.data["features"]["swap_count_24h"]
            .as_i64()
            .unwrap()
            > 0
    );
    // Who comes back gets what it missed, and who was away too long is told so.
    let mut again = Events::open(&daemon, "", Some(told[3].id));
    for expected in &told[4..8] {
        assert_eq!(again.next(), *expected);
    }
    let mut ahead = Events::open(&daemon, "", Some(u64::MAX - 1));
    assert_eq!(ahead.next().name, "reset");
    assert_eq!(Client::of(&daemon).get("/healthz").status, 200);
    daemon.stop();
}
