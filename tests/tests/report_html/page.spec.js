// The page of a recorded run in a browser: of a run of end-to-end tests in which four failed.
const path = require('node:path')
const { pathToFileURL } = require('node:url')
const { test, expect } = require('@playwright/test')

const PAGE = pathToFileURL(path.resolve('record/report.html')).href

// Whatever the page complains of, or asks anybody for, fails the test that made it do so.
let complaints
test.beforeEach(async ({ page }) => {
  complaints = []
  page.on('console', message => complaints.push(message.text()))
  page.on('pageerror', error => complaints.push(error.message))
  page.on('request', request => { if (!request.url().startsWith('data:') && request.url().split('#')[0] !== PAGE) complaints.push(request.url()) })
  page.on('dialog', dialog => complaints.push(dialog.message()))
  await page.goto(PAGE)
})
test.afterEach(() => expect(complaints).toEqual([]))

const bar = (page, name) => page.locator('#chart').getByRole('button', { name })
const panel = page => page.getByRole('complementary')

test('the head says what ran and how it ended', async ({ page }) => {
  await expect(page).toHaveTitle('e2e: failed')
  const head = page.getByRole('banner')
  await expect(head).toContainText('e2e: 4 of 7 tests failed')
  await expect(head).toContainText('3 passed, 4 failed')
  await expect(head).toContainText('2 min 35 s')
  await expect(page.locator('.failure').first()).toContainText('a member finds all their teams in the list')
  await expect(page.locator('.failure img')).toHaveCount(2)
})

test('a click on a bar shows its log, and what a program printed stays text', async ({ page }) => {
  await bar(page, /^crux, ready/).click()
  await expect(panel(page).getByRole('heading', { name: 'crux', exact: true })).toBeVisible()
  await expect(panel(page)).toContainText('</script><img src=x onerror=alert(1)>')
  await expect(panel(page).locator('img')).toHaveCount(0)
  await expect(panel(page).locator('.f1').last()).toHaveText('ERROR')
  await expect(panel(page).getByRole('link', { name: 'Complete log' })).toHaveAttribute('href', 'services/crux.log')
  await panel(page).getByRole('button', { name: 'Close' }).click()
  await expect(panel(page)).toBeHidden()
})

test('an error of a service leads to its line in the log', async ({ page }) => {
  await page.locator('.failure').first().getByRole('button', { name: 'crux' }).first().click()
  await expect(panel(page).locator('.now')).toContainText('the database said no')
  await expect(panel(page).locator('.now')).toBeInViewport()
})

test('the critical path is marked', async ({ page }) => {
  await expect(page.locator('#path')).toContainText(/Critical path 2 min 3\d s of 2 min 35 s \(9\d %\)/)
  await expect(page.locator('#path li')).toHaveText([/exec npm run build/, /crux-migrate/, /^crux/, /test npm run test:e2e/])
  await expect(bar(page, /^test npm run test:e2e .*on the critical path/)).toBeVisible()
  await expect(bar(page, /^kratos-migrate.*on the critical path/)).toHaveCount(0)
})

test('what came from the cache is folded, and unfolds', async ({ page }) => {
  const cached = bar(page, /^exec npm ci --no-audit --no-fund: cached/).first()
  await expect(cached).toBeHidden()
  await page.getByRole('button', { name: /^e2e 1 ran, 6 cached/ }).click()
  await expect(cached).toBeVisible()
})

test('keys go from bar to bar, open and close', async ({ page }) => {
  await bar(page, /^test npm run test:e2e/).focus()
  await page.keyboard.press('Enter')
  await expect(panel(page)).toContainText('4 failed')
  await page.keyboard.press('Escape')
  await expect(panel(page)).toBeHidden()
  await expect(bar(page, /^test npm run test:e2e/)).toBeFocused()
  await page.keyboard.press('j')
  await expect(bar(page, /^a member creates a team, and projects in it: ran/)).toBeFocused()
  await page.keyboard.press('ArrowRight')
  await page.keyboard.press('l')
  await page.keyboard.press('ArrowLeft')
  await expect(bar(page, /^a name that cannot be right is told at once/)).toBeFocused()
  await page.keyboard.press('Enter')
  await expect(panel(page).getByRole('heading').first()).toHaveText('a name that cannot be right is told at once')
  // With a log open, going on shows the next.
  await page.keyboard.press('k')
  await expect(panel(page).getByRole('heading').first()).toHaveText(/^e2e: test npm run test:e2e/)
  await page.keyboard.press('Escape')
  await page.keyboard.press('f')
  await expect(page.locator('.failure summary').first()).toBeFocused()
  await page.keyboard.press('?')
  await expect(page.getByRole('dialog', { name: 'Keys' })).toBeVisible()
  await page.keyboard.press('Escape')
  await expect(page.getByRole('dialog', { name: 'Keys' })).toBeHidden()
})

