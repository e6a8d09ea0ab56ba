// The truth as the contracts tell it: events from the receipts, prices and balances from their storage.
import { Pool, Token, viem } from './contracts.mjs'

// One line a pool: its price, tick and liquidity at the end of the latest block.
export async function poolStates(rpc, world) {
  const block = Number(await rpc.call('eth_blockNumber'))
  const tag = `0x${block.toString(16)}`
  return Promise.all(world.pools.map(async ({ address }) => {
    const [[sqrtPrice, tick], liquidity] = await Promise.all([
      rpc.read(address, Pool.abi, 'slot0', [], tag),
      rpc.read(address, Pool.abi, 'liquidity', [], tag),
    ])
    return { kind: 'state', block, pool: address.toLowerCase(), sqrt_price: sqrtPrice, tick, liquidity }
  }))
}

// One line an event of every contract that emits pool events, read from receipts and decoded with the pool's own ABI.
export async function events(rpc, world) {
  const head = Number(await rpc.call('eth_blockNumber'))
  const genuine = new Map(world.pools.map((p) => [p.address.toLowerCase(), p]))
  const lines = []
  for (let block = 0; block <= head; block++) {
    const tag = `0x${block.toString(16)}`
    const [header, receipts] = await rpc.batch([['eth_getBlockByNumber', [tag, false]], ['eth_getBlockReceipts', [tag]]])
    for (const receipt of receipts) for (const log of receipt.logs) {
      const event = decode(log)
      if (!event) continue
      const pool = genuine.get(log.address.toLowerCase())
      lines.push({
        kind: 'event', event: event.eventName, pool: log.address.toLowerCase(), symbols: pool && [pool.symbol0, pool.symbol1],
        block, log_index: Number(log.logIndex), block_hash: header.hash, timestamp: Number(header.timestamp),
        tx_hash: receipt.transactionHash, tx_index: Number(receipt.transactionIndex), origin: receipt.from.toLowerCase(),
        args: event.args,
      })
    }
  }
  return lines
}

// One line a pool: what it holds in the end.
export async function balances(rpc, world) {
  const of = (token, pool) => rpc.read(token, Token.abi, 'balanceOf', [pool])
  return Promise.all(world.pools.map(async ({ address, token0, token1 }) => ({
    kind: 'balance', pool: address.toLowerCase(), balance0: await of(token0, address), balance1: await of(token1, address),
  })))
}

export const toJson = (line) =>
  JSON.stringify(line, (_, v) => (typeof v === 'bigint' ? v.toString() : viem.isAddress(v) ? v.toLowerCase() : v))

function decode(log) {
  try {
    return viem.decodeEventLog({ abi: Pool.abi, topics: log.topics, data: log.data })
  } catch (error) {
    if (error instanceof viem.AbiEventSignatureNotFoundError || error instanceof viem.AbiEventSignatureEmptyTopicsError) return null
    // ERC-721's topics are those of nobody here; anything else that shares a topic and does not decode is no pool event.
    if (error instanceof viem.DecodeLogTopicsMismatch || error instanceof viem.DecodeLogDataMismatch) return null
    throw error
  }
}
