//! A writer killed at any moment: the store is a prefix of what was asked, and whole.

use crate::commits::{assert_holds, assert_sound, open};
use crate::world::{Chain, START, World};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use tidegauge_model::{Evidence, Step};

const ROUNDS: u64 = 8;
const STEPS: usize = 400;

/// Set for the child, to the folder it writes.
const CHILD: &str = "TIDEGAUGE_KILL_CHILD";
const CHILD_SEED: &str = "TIDEGAUGE_KILL_SEED";

/// The script of a seed: every step with the chain after it.
fn script(seed: u64) -> Vec<(Step, Chain)> {
    let mut world = World::new(seed, 8, 12);
    let mut chain = Chain::default();
    let mut steps = Vec::new();
    for n in 0..STEPS {
        let height = chain.blocks.len();
        let finalized = Some(START + (height as u64).saturating_sub(12));
        let step = if n % 7 == 6 {
            let depth = 1 + world.below(5) as usize;
            let to = chain.back(depth);
            chain.blocks.truncate(height - depth);
            let then = vec![chain.grow(&mut world, depth as u64, finalized, Evidence::Receipts)];
            Step::Unwind { to, then }
        } else {
            let blocks = 1 + world.below(3);
            Step::Extend(chain.grow(&mut world, blocks, finalized, Evidence::Receipts))
        };
        steps.push((step, chain.clone()));
    }
    steps
}

/// Not a test of its own: what the parent starts, and kills.
#[test]
fn child() {
    let (Ok(path), Ok(seed)) = (std::env::var(CHILD), std::env::var(CHILD_SEED)) else {
        return;
    };
    let mut store = open(Path::new(&path));
    let mut out = std::io::stdout();
    for (step, _) in script(seed.parse().unwrap()) {
        store.apply(&step).unwrap();
        writeln!(out, "acknowledged").unwrap();
        out.flush().unwrap();
    }
}

#[test]
fn a_killed_writer_leaves_a_prefix() {
    let steps = script(77);
    let mut moments = World::new(78, 1, 1);
    for round in 0..ROUNDS {
        let dir = tempfile::tempdir().unwrap();
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["kill::child", "--exact", "--nocapture"])
            .env(CHILD, dir.path())
            .env(CHILD_SEED, "77")
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        // The moment is counted in acknowledged steps plus a little spinning, so
        // that it falls anywhere inside a commit, and no clock is asked.
        let wait_for = moments.below(60) as usize;
        let spin = moments.below(3_000_000);
        let mut acknowledged = 0;
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        while acknowledged < wait_for {
            match lines.next() {
                Some(line) => acknowledged += usize::from(line.unwrap() == "acknowledged"),
                None => break,
            }
        }
        for n in 0..spin {
            std::hint::black_box(n);
        }
        child.kill().unwrap();
        acknowledged += lines
            .map_while(Result::ok)
            .filter(|line| line == "acknowledged")
            .count();
        child.wait().unwrap();

        let store = open(dir.path());
        let reader = store.reader();
        let view = reader.view().unwrap();
        assert_sound(&view);
        // One notice per range and one per unwind: the next one tells the step.
        let notices = view
            .notices(tidegauge_storage::Sequence(0), 10_000)
            .unwrap();
        let mut told = 0;
        let held = steps
            .iter()
            .take_while(|(step, _)| {
                told += match step {
                    Step::Extend(_) => 1,
                    Step::Unwind { then, .. } => 1 + then.len(),
                };
                told <= notices.len()
            })
            .count();
        assert!(
            (acknowledged..=acknowledged + 1).contains(&held),
            "round {round}: {acknowledged} acknowledged, {held} held"
        );
        match held.checked_sub(1) {
            Some(last) => assert_holds(&view, &steps[last].1),
            None => assert_holds(&view, &Chain::default()),
        }
    }
}
