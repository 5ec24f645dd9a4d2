const keep = 250
const lanes = { everything: 2, published: 3 }

/** The timeline: one line for each event, newest first, in the lane of the one it happened to. */
export function createTimeline(list, names) {
  function add(told, fresh = true) {
    const line = lineOf(told)
    if (!line) return
    const item = document.createElement('li')
    item.className = `${told.kind} ${told.verdict ?? ''} ${fresh ? 'new' : ''}`
    const box = document.createElement('div')
    box.style.setProperty('--lane', lanes[told.frontEnd] ?? 1)
    const time = document.createElement('time')
    time.textContent = clock(told.at)
    const text = document.createElement('p')
    text.dataset.lane = names[told.frontEnd] ?? 'Content app'
    text.append(...line)
    box.append(time, text)
    item.append(box)
    list.prepend(item)
    while (list.children.length > keep) list.lastChild.remove()
  }

  return {
    add,
    reset(all) {
      list.replaceChildren()
      for (const told of all) add(told, false)
    },
  }
}

function lineOf(told) {
  switch (told.kind) {
    case 'write':
      return [told.what, told.changes > 1 ? soft(` ${told.changes} changes in one transaction`) : '']
    case 'accepted':
      return [soft(told.changes === 1 ? 'one change joins what waits' : `${told.changes} changes join what waits`)]
    case 'attempt':
      return [
        `Batch ${told.batch}, ${told.changes} ${told.changes === 1 ? 'change' : 'changes'}`,
        `${told.attempt > 1 ? `, attempt ${told.attempt}` : ''}: `,
        mark(told.verdict),
        soft(
          ` ${told.answer}${told.retryAt === undefined ? '' : `; again in ${((told.retryAt - told.at) / 1000).toFixed(1)} s`}`,
        ),
      ]
    case 'dropped': {
      const { paths } = told
      const which = paths.length === 0 ? 'nothing was cached' : paths.length > 3 ? `${paths.length} pages` : paths.join(', ')
      return [`Dropped ${which}`, told.staleFor === null ? '' : soft(` stale for ${told.staleFor} ms`)]
    }
    case 'down':
      return [mark('Down'), soft(' refuses every connection')]
    case 'up':
      return [mark('Up again'), soft(' asks for what it missed')]
    case 'incident':
      return [mark(told.what)]
    default:
      return null
  }
}

function mark(text) {
  return span('verdict', text)
}

function soft(text) {
  return span('detail', text)
}

function span(className, text) {
  const element = document.createElement('span')
  element.className = className
  element.textContent = text
  return element
}

function clock(at) {
  const date = new Date(at)
  const two = (n) => String(n).padStart(2, '0')
  return `${two(date.getMinutes())}:${two(date.getSeconds())}.${String(date.getMilliseconds()).padStart(3, '0')}`
}
