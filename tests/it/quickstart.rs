//! The one command of the README: swaps on the status page within a minute, and everything gone afterwards.

use crate::support::root;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// From the command (the program is built already) to swaps on the page.
const PROMISE: Duration = Duration::from_secs(60);
/// Shutdown takes at most this long.
const SHUTDOWN: Duration = Duration::from_secs(10);

#[tokio::test]
async fn quickstart_shows_swaps_within_a_minute_and_leaves_nothing_running() {
    let folder = tempfile::tempdir().unwrap();
    let begun = Instant::now();
    let script = Command::new(root().join("scripts/quickstart"))
        .args(["--yes", "--days", "1", "--port", &free_port(), "--dir"])
        .arg(folder.path())
        .env("TIDEGAUGE_BINARY", env!("CARGO_BIN_EXE_tidegauge"))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
        .expect("starting scripts/quickstart");
    let mut script = Script(script);
    let mut lines = BufReader::new(script.0.stdout.take().unwrap()).lines();
    let named = lines
        .by_ref()
        .map_while(Result::ok)
        .find_map(|line| Some(line.strip_prefix("status page")?.trim().to_owned()));
    let page = named.expect("the script names its status page");
    let page = page.trim_end_matches('/');
    // What it still says has to go somewhere: a closed pipe would end it.
    thread::spawn(move || lines.for_each(drop));
    let swaps = swaps_on(page, begun).await;
    assert!(swaps > 0);
    let html = reqwest::get(page).await.unwrap().text().await.unwrap();
    assert!(html.contains("Tidegauge"), "{html}");

    let stopped = Instant::now();
    script.interrupt();
    script.0.wait().unwrap();
    assert!(
        stopped.elapsed() < SHUTDOWN,
        "stopping took {:?}",
        stopped.elapsed()
    );
    assert!(
        reqwest::get(page).await.is_err(),
        "the collector still answers"
    );
}

#[tokio::test]
async fn quickstart_mirrors_into_a_postgres_of_its_own() {
    if !has_postgres() {
        eprintln!("skipped: PostgreSQL is not installed");
        return;
    }
    let is_shown = |said: &str| said.contains("volume_usd") && said.contains('/');
    shows_by_its_own_command("--with-postgres", "top pools", is_shown).await;
}

#[tokio::test]
async fn quickstart_keeps_a_lake_that_duckdb_reads() {
    let is_shown = |said: &str| said.contains("volume_usd") && said.contains("0x");
    shows_by_its_own_command("--with-s3", "lake", is_shown).await;
}

/// Several run at once, and all would find the same port free.
fn free_port() -> String {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    free.local_addr().unwrap().port().to_string()
}

/// With an option, the script prints a command that soon shows what it should, and that fails
/// once all is stopped.
async fn shows_by_its_own_command(option: &str, label: &str, is_shown: impl Fn(&str) -> bool) {
    let folder = tempfile::tempdir().unwrap();
    let script = Command::new(root().join("scripts/quickstart"))
        .args([
            "--yes",
            option,
            "--days",
            "1",
            "--port",
            &free_port(),
            "--dir",
        ])
        .arg(folder.path())
        .env("TIDEGAUGE_BINARY", env!("CARGO_BIN_EXE_tidegauge"))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
        .expect("starting scripts/quickstart");
    let mut script = Script(script);
    let mut lines = BufReader::new(script.0.stdout.take().unwrap()).lines();
    let named = lines
        .by_ref()
        .map_while(Result::ok)
        .find_map(|line| Some(line.strip_prefix(label)?.trim().to_owned()));
    let command = named.expect("the script says how to look");
    thread::spawn(move || lines.for_each(drop));
    let begun = Instant::now();
    let run = || {
        Command::new("bash")
            .args(["-c", &command])
            .output()
            .unwrap()
    };
    loop {
        let shown = run();
        let table = String::from_utf8_lossy(&shown.stdout).into_owned();
        if is_shown(&table) {
            println!("{table}");
            break;
        }
        let problem = String::from_utf8_lossy(&shown.stderr).into_owned();
        assert!(begun.elapsed() < PROMISE, "{command}: {table}{problem}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let stopped = Instant::now();
    script.interrupt();
    script.0.wait().unwrap();
    assert!(stopped.elapsed() < SHUTDOWN, "{:?}", stopped.elapsed());
    assert!(!run().status.success(), "{option}: it still answers");
}

fn has_postgres() -> bool {
    crate::postgres::guard::find("psql", &[]).is_some()
}

/// The running script; when it is dropped it is told to stop all that it started.
struct Script(Child);

impl Script {
    /// Ctrl-C.
    fn interrupt(&self) {
        if let Some(id) = i32::try_from(self.0.id()).ok().and_then(Pid::from_raw) {
            let _ = kill_process(id, Signal::INT);
        }
    }
}

impl Drop for Script {
    fn drop(&mut self) {
        if matches!(self.0.try_wait(), Ok(None)) {
            self.interrupt();
            let _ = self.0.wait();
        }
    }
}

/// Swaps that the status answers, once there are any.
async fn swaps_on(page: &str, begun: Instant) -> u64 {
    loop {
        let answer = reqwest::get(format!("{page}/api/status")).await.unwrap();
        let status: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
        let swaps = status["counters"]["swaps"].as_u64().expect("a count");
        if swaps > 0
            && status["latest_swaps"]
                .as_array()
                .is_some_and(|latest| !latest.is_empty())
        {
            return swaps;
        }
        assert!(
            begun.elapsed() < PROMISE,
            "no swap within {PROMISE:?}: {status}"
        );
        // Polling another process: there is nothing of ours to wait on.
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
