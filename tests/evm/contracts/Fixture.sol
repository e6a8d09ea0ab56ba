// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

// Tokens of every awkward kind, a contract that trades without the router, and a contract that poses as a pool.

// Plain ERC-20 with settable decimals; anyone may mint.
contract Token {
    string public name;
    string public symbol;
    uint8 public immutable decimals;
    uint256 public totalSupply;
    mapping(address => uint256) public balanceOf;
    mapping(address => mapping(address => uint256)) public allowance;
    event Transfer(address indexed from, address indexed to, uint256 value);
    event Approval(address indexed owner, address indexed spender, uint256 value);
    constructor(string memory n, string memory s, uint8 d) { name = n; symbol = s; decimals = d; }
    function mint(address to, uint256 v) external { totalSupply += v; balanceOf[to] += v; emit Transfer(address(0), to, v); }
    function approve(address s, uint256 v) external returns (bool) { allowance[msg.sender][s] = v; emit Approval(msg.sender, s, v); return true; }
    function transfer(address to, uint256 v) external returns (bool) { _move(msg.sender, to, v); return true; }
    function transferFrom(address f, address to, uint256 v) external returns (bool) {
        uint256 a = allowance[f][msg.sender];
        if (a != type(uint256).max) allowance[f][msg.sender] = a - v;
        _move(f, to, v);
        return true;
    }
    function _move(address f, address to, uint256 v) internal { balanceOf[f] -= v; balanceOf[to] += v; emit Transfer(f, to, v); }
}

// MKR-like: name() and symbol() return bytes32.
contract Bytes32Token {
    bytes32 public name;
    bytes32 public symbol;
    uint256 public decimals = 18; // wider than uint8, as on some old tokens
    uint256 public totalSupply;
    mapping(address => uint256) public balanceOf;
    mapping(address => mapping(address => uint256)) public allowance;
    event Transfer(address indexed from, address indexed to, uint256 value);
    constructor(bytes32 n, bytes32 s) { name = n; symbol = s; }
    function mint(address to, uint256 v) external { totalSupply += v; balanceOf[to] += v; emit Transfer(address(0), to, v); }
    function approve(address s, uint256 v) external returns (bool) { allowance[msg.sender][s] = v; return true; }
    function transfer(address to, uint256 v) external returns (bool) { _move(msg.sender, to, v); return true; }
    function transferFrom(address f, address to, uint256 v) external returns (bool) {
        if (allowance[f][msg.sender] != type(uint256).max) allowance[f][msg.sender] -= v;
        _move(f, to, v); return true;
    }
    function _move(address f, address to, uint256 v) internal { balanceOf[f] -= v; balanceOf[to] += v; emit Transfer(f, to, v); }
}

// USDT-like: transfer/transferFrom/approve return nothing; no decimals-independent surprises.
contract NoReturnToken {
    string public name = "Tether-like";
    string public symbol = unicode"USD₮";
    uint8 public decimals = 6;
    uint256 public totalSupply;
    mapping(address => uint256) public balanceOf;
    mapping(address => mapping(address => uint256)) public allowance;
    event Transfer(address indexed from, address indexed to, uint256 value);
    function mint(address to, uint256 v) external { totalSupply += v; balanceOf[to] += v; emit Transfer(address(0), to, v); }
    function approve(address s, uint256 v) external { allowance[msg.sender][s] = v; }
    function transfer(address to, uint256 v) external { _move(msg.sender, to, v); }
    function transferFrom(address f, address to, uint256 v) external {
        if (allowance[f][msg.sender] != type(uint256).max) allowance[f][msg.sender] -= v;
        _move(f, to, v);
    }
    function _move(address f, address to, uint256 v) internal { balanceOf[f] -= v; balanceOf[to] += v; emit Transfer(f, to, v); }
}

