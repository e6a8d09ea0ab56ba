//! A writer that ends at each named point in turn: what is left is a state between two steps.

use crate::commits::{assert_holds, assert_sound, open};
use crate::kill::script;
use crate::migrations::{write_format_1, write_format_2};
use crate::world::Chain;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, Stdio};
use tidegauge_model::{Day, Evidence, Step};
use tidegauge_storage::{FAILPOINTS, FORMAT, Job, MirrorPosition, Sequence, logical_digest};

/// Steps of the child; it closes and opens the store in their midst.
const STEPS: usize = 60;
const REOPEN_AT: usize = 30;

/// Every so many steps a mirror acknowledges the last notice but two.
const ACKNOWLEDGE_EVERY: usize = 4;
const MIRROR: &str = "postgres";

/// Blocks of a slice of a rebuild.
const SLICE: u64 = 10;

const SEED: u64 = 79;
const SIGABRT: i32 = 6;

/// Set for the child, to the folder it writes.
const CHILD: &str = "TIDEGAUGE_FAILPOINT_CHILD";

/// Not a test of its own: what the parent starts.
#[test]
fn child() {
    let Ok(path) = std::env::var(CHILD) else {
        return;
    };
    let path = Path::new(&path);
    let mut store = open(path);
    if store.reader().view().unwrap().start().is_some() {
        // A store of an older format was to be migrated, and what is derived made.
        while !store.rebuild_slice(SLICE).unwrap().finished {}
        return;
    }
    for (n, scripted) in script(SEED).into_iter().take(STEPS).enumerate() {
        let applied = store.apply(&scripted.step).unwrap();
        println!("applied");
        if n % ACKNOWLEDGE_EVERY == 3 {
            let position = MirrorPosition {
                sequence: Sequence(applied.last_notice.0 - 2),
                at: applied.tip.unwrap(),
            };
            store.acknowledge(MIRROR, position).unwrap();
            println!("acknowledged {}", position.sequence);
            store.keep(&[job(n as u32).keep().unwrap()]).unwrap();
            println!("kept {n}");
        }
        if n == REOPEN_AT {
            store.close().unwrap();
            store = open(path);
        }
    }
}

fn day() -> Day {
    "2024-03-05".parse().unwrap()
}

/// One and the same day's job, so many attempts on.
fn job(attempts: u32) -> Job {
    Job {
        day: day(),
        due_at: day().end(),
        begun_at: day().end(),
        attempts,
        steps: vec![],
        ended_at: None,
        complete: None,
    }
}

/// How often a point is passed before the process ends there.
fn passes(point: &str) -> &'static [usize] {
    match point {
        "store-before-write" | "store-after-write" => &[0, 1, 20, 47],
        "store-repair-before-write" | "store-repair-after-write" => &[0, 3],
        "store-opened" => &[0, 1],
        point if point.starts_with("store-create") || point.starts_with("store-migrate") => &[0],
        point if point.starts_with("store-close") => &[0],
        _ => &[0, 4],
    }
}

/// Runs the child until the point ends it; returns what it said.
fn run(path: &Path, point: &str, passed: usize) -> Vec<String> {
    let off = match passed {
        0 => String::new(),
        n => format!("{n}*off->"),
    };
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["failpoints::child", "--exact", "--nocapture"])
        .env(CHILD, path)
        .env("FAILPOINTS", format!("{point}={off}return"))
        .stderr(Stdio::null())
        .output()
        .unwrap();
    assert_eq!(
        output.status.signal(),
        Some(SIGABRT),
        "{point} was not reached {} times",
        passed + 1
    );
    let said = String::from_utf8(output.stdout).unwrap();
    said.lines().map(str::to_owned).collect()
}

