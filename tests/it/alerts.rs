//! Alerts reach their places: signed, in order, none lost to a place that is down or to a kill.

use crate::numbers::Collected;
use crate::support::Daemon;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha2::Sha256;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

/// Nobody listens there.
const NOWHERE: &str = "http://127.0.0.1:9";
const SECRET: &str = "a secret of this test";
const DEADLINE: Duration = Duration::from_secs(120);
const POLL: Duration = Duration::from_millis(50);

/// A place that takes alerts, or does not.
pub(crate) struct Place {
    url: String,
    status: Arc<AtomicU16>,
    taken: Arc<Mutex<Vec<Value>>>,
}

impl Place {
    /// Answers with this status.
    pub(crate) fn answering(status: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let place = Self {
            url: format!(
                "http://{}/alerts?key=s3cret",
                listener.local_addr().unwrap()
            ),
            status: Arc::new(AtomicU16::new(status)),
            taken: Arc::default(),
        };
        let (status, taken) = (place.status.clone(), place.taken.clone());
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let status = status.load(Ordering::SeqCst);
                let body = receive(client, status);
                if status == 200 {
                    taken.lock().unwrap().extend(body);
                }
            }
        });
        place
    }

    fn now_answers(&self, status: u16) {
        self.status.store(status, Ordering::SeqCst);
    }

    /// What was taken, once that is enough.
    pub(crate) fn taken(&self, what: &str, is_enough: impl Fn(&[Value]) -> bool) -> Vec<Value> {
        let begun = Instant::now();
        loop {
            let taken = self.taken.lock().unwrap().clone();
            if is_enough(&taken) {
                return taken;
            }
            assert!(begun.elapsed() < DEADLINE, "no {what}: {taken:#?}");
            thread::sleep(POLL);
        }
    }
}

/// The alert of a request, whose signature has to be right.
fn receive(mut client: TcpStream, status: u16) -> Option<Value> {
    let mut reader = BufReader::new(client.try_clone().ok()?);
    let (mut length, mut timestamp, mut signature) = (0, String::new(), String::new());
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(": ") else {
            if line.trim_end().is_empty() {
                break;
            }
            continue;
        };
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.parse().unwrap(),
            "x-tidegauge-timestamp" => timestamp = value.to_owned(),
            "x-tidegauge-signature" => signature = value.to_owned(),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
    mac.update(timestamp.as_bytes());
    mac.update(b".");
    mac.update(&body);
    let hex: String = mac
        .finalize()
        .into_bytes()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    assert_eq!(signature, format!("sha256={hex}"));
    let answer = format!("HTTP/1.1 {status} So\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    client.write_all(answer.as_bytes()).ok()?;
    Some(serde_json::from_slice(&body).unwrap())
}

/// Settings by which a collector that waits for its endpoint says so at once.
pub(crate) fn settings(place: &Place) -> Vec<String> {
    vec![
        format!("--set=alerts.webhooks.pager.url={}", place.url),
        format!("--set=alerts.webhooks.pager.secret={SECRET}"),
        "--set=alerts.rules.endpoint_down.fire_after_s=0".to_owned(),
        "--set=alerts.rules.endpoint_down.recover_after_s=0".to_owned(),
    ]
}

fn of_rule<'a>(alerts: &'a [Value], rule: &str) -> Vec<&'a Value> {
    alerts
        .iter()
        .filter(|alert| alert["rule"] == rule)
        .collect()
}

fn has(alerts: &[Value], rule: &str, state: &str) -> bool {
    of_rule(alerts, rule)
        .iter()
        .any(|alert| alert["state"] == state)
}

