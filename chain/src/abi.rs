//! The contracts' interfaces, as `sol!` reads them, and the topics we ask for.

#![allow(missing_docs)]

use alloy::{primitives::B256, sol, sol_types::SolEvent};

sol! {
    /// Events of a Uniswap V3 pool (v3-core `IUniswapV3PoolEvents.sol`).
    #[derive(Debug, PartialEq, Eq)]
    contract PoolEvents {
        event Initialize(uint160 sqrtPriceX96, int24 tick);
        event Mint(address sender, address indexed owner, int24 indexed tickLower, int24 indexed tickUpper, uint128 amount, uint256 amount0, uint256 amount1);
        event Collect(address indexed owner, address recipient, int24 indexed tickLower, int24 indexed tickUpper, uint128 amount0, uint128 amount1);
        event Burn(address indexed owner, int24 indexed tickLower, int24 indexed tickUpper, uint128 amount, uint256 amount0, uint256 amount1);
        event Swap(address indexed sender, address indexed recipient, int256 amount0, int256 amount1, uint160 sqrtPriceX96, uint128 liquidity, int24 tick);
        event Flash(address indexed sender, address indexed recipient, uint256 amount0, uint256 amount1, uint256 paid0, uint256 paid1);
        event SetFeeProtocol(uint8 feeProtocol0Old, uint8 feeProtocol1Old, uint8 feeProtocol0New, uint8 feeProtocol1New);
        event CollectProtocol(address indexed sender, address indexed recipient, uint128 amount0, uint128 amount1);
    }

    /// The factory's event (v3-core `IUniswapV3Factory.sol`).
    #[derive(Debug, PartialEq, Eq)]
    contract FactoryEvents {
        event PoolCreated(address indexed token0, address indexed token1, uint24 indexed fee, int24 tickSpacing, address pool);
    }

    /// What a pool says of itself.
    contract PoolCalls {
        function token0() external view returns (address);
        function token1() external view returns (address);
        function fee() external view returns (uint24);
        function tickSpacing() external view returns (int24);
    }

    /// What a token says of itself.
    contract TokenCalls {
        function symbol() external view returns (string);
        function name() external view returns (string);
        function decimals() external view returns (uint8);
    }

    /// Many calls in one (mds1/multicall `Multicall3.sol`).
    contract Multicall3 {
        #[derive(Debug)]
        struct Call3 {
            address target;
            bool allowFailure;
            bytes callData;
        }
        #[derive(Debug)]
        struct Outcome {
            bool success;
            bytes returnData;
        }
        function aggregate3(Call3[] calldata calls) external payable returns (Outcome[] memory returnData);
    }
}

/// The first topics of all events that are collected.
pub const TOPICS: [B256; 9] = [
    PoolEvents::Swap::SIGNATURE_HASH,
    PoolEvents::Mint::SIGNATURE_HASH,
    PoolEvents::Burn::SIGNATURE_HASH,
    PoolEvents::Collect::SIGNATURE_HASH,
    PoolEvents::Flash::SIGNATURE_HASH,
    PoolEvents::Initialize::SIGNATURE_HASH,
    PoolEvents::SetFeeProtocol::SIGNATURE_HASH,
    PoolEvents::CollectProtocol::SIGNATURE_HASH,
    FactoryEvents::PoolCreated::SIGNATURE_HASH,
];
