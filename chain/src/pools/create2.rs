//! The address that a factory gives to a pool.

use alloy::primitives::{Address, B256, keccak256};
use tidegauge_model::Factory;

/// CREATE2(factory, keccak256(abi.encode(token0, token1, fee)), init code hash), as in
/// v3-periphery `PoolAddress.sol`.
pub fn create2_address(
    factory: &Factory,
    token0: Address,
    token1: Address,
    fee_pips: u32,
) -> Address {
    let mut salt = [0; 96];
    for (word, value) in salt.chunks_exact_mut(32).zip([
        token0.as_slice(),
        token1.as_slice(),
        &fee_pips.to_be_bytes(),
    ]) {
        if let Some(low) = word.last_chunk_mut::<20>() {
            low[20 - value.len()..].copy_from_slice(value);
        }
    }
    let salt: B256 = keccak256(salt);
    factory.address.create2(salt, factory.init_code_hash)
}
