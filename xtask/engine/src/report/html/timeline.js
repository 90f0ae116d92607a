
// The chart.
const { seconds: END, groups, critical } = page.timeline
/** With more lanes than this, what came from the cache is folded. */
const FEW = 14
const percent = at => `${END ? Math.min(100, Math.max(0, at / END * 100)) : 0}%`
const nothingRan = lane => lane.bars.every(bar => bar.state === 'cached')
let zoom = 1

const drawBar = (lane, bar) => {
  const label = lane.kind === 'cases' ? bar.label : lane.kind === 'service' ? `${lane.label}, ${bar.label}` : lane.label
  const words = `${label}: ${STATES[bar.state]}, ${took(bar.to - bar.from)}, from ${took(bar.from)}${lane.critical ? ', on the critical path' : ''}`
  const element = el('button', { type: 'button', class: `bar ${bar.state}`, tabindex: -1, 'aria-label': words, title: words })
  element.style.left = `min(${percent(bar.from)}, 100% - 4px)`
  element.style.width = percent(bar.to - bar.from)
  element.bar = bar
  element.lane = lane
  element.addEventListener('click', () => openBar(element))
  return element
}

const openBar = element => {
  const { lane, bar } = element
  if (lane.kind !== 'cases') return openLane(lane.id, null, bar)
  for (const tests of page.tests) {
    for (const suite of tests.suites) {
      const test = suite.cases.find(it => it.name === bar.label && it.started && Math.abs(it.started - page.unix - bar.from) < 0.5)
      if (test) return openCase(tests, suite, test), markElement(element)
    }
  }
}

const markElement = element => {
  for (const marked of document.querySelectorAll('.bar[aria-current]')) marked.removeAttribute('aria-current')
  element?.setAttribute('aria-current', 'true')
}
const markBar = (id, bar) => {
  const bars = [...document.querySelectorAll('.bar')]
  const element = bars.find(it => id && it.lane.id === id && (!bar || it.bar === bar))
  markElement(element)
  if (element) {
    unfold(element)
    element.scrollIntoView({ block: 'nearest', inline: 'nearest' })
  }
}
const unfold = element => {
  const lane = element.closest('.lane')
  if (lane.hidden) lane.fold.click()
}

const drawGroup = (group, folded) => {
  const pieces = []
  const hideable = folded ? group.lanes.filter(nothingRan) : []
  const ran = group.lanes.filter(lane => lane.kind !== 'cases' && !nothingRan(lane)).length
  const cached = group.lanes.filter(nothingRan).length
  const words = { pipeline: [ran && `${ran} ran`, cached && `${cached} cached`], services: [`${group.lanes.length}`], pulls: [`${group.lanes.length}`] }[group.kind]
  const small = `${words.filter(Boolean).join(', ')}${group.kind === 'pipeline' ? `, ${took(group.span[1] - group.span[0])}` : ''}`
  const rows = group.lanes.map(lane => {
    const row = el('div', { class: `lane ${lane.kind}${lane.critical ? ' critical' : ''}` },
      el('div', { class: 'label', title: lane.label }, lane.label),
      el('div', { class: 'track' }, lane.bars.map(bar => drawBar(lane, bar))))
    row.hidden = hideable.includes(lane)
    return row
  })
  const title = [el('span', {}, group.name), ' ', el('small', {}, small)]
  const fold = hideable.length
    ? el('button', { type: 'button', class: 'fold', 'aria-expanded': 'false', title: 'Show what came from the cache' }, title)
    : el('div', { class: 'fold' }, title)
  if (group.failed) fold.classList.add('failed')
  fold.addEventListener('click', () => {
    if (!hideable.length) return
    const open = fold.getAttribute('aria-expanded') !== 'true'
    fold.setAttribute('aria-expanded', String(open))
    rows.forEach((row, at) => { if (hideable.includes(group.lanes[at])) row.hidden = !open })
    drawLinks()
  })
  for (const row of rows) row.fold = fold
  const span = el('i', { class: 'span' })
  span.style.left = percent(group.span[0])
  span.style.width = percent(group.span[1] - group.span[0])
  pieces.push(el('div', { class: 'group' }, fold, el('div', { class: 'track' }, group.kind === 'pipeline' ? span : '')), ...rows)
  return pieces
}

