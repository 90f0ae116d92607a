
// The keys, and the beginning of all.
const KEYS = [
  ['/', 'search'], ['j k or ↓ ↑', 'next or previous lane; in the search, what was found'], ['h l or ← →', 'previous or next bar of a lane'],
  ['Enter', 'show the log of a bar'], ['Escape', 'close the log or the search'], ['f', 'next failure'],
  ['+ − 0', 'zoom in, out, fit'], ['t', 'theme'], ['?', 'these keys'],
]

const focusBar = element => {
  if (!element) return
  for (const bar of document.querySelectorAll('.bar[tabindex="0"]')) bar.setAttribute('tabindex', -1)
  element.setAttribute('tabindex', 0)
  element.focus({ preventScroll: true })
  element.scrollIntoView({ block: 'center', inline: 'nearest' })
  if (!$('panel').hidden) openBar(element)
}

/** The bar in another lane that is nearest in time, or the next of the same. */
const moveBar = (lanesOn, barsOn) => {
  const rows = [...document.querySelectorAll('.lane')].filter(row => !row.hidden && row.querySelector('.bar'))
  const now = document.activeElement.bar ? document.activeElement : document.querySelector('.bar[aria-current]')
  if (!now) return focusBar(rows[0]?.querySelector('.bar'))
  const row = now.closest('.lane')
  if (barsOn) {
    const bars = [...row.querySelectorAll('.bar')]
    return focusBar(bars[bars.indexOf(now) + barsOn])
  }
  const bars = [...rows[rows.indexOf(row) + lanesOn]?.querySelectorAll('.bar') ?? []]
  const distance = it => Math.abs(it.bar.from - now.bar.from)
  focusBar(bars.reduce((best, it) => best && distance(best) <= distance(it) ? best : it, null))
}

const moveHit = on => {
  const hits = [$('query'), ...document.querySelectorAll('#found .hit')]
  hits[hits.indexOf(document.activeElement) + on]?.focus()
}

let failureAt = -1
const nextFailure = () => {
  const all = document.querySelectorAll('.failure')
  if (!all.length) return
  failureAt = (failureAt + 1) % all.length
  all[failureAt].open = true
  all[failureAt].querySelector('summary').focus()
  all[failureAt].scrollIntoView({ block: 'start' })
}

const escape = () => {
  if (!$('panel').hidden) return closePanel()
  $('query').value = ''
  search('')
  $('query').blur()
}

const ACTS = {
  '/': () => $('query').focus(), j: () => moveBar(1, 0), k: () => moveBar(-1, 0), ArrowDown: () => moveBar(1, 0), ArrowUp: () => moveBar(-1, 0),
  h: () => moveBar(0, -1), l: () => moveBar(0, 1), ArrowLeft: () => moveBar(0, -1), ArrowRight: () => moveBar(0, 1),
  f: nextFailure, t: nextTheme, '?': () => $('keys').showModal(), '+': () => setZoom(zoom * 2), '-': () => setZoom(zoom / 2), 0: () => setZoom(1),
}

const onKey = event => {
  if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector('dialog[open]')) return
  const active = document.activeElement
  const arrow = event.key.startsWith('Arrow')
  if (event.key === 'Escape') escape()
  else if (active === $('query') || active.closest('#found')) {
    const on = { ArrowDown: 1, ArrowUp: -1 }[event.key]
    if (event.key === 'Enter' && active === $('query')) document.querySelector('#found .hit')?.click()
    else if (on) moveHit(on)
    else return
  } else if (arrow && !active.bar) return // the page scrolls
  else if (ACTS[event.key]) ACTS[event.key]()
  else return
  event.preventDefault()
}

const start = () => {
  document.documentElement.classList.add('scripted')
  setTheme(keptTheme())
  drawFacts()
  drawTimeline()
  drawTests()
  drawPictures()
  drawMore()
  enrichFailures()
  $('keys').querySelector('dl').append(...KEYS.flatMap(([key, what]) => [el('dt', {}, el('kbd', {}, key)), el('dd', {}, what)]))
  $('theme').addEventListener('click', nextTheme)
  $('help').addEventListener('click', () => $('keys').showModal())
  $('close').addEventListener('click', closePanel)
  $('query').addEventListener('input', event => search(event.target.value))
  document.addEventListener('keydown', onKey)
}
start()
