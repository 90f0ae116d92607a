
// The panel with the log of a lane.
const logs = new Map(page.logs.map(log => [log.lane, log]))
const lanes = new Map(page.timeline.groups.flatMap(group => group.lanes.map(lane => [lane.id, { ...lane, group }])))

const ANSI = /\u001b\[([0-9;]*)m|\u001b\[[0-9;?]*[A-Za-z]|\u001b\][^\u0007\u001b]*(?:\u0007|\u001b\\)|[\u0000-\u0008\u000b-\u001f\u007f]/g
const withoutColours = text => text.replace(ANSI, '')

/** A line's text in spans, coloured as a terminal would. `pen` holds from line to line. */
const coloured = (line, pen) => {
  const parts = []
  let from = 0
  const add = text => {
    const style = [pen.colour, pen.bold && 'bold', pen.dim && 'dim'].filter(Boolean).join(' ')
    if (text) parts.push(style ? el('span', { class: style }, text) : text)
  }
  for (const match of line.matchAll(ANSI)) {
    add(line.slice(from, match.index))
    from = match.index + match[0].length
    if (match[1] !== undefined) draw(pen, match[1].split(';').map(Number))
  }
  add(line.slice(from))
  return parts
}
const draw = (pen, codes) => {
  for (let at = 0; at < codes.length; at += 1) {
    const code = codes[at]
    if (code === 0) Object.assign(pen, { colour: '', bold: false, dim: false })
    else if (code === 1) pen.bold = true
    else if (code === 2) pen.dim = true
    else if (code === 22) Object.assign(pen, { bold: false, dim: false })
    else if (code === 39) pen.colour = ''
    else if (code >= 30 && code <= 37) pen.colour = `f${code - 30}`
    else if (code >= 90 && code <= 97) pen.colour = code === 90 ? 'f8' : `f${code - 90}`
    else if (code === 38 || code === 48) {
      const palette = codes[at + 1] === 5
      if (code === 38) pen.colour = palette && codes[at + 2] < 8 ? `f${codes[at + 2]}` : ''
      at += palette ? 2 : 4
    }
  }
}

const logLines = log => {
  const pen = { colour: '', bold: false, dim: false }
  return log.text.replace(/\n$/, '').split('\n').map(line => el('div', {}, ...coloured(line, pen), '\n'))
}

let opener = null
/** The lane that the panel shows. */
let shown = null

const showPanel = (title, facts, body) => {
  if ($('panel').hidden) opener = document.activeElement
  $('panel-title').textContent = title
  $('panel-facts').replaceChildren(...facts)
  $('panel-body').replaceChildren(...body)
  $('panel').hidden = false
  document.body.classList.add('with-panel')
}

const closePanel = () => {
  $('panel').hidden = true
  document.body.classList.remove('with-panel')
  markBar(null)
  shown = null
  if (opener?.isConnected) opener.focus({ preventScroll: true })
}

/** Shows the log of a lane, at the line that holds `text`, else at its end. */
const openLane = (id, text, bar) => {
  const lane = lanes.get(id)
  if (!lane) return
  const log = logs.get(id)
  const span = bar ?? { from: lane.bars[0].from, to: lane.bars.at(-1).to, state: lane.bars.at(-1).state }
  const facts = [`${STATES[span.state]}, ${took(span.to - span.from)}, from ${took(span.from)} to ${took(span.to)}`]
  if (bar && bar.label !== lane.label) facts.unshift(`${bar.label}: `)
  if (lane.facts) facts.push(`, ${lane.facts}`)
  if (lane.critical) facts.push(', on the critical path')
  if (log && !log.href) facts.push('. It came from the cache; this is what it said when it ran')
  if (log?.href) facts.push('. ', el('a', { href: log.href }, 'Complete log'))
  if (log) facts.push(` (${bytes(log.bytes)}${log.cut ? '; here are its last lines' : ''})`)
  const lines = log ? logLines(log) : []
  const none = lane.bars.every(it => it.state === 'cached') && !log ? 'It did not run: its result came from the cache, and no log of it is kept.' : 'It said nothing.'
  showPanel(lane.kind === 'service' ? lane.label : `${lane.group.name}: ${lane.label}`, facts,
    log && log.text ? [el('pre', { tabindex: 0, role: 'region', 'aria-label': 'Log' }, lines)] : [el('p', { class: 'notice' }, none)])
  shown = id
  markBar(id, bar)
  const wanted = text && withoutColours(text).trim()
  const hit = wanted && lines.find(line => line.textContent.includes(wanted))
  if (hit) {
    hit.classList.add('now')
    hit.scrollIntoView({ block: 'center' })
  } else $('panel-body').scrollTop = $('panel-body').scrollHeight
}

/** Shows one test: its message and what it wrote. */
const openCase = (tests, suite, test) => {
  const message = test.status.message
  const body = [
    message && el('pre', { class: 'message', tabindex: 0 }, withoutColours(message)),
    test.output && el('h3', {}, 'What it wrote'),
    test.output && el('pre', { tabindex: 0 }, withoutColours(test.output)),
    !message && !test.output && el('p', { class: 'notice' }, 'It wrote nothing.'),
    ...page.images.filter(image => image.of === test.name).map(image => picture(image, '')),
  ]
  const place = test.line ? `${suite.file}:${test.line}` : suite.file
  const facts = [`${test.status.kind}, ${took(test.seconds)}, ${place}. `, el('button', { type: 'button', class: 'plain', onclick: () => openLane(tests.lane, test.name) }, 'Log of all tests')]
  showPanel(test.name, facts, body.filter(Boolean))
  markBar(null)
  shown = null
  $('panel-body').scrollTop = 0
}
