// Seeded randomness, and the way from dollars to raw token amounts.

// mulberry32: 32 bits of state are plenty for a few hundred trades.
export function random(seed) {
  let state = seed >>> 0
  const uniform = () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
  const normal = () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform())
  const below = (n) => Math.floor(uniform() * n)
  return { uniform, normal, below, pick: (list) => list[below(list.length)] }
}

// √price × 2⁹⁶ of a price in raw units; a float's precision is enough to aim a trade.
export function sqrtPriceX96(price) {
  const root = Math.sqrt(price)
  const exponent = Math.floor(Math.log2(root))
  const mantissa = BigInt(Math.round((root / 2 ** exponent) * 2 ** 52))
  const shift = 96 + exponent - 52
  return shift >= 0 ? mantissa << BigInt(shift) : mantissa >> BigInt(-shift)
}

// A float amount in whole tokens → raw units, at least one.
export function rawAmount(amount, decimals) {
  if (!(amount > 0)) return 1n
  const exponent = Math.floor(Math.log10(amount))
  const mantissa = BigInt(Math.round((amount / 10 ** exponent) * 1e12))
  const shift = decimals + exponent - 12
  const raw = shift >= 0 ? mantissa * 10n ** BigInt(shift) : mantissa / 10n ** BigInt(-shift)
  return raw > 0n ? raw : 1n
}
