// JSON-RPC to the node, with transactions of its unlocked accounts.
import { viem } from './contracts.mjs'

const GAS_PRICE = 200n * 10n ** 9n
const RECEIPT_ATTEMPTS = 1000 // receipts appear a moment after mining; each attempt waits 5 ms
const hex = (n) => `0x${n.toString(16)}`

export const encode = (abi, functionName, args = []) => viem.encodeFunctionData({ abi, functionName, args })

export class Rpc {
  #url
  #id = 1
  #nonces = new Map()

  constructor(url) {
    this.#url = url
  }

  async call(method, params = []) {
    const [result] = await this.batch([[method, params]])
    return result
  }

  // [[method, params], …] → results in the same order.
  async batch(calls) {
    if (!calls.length) return []
    const requests = calls.map(([method, params = []]) => ({ jsonrpc: '2.0', id: this.#id++, method, params }))
    const answer = await fetch(this.#url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(requests),
    })
    const byId = new Map((await answer.json()).map((r) => [r.id, r]))
    return requests.map(({ id, method }) => {
      const { result, error } = byId.get(id)
      if (error) throw new Error(`${method}: ${JSON.stringify(error)}`)
      return result
    })
  }

  async transaction({ from, to, data, value = 0n, gas = 1_500_000 }) {
    const nonce = this.#nonces.get(from) ?? Number(await this.call('eth_getTransactionCount', [from, 'latest']))
    this.#nonces.set(from, nonce + 1)
    return { from, ...(to && { to }), data, value: hex(value), gas: hex(gas), gasPrice: hex(GAS_PRICE), nonce: hex(nonce) }
  }

  // With automine on: the receipt; a reverted transaction throws.
  async send(transaction) {
    const hash = await this.call('eth_sendTransaction', [await this.transaction(transaction)])
    for (let i = 0; i < RECEIPT_ATTEMPTS; i++) {
      const receipt = await this.call('eth_getTransactionReceipt', [hash])
      if (receipt?.status === '0x1') return receipt
      if (receipt) throw new Error(`${transaction.label ?? 'transaction'} reverted: ${hash}`)
      await new Promise((resume) => setTimeout(resume, 5))
    }
    throw new Error(`no receipt of ${hash}`)
  }

  async deploy(from, { abi, bytecode }, args = []) {
    const data = viem.encodeDeployData({ abi, bytecode, args })
    return (await this.send({ from, data, gas: 12_000_000, label: 'deployment' })).contractAddress
  }

  // Replaces the last blocks by as many empty ones; what was sent in them is forgotten.
  async reorg(depth) {
    await this.call('anvil_reorg', [depth, []])
    this.#nonces.clear()
  }

  async read(to, abi, functionName, args = [], block = 'latest') {
    const data = await this.call('eth_call', [{ to, data: encode(abi, functionName, args) }, block])
    return viem.decodeFunctionResult({ abi, functionName, data })
  }
}
