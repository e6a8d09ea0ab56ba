//! The machine: open files, disk, clock.

use super::{Finding, bad, good};
use crate::config::Config;
use crate::progress::group;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

/// Open files that RocksDB and the connections may need together.
const WANTED_OPEN_FILES: u64 = 4_096;

/// 2024-01-01: no clock that is right is before it.
const BUILT_S: u64 = 1_704_067_200;

pub(super) fn open_files() -> Finding {
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
    match limit {
        Some(n) if n < WANTED_OPEN_FILES => bad(
            "open files",
            format!(
                "limit {n} is below {WANTED_OPEN_FILES}: ulimit -n 65536, or LimitNOFILE= in the unit"
            ),
        ),
        Some(n) => good("open files", format!("limit {}", group(n))),
        None => good("open files", "no limit"),
    }
}

pub(super) fn disk(config: &Config) -> Finding {
    let path = config.storage.path.as_path();
    let existing = path
        .ancestors()
        .find(|p| p.exists())
        .unwrap_or(Path::new("."));
    let existing = if existing.as_os_str().is_empty() {
        Path::new(".")
    } else {
        existing
    };
    match rustix::fs::statvfs(existing) {
        Ok(stat) => {
            let free_mib = stat.f_bavail.saturating_mul(stat.f_frsize) >> 20;
            let text = format!("{} MiB free at {}", group(free_mib), existing.display());
            if free_mib < config.storage.min_free_mib {
                bad(
                    "disk",
                    format!(
                        "{text}: collection stops below storage.min_free_mib = {}",
                        config.storage.min_free_mib
                    ),
                )
            } else {
                good("disk", text)
            }
        }
        Err(error) => bad(
            "disk",
            format!(
                "cannot ask for free space at {}: {error}",
                existing.display()
            ),
        ),
    }
}

/// Whether the clock is kept by somebody; how far it is off the chain's, the head says.
pub(super) fn clock() -> Finding {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs());
    if now < BUILT_S {
        return bad(
            "clock",
            "it is before 2024: set it, or let chrony or systemd-timesyncd keep it",
        );
    }
    // Without it a clock drifts by seconds a day; signatures of AWS end at five minutes.
    let keepers = [
        "/run/systemd/timesync/synchronized",
        "/run/chrony/chronyd.pid",
        "/var/run/ntpd.pid",
    ];
    match keepers.iter().find(|path| Path::new(path).exists()) {
        Some(_) => good("clock", "it is kept by a time service"),
        None => good(
            "clock",
            "no time service was found (chrony, systemd-timesyncd): a machine whose host keeps it needs none",
        ),
    }
}
