// Visits the page as people do, on a desk and on a phone, light and dark, with mouse and keyboard.
//
//   node visit.mjs URL OUT [TOKEN]
//
// Prints one JSON document of what was seen; screenshots go to OUT. Whatever should not be is an
// error that ends it.

import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

// Packages live outside the clone; `tests/node-modules browser` prints where.
const modules = process.env.TIDEGAUGE_BROWSER_MODULES
if (!modules) throw new Error('TIDEGAUGE_BROWSER_MODULES is not set: set it to what `tests/node-modules browser` prints')
const { chromium } = createRequire(join(modules, 'package.json'))('playwright-core')
const [base, out, token] = process.argv.slice(2)

const profile = await mkdtemp(join(tmpdir(), 'tidegauge-browser-'))
const browser = await chromium.launchPersistentContext(profile, {
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
  viewport: { width: 1280, height: 900 }, colorScheme: 'light', timezoneId: 'Pacific/Auckland', timeout: 60000,
})
const page = await browser.newPage()
const complaints = []
page.on('pageerror', error => complaints.push(String(error)))
page.on('console', message => { if (['error', 'warning'].includes(message.type()) && !/status of 40[19]/.test(message.text())) complaints.push(message.text()) })
const elsewhere = []
page.on('request', request => { if (!request.url().startsWith(base) && !request.url().startsWith('data:')) elsewhere.push(request.url()) })

const wide = async where => {
  const [page_, view] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth])
  assert.ok(page_ <= view, `${where} is ${page_} px wide in ${view}`)
}
const shot = async name => { await page.screenshot({ path: join(out, `${name}.png`), fullPage: true }) }
const settled = () => page.waitForFunction(() => document.querySelectorAll('.chart canvas').length === document.querySelectorAll('.chart').length && document.querySelectorAll('.chart').length > 0, null, { timeout: 30000 })

try {
  await page.goto(base)
  if (token) {
    await page.getByLabel('Token').fill(token)
    await page.getByRole('button', { name: 'Go on' }).click()
  }
  await page.waitForFunction(() => ['following', 'waiting', 'connecting'].some(word => document.getElementById('stage').textContent.startsWith(word)), null, { timeout: 60000 })
  const stage = await page.locator('#stage').textContent()
  await page.getByRole('heading', { name: /^Top pools of/ }).waitFor({ timeout: 30000 })
  const cards = await page.locator('.card').allTextContents()
  assert.ok(cards.length >= 8, `${cards.length} cards`)
  // What is wrong, what was told of it, and what others told us.
  for (const name of ['Troubles', 'What was told', 'What others told us']) await page.getByRole('heading', { name, exact: true }).waitFor({ timeout: 30000 })
  const tables = await page.locator('section').evaluateAll(all => Object.fromEntries(all.map(one => [one.querySelector('h2')?.textContent, one.textContent])))
  await wide('the first page'); await shot('overview-desk-light')

  // By mouse from the table of top pools.
  const first = page.locator('table a').first()
  const named = await first.textContent()
  await first.click()
  await page.getByRole('heading', { level: 1, name: named }).waitFor()
  await settled()
  const charts = await page.locator('.chart').evaluateAll(all => all.map(chart => chart.getAttribute('aria-label')))
  assert.ok(charts.length >= 6, `${charts.length} charts`)
  const painted = await page.locator('.chart canvas').evaluateAll(all => all.map(canvas => {
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height)
    let marks = 0
    for (let i = 3; i < data.length; i += 4) if (data[i]) marks++
    return marks
  }))
  assert.ok(painted.every(marks => marks > 500), `a chart is empty: ${painted}`)
  await wide('a pool'); await shot('pool-desk-light')
  await page.getByRole('button', { name: '30 days' }).click()
  await page.waitForFunction(() => document.querySelector('[aria-pressed=true]')?.textContent === '30 days')
  await settled()
  // The same numbers as a table.
  await page.locator('details').first().locator('summary').click()
  const days = await page.locator('details').first().locator('tbody tr').count()
  assert.ok(days >= 1 && days <= 30, `${days} days in the table`)

  // By keyboard alone: search, choose, go.
  await page.goto(`${base}#/`)
  await page.getByRole('combobox').focus()
  const symbol = named.split('/')[0]
  await page.keyboard.type(symbol.toLowerCase())
  await page.getByRole('option').first().waitFor()
  const options = await page.getByRole('option').count()
  await page.keyboard.press('ArrowDown'); await page.keyboard.press('ArrowUp'); await page.keyboard.press('Enter')
  await page.waitForFunction(() => location.hash.startsWith('#/pool/0x'))
  await settled()

  await page.getByRole('button', { name: 'Light or dark' }).click()
  assert.equal(await page.evaluate(() => document.documentElement.dataset.theme), 'dark')
  await settled(); await shot('pool-desk-dark')
  await page.setViewportSize({ width: 390, height: 844 })
  await page.reload()
  await settled()
  await wide('a pool on a phone'); await shot('pool-phone-dark')
  await page.goto(`${base}#/`)
  await page.getByRole('heading', { name: /^Top pools of/ }).waitFor()
  await wide('the first page on a phone'); await shot('overview-phone-dark')
  await page.getByRole('button', { name: 'Light or dark' }).click()
  await shot('overview-phone-light')

  // Somebody without a pool of that address is told so.
  await page.goto(`${base}#/pool/0x00000000000000000000000000000000000000aa`)
  await page.getByRole('alert').waitFor()
  const said = await page.getByRole('alert').textContent()

  // Every control has a name, every image a text, every table its heads.
  const nameless = await page.evaluate(() => [...document.querySelectorAll('button, input, a, [role=img]')].filter(e => !(e.getAttribute('aria-label') || e.textContent.trim() || e.labels?.length)).map(e => e.outerHTML))
  assert.deepEqual(nameless, [])
  const unexpected = complaints.filter(text => !/404/.test(text))
  assert.deepEqual(unexpected, [], 'the console complains')
  assert.deepEqual(elsewhere, [], 'something was asked for elsewhere')
  console.log(JSON.stringify({ stage, cards, charts, options, days, said, told: tables['What was told'], heard: tables['What others told us'] }))
} finally {
  await browser.close()
  await rm(profile, { recursive: true, force: true })
}
