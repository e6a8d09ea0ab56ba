//! A throw-away PostgreSQL cluster: its own folder, port, authority; gone when dropped.

use super::{
    certificates::{self, Certificate},
    guard::{Guarded, find, free_port, give, run, unprivileged},
};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};
use tempfile::TempDir;

/// The user of [`Cluster::url`] and its password; it owns everything.
pub const USER: &str = "admin";
/// See [`USER`].
pub const PASSWORD: &str = "pw-s3cret";

/// How long a server may take to start, on a machine with much else to do.
const START_DEADLINE: Duration = Duration::from_secs(60);

/// How often a start is tried: a port may be taken between finding and using it.
const ATTEMPTS: usize = 5;

/// How a cluster is reached by TCP; its unix socket asks for nothing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// Without TLS, by password.
    Plain,
    /// With TLS alone, by password.
    Tls(Certificate),
}

/// A running cluster.
#[derive(Debug)]
pub struct Cluster {
    server: Option<Guarded>,
    port: u16,
    kind: Kind,
    programs: PathBuf,
    /// Dropped last.
    folder: TempDir,
}

impl Cluster {
    /// Makes and starts one; none, with a word about it, where PostgreSQL is not installed.
    pub fn start(kind: Kind) -> Option<Self> {
        let (programs, folder) = prepare()?;
        fs::write(folder.path().join("pw"), PASSWORD).expect("a password file");
        give(folder.path());
        let data = folder.path().join("data");
        run(unprivileged(programs.join("initdb"))
            .arg("-D")
            .arg(&data)
            .args(["-U", USER, "-A", "scram-sha-256", "-E", "UTF8"])
            .args(["--locale=C", "--no-sync", "--no-instructions", "--pwfile"])
            .arg(folder.path().join("pw")));
        let admitted = match kind {
            Kind::Plain => "host",
            Kind::Tls(_) => "hostssl",
        };
        fs::write(
            data.join("pg_hba.conf"),
            format!(
                "local all all trust\nlocal replication all trust\n{admitted} all all 127.0.0.1/32 scram-sha-256\n"
            ),
        )
        .expect("pg_hba.conf");
        if let Kind::Tls(certificate) = kind {
            let pems = certificates::make(certificate);
            fs::write(folder.path().join("ca.crt"), pems.authority).expect("ca.crt");
            fs::write(data.join("server.crt"), pems.certificate).expect("server.crt");
            let key = data.join("server.key");
            fs::write(&key, pems.key).expect("server.key");
            run(Command::new("chmod").arg("600").arg(&key));
        }
        Some(Self::run(kind, programs, folder))
    }

    /// A hot standby of this one.
    pub fn standby(&self) -> Self {
        let (programs, folder) = prepare().expect("PostgreSQL is here");
        give(folder.path());
        run(unprivileged(programs.join("pg_basebackup"))
            .args(["-R", "-c", "fast", "--no-sync", "-U", USER, "-p"])
            .arg(self.port.to_string())
            .arg("-h")
            .arg(self.folder.path())
            .arg("-D")
            .arg(folder.path().join("data")));
        Self::run(self.kind, programs, folder)
    }

    fn run(kind: Kind, programs: PathBuf, folder: TempDir) -> Self {
        give(folder.path());
        let mut cluster = Self {
            server: None,
            port: 0,
            kind,
            programs,
            folder,
        };
        for _ in 0..ATTEMPTS {
            cluster.port = free_port();
            if cluster.up() {
                return cluster;
            }
        }
        panic!("PostgreSQL does not start: {}", cluster.log());
    }

