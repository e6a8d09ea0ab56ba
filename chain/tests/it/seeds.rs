//! A pool's whole state, read at a block from endpoints that have it, lack it, or lie.

use crate::{
    naive_pool::NaivePool,
    server::{Answer, Server},
};
use alloy::{
    primitives::{Bytes, U256 as Word},
    sol,
    sol_types::{SolCall, SolValue},
};
use serde_json::{Value, json};
use tidegauge_chain::{
    Chain, ChainError, Preset,
    abi::Multicall3,
    continuity::{Continuity, Outcome, PoolTerms},
};
use tidegauge_model::{
    Address, BlockNumber, ChainId, I256, Pool, PoolId, PoolOrigin, U256, v3::MAX_SQRT_RATIO,
};

const AT: BlockNumber = BlockNumber(100);
const CONTRACT: Address = Address::repeat_byte(0x77);

sol! {
    function slot0() external view returns (uint160, int24, uint16, uint16, uint16, uint8, bool);
    function liquidity() external view returns (uint128);
    function tickBitmap(int16 word) external view returns (uint256);
    function ticks(int24 tick) external view returns (uint128, int128, uint256, uint256, int56, uint160, uint32, bool);
}

fn pool() -> NaivePool {
    let (mut pool, _) = NaivePool::open(500, 10, U256::ONE << 96).unwrap();
    for (lower, upper, liquidity) in [
        (-887_270, 887_270, 1_000_000_007),
        (-2_570, 20, 5_000_000_000),
        (-10, 10, 70_000_000_000),
        (2_550, 2_560, 3),
    ] {
        pool.change(lower, upper, liquidity).unwrap();
    }
    pool
}

fn described() -> Pool {
    Pool {
        id: PoolId(CONTRACT),
        factory: Address::ZERO,
        token0: Address::ZERO,
        token1: Address::repeat_byte(1),
        fee_pips: 500,
        tick_spacing: 10,
        origin: PoolOrigin::Create2,
    }
}

/// What the pool's contract answers.
fn contract(pool: &NaivePool, data: &[u8]) -> Bytes {
    let selector: [u8; 4] = data[..4].try_into().unwrap();
    let word = |value: i32| I256::try_from(value).unwrap();
    match selector {
        slot0Call::SELECTOR => (pool.sqrt_price, word(pool.tick), [Word::ZERO; 5]).abi_encode(),
        liquidityCall::SELECTOR => Word::from(pool.liquidity).abi_encode(),
        tickBitmapCall::SELECTOR => {
            let asked = i32::from(tickBitmapCall::abi_decode(data).unwrap().word);
            let mut bits = Word::ZERO;
            for tick in pool.ticks.keys() {
                let interval = tick.div_euclid(pool.spacing);
                if interval.div_euclid(256) == asked {
                    bits.set_bit(interval.rem_euclid(256) as usize, true);
                }
            }
            bits.abi_encode()
        }
        ticksCall::SELECTOR => {
            let tick = ticksCall::abi_decode(data).unwrap().tick.as_i32();
            let (gross, net) = pool.ticks.get(&tick).copied().unwrap_or_default();
            let net = I256::try_from(net).unwrap();
            (Word::from(gross), net, [Word::ZERO; 6]).abi_encode()
        }
        _ => panic!("{data:?}"),
    }
    .into()
}

async fn serve(pool: NaivePool, has_multicall: bool, refusal: Option<&'static str>) -> Server {
    let multicall = Preset::of(ChainId(1)).unwrap().multicall;
    let reply = move |call: &Value| {
        let result = match call["method"].as_str().unwrap() {
            "eth_chainId" => json!("0x1"),
            "eth_call" => {
                if let Some(message) = refusal {
                    return json!({"jsonrpc": "2.0", "id": call["id"],
                        "error": {"code": -32000, "message": message}});
                }
                assert_eq!(call["params"][1], "0x64", "at the block asked for");
                let to: Address = serde_json::from_value(call["params"][0]["to"].clone()).unwrap();
                let data: Bytes =
                    serde_json::from_value(call["params"][0]["data"].clone()).unwrap();
                json!(match to {
                    CONTRACT => contract(&pool, &data),
                    _ if to == multicall && has_multicall => {
                        let calls = Multicall3::aggregate3Call::abi_decode(&data).unwrap().calls;
                        let outcomes: Vec<Multicall3::Outcome> = calls
                            .into_iter()
                            .map(|call| Multicall3::Outcome {
                                success: true,
                                returnData: contract(&pool, &call.callData),
                            })
                            .collect();
                        Multicall3::aggregate3Call::abi_encode_returns(&outcomes).into()
                    }
                    _ => Bytes::new(),
                })
            }
            other => panic!("{other}"),
        };
        json!({"jsonrpc": "2.0", "id": call["id"], "result": result})
    };
    Server::start(move |request| {
        Answer::ok(match request {
            Value::Array(calls) => calls.iter().map(&reply).collect(),
            call => reply(call),
        })
    })
    .await
}

#[tokio::test]
async fn a_seeded_pool_is_followed_at_once() {
    let terms = PoolTerms::from(&described());
    for has_multicall in [true, false] {
        let server = serve(pool(), has_multicall, None).await;
        let chain = Chain::connect(server.config()).await.unwrap();
        let seed = chain.pool_seed(&described(), AT).await.unwrap().unwrap();
        assert_eq!(seed.after.block, AT);
        assert_eq!(seed.ticks.as_ref().map(Vec::len), Some(8));
        assert!(server.requests() < if has_multicall { 8 } else { 30 });
        let mut continuity = Continuity::new();
        assert!(continuity.rebase(PoolId::default(), &seed, terms));
        // Through every tick to the top, and never unknowable.
        let mut after = pool();
        let specified = I256::try_from(u128::MAX).unwrap();
        let mut swap = after
            .swap(false, specified, MAX_SQRT_RATIO - U256::ONE)
            .unwrap();
        swap.block = AT.next();
        let outcome = continuity.observe_swap(&swap, terms);
        assert_eq!(outcome, Outcome::Continues);
    }
}

#[tokio::test]
async fn what_is_no_longer_known_is_none() {
    let mut unopened = pool();
    unopened.sqrt_price = U256::ZERO;
    for (pool, refusal) in [
        (
            pool(),
            Some("missing trie node 0x12 (path ) state is not available"),
        ),
        (unopened, None),
    ] {
        let server = serve(pool, true, refusal).await;
        let chain = Chain::connect(server.config()).await.unwrap();
        assert_eq!(chain.pool_seed(&described(), AT).await.unwrap(), None);
    }
}

#[tokio::test]
async fn a_state_that_contradicts_itself_is_refused() {
    let mut liar = pool();
    liar.liquidity += 1;
    let server = serve(liar, true, None).await;
    let chain = Chain::connect(server.config()).await.unwrap();
    let error = chain.pool_seed(&described(), AT).await.unwrap_err();
    assert!(matches!(error, ChainError::Lying { .. }), "{error}");
    assert!(error.to_string().contains("contradict"), "{error}");
}
