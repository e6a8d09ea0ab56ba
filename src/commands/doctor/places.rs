//! Where rows go: the database and the buckets, with each right that will be needed.

use super::{Finding, bad, good};
use crate::config::Config;
use crate::mirror;
use tidegauge_objects::{BucketSettings, Objects};
use tidegauge_sync::inspect;

/// Whether the database is reached, by TLS where it must be, and may be written.
pub(super) async fn postgres(config: &Config, findings: &mut Vec<Finding>) {
    let database = match mirror::database(config) {
        Ok(Some(database)) => database,
        Ok(None) => return,
        Err(error) => return findings.push(bad("postgres", error)),
    };
    let found = match inspect(&database).await {
        Ok(found) => found,
        Err(error) => return findings.push(bad("postgres", error)),
    };
    let line = if found.is_encrypted {
        "by TLS"
    } else {
        "in the open"
    };
    findings.push(good(
        "postgres",
        format!(
            "{}: version {}, {line}, as {}",
            database.server(),
            found.version,
            found.user
        ),
    ));
    findings.push(match found.trouble {
        Some(trouble) => bad("schema", trouble),
        None if found.is_made => good(
            "schema",
            format!(
                "{}: its tables are as this version makes them",
                found.schema
            ),
        ),
        None => good(
            "schema",
            format!("{}: the first run makes its tables, and may", found.schema),
        ),
    });
}

/// Whether buckets are reached, listed, written, and keep what was written.
pub(super) async fn buckets(config: &Config, findings: &mut Vec<Finding>) {
    let s3 = &config.sync.s3;
    for (check, settings) in [
        ("bucket", s3.bucket()),
        ("second bucket", s3.second_bucket()),
    ] {
        match settings {
            Ok(Some(settings)) => findings.push(bucket(check, &settings).await),
            Ok(None) => {}
            Err(error) => findings.push(bad(check, error)),
        }
    }
    let folder = &config.sync.lake_dir;
    if !folder.as_os_str().is_empty() && s3.bucket.is_empty() {
        findings.push(match Objects::folder(folder) {
            Ok(objects) => tried("lake folder", &objects).await,
            Err(error) => bad("lake folder", error),
        });
    }
}

async fn bucket(check: &'static str, settings: &BucketSettings) -> Finding {
    match Objects::bucket(settings).await {
        Ok(objects) => tried(check, &objects).await,
        Err(error) => bad(check, error),
    }
}

/// Writes and removes an object of its own.
async fn tried(check: &'static str, objects: &Objects) -> Finding {
    let place = objects.place();
    match objects.probe().await {
        Ok(can) if !can.conditional_put => bad(
            check,
            format!(
                "{place}: it overwrites objects that must not be: its server does not know conditional writes (If-None-Match)"
            ),
        ),
        Ok(can) if !can.delete => good(
            check,
            format!(
                "{place}: may list and write; may not delete, so nothing that is out of date is removed"
            ),
        ),
        Ok(_) => good(check, format!("{place}: may list, write and delete")),
        Err(error) => bad(check, error),
    }
}
