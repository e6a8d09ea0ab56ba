//! What the subgraph is configured with, chain by chain.

use tidegauge_model::{Address, BlockNumber, ChainId, PoolId, Swap, address};

/// The constants of one chain (`config/<chain>/chain.ts`), and the exceptions in its code.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Rules {
    /// The token that other tokens' prices are expressed in: wrapped ether.
    pub reference: Address,
    /// The pool that gives the reference token's price in dollars.
    pub stable_pool: PoolId,
    /// Reference tokens that the other side of a pool must be worth, and more, to set a price.
    pub least_native: u32,
    /// Tokens whose amounts count as tracked volume and through which others are priced.
    pub whitelist: &'static [Address],
    /// Tokens that count as one dollar.
    pub stables: &'static [Address],
    /// Decimals that are not asked of the token.
    pub decimals: &'static [(Address, u8)],
    /// Pools that do not exist for it.
    pub skipped: &'static [PoolId],
    /// Pools whose swaps it ignores: everywhere, or in one block.
    pub ignored_swaps: &'static [(PoolId, Option<BlockNumber>)],
}

impl Rules {
    /// The rules of a chain; the simulated chain has mainnet's tokens and so its rules.
    pub fn of(chain: ChainId) -> Option<&'static Self> {
        match chain {
            ChainId(1 | 1337) => Some(&MAINNET),
            _ => None,
        }
    }

    /// Whether a swap is one of those that its code leaves out.
    pub(super) fn ignores(&self, swap: &Swap) -> bool {
        self.ignored_swaps
            .iter()
            .any(|(pool, at)| *pool == swap.pool && at.is_none_or(|at| at == swap.block))
    }
}

const WETH: Address = address!("0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2");
const DAI: Address = address!("0x6B175474E89094C44Da98b954EedeAC495271d0F");
const USDC: Address = address!("0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48");
const USDT: Address = address!("0xdAC17F958D2ee523a2206206994597C13D831ec7");
const TUSD: Address = address!("0x0000000000085d4780B73119b644AE5ecd22b376");
const FEI: Address = address!("0x956F47F50A910163D8BF957Cf5846D573E7f87CA");
const AAVE: Address = address!("0x7Fc66500c84A76Ad7e9c93437bFc5Ac33E2DDaE9");

static MAINNET: Rules = Rules {
    reference: WETH,
    stable_pool: PoolId(address!("0x8ad599c3A0ff1De082011EFDDc58f1908eb6e6D8")),
    least_native: 20,
    whitelist: &[
        WETH,
        DAI,
        USDC,
        USDT,
        TUSD,
        address!("0x2260FAC5E5542a773Aa44fBCfeDf7C193bc2C599"), // WBTC
        address!("0x5d3a536E4D6DbD6114cc1Ead35777bAB948E3643"), // cDAI
        address!("0x39AA39c021dfbaE8faC545936693aC917d5E7563"), // cUSDC
        address!("0x86FADb80d8D2cff3C3680819E4da99C10232Ba0F"), // EBASE
        address!("0x57Ab1ec28D129707052df4dF418D58a2D46d5f51"), // sUSD
        address!("0x9f8F72aA9304c8B593d555F12eF6589cC3A579A2"), // MKR
        address!("0xc00e94Cb662C3520282E6f5717214004A7f26888"), // COMP
        address!("0x514910771AF9Ca656af840dff83E8264EcF986CA"), // LINK
        address!("0xC011a73ee8576Fb46F5E1c5751cA3B9Fe0af2a6F"), // SNX
        address!("0x0bc529c00C6401aEF6D220BE8C6Ea1667F6Ad93e"), // YFI
        address!("0x111111111117dC0aa78b770fA6A738034120C302"), // 1INCH
        address!("0xdF5e0e81Dff6FAF3A7e52BA697820c5e32D806A8"), // yCurv
        FEI,
        address!("0x7D1AfA7B718fb893dB30A3aBc0Cfc608AaCfeBB0"), // MATIC
        AAVE,
        address!("0xFe2e637202056d30016725477c5da089Ab0A043A"), // sETH2
    ],
    stables: &[
        DAI,
        USDC,
        USDT,
        TUSD,
        FEI,
        address!("0x4Dd28568D05f09b02220b09C2cb307bFd837cb95"),
    ],
    decimals: &[
        (address!("0xE0B7927c4aF23765Cb51314A0E0521A9645F0E2A"), 9), // DGD
        (AAVE, 18),
        (address!("0xEB9951021698B42e4399f9cBb6267Aa35F82D59D"), 18), // LIF
        (address!("0xBdEb4b83251Fb146687fa19D1C660F99411eefe3"), 18), // SVD
        (address!("0xBB9bc244D798123fDe783fCc1C72d3Bb8C189413"), 16), // TheDAO
        (address!("0x38c6A68304cdEfb9BEc48BbFaABA5C5B47818bb2"), 18), // HPB
    ],
    skipped: &[PoolId(address!(
        "0x8fe8D9bb8Eeba3Ed688069c3D6b556C9ca258248"
    ))],
    ignored_swaps: &[
        (
            PoolId(address!("0x9663f2CA0454acCaD3e094448Ea6f77443880454")),
            None,
        ),
        (
            PoolId(address!("0x30110228b59B21fAfE8675eD930983e2F272B74C")),
            Some(BlockNumber(37_700_047)),
        ),
    ],
};
