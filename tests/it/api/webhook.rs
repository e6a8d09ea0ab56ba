//! Messages of others: those that are proven are taken, once, over restarts; all others are not.

use super::Served;
use super::client::Client;
use crate::support::Daemon;
use hmac::{Hmac, KeyInit, Mac};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use reqwest::Method;
use serde_json::json;
use sha2::Sha256;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

const PATH: &str = "/api/webhook/alerts";
pub(super) const KEYS: &str = "the older key of two,the newer key of two";

fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.unwrap().as_secs()
}

fn sign(key: &str, timestamp: &str, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).unwrap();
    mac.update(timestamp.as_bytes());
    mac.update(b".");
    mac.update(body);
    let bytes = mac.finalize().into_bytes();
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256={hex}")
}

fn post(client: &Client, timestamp: &str, signature: &str, body: &[u8]) -> u16 {
    let headers = [
        ("x-tidegauge-timestamp", timestamp),
        ("x-tidegauge-signature", signature),
    ];
    let answer = client.send(Method::POST, PATH, &headers, body.to_vec());
    if answer.status == 401 {
        assert_eq!(answer.json()["error"]["code"], "unproven");
    }
    answer.status
}

/// Posts what is proven by the older of [`KEYS`].
pub(super) fn tell(client: &Client, body: &[u8]) {
    let timestamp = now().to_string();
    let signature = sign("the older key of two", &timestamp, body);
    assert_eq!(post(client, &timestamp, &signature, body), 200);
}

#[test]
fn what_is_proven_is_taken_once_even_over_a_kill() {
    let setting = format!("--set=api.webhook.secrets={KEYS}");
    let served = Served::with(&[&setting]);
    let timestamp = now().to_string();
    let body = json!({"summary": "the disk of db-1", "is": "full"}).to_string();
    for key in KEYS.split(',') {
        let signature = sign(key, &timestamp, body.as_bytes());
        assert_eq!(
            post(&served.client, &timestamp, &signature, body.as_bytes()),
            200
        );
        assert_eq!(
            post(&served.client, &timestamp, &signature, body.as_bytes()),
            401
        );
    }
    let Served {
        collected, daemon, ..
    } = served;
    daemon.kill();

    let daemon = Daemon::start(&collected.store(), &collected.chain.url, &[&setting]);
    let client = Client::of(&daemon);
    for key in KEYS.split(',') {
        let signature = sign(key, &timestamp, body.as_bytes());
        assert_eq!(post(&client, &timestamp, &signature, body.as_bytes()), 401);
    }
    let all = client.document("/api/alerts");
    let heard = all["heard"].as_array().unwrap();
    assert_eq!(heard.len(), 2, "{heard:?}");
    assert_eq!(heard[0]["from"], "webhook");
    assert_eq!(heard[0]["said"]["is"], "full");
    let said = daemon.stop();
    assert!(!said.contains("the newer key"), "{said}");
}

#[test]
fn of_a_thousand_forgeries_none_is_taken() {
    let setting = format!("--set=api.webhook.secrets={KEYS}");
    let served = Served::with(&[&setting, "--set=api.requests_per_second=0"]);
    let client = &served.client;
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let key = "the newer key of two";
    let mut statuses = std::collections::BTreeMap::<u16, u32>::new();
    for round in 0..1_000u32 {
        let at = now();
        let mut timestamp = at.to_string();
        let mut body = json!({"round": round, "at": at}).to_string().into_bytes();
        let mut signature = sign(key, &timestamp, &body);
        match round % 10 {
            // Another key's.
            0 => signature = sign("a key that is nobody's", &timestamp, &body),
            // Of too long ago, or to come: signed as it should be.
            1 => {
                let shift = rng.random_range(302..1_000_000);
                timestamp = if rng.random() { at - shift } else { at + shift }.to_string();
                signature = sign(key, &timestamp, &body);
            }
            // A bit of the body.
            2 => {
                let place = rng.random_range(0..body.len());
                body[place] ^= 1 << rng.random_range(0..7);
            }
            // A digit of the signature.
            3 => {
                let place = rng.random_range(7..signature.len());
                let digit = if &signature[place..=place] == "0" {
                    "1"
                } else {
                    "0"
                };
                signature.replace_range(place..=place, digit);
            }
            // Cut, or longer.
            4 => signature.truncate(rng.random_range(0..71)),
            5 => signature.push_str(&"0".repeat(rng.random_range(1..8))),
            // Written otherwise.
            6 => signature = signature.to_uppercase(),
            7 => timestamp = format!("0{timestamp}"),
            // Nothing of it.
            8 => signature.clear(),
            // Longer than may be.
            _ => {
                body = vec![b' '; 70_000];
                signature = sign(key, &timestamp, &body);
            }
        }
        *statuses
            .entry(post(client, &timestamp, &signature, &body))
            .or_default() += 1;
    }
    assert_eq!(statuses, [(401, 900), (413, 100)].into());
    let timestamp = now().to_string();
    // Theirs, and unreadable.
    for body in [b"[]".as_slice(), b"\xff\xfe", b"{", b""] {
        let signature = sign(key, &timestamp, body);
        assert_eq!(post(client, &timestamp, &signature, body), 400);
    }
    assert_eq!(client.document("/api/alerts")["heard"], json!([]));
    served.daemon.stop();
}

#[test]
fn without_keys_nobody_may_tell_us_anything() {
    let served = Served::with(&[]);
    let timestamp = now().to_string();
    let signature = sign("", &timestamp, b"{}");
    assert_eq!(post(&served.client, &timestamp, &signature, b"{}"), 404);
    assert_eq!(served.client.ask(Method::GET, PATH, &[]).status, 405);
    assert_eq!(served.client.ask(Method::PUT, PATH, &[]).status, 401);
    served.daemon.stop();
}

#[test]
fn a_body_without_end_takes_no_memory() {
    let setting = format!("--set=api.webhook.secrets={KEYS}");
    let served = Served::with(&[&setting]);
    let before = memory(&served.daemon);
    let mut line = TcpStream::connect(served.daemon.address()).unwrap();
    line.set_read_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    let head =
        format!("POST {PATH} HTTP/1.1\r\nhost: tidegauge\r\ntransfer-encoding: chunked\r\n\r\n");
    line.write_all(head.as_bytes()).unwrap();
    let mut chunk = b"10000\r\n".to_vec();
    chunk.resize(chunk.len() + 0x1_0000, b'x');
    chunk.extend(b"\r\n");
    // A GiB, or as much as it takes.
    let sent = (0..16_384)
        .take_while(|_| line.write_all(&chunk).is_ok())
        .count();
    assert!(sent < 1_000, "{sent} chunks of 64 KiB were taken");
    let mut answer = Vec::new();
    let _ = line.read_to_end(&mut answer);
    // The client may have been cut off before it read.
    let answer = String::from_utf8_lossy(&answer);
    assert!(
        answer.is_empty() || answer.starts_with("HTTP/1.1 413"),
        "{answer}"
    );
    assert_eq!(served.client.get("/healthz").status, 200);
    let grown = memory(&served.daemon).saturating_sub(before);
    assert!(grown < 32 << 20, "{grown} bytes more");
    served.daemon.stop();
}

/// Resident, in bytes.
fn memory(daemon: &Daemon) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", daemon.id())).unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmRSS:"))
        .unwrap();
    let kib: u64 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
    kib << 10
}
