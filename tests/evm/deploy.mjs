// Deploys Uniswap V3 as published, tokens of every awkward kind, pools on every fee tier, and two impostors.
import * as contracts from './contracts.mjs'
import { rawAmount, sqrtPriceX96 } from './numbers.mjs'
import { encode } from './rpc.mjs'

export const MAX_U256 = 2n ** 256n - 1n
export const DEADLINE = 2n ** 40n
export const NOBODY = '0x0000000000000000000000000000000000000000'
const MULTICALL3 = '0xcA11bde05977b3631167028862bE2a173976CA11'
const TICK_SPACING = { 100: 1, 500: 10, 3000: 60, 10000: 200 }
const MAX_TICK = 887272

// Reference price in USD and yearly volatility; decimals from 6 to 24.
export const TOKENS = {
  WETH: { usd: 3000, volatility: 0.8, decimals: 18 },
  USDC: { usd: 1, volatility: 0, decimals: 6, name: 'USD Coin (fixture)' },
  DAI: { usd: 1, volatility: 0.01, decimals: 18, name: 'Dai (fixture)' },
  WBTC: { usd: 60000, volatility: 0.6, decimals: 8, name: 'Wrapped BTC (fixture)' },
  WEIRD: { usd: 1e-10, volatility: 2, decimals: 24, name: 'Weird 24 (fixture)' }, // amounts beyond i128
  MKR: { usd: 1500, volatility: 0.9, decimals: 18, kind: 'Bytes32Token' },
  'USD₮': { usd: 1, volatility: 0.005, decimals: 6, kind: 'NoReturnToken' },
  MUTE: { usd: 0.5, volatility: 1.5, decimals: 18, kind: 'MuteToken' }, // no metadata at all
}

// Token, token, fee in hundredths of a basis point, liquidity in USD.
const POOLS = [
  ['WETH', 'USDC', 500, 30e6], ['WETH', 'USDC', 3000, 20e6], ['WBTC', 'WETH', 3000, 15e6],
  ['DAI', 'USDC', 500, 20e6], ['WETH', 'DAI', 3000, 8e6], ['WEIRD', 'WETH', 10000, 200e6],
  ['MKR', 'WETH', 10000, 3e6], ['USDC', 'USD₮', 100, 20e6], ['MUTE', 'WETH', 3000, 1e6],
]

export async function deploy(rpc, accounts) {
  const [deployer, ...others] = accounts
  const providers = others.slice(0, 3)
  const traders = others.slice(3)
  // A fixed clock: the same seed gives the same block hashes.
  await rpc.batch([['evm_setAutomine', [true]], ['anvil_setBlockTimestampInterval', [12]]])
  await rpc.batch(accounts.map((a) => ['anvil_setBalance', [a, `0x${(10n ** 24n).toString(16)}`]]))

  const world = { deployer, providers, traders, tokens: {}, pools: [] }
  await deployMulticall(rpc, deployer)
  world.factory = await rpc.deploy(deployer, contracts.Factory)
  world.weth = await rpc.deploy(deployer, contracts.WETH9)
  world.positions = await rpc.deploy(deployer, contracts.Positions, [world.factory, world.weth, NOBODY])
  world.router = await rpc.deploy(deployer, contracts.Router, [world.factory, world.weth])
  world.bot = await rpc.deploy(deployer, contracts.Bot)
  await deployTokens(rpc, world)
  await rpc.send({ from: deployer, to: world.factory, data: encode(contracts.Factory.abi, 'enableFeeAmount', [100, 1]) })
  await fund(rpc, world)
  for (const pool of POOLS) world.pools.push(await createPool(rpc, world, ...pool))
  await rpc.send({ from: deployer, to: world.pools[1].address, data: encode(contracts.Pool.abi, 'setFeeProtocol', [4, 4]) })
  await deployImpostors(rpc, world)
  return world
}

// The node lacks the multicall contract that every public chain has at this address.
async function deployMulticall(rpc, from) {
  const address = await rpc.deploy(from, contracts.Multicall3)
  await rpc.call('anvil_setCode', [MULTICALL3, await rpc.call('eth_getCode', [address, 'latest'])])
}

async function deployTokens(rpc, world) {
  world.tokens.WETH = world.weth
  const bytes32 = (text) => `0x${Buffer.from(text).toString('hex').padEnd(64, '0')}`
  const make = (symbol, { kind, name, decimals }) => {
    const args = kind === 'Bytes32Token' ? [bytes32('Maker (fixture)'), bytes32('MKR')] : kind ? [] : [name, symbol, decimals]
    return rpc.deploy(world.deployer, contracts[kind ?? 'Token'], args)
  }
  for (const [symbol, token] of Object.entries(TOKENS)) {
    if (symbol === 'WETH') continue
    world.tokens[symbol] = await make(symbol, token)
    // WETH has to be token0 in some pools and token1 in others.
    while (symbol === 'DAI' && BigInt(world.tokens.DAI) < BigInt(world.weth)) world.tokens.DAI = await make(symbol, token)
  }
}

