
// The list of tests, by file.
const KINDS = ['failed', 'passed', 'skipped']
/** Files with more tests than this in all are closed at first, unless something in them failed. */
const OPEN = 60
let wanted = null

const drawCase = (tests, suite, test) => el('tr', { 'data-kind': test.status.kind },
  el('td', { class: `status ${test.status.kind}` }, test.status.kind),
  el('th', { scope: 'row' }, el('button', { type: 'button', class: 'hit', onclick: () => openCase(tests, suite, test) }, test.name)),
  el('td', { class: 'took' }, test.status.kind === 'skipped' ? '' : took(test.seconds)))

const drawSuite = (tests, suite, open) => {
  const counts = KINDS.map(kind => [kind, suite.cases.filter(test => test.status.kind === kind).length]).filter(([, count]) => count)
  const failed = counts.some(([kind]) => kind === 'failed')
  return el('details', { class: 'suite', open: open || failed },
    el('summary', {}, el('span', { class: 'file' }, suite.file),
      el('span', {}, counts.flatMap(([kind, count], at) => [at ? ', ' : '', el('span', { class: kind }, `${count} ${kind}`)])),
      el('time', { class: 'skipped' }, took(suite.seconds))),
    el('table', {}, el('tbody', {}, suite.cases.map(test => drawCase(tests, suite, test)))))
}

const before = tests => {
  if (!tests.before) return tests.cached ? 'from the cache' : ''
  const ago = Math.max(0, page.unix - tests.before.ended)
  const words = ago < 90 ? `${Math.round(ago)} s` : ago < 5400 ? `${Math.round(ago / 60)} min` : ago < 129600 ? `${Math.round(ago / 3600)} h` : `${Math.round(ago / 86400)} days`
  return `from the cache: ran ${words} before this run, in ${took(tests.before.seconds)}`
}

const filterTests = kind => {
  wanted = wanted === kind ? null : kind
  for (const button of $('filters').children) button.setAttribute('aria-pressed', String(button.dataset.kind === wanted))
  for (const row of document.querySelectorAll('#suites tr')) row.hidden = wanted !== null && row.dataset.kind !== wanted
  for (const suite of document.querySelectorAll('.suite')) {
    suite.hidden = ![...suite.querySelectorAll('tr')].some(row => !row.hidden)
    if (wanted) suite.open = true
  }
}

const drawTests = () => {
  const all = page.tests.flatMap(tests => tests.suites.flatMap(suite => suite.cases))
  if (!all.length) return
  for (const kind of KINDS) {
    const count = all.filter(test => test.status.kind === kind).length
    if (count) $('filters').append(el('button', { type: 'button', 'data-kind': kind, 'aria-pressed': 'false', onclick: () => filterTests(kind) }, `${count} ${kind}`))
  }
  for (const tests of page.tests) {
    const more = tests.left_out ? `${tests.left_out} more are not listed` : ''
    const words = [tests.pipeline, before(tests), more].filter(Boolean).join(', ')
    $('suites').append(el('p', { class: 'of-run' }, words))
    const suites = [...tests.suites].sort((one, other) => failures(other) - failures(one))
    $('suites').append(el('div', {}, suites.map(suite => drawSuite(tests, suite, all.length <= OPEN))))
  }
  $('tests').hidden = false
}
const failures = suite => suite.cases.filter(test => test.status.kind === 'failed').length
