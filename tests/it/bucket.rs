//! The collector and its bucket on a real server of S3's protocol: lake and snapshots there are
//! the store, whoever dies meanwhile.
//!
//! `scripts/torture --bucket-kills 100` runs the long form.

use crate::arena::{Arena, Hardship};
use crate::s3::{BUCKET, Server, free_port};
use crate::support::{Daemon, Program, exits_with_one_error, number};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};
use tidegauge_chain::Method;

const SEED: u64 = 6;
/// Kills of the everyday form; `TIDEGAUGE_BUCKET_KILLS` asks for more.
const KILLS: u32 = 10;
/// Longest life between two kills.
const LONGEST_LIFE: Duration = Duration::from_secs(4);
/// Between two looks at what readers of the bucket see.
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// The prefix below which everything lies.
const PREFIX: &str = "below/here";

#[test]
fn a_bucket_whose_writers_are_killed_again_and_again_is_the_store() {
    let kills = number("TIDEGAUGE_BUCKET_KILLS").map_or(KILLS, |n| n as u32);
    let seed = number("TIDEGAUGE_TORTURE_SEED").unwrap_or(SEED);
    println!("seed {seed}: TIDEGAUGE_TORTURE_SEED={seed} repeats it");
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let folder = tempfile::tempdir().unwrap();
    let port = free_port();
    let mut server = Server::s3s_fs_at(folder.path(), port);
    let mut arena = Arena::open(seed, Hardship::Reorgs, Method::Receipts);
    let settings = settings(port);
    for setting in &settings {
        arena.set(setting.clone());
    }
    let (mut objects, mut of_server) = (0, 0);
    while arena.kills() < kills {
        let life = LONGEST_LIFE.mul_f64(random.random_range(0.1..1.0));
        let daemon = arena.live();
        let begun = Instant::now();
        while begun.elapsed() < life {
            thread::sleep(LOOK_EVERY);
            objects += look(folder.path());
        }
        if random.random_range(0..2) == 0 {
            server.kill();
            of_server += 1;
            thread::sleep(life / 4);
            objects += look(folder.path());
            server = Server::s3s_fs_at(folder.path(), port);
        }
        daemon.kill();
        arena.died();
        objects += look(folder.path());
    }
    let store = arena.store();
    let run = arena.settle_with(|daemon| {
        daemon.wait_until("in the bucket", |status| {
            let (lake, tip) = (&status["mirrors"]["s3"], &status["tip"]["number"]);
            lake["block"] == *tip && lake["last_error"].is_null()
        });
        // The daemon that holds the store does both.
        let said = Program::on(&store, "http://127.0.0.1:1", &["audit", "--deep"]).succeed();
        assert!(said.contains("0 missing, 0 torn, 0 differ"), "{said}");
        println!("{said}");
        let said = Program::on(&store, "http://127.0.0.1:1", &["snapshot"]).succeed();
        println!("{said}");
    });
    objects += look(folder.path());
    run.compare();
    assert!(run.reorgs > 0 && objects > 0, "{objects} objects: {run}");
    println!("{objects} objects seen whole, {of_server} kills of the server; {run}");

    // Everything is lost but the bucket.
    let restored = store.with_file_name("restored");
    let flags: Vec<String> = settings.iter().map(|s| format!("--set={s}")).collect();
    let bring = |into: &Path| {
        let mut arguments: Vec<&str> = flags.iter().map(String::as_str).collect();
        arguments.push("restore");
        Program::on(into, &run.honest_url, &arguments)
    };
    println!("{}", bring(&restored).succeed());
    assert_eq!(digest(&restored), digest(&run.store));
    // A folder in use is not restored into.
    exits_with_one_error(&bring(&restored).run(), 1, &["restored", "is not empty"]);
    // A byte of an object that turned over is found, and the object named.
    let object = object_of_the_newest(&folder.path().join(BUCKET).join(PREFIX).join("snapshots"));
    let mut bytes = std::fs::read(&object).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&object, bytes).unwrap();
    let name = object.file_name().unwrap().to_string_lossy().into_owned();
    let again = store.with_file_name("again");
    exits_with_one_error(&bring(&again).run(), 1, &[&name]);
    assert!(!again.exists(), "something is left of a refused restore");
}

