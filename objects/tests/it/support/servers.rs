//! s3s-fs, which keeps objects in files and survives SIGKILL, and moto, whose conditional writes
//! are atomic. `scripts/install-build-tools --with-s3` installs both.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::OnceLock,
    thread,
    time::{Duration, Instant},
};

/// The only key that s3s-fs knows; moto takes any.
pub const KEY_ID: &str = "AKIDTEST";
/// Its secret.
pub const SECRET: &str = "a secret for tests";
/// A bucket that is there from the start.
pub const BUCKET: &str = "claims";

/// How long a server may take to answer for the first time; the machine may be busy.
const START: Duration = Duration::from_secs(60);

/// Starts the server beneath a shell that waits for the end of its input: when the test is gone,
/// however it went, so is the server.
const SHELL: &str = r#""$@" </dev/null >/dev/null 2>&1 &
echo $!
read -r word
kill -KILL $! 2>/dev/null
wait $!"#;

/// A running server, at a port of 127.0.0.1.
#[derive(Debug)]
pub struct Server {
    shell: Child,
    pid: String,
    port: u16,
}

impl Server {
    /// s3s-fs with its objects in a folder, below the bucket's name.
    ///
    /// # Panics
    /// Where it is not installed.
    pub fn s3s_fs(folder: &Path) -> Self {
        Self::s3s_fs_at(folder, free_port())
    }

    /// The same at a port of one's own, as after a kill.
    pub fn s3s_fs_at(folder: &Path, port: u16) -> Self {
        let program = cache().join("s3s-fs-0.14.1/bin/s3s-fs");
        assert!(
            program.is_file(),
            "{} is missing: run scripts/install-build-tools --with-s3",
            program.display()
        );
        std::fs::create_dir_all(folder.join(BUCKET)).expect("a folder for the bucket");
        let mut command = Command::new(program);
        command
            .args(["--host", "127.0.0.1", "--port", &port.to_string()])
            .args(["--access-key", KEY_ID, "--secret-key", SECRET])
            .arg(folder);
        Self::start(&command, port)
    }

    /// moto, in memory; None where Python is absent, which is said.
    ///
    /// # Panics
    /// Where Python is there and moto is not.
    pub fn moto() -> Option<Self> {
        let server = Self::moto_with(&[])?;
        server.create_bucket(BUCKET);
        Some(server)
    }

    /// The same behind TLS, with a certificate and its key in these files; without a bucket.
    ///
    /// # Panics
    /// Where Python is there and moto is not.
    pub fn moto_tls(certificate: &Path, key: &Path) -> Option<Self> {
        let [certificate, key] = [certificate, key].map(|path| path.to_str().expect("UTF-8"));
        Self::moto_with(&["-c", certificate, "-k", key])
    }

    fn moto_with(options: &[&str]) -> Option<Self> {
        Self::moto_at(free_port(), options)
    }

    /// moto at a port of one's own, with nothing in it; None where Python is absent.
    ///
    /// # Panics
    /// Where Python is there and moto is not.
    pub fn moto_at(port: u16, options: &[&str]) -> Option<Self> {
        Self::moto_through(&[], port, options)
    }

    fn moto_through(before: &[&str], port: u16, options: &[&str]) -> Option<Self> {
        let program = cache().join("moto-5.2.1/bin/moto_server");
        if !program.is_file() {
            let python = Command::new("python3").arg("--version").output();
            assert!(
                python.is_err(),
                "{} is missing: run scripts/install-build-tools --with-s3",
                program.display()
            );
            eprintln!("skipped: there is no python3, and moto needs it");
            return None;
        }
        let mut words = before.iter().map(PathBuf::from).chain([program]);
        let mut command = Command::new(words.next().expect("a program"));
        command
            .args(words)
            .args(["-H", "127.0.0.1", "-p", &port.to_string()])
            .args(options);
        Some(Self::start(&command, port))
    }

    fn start(command: &Command, port: u16) -> Self {
        let mut shell = Command::new("sh")
            .args(["-c", SHELL, "server"])
            .arg(command.get_program())
            .args(command.get_args())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // It would say that the server was killed.
            .stderr(Stdio::null())
            .spawn()
            .expect("sh");
        let mut pid = String::new();
        BufReader::new(shell.stdout.take().expect("piped"))
            .read_line(&mut pid)
            .expect("a process id");
        let server = Self {
            shell,
            pid: pid.trim().to_owned(),
            port,
        };
        let begun = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(begun.elapsed() < START, "{command:?} does not start");
            thread::sleep(Duration::from_millis(20));
        }
        server
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The same with AWS's own policies in it, which takes some seconds.
    ///
    /// # Panics
    /// Where Python is there and moto is not.
    pub fn moto_with_policies(port: u16) -> Option<Self> {
        Self::moto_through(&["env", "MOTO_IAM_LOAD_MANAGED_POLICIES=true"], port, &[])
    }

    /// What AWS's own client for Python prints, asked for what is in moto: `client` makes one for a
    /// service.
    ///
    /// # Panics
    /// Where the script fails.
    pub fn boto(&self, script: &str) -> String {
        let begin = format!(
            "import boto3, json\nclient = lambda name: boto3.client(name, endpoint_url='http://127.0.0.1:{}', region_name='eu-west-1', aws_access_key_id='{KEY_ID}', aws_secret_access_key='{SECRET}')\n",
            self.port
        );
        let run = Command::new(cache().join("moto-5.2.1/bin/python"))
            .args(["-c", &(begin + script)])
            .output()
            .expect("python");
        let said = String::from_utf8_lossy(&run.stderr);
        assert!(run.status.success(), "{script}\n{said}");
        String::from_utf8(run.stdout).expect("UTF-8")
    }

    /// SIGKILL, in the middle of whatever it does.
    pub fn kill(mut self) {
        let killed = Command::new("kill").args(["-KILL", &self.pid]).status();
        assert!(killed.expect("kill").success());
        self.end();
    }

    /// Creates a bucket in moto, which asks nobody who he is.
    pub fn create_bucket(&self, name: &str) {
        let mut line = TcpStream::connect(("127.0.0.1", self.port)).expect("moto");
        write!(
            line,
            "PUT /{name} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        )
        .expect("a request");
        let mut answer = String::new();
        line.read_to_string(&mut answer).expect("an answer");
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }

    fn end(&mut self) {
        drop(self.shell.stdin.take());
        self.shell.wait().expect("the guarding shell");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.end();
    }
}

/// Where what tests need is installed.
fn cache() -> PathBuf {
    static CACHE: OnceLock<PathBuf> = OnceLock::new();
    CACHE
        .get_or_init(|| {
            let set = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
            let home = || PathBuf::from(std::env::var_os("HOME").expect("HOME")).join(".cache");
            set.unwrap_or_else(home).join("tidegauge")
        })
        .clone()
}

/// A port of 127.0.0.1 that is free at the moment.
pub fn free_port() -> u16 {
    TcpListener::bind(("127.0.0.1", 0))
        .and_then(|listener| listener.local_addr())
        .expect("a free port")
        .port()
}