async function fund(rpc, world) {
  await rpc.call('evm_setAutomine', [false])
  const { Token, WETH9 } = contracts
  for (const from of [...world.providers, ...world.traders]) {
    const rich = world.providers.includes(from)
    const wanted = [{ from, to: world.weth, data: encode(WETH9.abi, 'deposit'), value: 10n ** 18n * (rich ? 400_000n : 50_000n) }]
    for (const [symbol, to] of Object.entries(world.tokens)) {
      const { usd, decimals } = TOKENS[symbol]
      const amount = rawAmount((rich ? 1e9 : 2e8) / usd, decimals)
      if (symbol !== 'WETH') wanted.push({ from, to, data: encode(Token.abi, 'mint', [from, amount]), gas: 200_000 })
      for (const spender of [world.router, world.positions, world.bot])
        wanted.push({ from, to, data: encode(Token.abi, 'approve', [spender, MAX_U256]), gas: 100_000 })
    }
    const calls = []
    for (const w of wanted) calls.push(['eth_sendTransaction', [await rpc.transaction(w)]])
    await rpc.batch([...calls, ['evm_mine', []]])
  }
  await rpc.call('evm_setAutomine', [true])
}

async function createPool(rpc, world, a, b, fee, usd) {
  const [symbol0, symbol1] = BigInt(world.tokens[a]) < BigInt(world.tokens[b]) ? [a, b] : [b, a]
  const [token0, token1] = [world.tokens[symbol0], world.tokens[symbol1]]
  const price = rawPrice(TOKENS[symbol0].usd, TOKENS[symbol1].usd, symbol0, symbol1)
  const { abi } = contracts.Positions
  await rpc.send({
    from: world.deployer, to: world.positions, gas: 8_000_000, label: `pool ${a}/${b}`,
    data: encode(abi, 'createAndInitializePoolIfNecessary', [token0, token1, fee, sqrtPriceX96(price)]),
  })
  const address = await rpc.read(world.factory, contracts.Factory.abi, 'getPool', [token0, token1, fee])
  const spacing = TICK_SPACING[fee]
  const tick = Math.floor(Math.log(price) / Math.log(1.0001))
  const near = (t) => Math.round(t / spacing) * spacing
  const full = Math.floor(MAX_TICK / spacing) * spacing
  const ranges = [[-full, full, 0.5], [near(tick - 2000), near(tick + 2000), 0.3], [near(tick - 600), near(tick + 600), 0.2]]
  for (const [i, [tickLower, tickUpper, share]] of ranges.entries()) {
    const half = (usd * share) / 2
    await rpc.send({
      from: world.providers[i], to: world.positions, label: `mint ${a}/${b}`,
      data: encode(abi, 'mint', [{
        token0, token1, fee, tickLower, tickUpper, amount0Min: 0n, amount1Min: 0n, recipient: world.providers[i], deadline: DEADLINE,
        amount0Desired: rawAmount(half / TOKENS[symbol0].usd, TOKENS[symbol0].decimals),
        amount1Desired: rawAmount(half / TOKENS[symbol1].usd, TOKENS[symbol1].decimals),
      }]),
    })
  }
  return { address, symbol0, symbol1, token0, token1, fee, spacing, usd }
}

// A second factory's pool that really trades, and a contract that only emits the Swap topic.
async function deployImpostors(rpc, world) {
  const { deployer, weth, pools: [real], providers: [provider], traders: [trader] } = world
  world.fakePool = await rpc.deploy(deployer, contracts.FakePool, [real.token0, real.token1])
  const factory = await rpc.deploy(deployer, contracts.Factory)
  await rpc.send({ from: deployer, to: factory, data: encode(contracts.Factory.abi, 'createPool', [real.token0, real.token1, 3000]), gas: 8_000_000 })
  world.forkPool = await rpc.read(factory, contracts.Factory.abi, 'getPool', [real.token0, real.token1, 3000])
  const price = rawPrice(TOKENS[real.symbol0].usd, TOKENS[real.symbol1].usd, real.symbol0, real.symbol1)
  await rpc.send({ from: deployer, to: world.forkPool, data: encode(contracts.Pool.abi, 'initialize', [sqrtPriceX96(price)]) })
  await rpc.send({ from: provider, to: world.bot, data: encode(contracts.Bot.abi, 'mint', [world.forkPool, -887220, 887220, 10n ** 16n]) })
  await rpc.send({ from: trader, to: world.bot, data: encode(contracts.Bot.abi, 'swapMany', [[world.forkPool], [true], [10n ** 6n]]) })
  await rpc.send({ from: deployer, to: world.fakePool, data: encode(contracts.FakePool.abi, 'spoof', [10n ** 30n, -(10n ** 30n), 2n ** 96n, 1n, 0]) })
}

// Raw token1 per raw token0 at these dollar prices.
export function rawPrice(usd0, usd1, symbol0, symbol1) {
  return (usd0 / usd1) * 10 ** (TOKENS[symbol1].decimals - TOKENS[symbol0].decimals)
}
