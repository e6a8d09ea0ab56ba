//! Which logs are ours to account for.

use crate::{abi::TOPICS, config::PoolSelection, decode::EventKind, logs::LogRecord, rpc::Call};
use alloy::primitives::{Address, Bloom, BloomInput};
use std::collections::{BTreeSet, HashSet};
use tidegauge_model::Factory;

/// Most addresses in a log filter; with more, providers refuse, and we ask for all
/// contracts and drop the others' logs ourselves.
const MAX_FILTER_ADDRESSES: usize = 500;

/// The selection of pools as a filter of logs.
pub(crate) struct Filter {
    pub(crate) factories: Vec<Factory>,
    /// Emitters wanted: pools, support set, factories; `None` for all.
    wanted: Option<HashSet<Address>>,
    /// Whether the endpoint filters by address too.
    is_remote: bool,
    /// The rest of the filter object of `eth_getLogs`.
    pub(crate) request: String,
    /// The topics, and the addresses, as a bloom holds them.
    topics: Vec<Bloom>,
    addresses: Vec<(Address, Bloom)>,
    factory_addresses: Vec<(Address, Bloom)>,
}

impl Filter {
    pub(crate) fn new(pools: &PoolSelection, support: &[Address], factories: Vec<Factory>) -> Self {
        let wanted: Option<BTreeSet<Address>> = match pools {
            PoolSelection::All => None,
            PoolSelection::List(pools) => Some(
                pools
                    .iter()
                    .chain(support)
                    .copied()
                    .chain(factories.iter().map(|factory| factory.address))
                    .collect(),
            ),
        };
        let listed: Option<Vec<Address>> = wanted
            .as_ref()
            .filter(|wanted| wanted.len() <= MAX_FILTER_ADDRESSES)
            .map(|wanted| wanted.iter().copied().collect());
        let bloom = |bytes: &[u8]| Bloom::from(BloomInput::Raw(bytes));
        let named = |address: &Address| (*address, bloom(address.as_slice()));
        Self {
            is_remote: listed.is_some() || wanted.is_none(),
            request: Call::log_filter(listed.as_deref()),
            topics: TOPICS.iter().map(|topic| bloom(topic.as_slice())).collect(),
            addresses: wanted.iter().flatten().map(named).collect(),
            factory_addresses: factories.iter().map(|f| named(&f.address)).collect(),
            wanted: wanted.map(|wanted| wanted.into_iter().collect()),
            factories,
        }
    }

    /// Whether logs of this contract are accounted for.
    pub(crate) fn wants(&self, emitter: &Address) -> bool {
        self.wanted
            .as_ref()
            .is_none_or(|wanted| wanted.contains(emitter))
    }

    /// Whether an unwanted log contradicts the question.
    pub(crate) fn is_remote(&self) -> bool {
        self.is_remote
    }

    pub(crate) fn factory(&self, address: &Address) -> Option<&Factory> {
        self.factories
            .iter()
            .find(|factory| factory.address == *address)
    }

    /// Whether a block with this bloom may hold logs of ours; if not, it holds none.
    pub(crate) fn may_be_in(&self, bloom: &Bloom) -> bool {
        let is_in = |item: &Bloom| bloom.contains(item);
        self.topics.iter().any(is_in)
            && (self.wanted.is_none() || self.addresses.iter().any(|(_, item)| is_in(item)))
    }

    /// Whether this bloom admits an event of ours of which there is no log: by topic and
    /// emitter where emitters are listed, by topic alone where all are wanted.
    pub(crate) fn lacks(&self, bloom: &Bloom, logs: &[LogRecord]) -> bool {
        let admitted = |emitters: &[(Address, Bloom)]| -> Vec<Address> {
            let found = emitters.iter().filter(|(_, item)| bloom.contains(item));
            found.map(|(address, _)| *address).collect()
        };
        let factories = admitted(&self.factory_addresses);
        let pools = self.wanted.as_ref().map(|_| {
            let mut pools = admitted(&self.addresses);
            pools.retain(|address| self.factory(address).is_none());
            pools
        });
        EventKind::ALL
            .iter()
            .zip(&self.topics)
            .any(|(kind, topic)| {
                if !bloom.contains(topic) {
                    return false;
                }
                let mut came = logs.iter().filter(|log| log.kind == *kind);
                let emitters = match kind {
                    EventKind::PoolCreated => Some(&factories),
                    _ => pools.as_ref(),
                };
                match emitters {
                    None => came.next().is_none(),
                    Some(emitters) => emitters
                        .iter()
                        .any(|emitter| !came.clone().any(|log| log.emitter == *emitter)),
                }
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_holds_pools_support_and_factories() {
        let [pool, support, factory, other] = [1, 2, 3, 4].map(Address::repeat_byte);
        let factories = vec![Factory {
            address: factory,
            init_code_hash: Default::default(),
        }];
        let filter = Filter::new(
            &PoolSelection::List(vec![pool]),
            &[support],
            factories.clone(),
        );
        for (address, wanted) in [
            (pool, true),
            (support, true),
            (factory, true),
            (other, false),
        ] {
            assert_eq!(filter.wants(&address), wanted);
            assert_eq!(filter.request.contains(&format!("{address:#x}")), wanted);
        }
        let all = Filter::new(&PoolSelection::All, &[support], factories);
        assert!(all.wants(&other) && !all.request.contains("address"));
    }

    #[test]
    fn a_bloom_without_ours_rules_a_block_out() {
        let pool = Address::repeat_byte(1);
        let list = Filter::new(&PoolSelection::List(vec![pool]), &[], vec![]);
        let all = Filter::new(&PoolSelection::All, &[], vec![]);
        let mut bloom = Bloom::ZERO;
        assert!(!list.may_be_in(&bloom) && !all.may_be_in(&bloom));
        bloom.accrue(BloomInput::Raw(TOPICS[0].as_slice()));
        assert!(!list.may_be_in(&bloom) && all.may_be_in(&bloom));
        bloom.accrue(BloomInput::Raw(pool.as_slice()));
        assert!(list.may_be_in(&bloom));
    }
}
