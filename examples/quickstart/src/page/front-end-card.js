/** Visitors come back that many milliseconds after a page was dropped: long enough to be seen. */
const returnAfter = 900

/** One front end: its page as a visitor sees it, how old that is, and every page that it has cached. */
export function createFrontEndCard(section, { key, name, asks, url, up, pages, stale, now }) {
  section.replaceChildren(document.querySelector('#front-end').content.cloneNode(true))
  const find = (selector) => section.querySelector(selector)
  find('h2').textContent = name
  find('.asks').textContent = asks
  const frame = find('iframe')
  const power = find('.power')
  const cache = find('.cache')
  frame.title = `${name}, as visitors see it`

  /** path → { renderedAt, staleSince } */
  const cached = new Map(pages.map(({ path, renderedAt }) => [path, { renderedAt, staleSince: stale[path] ?? null }]))
  const justDropped = new Set()
  let posts = []
  let post
  let mode = 'post'
  let shown = null
  let lastStale = null
  let waiting = 0

  power.addEventListener('click', async () => {
    power.disabled = true
    await fetch(`/stage/${key}/${up ? 'down' : 'up'}`, { method: 'POST' }).catch(() => {})
    power.disabled = false
  })
  for (const tab of section.querySelectorAll('[data-show]')) {
    tab.addEventListener('click', () => {
      mode = tab.dataset.show
      for (const other of section.querySelectorAll('[data-show]')) other.ariaPressed = String(other === tab)
      go(pathOf())
    })
  }
  // A link followed inside the frame.
  const followed = ({ source, data }) => {
    if (source !== frame.contentWindow || typeof data?.path !== 'string' || data.path === shown) return
    shown = data.path
    draw()
  }
  addEventListener('message', followed)
  const ticking = setInterval(drawAge, 200)

  const pathOf = () => (mode === 'list' || !post ? '/' : `/blog/${post.slug}`)

  /** Shows that page, as a visitor who opens or reloads it. */
  function go(path) {
    shown = path
    // Replaced, so that the browser's back button stays of use.
    if (up) frame.contentWindow.location.replace(url + path)
    draw()
  }

  async function revisit() {
    if (!up) return
    const known = ['/', ...posts.map(({ slug }) => `/blog/${slug}`)]
    await Promise.allSettled(known.filter((path) => !cached.has(path)).map((path) => fetch(url + path)))
  }

  function drawPower() {
    power.textContent = up ? 'Take down' : 'Bring up again'
    section.classList.toggle('is-down', !up)
  }

  function drawAge() {
    const badge = find('.badge')
    const page = cached.get(shown)
    const [kind, text] = !page
      ? ['', 'not cached: the next visit renders it']
      : page.staleSince !== null
        ? ['stale', `stale for ${ago(now() - page.staleSince)}`]
        : ['fresh', `fresh, rendered ${ago(now() - page.renderedAt)} ago`]
    badge.className = `badge ${kind}`
    const memo = document.createElement('em')
    if (lastStale !== null) memo.textContent = `was stale for ${ago(lastStale)}`
    badge.replaceChildren(text, memo)
  }

  function draw() {
    find('.address').textContent = url.replace('http://', '') + (shown ?? '')
    const paths = [...new Set(['/', ...posts.map(({ slug }) => `/blog/${slug}`), ...cached.keys(), ...justDropped])]
    while (cache.children.length > paths.length) cache.lastChild.remove()
    while (cache.children.length < paths.length) cache.append(document.createElement('i'))
    let old = 0
    for (const [index, path] of paths.entries()) {
      const page = cached.get(path)
      if (page && page.staleSince !== null) old++
      const cell = cache.children[index]
      cell.className = page ? (page.staleSince === null ? 'fresh' : 'stale') : justDropped.has(path) ? 'dropped' : ''
      cell.title = path
    }
    const text = `${cached.size} pages cached, ${old === 0 ? 'none' : old} stale`
    cache.ariaLabel = text
    find('.cached').textContent = text
    find('.waiting').textContent = waiting === 0 ? '' : `${waiting} ${waiting === 1 ? 'change waits' : 'changes wait'}`
    drawAge()
  }

  drawPower()
  return {
    show(nextPosts, nextPost) {
      const before = pathOf()
      const first = shown === null
      posts = nextPosts
      post = nextPost
      if (first || before !== pathOf()) go(pathOf())
      else draw()
      if (first) void revisit()
    },
    tell(told) {
      if (told.kind === 'stale') {
        for (const path of told.paths) {
          const page = cached.get(path)
          if (page) page.staleSince ??= told.at
        }
      } else if (told.kind === 'dropped') {
        for (const path of told.paths) {
          cached.delete(path)
          justDropped.add(path)
        }
        if (told.staleFor !== null && told.paths.includes(shown)) lastStale = told.staleFor
        // A page that was rendered while another was dropped is shown without being cached.
        if (!cached.has(shown)) go(shown)
        setTimeout(async () => {
          for (const path of told.paths) justDropped.delete(path)
          await revisit()
          draw()
        }, returnAfter)
      } else if (told.kind === 'rendered') cached.set(told.page.path, { renderedAt: told.page.renderedAt, staleSince: null })
      else if (told.kind === 'waiting') waiting = told.pending + told.inFlight
      else if (told.kind === 'up' || told.kind === 'down') {
        up = told.kind === 'up'
        drawPower()
        if (up) go(pathOf())
      } else return
      draw()
    },
    remove() {
      clearInterval(ticking)
      removeEventListener('message', followed)
    },
  }
}

/** Milliseconds for people. */
function ago(ms) {
  if (ms < 1000) return `${Math.max(0, Math.round(ms))} ms`
  if (ms < 60_000) return `${Math.floor(ms / 1000)} s`
  return `${Math.floor(ms / 60_000)} min`
}
