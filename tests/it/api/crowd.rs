//! Clients that only take up room keep nobody else out.

use super::client::Client;
use crate::support::{Chain, Daemon, Program};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::time::{Duration, Instant};

/// Sockets that say nothing, or too little.
const IDLE: usize = 2_000;
/// Far beyond what an answer takes; a queue behind the idle ones would take five seconds.
const SOON: Duration = Duration::from_secs(2);

fn memory_kib(id: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmRSS:"))
        .unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

fn served(folder: &Path) -> (Chain, Daemon) {
    let chain = Chain::small();
    let store = folder.join("store");
    let to = chain.head.to_string();
    Program::on(
        &store,
        &chain.url,
        &["backfill", "--from", "0", "--to", &to],
    )
    .succeed();
    let settings = ["--set=api.max_connections=64"];
    let daemon = Daemon::start(&store, &chain.url, &settings);
    (chain, daemon)
}

#[test]
fn idle_and_slow_clients_make_room() {
    let folder = tempfile::tempdir().unwrap();
    let (_chain, daemon) = served(folder.path());
    let client = Client::of(&daemon);
    client.document("/healthz");
    let before = memory_kib(daemon.id());
    let mut idle = Vec::new();
    let mut slowest = Duration::ZERO;
    for n in 0..IDLE {
        let mut socket = TcpStream::connect(daemon.address()).unwrap();
        if n % 2 == 0 {
            // A head that never ends.
            socket
                .write_all(b"GET /healthz HTTP/1.1\r\nx-slow: ")
                .unwrap();
        }
        idle.push(socket);
        if n % 50 == 49 {
            let begun = Instant::now();
            assert_eq!(client.get("/healthz").status, 200, "behind {n} idle ones");
            slowest = slowest.max(begun.elapsed());
        }
    }
    assert!(slowest < SOON, "{slowest:?}");
    let grown = memory_kib(daemon.id()).saturating_sub(before);
    assert!(grown < 64 << 10, "{grown} KiB for {IDLE} idle sockets");
    drop(idle);
    assert_eq!(client.get("/api/status").status, 200);
    daemon.stop();
}

#[test]
fn a_body_that_nobody_asked_for_is_not_kept() {
    let folder = tempfile::tempdir().unwrap();
    let (_chain, daemon) = served(folder.path());
    let client = Client::of(&daemon);
    client.document("/healthz");
    let before = memory_kib(daemon.id());
    let mut socket = TcpStream::connect(daemon.address()).unwrap();
    socket
        .set_write_timeout(Some(Duration::from_secs(10)))
        .unwrap();
    socket
        .write_all(b"GET /api/status HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n")
        .unwrap();
    let chunk = [b"100000\r\n".as_slice(), &vec![b'x'; 1 << 20], b"\r\n"].concat();
    // A GiB in chunks, until the server has had enough.
    let sent = (0..1_024)
        .take_while(|_| socket.write_all(&chunk).is_ok())
        .count();
    let mut answer = Vec::new();
    let _ = socket.set_read_timeout(Some(Duration::from_secs(10)));
    let _ = socket.read_to_end(&mut answer);
    let grown = memory_kib(daemon.id()).saturating_sub(before);
    assert!(grown < 64 << 10, "{grown} KiB after {sent} MiB");
    assert_eq!(client.get("/healthz").status, 200);
    daemon.stop();
}
