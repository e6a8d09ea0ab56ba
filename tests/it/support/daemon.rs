//! `tidegauge run`, kept running: asked over HTTP, stopped by a signal or killed.

use super::Program;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::Child;
use std::thread;
use std::time::{Duration, Instant};

/// Whatever a test waits for has come by then, or never comes.
const DEADLINE: Duration = Duration::from_secs(120);
/// Between two looks.
const POLL: Duration = Duration::from_millis(20);

/// A running collector; killed when it is dropped.
pub(crate) struct Daemon {
    child: Child,
    address: String,
    log: Option<thread::JoinHandle<String>>,
}

impl Daemon {
    /// Starts it on a free port and waits until it serves.
    pub(crate) fn start(store: &Path, url: &str, settings: &[&str]) -> Self {
        Self::start_as(store, url, settings, &["run"])
    }

    /// The same, by another form of the command.
    pub(crate) fn start_as(store: &Path, url: &str, settings: &[&str], command: &[&str]) -> Self {
        Self::start_with(&[], store, url, settings, command)
    }

    /// The same with more variables in its environment.
    pub(crate) fn start_with(
        variables: &[(&str, &str)],
        store: &Path,
        url: &str,
        settings: &[&str],
        command: &[&str],
    ) -> Self {
        let mut arguments = vec!["--set=api.listen=127.0.0.1:0"];
        arguments.extend(settings);
        // Settings behind the command would replace those before it.
        arguments.extend(command);
        let mut program = Program::on(store, url, &arguments);
        for (name, value) in variables {
            program = program.env(name, value);
        }
        let mut child = program.spawn();
        let mut log = BufReader::new(child.stderr.take().expect("its log"));
        let mut said = String::new();
        let address = loop {
            let mut line = String::new();
            let read = log.read_line(&mut line).expect("reading its log");
            assert!(read > 0, "it ended before it served:\n{said}");
            said.push_str(&line);
            if let Some((_, address)) = line.split_once("status page at http://") {
                break address.trim().trim_end_matches('/').to_owned();
            }
        };
        let log = thread::spawn(move || {
            let mut rest = Vec::new();
            // A killed process may cut its last line.
            let _ = log.read_to_end(&mut rest);
            said + &String::from_utf8_lossy(&rest)
        });
        Self {
            child,
            address,
            log: Some(log),
        }
    }

    /// Runs it with these crash points, see `FAILPOINTS`, until it ends itself; killed after a
    /// while, and `false`, if it does not.
    #[cfg(feature = "failpoints")]
    pub(crate) fn crash(
        store: &Path,
        url: &str,
        settings: &[&str],
        failpoints: &str,
        life: Duration,
    ) -> bool {
        let mut arguments = vec!["--set=api.listen=127.0.0.1:0"];
        arguments.extend(settings);
        arguments.push("run");
        let program = Program::on(store, url, &arguments).env("FAILPOINTS", failpoints);
        program.kill_after_or_abort(life)
    }

    /// Where it serves.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// A document of its API; `None` while it does not answer.
    pub(crate) fn get(&self, path: &str) -> Option<Value> {
        serde_json::from_str(&self.text(path)?).ok()
    }

    /// What it answers, whatever it is; `None` while it does not.
    pub(crate) fn text(&self, path: &str) -> Option<String> {
        let mut stream = TcpStream::connect(&self.address).ok()?;
        stream
            .set_read_timeout(Some(Duration::from_secs(10)))
            .ok()?;
        write!(
            stream,
            "GET {path} HTTP/1.1\r\nhost: tidegauge\r\nconnection: close\r\n\r\n"
        )
        .ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        let (head, body) = answer.split_once("\r\n\r\n")?;
        // No proxy and no chunks: warp sends whole bodies with their length.
        assert!(head.contains("content-length"), "{head}");
        Some(body.to_owned())
    }

    /// Its status, once it is as wanted.
    pub(crate) fn wait_until(&self, what: &str, is_wanted: impl Fn(&Value) -> bool) -> Value {
        let begun = Instant::now();
        let mut last = Value::Null;
        while begun.elapsed() < DEADLINE {
            if let Some(status) = self.get("/api/status") {
                if is_wanted(&status) {
                    return status;
                }
                last = status;
            }
            thread::sleep(POLL);
        }
        panic!("not {what} within {DEADLINE:?}: {last:#}");
    }

    /// Its status, once its tip is that block.
    pub(crate) fn wait_for_tip(&self, hash: &str) -> Value {
        self.wait_until(&format!("at block {hash}"), |status| {
            status["tip"]["hash"] == hash
        })
    }

    /// Whether it still runs.
    pub(crate) fn is_running(&mut self) -> bool {
        self.child.try_wait().expect("its state").is_none()
    }

    /// The id of its process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Has it stop; gives its log.
    pub(crate) fn stop(mut self) -> String {
        let id = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        kill_process(id.expect("a process id"), Signal::TERM).expect("a signal");
        let begun = Instant::now();
        while self.is_running() {
            assert!(begun.elapsed() < DEADLINE, "it does not stop");
            thread::sleep(POLL);
        }
        let status = self.child.wait().expect("its end");
        let log = self.log();
        assert!(status.success(), "{status}:\n{log}");
        log
    }

    /// Kills it, as power loss of the process; gives its log.
    pub(crate) fn kill(mut self) -> String {
        self.end();
        self.log()
    }

    fn end(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    fn log(&mut self) -> String {
        let log = self.log.take().map(thread::JoinHandle::join);
        log.and_then(Result::ok).unwrap_or_default()
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        self.end();
    }
}
