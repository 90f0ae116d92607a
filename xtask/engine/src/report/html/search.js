
// The search: steps and services, tests, lines of logs.
const MOST = 30
const OF_ONE_LOG = 6
let lines = null

const logIndex = () => lines ??= page.logs.map(log => {
  const text = withoutColours(log.text).split('\n')
  return { log, text, low: text.map(line => line.toLowerCase()) }
})

/** Text with what was looked for marked. */
const marked = (text, query) => {
  const at = text.toLowerCase().indexOf(query)
  if (at < 0) return [text]
  return [text.slice(0, at), el('mark', {}, text.slice(at, at + query.length)), text.slice(at + query.length)]
}
const hit = (text, small, query, act) => el('button', { type: 'button', class: 'hit', onclick: act }, marked(text, query), el('small', {}, small))
/** A line of a log: whose it is comes first, for the line may be longer than there is room. */
const lineHit = (text, whose, query, act) => el('button', { type: 'button', class: 'hit line', onclick: act }, el('small', {}, whose), marked(text, query))

const findLanes = query => [...lanes.values()]
  .filter(lane => lane.kind !== 'cases' && `${lane.group.name} ${lane.label}`.toLowerCase().includes(query))
  .map(lane => hit(lane.label, `${lane.group.name}, ${STATES[lane.bars.at(-1)?.state]}`, query, () => openLane(lane.id)))

const findTests = query => page.tests.flatMap(tests => tests.suites.flatMap(suite => suite.cases
  .filter(test => `${suite.file} ${test.name} ${test.status.message ?? ''}`.toLowerCase().includes(query))
  .map(test => hit(test.name, `${suite.file}, ${test.status.kind}`, query, () => openCase(tests, suite, test)))))

const findLines = query => logIndex().flatMap(({ log, text, low }) => {
  const found = low.flatMap((line, at) => line.includes(query) ? [at] : [])
  return found.slice(0, OF_ONE_LOG).map((at, which) => {
    const start = Math.max(0, low[at].indexOf(query) - 60)
    const more = which === OF_ONE_LOG - 1 && found.length > OF_ONE_LOG ? ` and ${many(found.length - OF_ONE_LOG, 'more line')}` : ''
    return lineHit(`${start ? '…' : ''}${text[at].slice(start, start + 300)}`, log.label + more, query, () => openLane(log.lane, text[at]))
  })
})

const search = text => {
  const query = text.trim().toLowerCase()
  const found = $('found')
  found.hidden = query.length < 2
  if (found.hidden) return found.replaceChildren()
  const kinds = [['Steps and services', findLanes(query)], ['Tests', findTests(query)], ['Logs', findLines(query)]].filter(([, hits]) => hits.length)
  const more = hits => hits.length > MOST ? el('p', { class: 'notice' }, `${hits.length - MOST} more`) : ''
  found.replaceChildren(...kinds.flatMap(([title, hits]) => [el('h3', {}, `${title}: ${hits.length}`), ...hits.slice(0, MOST), more(hits)]))
  if (!kinds.length) found.append(el('p', { class: 'notice' }, `Nothing has “${text.trim()}” in it: not the steps, not the tests, not the logs as far as they are in this page.`))
}