#[test]
fn what_keeps_the_bucket_from_being_written_is_said_and_collection_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let port = free_port();
    let mut arena = Arena::open(SEED, Hardship::Reorgs, Method::Receipts);
    for setting in settings(port) {
        arena.set(setting);
    }
    let daemon = arena.live();
    let further = |daemon: &Daemon, words: &str| {
        let status = daemon.wait_until(words, |status| {
            status["mirrors"]["s3"]["last_error"]
                .as_str()
                .is_some_and(|said| said.contains(words))
        });
        let tip = status["tip"]["number"].as_u64();
        daemon.wait_until("further", |status| {
            status["tip"]["number"].as_u64() > tip.map(|tip| tip + 5)
        });
    };
    further(&daemon, "cannot be reached");
    let asked = Program::on(&arena.store(), "http://127.0.0.1:1", &["audit"]).run();
    exits_with_one_error(&asked, 2, &["not written now"]);
    // It comes, and everything goes there.
    let server = Server::s3s_fs_at(folder.path(), port);
    daemon.wait_until("in the bucket", |status| {
        status["mirrors"]["s3"]["last_error"].is_null()
            && status["mirrors"]["s3"]["block"].is_u64()
            && status["mirrors"]["snapshots"]["taken_at"].is_u64()
    });
    let metrics = daemon.text("/metrics").unwrap();
    for name in [
        "tidegauge_mirror_failing{mirror=\"s3\"} 0",
        "tidegauge_lake_objects",
        "tidegauge_snapshot_taken_at_seconds",
        "tidegauge_snapshot_failures_total",
    ] {
        assert!(metrics.contains(name), "no {name} in {metrics}");
    }
    daemon.stop();
    drop(server);
}

/// What makes a collector keep everything in the bucket of a server at this port.
fn settings(port: u16) -> Vec<String> {
    vec![
        format!("sync.s3.bucket={BUCKET}"),
        format!("sync.s3.prefix={PREFIX}"),
        format!("sync.s3.endpoint=http://127.0.0.1:{port}"),
        "sync.s3.region=us-east-1".to_owned(),
        "sync.s3.path_style=true".to_owned(),
        "sync.s3.hot_every=1s".to_owned(),
        "sync.s3.snapshot_every=2s".to_owned(),
    ]
}

/// Opens what the newest manifest of the lake names, as a reader would: it is there, and of the
/// length that was promised. Answers how many objects were.
fn look(server: &Path) -> u64 {
    let root = server.join(BUCKET).join(PREFIX);
    let Ok(entries) = std::fs::read_dir(root.join("lake/_manifests")) else {
        return 0;
    };
    let versions = entries.filter_map(|entry| {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let version: u64 = name.strip_suffix(".json")?.parse().ok()?;
        Some((version, name))
    });
    let Some((_, newest)) = versions.max() else {
        return 0;
    };
    let text = std::fs::read(root.join("lake/_manifests").join(&newest)).unwrap();
    let manifest: Value =
        serde_json::from_slice(&text).unwrap_or_else(|error| panic!("{newest} is torn: {error}"));
    let mut named = Vec::new();
    gather(&manifest, &mut named);
    for (key, bytes) in &named {
        let found = std::fs::metadata(root.join(key));
        let found = found.unwrap_or_else(|error| panic!("{newest} names {key}: {error}"));
        assert_eq!(found.len(), *bytes, "{newest} names {key}");
    }
    named.len() as u64
}

/// Every `{key, bytes}` in a document.
fn gather(document: &Value, into: &mut Vec<(String, u64)>) {
    match document {
        Value::Object(fields) => {
            if let (Some(key), Some(bytes)) = (
                fields.get("key").and_then(Value::as_str),
                fields.get("bytes").and_then(Value::as_u64),
            ) {
                into.push((key.to_owned(), bytes));
            }
            fields.values().for_each(|value| gather(value, into));
        }
        Value::Array(values) => values.iter().for_each(|value| gather(value, into)),
        _ => {}
    }
}

/// The largest object that the newest snapshot names.
fn object_of_the_newest(snapshots: &Path) -> PathBuf {
    let manifests = std::fs::read_dir(snapshots.join("manifests")).unwrap();
    let newest = manifests
        .map(|entry| entry.unwrap())
        .max_by_key(|entry| entry.metadata().unwrap().modified().unwrap())
        .expect("a manifest");
    let manifest: Value = serde_json::from_slice(&std::fs::read(newest.path()).unwrap()).unwrap();
    let files = manifest["files"].as_array().expect("files");
    let largest = files.iter().max_by_key(|file| file["bytes"].as_u64());
    let content = largest.expect("a file")["sha256"].as_str().expect("digest");
    let mut left = vec![snapshots.join("objects")];
    while let Some(folder) = left.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                left.push(path);
            } else if path.ends_with(content) {
                return path;
            }
        }
    }
    panic!("{content} is not there");
}

fn digest(store: &Path) -> String {
    let arguments = ["status", "--digest", "--json"];
    let said = Program::on(store, "http://127.0.0.1:1", &arguments).succeed();
    let status: Value = serde_json::from_str(&said).unwrap();
    status["digest"].as_str().expect("a digest").to_owned()
}
