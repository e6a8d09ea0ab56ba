//! What is known of each contract, and what of it the store was told.
//!
//! Facts (is it a pool, what are its tokens) do not depend on the branch or on
//! the order in which pages arrive. What is announced does: each verdict goes
//! into the extend in which, in block order, the contract is first met.

use parking_lot::{RwLock, RwLockReadGuard};
use std::collections::HashMap;
use tidegauge_model::{
    Address, BlockNumber, LogIndex, Pool, PoolId, PoolOrigin, PoolVerdict, Refusal, Token,
};

/// Verdicts and tokens, shared by all fetches of one store.
#[derive(Default)]
pub struct PoolBook {
    state: RwLock<State>,
    /// Held while contracts are asked, so that two pages do not ask the same.
    pub(super) asking: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct State {
    pools: HashMap<Address, Result<Pool, Refusal>>,
    tokens: HashMap<Address, Result<Token, Refusal>>,
    /// Announced contracts and tokens, with the block of the announcement where it is known.
    told: HashMap<Address, Option<BlockNumber>>,
    told_tokens: HashMap<Address, Option<BlockNumber>>,
}

/// A contract met in a page, in block order.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Met {
    pub(crate) contract: Address,
    pub(crate) block: BlockNumber,
    /// Where its `PoolCreated` was met; `None` if one of its own events was.
    pub(crate) created: Option<LogIndex>,
}

impl PoolBook {
    /// A book of what the store already knows.
    pub fn new(
        verdicts: impl IntoIterator<Item = PoolVerdict>,
        tokens: impl IntoIterator<Item = Token>,
    ) -> Self {
        let mut state = State::default();
        for verdict in verdicts {
            let (fact, told) = match &verdict {
                PoolVerdict::Accepted(pool) => (
                    Ok(pool.clone()),
                    match pool.origin {
                        PoolOrigin::Created { block, .. } => Some(block),
                        PoolOrigin::Create2 => None,
                    },
                ),
                PoolVerdict::Refused { refusal, .. } => (Err(*refusal), None),
            };
            state.told.insert(verdict.id().0, told);
            state.pools.insert(verdict.id().0, fact);
        }
        for token in tokens {
            state.told_tokens.insert(token.address, None);
            state.tokens.insert(token.address, Ok(token));
        }
        Self {
            state: RwLock::new(state),
            asking: tokio::sync::Mutex::new(()),
        }
    }

    /// Number of contracts accepted and refused so far.
    pub fn counts(&self) -> (usize, usize) {
        let state = self.state.read();
        let accepted = state.pools.values().filter(|fact| fact.is_ok()).count();
        (accepted, state.pools.len() - accepted)
    }

    /// A view for many look-ups.
    pub(crate) fn view(&self) -> BookView<'_> {
        BookView(self.state.read())
    }

    pub(super) fn learn_token(&self, token: Address, fact: Result<Token, Refusal>) {
        self.state.write().tokens.insert(token, fact);
    }

    pub(super) fn learn_pool(&self, contract: Address, fact: Result<Pool, Refusal>) {
        self.state.write().pools.insert(contract, fact);
    }

    /// The verdict on a contract, whether announced or not.
    pub(crate) fn verdict(&self, contract: Address) -> Option<PoolVerdict> {
        let state = self.state.read();
        state.pools.get(&contract).map(|fact| match fact {
            Ok(pool) => PoolVerdict::Accepted(pool.clone()),
            Err(refusal) => PoolVerdict::Refused {
                id: PoolId(contract),
                refusal: *refusal,
            },
        })
    }

    /// Verdicts and tokens not announced yet, of contracts met in this order.
    pub(crate) fn announce(&self, met: &[Met]) -> (Vec<PoolVerdict>, Vec<Token>) {
        let mut verdicts = Vec::new();
        let mut tokens = Vec::new();
        let mut guard = self.state.write();
        let state = &mut *guard;
        for met in met {
            if state.told.contains_key(&met.contract) {
                continue;
            }
            let Some(fact) = state.pools.get(&met.contract) else {
                continue;
            };
            state.told.insert(met.contract, Some(met.block));
            match fact {
                Ok(pool) => {
                    let origin = match met.created {
                        Some(log_index) => PoolOrigin::Created {
                            block: met.block,
                            log_index,
                        },
                        None => PoolOrigin::Create2,
                    };
                    for address in [pool.token0, pool.token1] {
                        if state.told_tokens.contains_key(&address) {
                            continue;
                        }
                        if let Some(Ok(token)) = state.tokens.get(&address) {
                            state.told_tokens.insert(address, Some(met.block));
                            tokens.push(token.clone());
                        }
                    }
                    verdicts.push(PoolVerdict::Accepted(Pool {
                        origin,
                        ..pool.clone()
                    }));
                }
                Err(refusal) => verdicts.push(PoolVerdict::Refused {
                    id: PoolId(met.contract),
                    refusal: *refusal,
                }),
            }
        }
        (verdicts, tokens)
    }

    /// Forgets announcements above the block that the store goes back to; where their
    /// block is unknown they are forgotten too, and made again with the same content.
    pub(crate) fn unwind(&self, to: BlockNumber) {
        let mut state = self.state.write();
        let stays = |at: &Option<BlockNumber>| at.is_some_and(|at| at <= to);
        state.told.retain(|_, at| stays(at));
        state.told_tokens.retain(|_, at| stays(at));
    }
}

