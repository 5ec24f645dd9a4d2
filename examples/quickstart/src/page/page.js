import { createControls } from './controls.js'
import { createFrontEndCard } from './front-end-card.js'
import { createTimeline } from './timeline.js'

const names = { everything: 'Editors’ preview', published: 'Public site' }
const asks = {
  everything: 'Asks for every change, with the slug that a rename replaced.',
  published: 'Asks for posts whose status is published, before or after the change.',
}

let cards = {}
let posts = []
let selected = 1

const controls = createControls({
  select(id) {
    selected = id
    show()
  },
  // Its write is told before its answer arrives, but the list is read after.
  changed: readPosts,
})
const timeline = createTimeline(document.querySelector('#timeline'), names)

async function readPosts(id = selected) {
  // Before the answer comes: another reading may be under way, and must not choose the old one again.
  selected = id
  const answer = await fetch('/api/posts')
  posts = await answer.json()
  if (!posts.some((post) => post.id === selected)) selected = posts[0]?.id
  show()
}

function show() {
  const post = posts.find(({ id }) => id === selected)
  controls.show(posts, post)
  for (const card of Object.values(cards)) card.show(posts, post)
}

function showFigures({ median, changes, requests }) {
  document.querySelector('#figure-median').textContent = median === null ? '–' : `${median} ms`
  document.querySelector('#figure-changes').textContent = changes
  document.querySelector('#figure-requests').textContent = requests
}

/** The server's clock may not be the browser's. */
let ahead = 0
const now = () => Date.now() + ahead

const events = new EventSource('/stage/events')
events.addEventListener('hello', async ({ data }) => {
  const { now: serverNow, state, told } = JSON.parse(data)
  ahead = serverNow - Date.now()
  for (const card of Object.values(cards)) card.remove()
  cards = Object.fromEntries(
    state.frontEnds.map((frontEnd) => {
      const section = document.querySelector(`[data-key="${frontEnd.key}"]`)
      return [
        frontEnd.key,
        createFrontEndCard(section, { ...frontEnd, name: names[frontEnd.key], asks: asks[frontEnd.key], now }),
      ]
    }),
  )
  timeline.reset(told)
  showFigures(state.figures)
  document.querySelector('#keeps').textContent = state.transactional
    ? 'Posts in SQLite; each write takes its notice along, in one transaction.'
    : 'Posts in SQLite; what waits to be sent is kept in memory.'
  await readPosts()
})
let reading
events.addEventListener('told', ({ data }) => {
  const told = JSON.parse(data)
  timeline.add(told)
  if (told.kind === 'figures') showFigures(told)
  if (told.kind === 'write') {
    for (const { frontEnd, paths } of told.stale) cards[frontEnd]?.tell({ kind: 'stale', paths, at: told.at })
    clearTimeout(reading)
    reading = setTimeout(readPosts, 30)
  }
  cards[told.frontEnd]?.tell(told)
})
