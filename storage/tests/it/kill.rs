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

/// A step with what the store holds after it.
pub(crate) struct Scripted {
    pub(crate) step: Step,
    pub(crate) chain: Chain,
    /// Notices that it writes.
    pub(crate) notices: usize,
}

/// The script of a seed: extensions, unwinds and repairs.
pub(crate) fn script(seed: u64) -> Vec<Scripted> {
    let mut world = World::new(seed, 8, 12);
    let mut chain = Chain::default();
    let mut steps = Vec::new();
    let mut known_final = 0;
    for n in 0..STEPS {
        let height = chain.blocks.len();
        let finals = height.saturating_sub(12);
        let finalized = Some(START + finals as u64);
        let (step, notices) = if n % 5 == 4 && known_final > 4 {
            let at = world.below(known_final as u64 - 4) as usize;
            let varied: Vec<_> = (at..at + 4).map(|i| world.vary(&chain.blocks[i])).collect();
            let repair = chain.repair(at, varied, Evidence::Receipts);
            let old = chain.blocks[at..at + 4].to_vec();
            chain.repaired(at, &repair.blocks);
            let changed = old
                .iter()
                .zip(&chain.blocks[at..])
                .any(|(old, new)| (&old.swaps, &old.liquidity) != (&new.swaps, &new.liquidity));
            (Step::Repair(repair), usize::from(changed))
        } else if n % 7 == 6 {
            let depth = 1 + world.below(5) as usize;
            let to = chain.back(depth);
            chain.blocks.truncate(height - depth);
            let then = vec![chain.grow(&mut world, depth as u64, finalized, Evidence::Receipts)];
            known_final = finals + 1;
            (Step::Unwind { to, then }, 2)
        } else {
            let blocks = 1 + world.below(3);
            let extend = chain.grow(&mut world, blocks, finalized, Evidence::Receipts);
            known_final = finals + 1;
            (Step::Extend(extend), 1)
        };
        steps.push(Scripted {
            step,
            chain: chain.clone(),
            notices,
        });
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
    for scripted in script(seed.parse().unwrap()) {
        store.apply(&scripted.step).unwrap();
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
        // The notices tell the step; a repair that changed no row wrote none.
        let notices = view
            .notices(tidegauge_storage::Sequence(0), 10_000)
            .unwrap();
        let mut told = 0;
        let mut held = 0;
        for scripted in &steps {
            told += scripted.notices;
            if told > notices.len() || scripted.notices == 0 && held >= acknowledged {
                break;
            }
            held += 1;
        }
        assert!(
            (acknowledged..=acknowledged + 1).contains(&held),
            "round {round}: {acknowledged} acknowledged, {held} held"
        );
        match held.checked_sub(1) {
            Some(last) => assert_holds(&view, &steps[last].chain),
            None => assert_holds(&view, &Chain::default()),
        }
    }
}
