//! The collector and its mirror in a real PostgreSQL: what others read there is the store.
//!
//! `scripts/torture --mirror-kills 100` runs the long form.

use crate::arena::{Arena, Hardship};
use crate::postgres::cluster::{Cluster, Kind};
use crate::support::{Daemon, Disk, Program, number};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::Value;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};
use tidegauge_chain::Method;

const SEED: u64 = 5;
/// Kills of the everyday form; `TIDEGAUGE_MIRROR_KILLS` asks for more.
const KILLS: u32 = 10;
/// Longest life between two kills.
const LONGEST_LIFE: Duration = Duration::from_secs(3);
/// Between two looks at what readers of the database see.
const LOOK_EVERY: Duration = Duration::from_millis(150);

/// Rows above the position, a block's swaps that differ in number from what the mirror says of
/// the block, and daily rows of days that the position has not reached: readers see none, ever.
const LIES: &str = "
    SELECT (SELECT count(*) FROM daily_transactions t
             WHERE t.block_number > p.height)
         + (SELECT count(*) FROM mirror_blocks b
             WHERE b.number > p.height
                OR b.swaps <> (SELECT count(*) FROM daily_transactions t
                                WHERE t.block_number = b.number))
         + (SELECT count(*) FROM daily_pool_features f WHERE f.as_of_block > p.height)
      FROM mirror_position p";

#[test]
fn a_mirror_that_is_killed_again_and_again_is_the_store() {
    let Some(mut cluster) = Cluster::start(Kind::Plain) else {
        return;
    };
    let kills = number("TIDEGAUGE_MIRROR_KILLS").map_or(KILLS, |n| n as u32);
    let seed = number("TIDEGAUGE_TORTURE_SEED").unwrap_or(SEED);
    println!("seed {seed}: TIDEGAUGE_TORTURE_SEED={seed} repeats it");
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut arena = Arena::open(seed, Hardship::Reorgs, Method::Receipts);
    arena.set(format!("sync.postgres.url={}", cluster.url()));
    let (mut looks, mut of_postgres) = (0, 0);
    while arena.kills() < kills {
        let life = LONGEST_LIFE.mul_f64(random.random_range(0.1..1.0));
        let daemon = arena.live();
        let begun = Instant::now();
        while begun.elapsed() < life {
            thread::sleep(LOOK_EVERY);
            looks += u32::from(look(&cluster));
        }
        if random.random_range(0..2) == 0 {
            cluster.kill();
            of_postgres += 1;
            thread::sleep(life / 4);
            cluster.restart();
            thread::sleep(life / 4);
        }
        daemon.kill();
        arena.died();
    }
    let store = arena.store();
    let run = arena.settle_with(|daemon| {
        daemon.wait_until("mirrored", |status| {
            let mirror = &status["mirrors"]["postgres"];
            mirror["phase"] == "following" && mirror["block"] == status["tip"]["number"]
        });
        // The daemon that holds the lease does it.
        let said = Program::on(&store, "http://127.0.0.1:1", &["audit"]).succeed();
        assert!(
            said.contains("0 blocks, 0 days and 0 runs differ"),
            "{said}"
        );
        println!("{said}");
    });
    run.compare();
    assert!(run.reorgs > 0 && looks > 0, "{looks} looks: {run}");
    let url = format!("--set=sync.postgres.url={}", cluster.url());
    let audit = |arguments: &[&str]| {
        let arguments = [&[url.as_str(), "audit"], arguments].concat();
        Program::on(&run.store, &run.honest_url, &arguments)
    };
    audit(&[]).succeed();
    // Whoever changes a row by hand is found, and the row is put right.
    cluster.sql("UPDATE daily_transactions SET amount0_raw = amount0_raw + 1 WHERE (block_number, log_index) = (SELECT block_number, log_index FROM daily_transactions ORDER BY 1, 2 OFFSET 7 LIMIT 1)");
    let found = audit(&["--json"]).run();
    assert!(!found.status.success(), "{}", found.stdout);
    let report: Value = serde_json::from_str(&found.stdout).unwrap();
    assert_eq!(report["postgres"]["blocks_differ"], 1, "{report:#}");
    audit(&["--repair"]).succeed();
    audit(&[]).succeed();
    println!("{looks} looks, {of_postgres} kills of Postgres; {run}");
}

/// Whether there was something to see; what there is tells no lies.
fn look(cluster: &Cluster) -> bool {
    let there = cluster.sql("SELECT count(*) FROM pg_class WHERE relname = 'mirror_position'");
    if there.trim() != "1" {
        return false;
    }
    let lies = cluster.sql(LIES);
    assert!(matches!(lies.trim(), "" | "0"), "{lies} rows that lie");
    !lies.trim().is_empty()
}

