// Contracts: Uniswap's published artifacts, and our own test contracts compiled on the spot.
import { createRequire } from 'node:module'
import fs from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

// Packages live outside the clone; `tests/node-modules evm` prints where.
const modules = process.env.TIDEGAUGE_EVM_MODULES
if (!modules) throw new Error('TIDEGAUGE_EVM_MODULES is not set: set it to what `tests/node-modules evm` prints')
const require = createRequire(path.join(modules, 'package.json'))
const here = path.dirname(fileURLToPath(import.meta.url))

export const viem = require('viem')
export const anvilBinary = path.join(modules, 'node_modules/@foundry-rs/anvil-linux-amd64/bin/anvil')

const artifact = (name) => {
  const { abi, bytecode } = require(name)
  return { abi, bytecode }
}

export const Factory = artifact('@uniswap/v3-core/artifacts/contracts/UniswapV3Factory.sol/UniswapV3Factory.json')
export const Pool = artifact('@uniswap/v3-core/artifacts/contracts/UniswapV3Pool.sol/UniswapV3Pool.json')
export const Positions = artifact('@uniswap/v3-periphery/artifacts/contracts/NonfungiblePositionManager.sol/NonfungiblePositionManager.json')
export const Router = artifact('@uniswap/v3-periphery/artifacts/contracts/SwapRouter.sol/SwapRouter.json')
export const WETH9 = artifact('canonical-weth/build/contracts/WETH9.json')

const multicall = fs.readFileSync(path.join(modules, 'node_modules/viem/_cjs/constants/contracts.js'), 'utf8')
  .match(/exports\.multicall3Bytecode = '(0x[0-9a-f]+)'/)
if (!multicall) throw new Error("viem's multicall3 bytecode is not where it was")
export const Multicall3 = { abi: [], bytecode: multicall[1] }

export const { Token, Bytes32Token, NoReturnToken, MuteToken, Bot, FakePool } = compile()

function compile() {
  const solc = require('solc')
  const input = {
    language: 'Solidity',
    sources: { 'Fixture.sol': { content: fs.readFileSync(path.join(here, 'contracts/Fixture.sol'), 'utf8') } },
    settings: {
      evmVersion: 'paris',
      optimizer: { enabled: true, runs: 200 },
      outputSelection: { '*': { '*': ['abi', 'evm.bytecode.object'] } },
    },
  }
  const output = JSON.parse(solc.compile(JSON.stringify(input)))
  const errors = (output.errors ?? []).filter((e) => e.severity === 'error')
  if (errors.length) throw new Error(errors.map((e) => e.formattedMessage).join('\n'))
  return Object.fromEntries(Object.entries(output.contracts['Fixture.sol'])
    .filter(([, c]) => c.evm.bytecode.object)
    .map(([name, c]) => [name, { abi: c.abi, bytecode: `0x${c.evm.bytecode.object}` }]))
}