#[test]
fn a_trouble_is_told_once_and_so_is_its_end() {
    let collected = Collected::new();
    let place = Place::answering(200);
    let settings = settings(&place);
    let settings: Vec<&str> = settings.iter().map(String::as_str).collect();
    let chain = &collected.chain;
    let nowhere = NOWHERE;
    let daemon = Daemon::start(&collected.store(), nowhere, &settings);
    let rule = "endpoint_down";
    let alerts = place.taken("alert", |alerts| has(alerts, rule, "firing"));
    let told = of_rule(&alerts, rule)[0].clone();
    assert_eq!(told["episode"], told["id"]);
    assert_eq!(told["runbook"], "docs/runbook.md#endpoint_down");
    let status = daemon.wait_until("the trouble", |status| {
        status["troubles"]
            .as_array()
            .is_some_and(|all| all.iter().any(|t| t["rule"] == rule))
    });
    assert!(status["troubles"][0]["severity"].is_string());
    let said = daemon.stop();
    assert!(said.contains("[warn firing] endpoint_down/"), "{said}");
    assert!(!said.contains("s3cret") && !said.contains(SECRET), "{said}");

    // Another process over the same store: the trouble is over, and it knows of it.
    let daemon = Daemon::start(&collected.store(), &chain.url, &settings);
    let alerts = place.taken("end of it", |alerts| has(alerts, rule, "recovered"));
    let of_it = of_rule(&alerts, rule);
    assert_eq!(of_it.len(), 2, "{of_it:#?}");
    assert_eq!(of_it[1]["episode"], told["id"]);
    let all = daemon.get("/api/alerts").unwrap();
    let all_told: Vec<&Value> = all["told"].as_array().unwrap().iter().collect();
    assert!(all_told.contains(&of_it[1]) && all_told.contains(&of_it[0]));
    assert_eq!(all["sinks"][0]["name"], "pager");
    daemon.stop();
}

#[test]
fn an_alert_that_is_refused_for_good_holds_up_no_other() {
    let collected = Collected::new();
    let place = Place::answering(422);
    let settings = settings(&place);
    let settings: Vec<&str> = settings.iter().map(String::as_str).collect();
    let daemon = Daemon::start(&collected.store(), NOWHERE, &settings);
    let begun = Instant::now();
    loop {
        let all = daemon.get("/api/alerts").unwrap();
        if all["sinks"][0]["given_up"].as_u64() >= Some(1) {
            break;
        }
        assert!(begun.elapsed() < DEADLINE, "{all:#}");
        thread::sleep(POLL);
    }
    daemon.stop();
    place.now_answers(200);
    let daemon = Daemon::start(&collected.store(), &collected.chain.url, &settings);
    let rule = "endpoint_down";
    let alerts = place.taken("end of it", |alerts| has(alerts, rule, "recovered"));
    assert!(!has(&alerts, rule, "firing"), "{alerts:#?}");
    daemon.stop();
}

#[test]
fn a_place_that_is_down_loses_none() {
    let collected = Collected::new();
    let place = Place::answering(503);
    let settings = settings(&place);
    let settings: Vec<&str> = settings.iter().map(String::as_str).collect();
    let nowhere = NOWHERE;
    let daemon = Daemon::start(&collected.store(), nowhere, &settings);
    let is_tried = |daemon: &Daemon| {
        let begun = Instant::now();
        loop {
            let all = daemon.get("/api/alerts").unwrap();
            let sink = &all["sinks"][0];
            if sink["waiting"].as_u64() >= Some(1) && sink["last_error"].is_string() {
                return sink.clone();
            }
            assert!(begun.elapsed() < DEADLINE, "{all:#}");
            thread::sleep(POLL);
        }
    };
    let sink = is_tried(&daemon);
    assert!(
        sink["last_error"].as_str().unwrap().contains("503"),
        "{sink}"
    );
    daemon.kill();

    let daemon = Daemon::start(&collected.store(), nowhere, &settings);
    is_tried(&daemon);
    place.now_answers(200);
    let rule = "endpoint_down";
    let alerts = place.taken("alert", |alerts| has(alerts, rule, "firing"));
    assert_eq!(of_rule(&alerts, rule).len(), 1, "{alerts:#?}");
    let begun = Instant::now();
    while daemon.get("/api/alerts").unwrap()["sinks"][0]["waiting"] != 0 {
        assert!(begun.elapsed() < DEADLINE);
        thread::sleep(POLL);
    }
    daemon.stop();
    let ids: Vec<&Value> = alerts.iter().map(|alert| &alert["id"]).collect();
    assert!(
        ids.windows(2)
            .all(|pair| pair[0].as_u64() < pair[1].as_u64()),
        "{ids:?}"
    );
}
