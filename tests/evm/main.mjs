// Starts the node, deploys, trades, writes the truth, says where all is, and takes orders until its standard input ends.
//   node main.mjs --out DIR [--swaps 400] [--days 3] [--seed 1] [--chain-id 31337] [--epoch-slots 1]
// Orders, one a line, each answered with the head: `trade SWAPS`, `reorg DEPTH`, `truth FILE` (writes all events anew).
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import net from 'node:net'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { parseArgs } from 'node:util'
import { anvilBinary } from './contracts.mjs'
import { deploy } from './deploy.mjs'
import { random } from './numbers.mjs'
import { Rpc } from './rpc.mjs'
import { trade } from './trade.mjs'
import { balances, events, poolStates, toJson } from './truth.mjs'

const ACCOUNTS = 24
const START = 1_700_000_000 // 2023-11-14T22:13:20Z
const READY_ATTEMPTS = 400

const { values: options } = parseArgs({
  options: {
    out: { type: 'string' },
    swaps: { type: 'string', default: '400' },
    days: { type: 'string', default: '3' },
    seed: { type: 'string', default: '1' },
    'chain-id': { type: 'string', default: '31337' },
    'epoch-slots': { type: 'string', default: '1' }, // two epochs below the head are final
  },
})
if (!options.out) throw new Error('--out DIR is missing')

const port = await freePort()
const url = `http://127.0.0.1:${port}`
const node = spawn(anvilBinary, [
  '--host', '127.0.0.1', '--port', port, '--accounts', ACCOUNTS, '--balance', 1_000_000, '--timestamp', START, '--chain-id', options['chain-id'],
  '--order', 'fifo', '--gas-limit', 60_000_000, '--base-fee', 1_000_000_000, '--slots-in-an-epoch', options['epoch-slots'], '--silent',
].map(String), { stdio: ['ignore', 'ignore', 'inherit'] })
node.once('exit', (code) => process.exit(code ?? 1))
const stop = () => node.kill('SIGKILL')
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, stop)
process.once('exit', stop)
const orders = createInterface({ input: process.stdin })
orders.once('close', stop)

const rpc = new Rpc(url)
const accounts = await untilReady(() => rpc.call('eth_accounts'))
const world = await deploy(rpc, accounts)
const lines = []
const dice = random(Number(options.seed))
await trade(rpc, world, dice, { swaps: Number(options.swaps), days: Number(options.days) },
  async () => lines.push(...await poolStates(rpc, world)))
await rpc.call('anvil_mine', ['0x4', '0xc']) // blocks above the last trade, so that it is final
lines.push(...await events(rpc, world), ...await balances(rpc, world))
const truth = path.join(options.out, 'truth.jsonl')
fs.writeFileSync(truth, lines.map((line) => `${toJson(line)}\n`).join(''))
console.log(toJson({
  url, truth, head: Number(await rpc.call('eth_blockNumber')), factory: world.factory,
  pools: world.pools, fake_pool: world.fakePool, fork_pool: world.forkPool,
}))

orders.on('line', serially(async (line) => {
  const [order, argument] = line.split(' ')
  if (order === 'trade') await trade(rpc, world, dice, { swaps: Number(argument), days: 0.01 }, async () => {})
  else if (order === 'reorg') await rpc.reorg(Number(argument))
  else if (order === 'truth') fs.writeFileSync(argument, [...await events(rpc, world), ...await balances(rpc, world)].map((event) => `${toJson(event)}\n`).join(''))
  else throw new Error(`no such order: ${line}`)
  const { number, hash } = await rpc.call('eth_getBlockByNumber', ['latest', false])
  console.log(toJson({ head: Number(number), hash }))
}))

// One order after the other, in the order in which they came.
function serially(work) {
  let last = Promise.resolve()
  return (line) => { last = last.then(() => work(line)).catch((error) => { console.error(error); process.exit(1) }) }
}

async function freePort() {
  const server = net.createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address()
  server.close()
  await once(server, 'close')
  return port
}

async function untilReady(ask) {
  for (let i = 1; ; i++) {
    try {
      return await ask()
    } catch (error) {
      if (i === READY_ATTEMPTS) throw error
      await new Promise((resume) => setTimeout(resume, 25))
    }
  }
}