#[test]
fn what_is_left_at_each_point_is_a_state_between_two_steps() {
    let steps = script(SEED);
    assert!(FAILPOINTS.len() > 10);
    let of_steps = |p: &&&str| !p.contains("migrate") && !p.contains("rebuild");
    for point in FAILPOINTS.iter().filter(of_steps) {
        for passed in passes(point) {
            let dir = tempfile::tempdir().unwrap();
            let said = run(dir.path(), point, *passed);
            let applied = said.iter().filter(|line| *line == "applied").count();
            let mut store = open(dir.path());
            let reader = store.reader();
            {
                let view = reader.view().unwrap();
                assert_sound(&view);
                let written = point.ends_with("after-write")
                    || point.ends_with("prune")
                    || point.ends_with("trim");
                let apart = ["create", "acknowledge", "keep"];
                let of_step = written && !apart.iter().any(|of| point.contains(of));
                let held = applied + usize::from(of_step);
                match held.checked_sub(1) {
                    Some(last) => assert_holds(&view, &steps[last].chain),
                    None => assert_holds(&view, &Chain::default()),
                }
                let heard = said
                    .iter()
                    .filter_map(|line| line.strip_prefix("acknowledged "))
                    .filter_map(|sequence| sequence.parse().ok().map(Sequence))
                    .next_back();
                let kept = view.positions().unwrap().pop().map(|(_, p)| p.sequence);
                if *point == "store-acknowledge-after-write" {
                    assert!(kept > heard, "{point}: {kept:?}, told was {heard:?}");
                } else {
                    assert_eq!(kept, heard, "{point} after {passed}");
                }
                let heard = said
                    .iter()
                    .filter_map(|line| line.strip_prefix("kept "))
                    .filter_map(|attempts| attempts.parse().ok())
                    .next_back();
                let kept = view.job(day()).unwrap().map(|job| job.attempts);
                if *point == "store-keep-after-write" {
                    assert!(kept > heard, "{point}: {kept:?}, told was {heard:?}");
                } else {
                    assert_eq!(kept, heard, "{point} after {passed}");
                }
                // The rest of the script leads where it leads undisturbed.
                drop(view);
                for scripted in &steps[held..STEPS] {
                    store.apply(&scripted.step).unwrap();
                }
            }
            let view = reader.view().unwrap();
            assert_holds(&view, &steps[STEPS - 1].chain);
            assert_sound(&view);
        }
    }
}

#[test]
fn a_migration_cut_short_is_finished() {
    let whole = tempfile::tempdir().unwrap();
    write_format_1(whole.path());
    let mut store = open(whole.path());
    while !store.rebuild_slice(SLICE).unwrap().finished {}
    let digest = logical_digest(&store.reader().view().unwrap()).unwrap();
    for point in FAILPOINTS.iter().filter(|p| p.contains("migrate")) {
        for passed in passes(point) {
            let dir = tempfile::tempdir().unwrap();
            write_format_1(dir.path());
            run(dir.path(), point, *passed);
            let mut store = open(dir.path());
            while !store.rebuild_slice(SLICE).unwrap().finished {}
            let reader = store.reader();
            let to = {
                let view = reader.view().unwrap();
                assert_sound(&view);
                assert_eq!(view.identity().unwrap().format, FORMAT);
                assert_eq!(logical_digest(&view).unwrap(), digest);
                let journal = view.journal_range().unwrap().unwrap();
                let last_final = journal.from.prev().unwrap();
                tidegauge_model::BlockRef {
                    number: last_final,
                    hash: view.header_hash(last_final).unwrap().unwrap(),
                }
            };
            store.apply(&Step::Unwind { to, then: vec![] }).unwrap();
            let view = reader.view().unwrap();
            assert_sound(&view);
            let weakest = view.weakest_evidence(tidegauge_model::BlockRange::one(to.number));
            assert_eq!(weakest.unwrap(), Some(Evidence::Bloom));
        }
    }
}

#[test]
fn a_rebuild_cut_short_is_finished() {
    let rebuilt = |store: &mut tidegauge_storage::Store| {
        while !store.rebuild_slice(SLICE).unwrap().finished {}
        let reader = store.reader();
        let view = reader.view().unwrap();
        assert_sound(&view);
        logical_digest(&view).unwrap()
    };
    let whole = tempfile::tempdir().unwrap();
    write_format_2(whole.path());
    let digest = rebuilt(&mut open(whole.path()));
    for point in FAILPOINTS.iter().filter(|p| p.contains("rebuild")) {
        // What is left behind is deleted once: the migrated store had nothing.
        let passes: &[usize] = if point.contains("write") {
            &[0, 1, 7]
        } else {
            &[0]
        };
        for passed in passes {
            let dir = tempfile::tempdir().unwrap();
            write_format_2(dir.path());
            run(dir.path(), point, *passed);
            assert_eq!(rebuilt(&mut open(dir.path())), digest, "{point}, {passed}");
        }
    }
}
