//! The binary under test: run to its end, or kept running and killed by its id.

use serde_json::Value;
use std::ffi::OsStr;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// A run that lasts longer has hung.
const DEADLINE: Duration = Duration::from_secs(300);
/// Between two looks whether a program has ended.
const POLL: Duration = Duration::from_millis(5);

/// The root of the repository.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// One command line of the program.
pub(crate) struct Program(Command);

/// How a run ended, and what it wrote.
pub(crate) struct Outcome {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Program {
    /// The program with these arguments, away from the machine's own settings.
    pub(crate) fn new<A: AsRef<OsStr>>(arguments: impl IntoIterator<Item = A>) -> Self {
        Self::through(Command::new(env!("CARGO_BIN_EXE_tidegauge")), arguments)
    }

    /// The same, started by another program such as `setpriv`.
    pub(crate) fn through<A: AsRef<OsStr>>(
        mut command: Command,
        arguments: impl IntoIterator<Item = A>,
    ) -> Self {
        for (name, _) in std::env::vars_os() {
            let name = name.to_string_lossy();
            let ours = ["TIDEGAUGE_", "AWS_"].iter().any(|of| name.starts_with(of));
            if ours || ["ALCHEMY_API_KEY", "RUST_LOG", "S3_BUCKET"].contains(&&*name) {
                command.env_remove(&*name);
            }
        }
        // The only key that it has opens throw-away servers.
        command
            .env("AWS_ACCESS_KEY_ID", crate::s3::KEY_ID)
            .env("AWS_SECRET_ACCESS_KEY", crate::s3::SECRET)
            .env("AWS_EC2_METADATA_DISABLED", "true");
        command
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        // No configuration file of somebody's working folder.
        command.current_dir(std::env::temp_dir());
        Self(command)
    }

    /// A command on a store and an endpoint.
    pub(crate) fn on(store: &Path, url: &str, arguments: &[&str]) -> Self {
        let settings = [
            format!("--set=storage.path={}", store.display()),
            format!("--set=chain.rpc_urls={url}"),
            "--set=chain.compute_units_per_second=0".to_owned(),
            "--set=storage.min_free_mib=64".to_owned(),
        ];
        Self::new(
            settings
                .into_iter()
                .chain(arguments.iter().map(ToString::to_string)),
        )
    }

    /// Sets a variable of its environment.
    pub(crate) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.0.env(name, value);
        self
    }

    /// Kills it after a while; whether it aborted before, as at a crash point.
    #[cfg(feature = "failpoints")]
    pub(crate) fn kill_after_or_abort(self, life: Duration) -> bool {
        use std::os::unix::process::ExitStatusExt;
        let (mut child, stdout, stderr) = self.start();
        let begun = Instant::now();
        let mut status = None;
        while status.is_none() && begun.elapsed() < life {
            thread::sleep(POLL);
            status = child.try_wait().expect("the program's state");
        }
        let _ = child.kill();
        let ended = child.wait().expect("its end");
        let said = (stdout.join().unwrap(), stderr.join().unwrap());
        const SIGABRT: i32 = 6;
        const SIGKILL: i32 = 9;
        assert!(
            matches!(ended.signal(), Some(SIGABRT | SIGKILL)),
            "{ended}: {said:?}"
        );
        ended.signal() == Some(SIGABRT)
    }

    /// Starts it, its output and errors to be read.
    pub(crate) fn spawn(mut self) -> Child {
        self.0.spawn().expect("starting the program")
    }

    /// Runs to the end.
    pub(crate) fn run(self) -> Outcome {
        let (mut child, stdout, stderr) = self.start();
        let begun = Instant::now();
        let status = loop {
            if let Some(status) = child.try_wait().expect("the program's state") {
                break status;
            }
            if begun.elapsed() > DEADLINE {
                child.kill().expect("killing it");
                child.wait().expect("its end");
                panic!(
                    "still running after {DEADLINE:?}:\n{}\n{}",
                    stdout.join().unwrap(),
                    stderr.join().unwrap()
                );
            }
            thread::sleep(POLL);
        };
        Outcome {
            status,
            stdout: stdout.join().unwrap(),
            stderr: stderr.join().unwrap(),
        }
    }

    /// Runs to the end, which has to be a good one; gives what it printed.
    pub(crate) fn succeed(self) -> String {
        let outcome = self.run();
        assert!(
            outcome.status.success(),
            "{}\n{}\n{}",
            outcome.status,
            outcome.stdout,
            outcome.stderr
        );
        outcome.stdout
    }

    /// Kills it, as power loss of the process, after a while; `None` if it ended by itself before.
    pub(crate) fn kill_after(self, life: Duration) -> Option<()> {
        let (mut child, stdout, stderr) = self.start();
        let begun = Instant::now();
        let ended = loop {
            if let Some(status) = child.try_wait().expect("the program's state") {
                break Some(status);
            }
            if begun.elapsed() >= life {
                child.kill().expect("killing it");
                child.wait().expect("its end");
                break None;
            }
            thread::sleep(Duration::from_millis(1));
        };
        let (stdout, stderr) = (stdout.join().unwrap(), stderr.join().unwrap());
        match ended {
            None => Some(()),
            Some(status) => {
                assert!(status.success(), "{status}\n{stdout}\n{stderr}");
                None
            }
        }
    }

