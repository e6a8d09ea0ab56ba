// Trades of every kind over several simulated days, a block at a time, and what the contracts say after each block.
import { Bot, FakePool, Pool, Positions, Router, viem } from './contracts.mjs'
import { DEADLINE, MAX_U256, NOBODY, TOKENS, rawPrice } from './deploy.mjs'
import { rawAmount, sqrtPriceX96 } from './numbers.mjs'
import { encode } from './rpc.mjs'

const SLOT = 12
const TRANSACTIONS_PER_BLOCK = 4
const MAX_U128 = 2n ** 128n - 1n

// Trades until `swaps` swaps were sent; calls `afterBlock` after each block.
export async function trade(rpc, world, random, { swaps, days }, afterBlock) {
  const market = new Market(world, random)
  const start = Number((await rpc.call('eth_getBlockByNumber', ['latest', false])).timestamp)
  const blocks = Math.max(1, Math.round(swaps / (TRANSACTIONS_PER_BLOCK * 1.35)))
  const slotsPerBlock = Math.max(1, (days * 86_400) / blocks / SLOT)
  await rpc.call('evm_setAutomine', [false])
  let timestamp = start
  for (let sent = 0; sent < swaps; ) {
    const seconds = SLOT * Math.max(1, Math.round(slotsPerBlock * (0.2 + 1.6 * random.uniform())))
    timestamp += seconds
    market.drift(seconds)
    market.prices = await Promise.all(world.pools.map(async (p) => (await rpc.read(p.address, Pool.abi, 'slot0'))[0]))
    const calls = []
    for (let n = 1 + random.below(2 * TRANSACTIONS_PER_BLOCK - 1); n > 0; n--) {
      const next = await market.transaction(rpc)
      if (!next) continue
      sent += next.swaps
      calls.push(['eth_sendTransaction', [await rpc.transaction(next)]])
    }
    await rpc.batch([...calls, ['evm_setNextBlockTimestamp', [timestamp]], ['evm_mine', []]])
    await afterBlock()
  }
  await rpc.call('evm_setAutomine', [true])
  await rpc.send({ from: world.deployer, to: world.pools[1].address, data: encode(Pool.abi, 'collectProtocol', [world.deployer, MAX_U128, MAX_U128]) })
  await afterBlock()
}

class Market {
  #world
  #random
  #usd = Object.fromEntries(Object.entries(TOKENS).map(([symbol, t]) => [symbol, t.usd]))
  prices = []

  constructor(world, random) {
    this.#world = world
    this.#random = random
  }