#[test]
fn a_second_collector_is_refused_and_a_forced_one_fences_the_first() {
    let Some(cluster) = Cluster::start(Kind::Plain) else {
        return;
    };
    let mirror_of = |arena: &mut Arena| arena.set(format!("sync.postgres.url={}", cluster.url()));
    let mut first = Arena::open(1, Hardship::Reorgs, Method::Receipts);
    let mut second = Arena::open(1, Hardship::Reorgs, Method::Receipts);
    mirror_of(&mut first);
    mirror_of(&mut second);
    let error = |status: &Value| status["mirrors"]["postgres"]["last_error"].clone();
    let follows = |status: &Value| status["mirrors"]["postgres"]["phase"] == "following";
    let killed = first.live();
    killed.wait_until("mirroring", follows);
    killed.kill();
    first.died();
    // Whoever comes after it in its folder does not wait for its lease to run out.
    let holder = first.live();
    holder.wait_until("mirroring", |status| {
        assert!(error(status).is_null(), "{status:#}");
        follows(status)
    });
    let refused = second.live();
    let status = refused.wait_until("refused", |status| error(status).is_string());
    let said = error(&status).to_string();
    assert!(
        said.contains("belongs to store") && said.contains("sync.postgres.schema"),
        "{said}"
    );
    // Collection goes on all the same.
    refused.wait_until("at the tip", |status| {
        status["collector"]["lag_blocks"] == 0
    });
    refused.stop();
    let url = format!("--set=sync.postgres.url={}", cluster.url());
    let forced = [url.as_str(), "sync", "--take-over"];
    Program::on(&second.store(), "http://127.0.0.1:1", &forced).succeed();
    let status = holder.wait_until("fenced", |status| error(status).is_string());
    let said = error(&status).to_string();
    assert!(said.contains("epoch") || said.contains("another"), "{said}");
    holder.wait_until("at the tip", |status| {
        status["collector"]["lag_blocks"] == 0
    });
    let log = holder.stop();
    assert!(log.contains("collection goes on"), "{log}");
}

#[test]
fn what_keeps_postgres_from_it_is_said_and_collection_goes_on() {
    let Some(cluster) = Cluster::start(Kind::Plain) else {
        return;
    };
    cluster.sql("CREATE ROLE guest LOGIN PASSWORD 'pw-guest'");
    cluster.sql(
        "CREATE SCHEMA taken; CREATE TABLE taken.daily_transactions (tx_hash text PRIMARY KEY)",
    );
    let wrong = cluster.url_as("admin", "pw-wrong");
    let guest = cluster.url_as("guest", "pw-guest");
    let ours = cluster.url();
    let nowhere = ours.replace(&cluster.port().to_string(), "1");
    let cases: [(&str, &str, &[&str]); 4] = [
        (&wrong, "public", &["password"]),
        (
            &guest,
            "public",
            &["permission denied", "schema public", "GRANT"],
        ),
        (
            &ours,
            "taken",
            &["daily_transactions", "sync.postgres.schema"],
        ),
        (&nowhere, "public", &["localhost:1", "refused"]),
    ];
    for (url, schema, words) in cases {
        let mut arena = Arena::open(2, Hardship::Reorgs, Method::Receipts);
        arena.set(format!("sync.postgres.url={url}"));
        arena.set(format!("sync.postgres.schema={schema}"));
        let daemon: Daemon = arena.live();
        let status = daemon.wait_until("an error", |status| {
            status["mirrors"]["postgres"]["last_error"].is_string()
        });
        let said = status["mirrors"]["postgres"]["last_error"].to_string();
        for word in words {
            assert!(said.contains(word), "{word}: {said}");
        }
        assert!(!said.contains("pw-"), "{said}");
        daemon.wait_until("at the tip", |status| {
            status["collector"]["lag_blocks"] == 0
        });
        daemon.stop();
    }
}

#[test]
fn a_full_disk_of_the_server_is_waited_out() {
    let (Some(cluster), Some(disk)) = (Cluster::start(Kind::Plain), Disk::mount("48m")) else {
        return;
    };
    let tables = disk.folder.path().join("tables");
    std::fs::create_dir(&tables).unwrap();
    let given = Command::new("chown").arg("postgres:").arg(&tables).status();
    assert!(given.unwrap().success());
    cluster.sql(&format!(
        "CREATE TABLESPACE small LOCATION '{}'",
        tables.display()
    ));
    cluster.sql("ALTER DATABASE postgres SET default_tablespace = 'small'");
    let mut arena = Arena::open(3, Hardship::Reorgs, Method::Receipts);
    arena.set(format!("sync.postgres.url={}", cluster.url()));
    let store = arena.store();
    let daemon = arena.live();
    let mirror = |status: &Value| status["mirrors"]["postgres"].clone();
    daemon.wait_until("mirroring", |status| mirror(status)["phase"] == "following");
    let filling = disk.fill(0);
    let status = daemon.wait_until("an error", |status| {
        mirror(status)["last_error"].is_string()
    });
    let said = mirror(&status)["last_error"].to_string();
    assert!(
        said.contains("disk is full") && said.contains("No space left"),
        "{said}"
    );
    // Collection goes on all the same.
    let tip = status["tip"]["number"].as_u64();
    let status = daemon.wait_until("further", |status| {
        status["tip"]["number"].as_u64() > tip.map(|tip| tip + 5)
    });
    let behind = mirror(&status)["lag_blocks"].as_u64();
    assert!(behind >= Some(5), "{status:#}");
    std::fs::remove_file(filling).unwrap();
    daemon.wait_until("mirrored", |status| {
        let mirror = mirror(status);
        mirror["last_error"].is_null() && mirror["block"] == status["tip"]["number"]
    });
    let said = Program::on(&store, "http://127.0.0.1:1", &["audit"]).succeed();
    assert!(
        said.contains("0 blocks, 0 days and 0 runs differ"),
        "{said}"
    );
    daemon.stop();
    // It has let go of its lease: nobody waits for that to run out.
    let url = format!("--set=sync.postgres.url={}", cluster.url());
    Program::on(&store, "http://127.0.0.1:1", &[&url, "audit"]).succeed();
}