    fn start(
        self,
    ) -> (
        Child,
        thread::JoinHandle<String>,
        thread::JoinHandle<String>,
    ) {
        let mut child = self.spawn();
        let stdout = collect(child.stdout.take().expect("its output"));
        let stderr = collect(child.stderr.take().expect("its errors"));
        (child, stdout, stderr)
    }
}

fn collect(mut from: impl std::io::Read + Send + 'static) -> thread::JoinHandle<String> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        from.read_to_end(&mut bytes)
            .expect("reading what it writes");
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

/// The outcome of a refusal: the exit code, one clear error that says all these words, no panic.
pub(crate) fn exits_with_one_error(outcome: &Outcome, code: i32, words: &[&str]) {
    let text = &outcome.stderr;
    assert_eq!(
        outcome.status.code(),
        Some(code),
        "{}\n{text}",
        outcome.stdout
    );
    for trace in ["panicked", "RUST_BACKTRACE", "unwrap"] {
        assert!(!text.contains(trace), "a panic shows:\n{text}");
    }
    let errors: Vec<&str> = text
        .lines()
        .filter(|line| line.starts_with("tidegauge: ") || line.starts_with("error: "))
        .collect();
    assert_eq!(errors.len(), 1, "not one error:\n{text}");
    // `doctor` names what it found on its standard output.
    let said = format!("{}{text}", outcome.stdout).to_lowercase();
    for word in words {
        assert!(
            said.contains(&word.to_lowercase()),
            "no word of `{word}`:\n{said}"
        );
    }
}

/// Every invariant of the store holds; that a still chain looks stale to `doctor` does not matter here.
pub(crate) fn store_holds(store: &Path, url: &str) {
    let outcome = Program::on(store, url, &["doctor", "--store", "--json"]).run();
    let findings: Vec<Value> = serde_json::from_str(&outcome.stdout)
        .unwrap_or_else(|e| panic!("{e}:\n{}\n{}", outcome.stdout, outcome.stderr));
    let found = findings.iter().find(|finding| finding["check"] == "store");
    assert!(
        found.is_some_and(|finding| finding["ok"] == true),
        "{findings:#?}"
    );
}

/// `tidegauge simulate` on a free port, killed when it is dropped.
pub(crate) struct Chain {
    child: Child,
    /// Where it answers.
    pub(crate) url: String,
    /// Its last block.
    pub(crate) head: u64,
    _folder: tempfile::TempDir,
}

impl Chain {
    /// Starts it and waits until it serves.
    pub(crate) fn simulate(arguments: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let mut child = Command::new(env!("CARGO_BIN_EXE_tidegauge"))
            .args(["simulate", "--listen", "127.0.0.1:0", "--cache-dir"])
            .arg(folder.path())
            .args(arguments)
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .expect("starting the simulated chain");
        let lines = BufReader::new(child.stdout.take().expect("its output")).lines();
        // "simulated chain 1337 at http://127.0.0.1:PORT: blocks 0..=1439, …"
        for line in lines.map_while(Result::ok) {
            let Some(at) = line.find("http://127.0.0.1:") else {
                continue;
            };
            let url = line[at..]
                .trim_end_matches('/')
                .split(": ")
                .next()
                .expect("an address")
                .to_owned();
            let head = line
                .split("..=")
                .nth(1)
                .and_then(|rest| rest.split([',', ' ', ';']).next())
                .expect("a range");
            return Self {
                child,
                url,
                head: head.parse().expect("a block number"),
                _folder: folder,
            };
        }
        panic!("the simulated chain ended: {:?}", child.wait());
    }

    /// A still, honest chain of a day's 1,440 blocks, one a minute.
    pub(crate) fn small() -> Self {
        Self::small_with(&[])
    }

    /// The same, served otherwise.
    pub(crate) fn small_with(arguments: &[&str]) -> Self {
        let small = [
            "--seed",
            "7",
            "--frozen",
            "--block-time",
            "60",
            "--history-days",
            "1",
            "--swaps-per-block",
            "3",
            "--pool-count",
            "8",
        ];
        Self::simulate(&[&small[..], arguments].concat())
    }

    /// Replays recorded logs.
    pub(crate) fn replay(logs: &Path, pools: &Path) -> Self {
        let path = |p: &Path| -> PathBuf { p.canonicalize().expect("a recorded file") };
        let (logs, pools) = (path(logs), path(pools));
        Self::simulate(&[
            "--replay",
            logs.to_str().expect("UTF-8"),
            "--pools",
            pools.to_str().expect("UTF-8"),
        ])
    }
}

impl Drop for Chain {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