    /// Starts the server; whether it came up.
    fn up(&mut self) -> bool {
        let folder = self.folder.path();
        let options = [
            format!("port={}", self.port),
            "listen_addresses=127.0.0.1".to_owned(),
            format!("unix_socket_directories={}", folder.display()),
            format!(
                "ssl={}",
                if self.kind == Kind::Plain {
                    "off"
                } else {
                    "on"
                }
            ),
            // What a killed process has written stays; the machine itself is not tested.
            "fsync=off".to_owned(),
            "full_page_writes=off".to_owned(),
            "shared_buffers=64MB".to_owned(),
            "max_connections=20".to_owned(),
            "hot_standby=on".to_owned(),
        ];
        let program = self.programs.join("postgres");
        let data = folder.join("data");
        let mut command = vec![
            program.to_str().expect("a path"),
            "-D",
            data.to_str().expect("a path"),
        ];
        for option in &options {
            command.extend(["-c", option]);
        }
        let server = Guarded::start(folder, "server.log", "QUIT", &command);
        let begun = Instant::now();
        while begun.elapsed() < START_DEADLINE {
            if server.is_gone() {
                return false;
            }
            let ready = Command::new(self.programs.join("pg_isready"))
                .args(["-q", "-U", USER, "-p", &self.port.to_string(), "-h"])
                .arg(folder)
                .status()
                .expect("pg_isready");
            if ready.success() {
                self.server = Some(server);
                return true;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        panic!("PostgreSQL is not ready: {}", self.log());
    }

    /// The port, on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The owner's URL of the database `postgres`, by TCP.
    pub fn url(&self) -> String {
        self.url_as(USER, PASSWORD)
    }

    /// Somebody's URL of the database `postgres`, by TCP.
    pub fn url_as(&self, user: &str, password: &str) -> String {
        format!(
            "postgres://{user}:{password}@localhost:{}/postgres",
            self.port
        )
    }

    /// The owner's URL by unix socket, without a password.
    pub fn socket_url(&self) -> String {
        let folder = self.folder.path().display();
        format!(
            "postgres:///postgres?host={folder}&port={}&user={USER}",
            self.port
        )
    }

    /// The authority whom clients of a [`Kind::Tls`] trust.
    pub fn ca_file(&self) -> PathBuf {
        self.folder.path().join("ca.crt")
    }

    /// Runs SQL as the owner past everything that is tested; gives bare values, one row a line,
    /// `|` between columns.
    pub fn sql(&self, sql: &str) -> String {
        run(Command::new(self.programs.join("psql"))
            .env_clear()
            .args([
                "-XqAt",
                "-v",
                "ON_ERROR_STOP=1",
                "-U",
                USER,
                "-d",
                "postgres",
            ])
            .args(["-p", &self.port.to_string(), "-c", sql, "-h"])
            .arg(self.folder.path()))
    }

    /// SIGKILL, as the machine's out-of-memory killer does it.
    pub fn kill(&mut self) {
        if let Some(mut server) = self.server.take() {
            server.kill();
        }
    }

    /// Starts again on the same port and data, after [`kill`](Self::kill) or at once.
    pub fn restart(&mut self) {
        // Ends it, where it runs.
        self.server = None;
        for _ in 0..ATTEMPTS {
            if self.up() {
                return;
            }
        }
        panic!("PostgreSQL does not start again: {}", self.log());
    }

    /// What the server has logged.
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("server.log")).unwrap_or_default()
    }
}

/// Where the programs are, and a folder with a short path (a socket's has 107 bytes at most).
fn prepare() -> Option<(PathBuf, TempDir)> {
    let Some(programs) = programs() else {
        eprintln!("skipped: PostgreSQL is not installed (apt-get install postgresql)");
        return None;
    };
    let folder = tempfile::Builder::new()
        .prefix("tg-pg-")
        .tempdir_in("/tmp")
        .expect("a folder in /tmp");
    Some((programs, folder))
}

/// The newest installed version's, or where PATH leads to.
fn programs() -> Option<PathBuf> {
    let mut versions: Vec<(u32, PathBuf)> = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            let version = entry.file_name().to_str()?.parse().ok()?;
            Some((version, entry.path().join("bin")))
        })
        .filter(|(_, folder)| is_whole(folder))
        .collect();
    versions.sort();
    if let Some((_, folder)) = versions.pop() {
        return Some(folder);
    }
    let config = find("pg_config", &[])?;
    let folder = PathBuf::from(run(Command::new(config).arg("--bindir")));
    is_whole(&folder).then_some(folder)
}

fn is_whole(folder: &Path) -> bool {
    ["initdb", "postgres", "psql", "pg_isready", "pg_basebackup"]
        .iter()
        .all(|program| folder.join(program).is_file())
}
