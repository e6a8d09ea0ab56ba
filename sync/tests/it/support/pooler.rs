//! PgBouncer before a cluster, in transaction mode: each transaction may meet another session.

use super::{
    cluster::{Cluster, PASSWORD, USER},
    guard::{Guarded, find, free_port, give},
};
use std::{
    fs,
    net::TcpStream,
    path::PathBuf,
    time::{Duration, Instant},
};
use tempfile::TempDir;

const START_DEADLINE: Duration = Duration::from_secs(30);

/// A running pooler.
#[derive(Debug)]
pub struct Pooler {
    server: Guarded,
    port: u16,
    folder: TempDir,
}

impl Pooler {
    /// Starts one; none, with a word about it, where PgBouncer is not installed.
    pub fn start(cluster: &Cluster) -> Option<Self> {
        let Some(program) = find("pgbouncer", &[PathBuf::from("/usr/sbin")]) else {
            eprintln!("skipped: PgBouncer is not installed (apt-get install pgbouncer)");
            return None;
        };
        let folder = tempfile::Builder::new()
            .prefix("tg-pgb-")
            .tempdir_in("/tmp")
            .expect("a folder in /tmp");
        let port = free_port();
        let settings = folder.path().join("pgbouncer.ini");
        fs::write(
            folder.path().join("users"),
            format!("\"{USER}\" \"{PASSWORD}\"\n"),
        )
        .expect("users");
        fs::write(
            &settings,
            format!(
                "[databases]\npostgres = host=127.0.0.1 port={} dbname=postgres\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\nauth_type = scram-sha-256\nauth_file = {}\npool_mode = transaction\ndefault_pool_size = 4\n",
                cluster.port(),
                folder.path().join("users").display(),
            ),
        )
        .expect("pgbouncer.ini");
        give(folder.path());
        let server = Guarded::start(
            folder.path(),
            "log",
            "TERM",
            &[
                program.to_str().expect("a path"),
                settings.to_str().expect("a path"),
            ],
        );
        let begun = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            let log = || fs::read_to_string(folder.path().join("log")).unwrap_or_default();
            assert!(!server.is_gone(), "PgBouncer does not start: {}", log());
            assert!(begun.elapsed() < START_DEADLINE, "PgBouncer: {}", log());
            std::thread::sleep(Duration::from_millis(20));
        }
        Some(Self {
            server,
            port,
            folder,
        })
    }

    /// The owner's URL of the database `postgres`, through the pooler.
    pub fn url(&self) -> String {
        format!(
            "postgres://{USER}:{PASSWORD}@127.0.0.1:{}/postgres",
            self.port
        )
    }
}