/// Look-ups under one lock.
pub(crate) struct BookView<'a>(RwLockReadGuard<'a, State>);

impl BookView<'_> {
    /// Whether a contract is a pool of ours; `None` if it was never judged.
    pub(crate) fn accepts(&self, contract: &Address) -> Option<bool> {
        self.0.pools.get(contract).map(Result::is_ok)
    }

    pub(super) fn token(&self, address: &Address) -> Option<Result<(), Refusal>> {
        self.0
            .tokens
            .get(address)
            .map(|fact| fact.as_ref().map(|_| ()).map_err(|refusal| *refusal))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pool(id: u8) -> Pool {
        Pool {
            id: PoolId(Address::repeat_byte(id)),
            factory: Address::ZERO,
            token0: Address::repeat_byte(0xa0),
            token1: Address::repeat_byte(0xa1),
            fee_pips: 500,
            tick_spacing: 10,
            origin: PoolOrigin::Create2,
        }
    }

    fn token(address: Address) -> Token {
        Token {
            address,
            symbol: None,
            name: None,
            decimals: 18,
        }
    }

    fn met(id: u8, block: u64, created: Option<u32>) -> Met {
        Met {
            contract: Address::repeat_byte(id),
            block: BlockNumber(block),
            created: created.map(LogIndex),
        }
    }

    fn learned() -> PoolBook {
        let book = PoolBook::default();
        for id in [1, 2] {
            book.learn_pool(Address::repeat_byte(id), Ok(pool(id)));
        }
        book.learn_pool(Address::repeat_byte(3), Err(Refusal::NotAPool));
        for address in [0xa0, 0xa1] {
            let address = Address::repeat_byte(address);
            book.learn_token(address, Ok(token(address)));
        }
        book
    }

    #[test]
    fn verdicts_are_announced_once_in_order() {
        let book = learned();
        let (verdicts, tokens) =
            book.announce(&[met(1, 10, Some(4)), met(1, 10, None), met(3, 11, None)]);
        assert_eq!(verdicts.len(), 2);
        assert_eq!(tokens.len(), 2);
        assert_eq!(
            verdicts[0],
            PoolVerdict::Accepted(Pool {
                origin: PoolOrigin::Created {
                    block: BlockNumber(10),
                    log_index: LogIndex(4)
                },
                ..pool(1)
            })
        );
        let (verdicts, tokens) = book.announce(&[met(2, 12, None), met(1, 12, None)]);
        assert_eq!(verdicts, [PoolVerdict::Accepted(pool(2))]);
        assert_eq!(tokens, []);
    }

    #[test]
    fn unwinding_announces_again_what_was_taken_back() {
        let book = learned();
        book.announce(&[met(1, 10, None), met(2, 20, None)]);
        book.unwind(BlockNumber(15));
        let (verdicts, tokens) = book.announce(&[met(1, 16, None), met(2, 17, None)]);
        assert_eq!(verdicts, [PoolVerdict::Accepted(pool(2))]);
        assert_eq!(tokens, [], "they were announced with the first pool");
        book.unwind(BlockNumber(9));
        assert_eq!(book.announce(&[met(1, 16, None)]).1.len(), 2);
    }

    #[test]
    fn what_the_store_knows_is_not_announced() {
        let book = PoolBook::new(
            [PoolVerdict::Accepted(pool(1))],
            [token(pool(1).token0), token(pool(1).token1)],
        );
        assert_eq!(book.announce(&[met(1, 10, None)]), (vec![], vec![]));
        assert_eq!(book.counts(), (1, 0));
    }
}
