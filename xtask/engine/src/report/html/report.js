
// What the run told, and how the page says it.
const page = JSON.parse(document.getElementById('data').textContent)
const $ = id => document.getElementById(id)

/** An element with attributes, listeners and contents; text is never markup. */
const el = (name, attributes = {}, ...contents) => {
  const element = document.createElement(name)
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith('on')) element.addEventListener(key.slice(2), value)
    else if (value !== undefined && value !== null && value !== false) element.setAttribute(key, value === true ? '' : value)
  }
  element.append(...contents.flat().filter(it => it !== undefined && it !== null && it !== false))
  return element
}

/** Seconds as people read them: 0.03 s, 5.1 s, 2 min 34 s. */
const took = seconds => {
  if (seconds < 0.0005) return '0 s'
  if (seconds < 0.9995) return `${Math.round(seconds * 1000)} ms`
  if (seconds < 59.95) return `${seconds.toFixed(seconds < 10 ? 2 : 1)} s`
  const whole = Math.round(seconds)
  return `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, '0')} s`
}
/** The same where it stands on a line of a scale: 5 s, 1 min 20 s. */
const onScale = seconds => {
  if (seconds >= 60) return seconds % 60 ? `${Math.floor(seconds / 60)} min ${seconds % 60} s` : `${seconds / 60} min`
  return seconds >= 1 || seconds === 0 ? `${Number(seconds.toFixed(2))} s` : `${Number((seconds * 1000).toFixed(2))} ms`
}
const bytes = count => count < 1000 ? `${count} B` : count < 1e6 ? `${(count / 1e3).toFixed(1)} kB` : `${(count / 1e6).toFixed(1)} MB`
const many = (count, one, more = `${one}s`) => `${count} ${count === 1 ? one : more}`
const STATES = {
  cached: 'cached', ran: 'ran', shared: 'done by another run', failed: 'failed', stopped: 'stopped', skipped: 'skipped',
  creating: 'creating', waiting: 'waiting', starting: 'starting', ready: 'ready', stopping: 'stopping',
}

const drawFacts = () => {
  const fact = (what, ...value) => el('div', {}, el('dt', {}, what), el('dd', {}, ...value))
  const began = new Date(page.unix * 1000)
  const { steps, counts } = page
  const facts = [
    page.unix && fact('began', el('time', { datetime: began.toISOString() }, began.toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'medium' }))),
    fact(page.result === 'no_end' ? 'told for' : 'took', took(page.timeline.seconds)),
  ]
  if (counts) {
    const parts = [['passed', 'good'], ['failed', 'bad'], ['skipped', '']].filter(([state]) => counts[state])
    facts.push(fact('tests', parts.flatMap(([state, style], at) => [at ? ', ' : '', el('span', { class: style }, `${counts[state]} ${state}`)])))
  }
  const parts = [[steps.ran, 'ran'], [steps.failed, 'failed'], [steps.cached, 'cached']].filter(([count]) => count)
  if (parts.length) facts.push(fact('steps', parts.map(([count, what]) => `${count} ${what}`).join(', ')))
  const services = page.timeline.groups.find(group => group.kind === 'services')
  if (services) facts.push(fact('services', String(services.lanes.length)))
  if (page.stand_ins.length) facts.push(fact('images', el('a', { href: '#stand-ins', onclick: () => { $('stand-ins').open = true } }, many(page.stand_ins.length, 'stand-in'))))
  $('facts').replaceChildren(...facts.filter(Boolean))
}

const picture = (image, of = image.of) => {
  const label = image.of ?? image.name
  if (!image.data) return el('figure', { class: 'shot' }, el('a', { href: image.href }, image.name))
  const enlarge = () => {
    const dialog = $('picture')
    dialog.querySelector('img')?.remove()
    dialog.append(el('img', { src: image.data, alt: label }))
    dialog.showModal()
  }
  return el('figure', { class: image.failed ? 'shot of-failure' : 'shot' },
    el('button', { type: 'button', 'aria-label': `Enlarge ${label}`, onclick: enlarge }, el('img', { src: image.data, alt: '' })),
    el('figcaption', {}, of ? `${of}: ` : '', el('a', { href: image.href }, image.name)))
}

const drawPictures = () => {
  if (!page.images.length) return
  $('pictures').append(...page.images.filter(it => it.data).map(image => picture(image)))
  const linked = page.images.filter(it => !it.data)
  if (linked.length) $('screenshots').append(el('details', {}, el('summary', {}, `${many(linked.length, 'more picture')}, in files`), el('ul', {}, linked.map(it => el('li', {}, el('a', { href: it.href }, it.href))))))
  $('screenshots').hidden = false
}

/** What is text of the page already gets what only a script can give: pictures, and ways into logs. */
const enrichFailures = () => {
  page.failures.forEach((failure, at) => {
    const element = $(`failure-${at}`)
    if (!element) return
    const image = page.images.find(it => it.data && it.of === failure.name)
    if (image) element.querySelector('.why').append(picture(image, ''))
    const show = el('button', { type: 'button', class: 'plain', onclick: () => openLane(failure.lane, failure.name) }, 'show its log')
    const line = element.querySelector('.log') ?? element.appendChild(el('p', { class: 'log' }))
    line.prepend(show)
  })
  for (const line of document.querySelectorAll('.meanwhile li[data-lane]')) {
    const name = line.querySelector('b')
    const text = line.querySelector('code').textContent
    name.replaceWith(el('button', { type: 'button', class: 'plain', onclick: () => openLane(line.dataset.lane, text) }, name.textContent))
  }
}

const drawMore = () => {
  const more = $('more')
  const list = items => el('ul', {}, items.map(item => el('li', {}, item)))
  const links = page.links.map(([what, href]) => [href, el('a', { href }, what)])
  const [recordings, files] = [true, false].map(wanted => links.filter(([href]) => /\.(zip|webm)$/.test(href) === wanted).map(([, link]) => link))
  if (files.length) more.append(el('div', {}, el('h2', {}, 'Files'), list(files)))
  if (recordings.length) more.append(el('details', {}, el('summary', {}, many(recordings.length, 'trace or video', 'traces and videos')), list(recordings)))
  if (page.stand_ins.length) more.append(el('details', { id: 'stand-ins' }, el('summary', {}, `${many(page.stand_ins.length, 'image')} of this machine's own in place of a registry's`), list(page.stand_ins)))
  if (page.notices.length) more.append(el('details', {}, el('summary', {}, many(page.notices.length, 'notice')), list(page.notices)))
  more.hidden = !more.children.length
}

/** Light, dark, or as the system is: kept where the browser keeps anything for files. */
const THEMES = ['auto', 'light', 'dark']
const setTheme = theme => {
  if (theme === 'auto') delete document.documentElement.dataset.theme
  else document.documentElement.dataset.theme = theme
  $('theme').textContent = `Theme: ${theme}`
  try { localStorage.setItem('xtask-theme', theme) } catch { /* not here */ }
}
const nextTheme = () => setTheme(THEMES[(THEMES.indexOf(document.documentElement.dataset.theme ?? 'auto') + 1) % THEMES.length])
const keptTheme = () => {
  try { return THEMES.find(theme => theme === localStorage.getItem('xtask-theme')) ?? 'auto' } catch { return 'auto' }
}