// No symbol(), no name(), no decimals(): metadata calls revert.
contract MuteToken {
    uint256 public totalSupply;
    mapping(address => uint256) public balanceOf;
    mapping(address => mapping(address => uint256)) public allowance;
    event Transfer(address indexed from, address indexed to, uint256 value);
    function mint(address to, uint256 v) external { totalSupply += v; balanceOf[to] += v; emit Transfer(address(0), to, v); }
    function approve(address s, uint256 v) external returns (bool) { allowance[msg.sender][s] = v; return true; }
    function transfer(address to, uint256 v) external returns (bool) { _move(msg.sender, to, v); return true; }
    function transferFrom(address f, address to, uint256 v) external returns (bool) {
        if (allowance[f][msg.sender] != type(uint256).max) allowance[f][msg.sender] -= v;
        _move(f, to, v); return true;
    }
    function _move(address f, address to, uint256 v) internal { balanceOf[f] -= v; balanceOf[to] += v; emit Transfer(f, to, v); }
}

interface IPool {
    function token0() external view returns (address);
    function token1() external view returns (address);
    function swap(address recipient, bool zeroForOne, int256 amountSpecified, uint160 limit, bytes calldata data) external returns (int256, int256);
    function flash(address recipient, uint256 a0, uint256 a1, bytes calldata data) external;
    function mint(address recipient, int24 lower, int24 upper, uint128 amount, bytes calldata data) external returns (uint256, uint256);
}
interface IERC20 { function transferFrom(address, address, uint256) external returns (bool); function transfer(address, uint256) external returns (bool); function balanceOf(address) external view returns (uint256); }

// A "bot" contract: talks to pools directly (no router). Several Swap events of one pool in one transaction, flash loans.
contract Bot {
    uint160 constant MIN = 4295128739 + 1;
    uint160 constant MAX = 1461446703485210103287273052203988822378723970342 - 1;
    function swapMany(IPool[] calldata pools, bool[] calldata dirs, int256[] calldata amounts) external {
        for (uint i = 0; i < pools.length; i++)
            pools[i].swap(msg.sender, dirs[i], amounts[i], dirs[i] ? MIN : MAX, abi.encode(msg.sender));
    }
    function mint(IPool pool, int24 lower, int24 upper, uint128 amount) external { pool.mint(msg.sender, lower, upper, amount, abi.encode(msg.sender)); }
    function uniswapV3MintCallback(uint256 owed0, uint256 owed1, bytes calldata data) external {
        address payer = abi.decode(data, (address));
        if (owed0 > 0) _pay(IPool(msg.sender).token0(), payer, owed0);
        if (owed1 > 0) _pay(IPool(msg.sender).token1(), payer, owed1);
    }
    function flash(IPool pool, uint256 a0, uint256 a1) external { pool.flash(address(this), a0, a1, abi.encode(pool, msg.sender, a0, a1)); }
    function uniswapV3SwapCallback(int256 d0, int256 d1, bytes calldata data) external {
        address payer = abi.decode(data, (address));
        if (d0 > 0) _pay(IPool(msg.sender).token0(), payer, uint256(d0));
        if (d1 > 0) _pay(IPool(msg.sender).token1(), payer, uint256(d1));
    }
    function uniswapV3FlashCallback(uint256 f0, uint256 f1, bytes calldata data) external {
        (IPool pool, address payer, uint256 a0, uint256 a1) = abi.decode(data, (IPool, address, uint256, uint256));
        if (a0 > 0) { _send(pool.token0(), a0); if (f0 > 0) _pay(pool.token0(), payer, f0); }
        if (a1 > 0) { _send(pool.token1(), a1); if (f1 > 0) _pay(pool.token1(), payer, f1); }
    }
    function _send(address t, uint256 v) internal { (bool ok, ) = t.call(abi.encodeWithSelector(IERC20.transfer.selector, msg.sender, v)); require(ok, "send"); }
    function _pay(address t, address from, uint256 v) internal {
        (bool ok, ) = t.call(abi.encodeWithSelector(IERC20.transferFrom.selector, from, msg.sender, v));
        require(ok, "pay");
    }
}

// Not a pool of the factory: emits the same Swap topic (a collector must not count it).
contract FakePool {
    address public token0; address public token1; uint24 public fee = 3000;
    event Swap(address indexed sender, address indexed recipient, int256 amount0, int256 amount1, uint160 sqrtPriceX96, uint128 liquidity, int24 tick);
    constructor(address a, address b) { token0 = a; token1 = b; }
    function spoof(int256 a0, int256 a1, uint160 p, uint128 l, int24 t) external { emit Swap(msg.sender, msg.sender, a0, a1, p, l, t); }
}
