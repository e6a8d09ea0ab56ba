//! The feature set: by which definitions, parameters and lists numbers are computed.

use sha2::{Digest, Sha256};
use std::fmt;
use std::sync::OnceLock;
use tidegauge_model::{BlockNumber, ChainId, Listed, Lists, Preset, UserKey};

/// Raised whenever a definition changes what a column or a tile holds.
pub const DEFINITIONS: u32 = 1;

/// Everything besides the chain that a number depends on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FeatureSet {
    /// The chain.
    pub chain: ChainId,
    /// Who counts as a user.
    pub user: UserKey,
    /// Which tokens and pools prices rest on.
    pub lists: Lists,
}

/// The first eight bytes of SHA-256 over a feature set; shown as sixteen hex digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Fingerprint(pub u64);

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl FeatureSet {
    /// The set of a known chain; without lists, so that nothing is priced, on any other.
    pub fn of(chain: ChainId, user: UserKey) -> Self {
        Self {
            chain,
            user,
            lists: Preset::of(chain).map_or_else(Lists::default, |preset| preset.lists.clone()),
        }
    }

    /// The set's fingerprint as of a block: entries in force later do not count.
    pub fn fingerprint(&self, at: BlockNumber) -> Fingerprint {
        let digest: [u8; 32] = Sha256::digest(self.text(at).as_bytes()).into();
        let [a, b, c, d, e, f, g, h, ..] = digest;
        Fingerprint(u64::from_be_bytes([a, b, c, d, e, f, g, h]))
    }

    /// The set as text, one fact a line: what the fingerprint hashes.
    pub fn text(&self, at: BlockNumber) -> String {
        let mut lines = vec![
            format!("definitions {DEFINITIONS}"),
            format!("chain {}", self.chain),
            format!("user {}", self.user.name()),
        ];
        if let Some(weth) = self.lists.weth {
            lines.push(format!("weth {weth:#x}"));
        }
        let lists = &self.lists;
        for (name, tokens) in [
            ("anchor", &lists.anchors),
            ("stable", &lists.stables),
            ("staked_eth", &lists.staked_eth),
            ("bitcoin", &lists.bitcoin),
        ] {
            lines.extend(in_force(name, tokens, at, |token| format!("{token:#x}")));
        }
        for (name, pools) in [
            ("eth_usd_pool", &lists.eth_usd_pools),
            ("btc_eth_pool", &lists.btc_eth_pools),
        ] {
            lines.extend(in_force(name, pools, at, ToString::to_string));
        }
        lines.join("\n")
    }

    /// The heights at which an entry comes into force, ascending, without the first.
    pub fn changes(&self) -> Vec<BlockNumber> {
        let lists = &self.lists;
        let tokens = [
            &lists.anchors,
            &lists.stables,
            &lists.staked_eth,
            &lists.bitcoin,
        ];
        let pools = [&lists.eth_usd_pools, &lists.btc_eth_pools];
        let mut heights: Vec<_> = tokens
            .into_iter()
            .flatten()
            .map(|listed| listed.effective_block)
            .chain(pools.into_iter().flatten().map(|l| l.effective_block))
            .filter(|height| *height > BlockNumber(0))
            .collect();
        heights.sort_unstable();
        heights.dedup();
        heights
    }
}

/// A set's fingerprints of all times, each computed when it is first asked for: between two
/// changes of the lists it stays the same, and hashing them costs more than the rest of a row.
#[derive(Clone, Debug)]
pub(crate) struct Fingerprints {
    changes: Vec<BlockNumber>,
    /// Before the first change, and from each on.
    known: Vec<OnceLock<Fingerprint>>,
}

impl Fingerprints {
    pub(crate) fn new(set: &FeatureSet) -> Self {
        let changes = set.changes();
        Self {
            known: vec![OnceLock::new(); changes.len() + 1],
            changes,
        }
    }

    /// The fingerprint of the set that this was made for.
    pub(crate) fn of(&self, set: &FeatureSet, at: BlockNumber) -> Fingerprint {
        let place = self.changes.partition_point(|change| *change <= at);
        match self.known.get(place) {
            Some(known) => *known.get_or_init(|| set.fingerprint(at)),
            None => set.fingerprint(at),
        }
    }
}

/// The entries of a list in force at a block, in an order of their own.
fn in_force<T>(
    name: &'static str,
    list: &[Listed<T>],
    at: BlockNumber,
    text: impl Fn(&T) -> String,
) -> Vec<String> {
    let mut lines: Vec<_> = list
        .iter()
        .filter(|listed| listed.effective_block <= at)
        .map(|listed| format!("{name} {} {}", text(&listed.of), listed.effective_block))
        .collect();
    lines.sort_unstable();
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use tidegauge_model::Address;

    #[test]
    fn fingerprints_that_are_kept_are_those_of_each_block() {
        let listed = |n: u8, from: u64| Listed {
            of: Address::repeat_byte(n),
            effective_block: BlockNumber(from),
        };
        let mut set = FeatureSet::of(ChainId(0), UserKey::Origin);
        set.lists.stables = vec![listed(1, 0), listed(2, 7), listed(3, 5)];
        set.lists.anchors = vec![listed(1, 7)];
        let kept = Fingerprints::new(&set);
        let mut seen = std::collections::BTreeSet::new();
        for at in (0..10).chain((0..10).rev()).map(BlockNumber) {
            assert_eq!(kept.of(&set, at), set.fingerprint(at), "{at}");
            seen.insert(kept.of(&set, at));
        }
        assert_eq!(seen.len(), 3);
    }
}
