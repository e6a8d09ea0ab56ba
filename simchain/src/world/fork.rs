//! How a block of a branch differs from the one that the seed alone gives.

use crate::block::DraftTx;
use crate::dice::Dice;
use tidegauge_model::BlockNumber;

/// Passes over a block's transactions when they are put in another order.
const PASSES: usize = 3;

/// Which of the possible blocks of a height this is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Fork {
    /// The reorganisation that it came with or after; 0 before the first.
    pub(crate) branch: u32,
    /// Has the transactions of that branch's block, in another order.
    pub(crate) repeats: Option<u32>,
    /// Creates a pool that the seed does not plan.
    pub(crate) founds: bool,
}

impl Fork {
    /// A block of a branch with nothing peculiar.
    pub(crate) fn plain(branch: u32) -> Self {
        Self {
            branch,
            ..Self::default()
        }
    }

    /// The branch whose transactions the block has.
    pub(crate) fn source(self) -> u32 {
        self.repeats.unwrap_or(self.branch)
    }

    /// What the block's transactions are drawn with.
    pub(super) fn dice(self, seed: u64, block: BlockNumber) -> Dice {
        let mut name = [b"block", &seed.to_be_bytes()[..], &block.0.to_be_bytes()].concat();
        if self.source() > 0 {
            name.extend(self.source().to_be_bytes());
        }
        Dice::of(&name)
    }

    /// Another order of the same transactions, if this block repeats a block.
    ///
    /// Two that touch the same contract or come from the same account keep
    /// their order: what they did stays what they would have done.
    pub(super) fn reorder(self, txs: &mut [DraftTx], seed: u64) {
        if self.repeats.is_none() {
            return;
        }
        let name = [
            b"order",
            &seed.to_be_bytes()[..],
            &self.branch.to_be_bytes(),
        ]
        .concat();
        let mut dice = Dice::of(&name);
        for _ in 0..PASSES {
            for n in 1..txs.len() {
                if independent(&txs[n - 1], &txs[n]) && !dice.one_in(3) {
                    txs.swap(n - 1, n);
                }
            }
        }
    }
}

fn independent(a: &DraftTx, b: &DraftTx) -> bool {
    let touches = |tx: &DraftTx, address| tx.logs.iter().any(|log| log.address == address);
    a.from != b.from && !a.logs.iter().any(|log| touches(b, log.address))
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy::primitives::{Address, Log};

    #[test]
    fn what_depends_on_each_other_keeps_its_order() {
        let tx = |n: u64| {
            let contract = Address::repeat_byte((n * 7 % 5) as u8);
            let log = Log::new_unchecked(contract, Vec::new(), Default::default());
            let from = Address::repeat_byte((n * 3 % 8) as u8);
            DraftTx::call(1, from, n, contract, [n; 4], vec![log])
        };
        let mut changed = 0;
        for branch in 1..40 {
            let (mut txs, before): (Vec<_>, Vec<_>) = (0..16).map(|n| (tx(n), tx(n))).unzip();
            let place = |txs: &[DraftTx], wanted: &DraftTx| {
                txs.iter().position(|tx| tx.hash == wanted.hash).unwrap()
            };
            Fork::plain(branch).reorder(&mut txs, 1);
            assert!(txs.iter().zip(&before).all(|(a, b)| a.hash == b.hash));
            let repeating = Fork {
                repeats: Some(0),
                ..Fork::plain(branch)
            };
            repeating.reorder(&mut txs, 1);
            for (n, later) in before.iter().enumerate() {
                for earlier in &before[..n] {
                    let is_kept = place(&txs, earlier) < place(&txs, later);
                    assert!(is_kept || independent(earlier, later));
                    changed += u32::from(!is_kept);
                }
            }
        }
        assert!(changed > 100, "{changed}");
    }
}