test('the search finds steps, tests and lines of logs', async ({ page }) => {
  await page.keyboard.press('/')
  await expect(page.getByRole('searchbox')).toBeFocused()
  await page.keyboard.type('database said')
  const found = page.getByRole('region', { name: 'What was found' })
  await expect(found).toContainText('Logs: 1')
  await page.keyboard.press('ArrowDown')
  await page.keyboard.press('Enter')
  await expect(panel(page).locator('.now')).toContainText('the database said no')
  await page.keyboard.press('Escape')
  await page.getByRole('searchbox').fill('same slug')
  await expect(found.getByRole('button')).toHaveText([/two teams cannot have the same slug/])
  await page.getByRole('searchbox').fill('<img')
  await expect(found).toContainText('onerror')
  await page.getByRole('searchbox').fill('nowhere to be found')
  await expect(found).toContainText('Nothing has “nowhere to be found” in it')
  await page.getByRole('searchbox').fill('')
  await expect(found).toBeHidden()
})

test('tests are listed by file and filtered', async ({ page }) => {
  const rows = page.locator('#suites tr:visible')
  await expect(rows).toHaveCount(7)
  await page.getByRole('button', { name: '4 failed' }).click()
  await expect(rows).toHaveCount(4)
  await page.locator('#suites').getByRole('button', { name: 'an unknown address is refused in the same words' }).click()
  await expect(panel(page)).toContainText('Expected: "The e-mail address or the password is mistaken."')
  await expect(panel(page).locator('img')).toHaveCount(1)
})

test('the page zooms', async ({ page }) => {
  const build = bar(page, /^exec npm run build: ran/)
  const before = (await build.boundingBox()).width
  await page.keyboard.press('+')
  await expect.poll(async () => (await build.boundingBox()).width).toBeGreaterThan(before * 1.8)
  await page.getByRole('button', { name: 'Fit' }).click()
  await expect.poll(async () => (await build.boundingBox()).width).toBeCloseTo(before, 0)
})

for (const colorScheme of ['light', 'dark']) {
  test.describe(colorScheme, () => {
    test.use({ colorScheme })
    test(`${colorScheme} is as the system is, until the button says otherwise`, async ({ page }) => {
      const brightness = () => page.evaluate(() => {
        const canvas = document.createElement('canvas').getContext('2d')
        canvas.fillStyle = getComputedStyle(document.documentElement).backgroundColor
        canvas.fillRect(0, 0, 1, 1)
        return canvas.getImageData(0, 0, 1, 1).data[0]
      })
      const isLight = colorScheme === 'light'
      expect(await brightness() > 128).toBe(isLight)
      const button = page.getByRole('button', { name: 'Theme' })
      for (let clicks = isLight ? 2 : 1; clicks; clicks -= 1) await button.click()
      expect(await brightness() > 128).toBe(!isLight)
    })
  })
}

test.describe('on a phone', () => {
  test.use({ viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true })
  test('nothing is wider than the screen', async ({ page }) => {
    const width = () => page.evaluate(() => document.documentElement.scrollWidth)
    expect(await width()).toBeLessThanOrEqual(390)
    await bar(page, /^test npm run test:e2e/).tap()
    await expect(panel(page)).toBeVisible()
    expect(await width()).toBeLessThanOrEqual(390)
  })
})

test.describe('without a script', () => {
  test.use({ javaScriptEnabled: false })
  test('the result and the failures are there', async ({ page }) => {
    await expect(page.getByRole('banner')).toContainText('e2e: 4 of 7 tests failed')
    await expect(page.locator('.failure')).toHaveCount(4)
    await expect(page.getByText('drawn by a script, which does not run here')).toBeVisible()
    await expect(page.getByRole('searchbox')).toBeHidden()
  })
})