/** Seconds between lines: 1, 2 or 5 of a power of ten, or parts of minutes. */
const tickStep = () => {
  const wanted = END / (matchMedia('(max-width: 40rem)').matches ? 4 : 9) / zoom
  if (wanted > 20) return [30, 60, 120, 300, 600, 1800, 3600].find(step => step >= wanted) ?? 7200
  const power = 10 ** Math.floor(Math.log10(wanted || 1))
  return [1, 2, 5, 10].map(it => it * power).find(step => step >= wanted)
}

const drawLines = () => {
  const step = tickStep()
  const ticks = Array.from({ length: Math.min(500, Math.floor(END / step * 0.97) + 1) }, (_, at) => at * step)
  const placed = (element, at) => { element.style.left = percent(at); return element }
  document.querySelector('.axis .track').replaceChildren(...ticks.map(at => placed(el('span', { class: 'tick' }, onScale(at)), at)))
  document.querySelector('.lines').replaceChildren(...ticks.map(at => placed(el('i'), at)))
  drawLinks()
}

/** From each part of the critical path to the next, a line where the next begins. */
const drawLinks = () => {
  const box = document.querySelector('.lines')
  for (const link of box.querySelectorAll('.link')) link.remove()
  const rows = new Map([...document.querySelectorAll('.lane')].map(row => [row.querySelector('.bar')?.lane.id, row]))
  const middle = row => row.offsetTop + row.offsetHeight / 2
  critical.segments.slice(1).forEach((segment, at) => {
    const [one, other] = [rows.get(critical.segments[at].lane), rows.get(segment.lane)]
    if (!one || !other || one.hidden || other.hidden) return
    const link = el('i', { class: 'link' })
    link.style.left = percent(segment.from)
    link.style.top = `${Math.min(middle(one), middle(other))}px`
    link.style.height = `${Math.abs(middle(one) - middle(other))}px`
    box.append(link)
  })
}

const setZoom = value => {
  zoom = Math.min(64, Math.max(1, value))
  document.querySelector('.canvas').style.setProperty('--zoom', zoom)
  drawLines()
}

const drawPath = () => {
  const { segments, seconds } = critical
  if (!segments.length || seconds < 0.01) return
  const share = Math.round(seconds / END * 100)
  const chip = segment => el('li', {}, el('button', { type: 'button', onclick: () => openLane(segment.lane) }, segment.label, el('time', {}, took(segment.to - segment.from))))
  $('path').append(
    el('p', {}, el('b', {}, 'Critical path'), ` ${took(seconds)} of ${took(END)} (${share} %). Only a shorter one of these would make the run shorter; the rest went into images, containers and their removal.`),
    el('ol', {}, segments.map(chip)))
}

const drawTimeline = () => {
  if (!groups.some(group => group.lanes.length)) return
  const folded = groups.reduce((sum, group) => sum + group.lanes.length, 0) > FEW
  $('chart').append(el('div', { class: 'canvas' },
    el('div', { class: 'axis' }, el('div'), el('div', { class: 'track' })),
    el('div', { class: 'lines', 'aria-hidden': 'true' }),
    groups.flatMap(group => drawGroup(group, folded))))
  const used = new Set(groups.flatMap(group => group.lanes.flatMap(lane => lane.bars.map(bar => bar.state))))
  $('legend').append(...Object.entries(STATES).filter(([state]) => used.has(state)).map(([state, words]) => el('li', {}, el('i', { class: state }), words)))
  if (critical.segments.length) $('legend').append(el('li', {}, el('i', { class: 'critical' }), 'critical path'))
  $('timeline').hidden = false
  drawPath()
  drawLines()
  document.querySelector('.bar')?.setAttribute('tabindex', 0)
  addEventListener('resize', drawLines)
  for (const [id, act] of [['zoom-in', () => setZoom(zoom * 2)], ['zoom-out', () => setZoom(zoom / 2)], ['zoom-fit', () => setZoom(1)]]) $(id).addEventListener('click', act)
}
