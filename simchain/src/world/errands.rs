//! What else happens: flash loans, the protocol's share, payments.

use super::cast::{ARBITRAGEUR, Cast, GOVERNOR};
use super::events::{self, log};
use super::{Scene, World};
use crate::abi;
use crate::contracts::FACTORY;
use alloy::primitives::U256;

impl World {
    /// A flash loan.
    pub(super) fn borrow(&mut self, cast: &Cast, scene: &mut Scene) {
        let index = self.draw_pool(cast, scene);
        let pool = &mut self.pools[index];
        let mut amounts = [pool.held[0] / U256::from(100), U256::ZERO];
        if scene.dice.one_in(2) {
            amounts = [U256::ZERO, pool.held[1] / U256::from(100)];
        }
        let Some(paid) = pool.flash(amounts) else {
            return;
        };
        let flash = log(
            pool.contract.address,
            &abi::Flash {
                sender: ARBITRAGEUR,
                recipient: ARBITRAGEUR,
                amount0: amounts[0],
                amount1: amounts[1],
                paid0: paid[0],
                paid1: paid[1],
            },
        );
        let user = scene.dice.weighted(&cast.user_weights);
        self.include(cast, scene, user, ARBITRAGEUR, vec![flash]);
    }

    /// The protocol's owner sets its share, or takes what it has earned.
    pub(super) fn govern(&mut self, cast: &Cast, scene: &mut Scene) {
        let index = self.draw_pool(cast, scene);
        let pool = &mut self.pools[index];
        if !pool.open {
            return;
        }
        let address = pool.contract.address;
        let logs = if pool.fee_protocol == 0 || scene.dice.one_in(4) {
            let share = if pool.fee_protocol > 0 && scene.dice.one_in(2) {
                0
            } else {
                4 + scene.dice.below(7) as u8
            };
            let old = pool.set_fee_protocol(share);
            vec![log(
                address,
                &abi::SetFeeProtocol {
                    feeProtocol0Old: old,
                    feeProtocol1Old: old,
                    feeProtocol0New: share,
                    feeProtocol1New: share,
                },
            )]
        } else if let Some([amount0, amount1]) = pool.collect_protocol() {
            vec![log(
                address,
                &abi::CollectProtocol {
                    sender: GOVERNOR,
                    recipient: GOVERNOR,
                    amount0,
                    amount1,
                },
            )]
        } else {
            return;
        };
        self.include(cast, scene, 0, FACTORY, logs);
    }

    /// Token transfers that are no business of ours.
    pub(super) fn pay(&mut self, cast: &Cast, scene: &mut Scene) {
        let user = scene.dice.weighted(&cast.user_weights);
        let other = scene.dice.weighted(&cast.user_weights);
        let token = scene.dice.below(self.market.tokens.len() as u64) as usize;
        let amount = self
            .market
            .raw_of_micro_usd(token, 1 + scene.dice.below(5_000_000_000));
        let address = self.market.tokens[token].contract.address;
        let paid = events::transfer(address, cast.users[user], cast.users[other], amount);
        self.include(cast, scene, user, address, vec![paid]);
    }
}
