//! Events and calls of the contracts that live on the chain.

use alloy::primitives::B256;
use alloy::sol;
use alloy::sol_types::SolEvent;

sol! {
    event Transfer(address indexed from, address indexed to, uint256 value);
    event PoolCreated(address indexed token0, address indexed token1, uint24 indexed fee, int24 tickSpacing, address pool);
    event Initialize(uint160 sqrtPriceX96, int24 tick);
    event Mint(address sender, address indexed owner, int24 indexed tickLower, int24 indexed tickUpper, uint128 amount, uint256 amount0, uint256 amount1);
    event Collect(address indexed owner, address recipient, int24 indexed tickLower, int24 indexed tickUpper, uint128 amount0, uint128 amount1);
    event Burn(address indexed owner, int24 indexed tickLower, int24 indexed tickUpper, uint128 amount, uint256 amount0, uint256 amount1);
    event Swap(address indexed sender, address indexed recipient, int256 amount0, int256 amount1, uint160 sqrtPriceX96, uint128 liquidity, int24 tick);
    event Flash(address indexed sender, address indexed recipient, uint256 amount0, uint256 amount1, uint256 paid0, uint256 paid1);
    event SetFeeProtocol(uint8 feeProtocol0Old, uint8 feeProtocol1Old, uint8 feeProtocol0New, uint8 feeProtocol1New);
    event CollectProtocol(address indexed sender, address indexed recipient, uint128 amount0, uint128 amount1);

    function symbol() external view returns (string);
    function name() external view returns (string);
    function decimals() external view returns (uint8);
    function token0() external view returns (address);
    function token1() external view returns (address);
    function fee() external view returns (uint24);
    function tickSpacing() external view returns (int24);
    function factory() external view returns (address);
    function liquidity() external view returns (uint128);
    function slot0() external view returns (uint160 sqrtPriceX96, int24 tick, uint16 observationIndex, uint16 observationCardinality, uint16 observationCardinalityNext, uint8 feeProtocol, bool unlocked);
    function getPool(address tokenA, address tokenB, uint24 fee) external view returns (address pool);

    struct Call3 { address target; bool allowFailure; bytes callData; }
    struct CallResult { bool success; bytes returnData; }
    function aggregate3(Call3[] calls) external payable returns (CallResult[] results);
}

/// First topics of the pool events and of `PoolCreated`: what collectors ask for.
pub(crate) const V3_TOPICS: [B256; 9] = [
    Swap::SIGNATURE_HASH,
    Mint::SIGNATURE_HASH,
    Burn::SIGNATURE_HASH,
    Collect::SIGNATURE_HASH,
    Flash::SIGNATURE_HASH,
    Initialize::SIGNATURE_HASH,
    SetFeeProtocol::SIGNATURE_HASH,
    CollectProtocol::SIGNATURE_HASH,
    PoolCreated::SIGNATURE_HASH,
];