  drift(seconds) {
    const root = Math.sqrt(seconds / (365 * 86_400))
    for (const symbol of Object.keys(this.#usd)) this.#usd[symbol] *= Math.exp(TOKENS[symbol].volatility * root * this.#random.normal())
  }

  async transaction(rpc) {
    const { uniform, pick, below } = this.#random
    const from = pick(this.#world.traders)
    const index = below(this.#world.pools.length)
    const pool = this.#world.pools[index]
    const input = this.#leaning(pool, this.prices[index])
    const usd = this.#size(pool)
    const kinds = [
      [0.42, () => this.#router(from, 1, 'exactInputSingle', this.#single(pool, input, usd, from))],
      [0.08, () => this.#arbitrage(from, pool, this.prices[index])],
      [0.12, () => this.#exactInput(from)],
      [0.06, () => this.#exactOutputSingle(from, pool, input, usd)],
      [0.04, () => this.#exactOutput(from)],
      [0.05, () => this.#severalInOne(from, pool, usd)],
      [0.03, () => this.#etherIn(from)],
      [0.03, () => this.#etherOut(from)],
      [0.02, () => ({ ...this.#router(from, 0, 'exactInputSingle', { ...this.#single(pool, input, usd, from), amountOutMinimum: MAX_U256 / 2n }) })],
      [0.025, () => this.#roundTrip(from, pool, usd)],
      [0.01, () => this.#bot(from, 0, 'flash', [pool.address, this.#raw(pool.symbol0, usd), this.#raw(pool.symbol1, usd)])],
      [0.005, () => this.#spoof(from, usd)],
      [1, () => this.#liquidity(rpc)],
    ]
    let u = uniform()
    return kinds.find(([share]) => (u -= share) < 0)[1]()
  }

  // Sells what the pool prices too high: prices stay near the reference.
  #leaning(pool, sqrtPrice) {
    const reference = this.#reference(pool)
    const deviation = Math.log((Number(sqrtPrice) / 2 ** 96) ** 2 / reference)
    return this.#random.uniform() < 1 / (1 + Math.exp(-deviation * 400)) ? pool.symbol0 : pool.symbol1
  }

  #reference = (pool) => rawPrice(this.#usd[pool.symbol0], this.#usd[pool.symbol1], pool.symbol0, pool.symbol1)
  #raw = (symbol, usd) => rawAmount(usd / this.#usd[symbol], TOKENS[symbol].decimals)
  #other = (pool, symbol) => (pool.symbol0 === symbol ? pool.symbol1 : pool.symbol0)
  // Log-normal, the median about 0.03 % of the pool's liquidity.
  #size = (pool) => Math.min(pool.usd * 0.03, Math.exp(this.#random.normal() * 1.4 + Math.log(pool.usd) - 8.2))

  #router(from, swaps, name, argument, value = 0n) {
    return { from, to: this.#world.router, data: encode(Router.abi, name, [argument]), gas: 900_000, swaps, value }
  }

  #bot(from, swaps, name, args) {
    return { from, to: this.#world.bot, data: encode(Bot.abi, name, args), gas: 900_000, swaps }
  }

  #single(pool, input, usd, recipient) {
    return {
      tokenIn: this.#world.tokens[input], tokenOut: this.#world.tokens[this.#other(pool, input)], fee: pool.fee,
      recipient, deadline: DEADLINE, amountIn: this.#raw(input, usd), amountOutMinimum: 0n, sqrtPriceLimitX96: 0n,
    }
  }

  // As far as the reference price, by the price limit.
  #arbitrage(from, pool, sqrtPrice) {
    const limit = sqrtPriceX96(this.#reference(pool))
    if (limit === sqrtPrice) return null
    const input = limit < sqrtPrice ? pool.symbol0 : pool.symbol1
    return this.#router(from, 1, 'exactInputSingle', { ...this.#single(pool, input, pool.usd * 0.05, from), sqrtPriceLimitX96: limit })
  }

  #exactInput(from) {
    const { start, pools } = this.#route(this.#random.uniform() < 0.6 ? 2 : 3)
    const amountIn = this.#raw(start, Math.min(...pools.map(this.#size)))
    return this.#router(from, pools.length, 'exactInput', { path: this.#path(start, pools), recipient: from, deadline: DEADLINE, amountIn, amountOutMinimum: 0n })
  }

  #exactOutput(from) {
    const { start, end, pools } = this.#route(2)
    const amountOut = this.#raw(end, Math.min(...pools.map(this.#size)))
    return this.#router(from, 2, 'exactOutput', { path: this.#path(start, pools, true), recipient: from, deadline: DEADLINE, amountOut, amountInMaximum: MAX_U256 / 2n })
  }

  #exactOutputSingle(from, pool, input, usd) {
    const { tokenIn, tokenOut, fee, recipient, deadline } = this.#single(pool, input, usd, from)
    const amountOut = this.#raw(this.#other(pool, input), usd)
    return this.#router(from, 1, 'exactOutputSingle', { tokenIn, tokenOut, fee, recipient, deadline, amountOut, amountInMaximum: MAX_U256 / 2n, sqrtPriceLimitX96: 0n })
  }

  #severalInOne(from, pool, usd) {
    const count = 2 + this.#random.below(2)
    const calls = Array.from({ length: count }, () =>
      encode(Router.abi, 'exactInputSingle', [this.#single(pool, this.#random.pick([pool.symbol0, pool.symbol1]), usd / count, from)]))
    return this.#router(from, count, 'multicall', calls)
  }

  #etherIn(from) {
    const [pool] = this.#world.pools
    const argument = this.#single(pool, 'WETH', this.#size(pool), from)
    return this.#router(from, 1, 'exactInputSingle', argument, argument.amountIn)
  }

  #etherOut(from) {
    const [pool] = this.#world.pools
    return this.#router(from, 1, 'multicall', [
      encode(Router.abi, 'exactInputSingle', [this.#single(pool, this.#other(pool, 'WETH'), this.#size(pool), NOBODY)]),
      encode(Router.abi, 'unwrapWETH9', [0n, from]),
    ])
  }

  #roundTrip(from, pool, usd) {
    const amount = this.#raw(pool.symbol0, usd)
    return this.#bot(from, 2, 'swapMany', [[pool.address, pool.address], [true, false], [amount, -amount / 2n - 1n]])
  }

  #spoof(from, usd) {
    const args = [this.#raw('WETH', usd), -this.#raw('USDC', usd), this.prices[0], 10n ** 18n, 1]
    return { from, to: this.#world.fakePool, data: encode(FakePool.abi, 'spoof', args), swaps: 0 }
  }

  // Positions were minted in the order of the pools, one by each provider.
  async #liquidity(rpc) {
    const { pools, providers, positions } = this.#world
    const { below, uniform } = this.#random
    const index = below(pools.length * providers.length)
    const pool = pools[Math.floor(index / providers.length)]
    const from = providers[index % providers.length]
    const tokenId = BigInt(index + 1)
    const send = (...calls) => ({ from, to: positions, data: encode(Positions.abi, 'multicall', [calls]), gas: 1_200_000, swaps: 0 })
    const call = (name, more) => encode(Positions.abi, name, [{ tokenId, deadline: DEADLINE, amount0Min: 0n, amount1Min: 0n, ...more }])
    const collect = call('collect', { recipient: from, amount0Max: MAX_U128, amount1Max: MAX_U128 })
    const v = uniform()
    if (v < 0.35) return send(call('increaseLiquidity', {
      amount0Desired: this.#raw(pool.symbol0, pool.usd * 0.01), amount1Desired: this.#raw(pool.symbol1, pool.usd * 0.01),
    }))
    if (v >= 0.8) return send(collect)
    const liquidity = (await rpc.read(positions, Positions.abi, 'positions', [tokenId]))[7] / BigInt(20 + below(80))
    return liquidity > 0n ? send(call('decreaseLiquidity', { liquidity }), collect) : null
  }

  // A random simple path over the pools.
  #route(hops) {
    for (;;) {
      const start = this.#random.pick(Object.keys(TOKENS))
      const seen = new Set([start])
      const pools = []
      let end = start
      while (pools.length < hops) {
        const next = this.#world.pools.filter((p) => [p.symbol0, p.symbol1].includes(end) && !seen.has(this.#other(p, end)))
        if (!next.length) break
        const pool = this.#random.pick(next)
        pools.push(pool)
        end = this.#other(pool, end)
        seen.add(end)
      }
      if (pools.length === hops) return { start, end, pools }
    }
  }

  // The router's packed path: token, fee, token, …; backwards for exact output.
  #path(start, pools, backwards = false) {
    const tokens = pools.reduce((list, p) => [...list, this.#other(p, list.at(-1))], [start]).map((s) => this.#world.tokens[s])
    const fees = pools.map((p) => p.fee)
    if (backwards) {
      tokens.reverse()
      fees.reverse()
    }
    const hops = fees.flatMap((fee, i) => [fee, tokens[i + 1]])
    return viem.encodePacked(['address', ...fees.flatMap(() => ['uint24', 'address'])], [tokens[0], ...hops])
  }
}
