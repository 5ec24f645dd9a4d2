/** The content app's side: the posts, and what can be done with the selected one. */
export function createControls({ select, changed }) {
  const list = document.querySelector('#posts')
  const title = document.querySelector('#title')
  const slug = document.querySelector('#slug')
  const status = document.querySelector('#status')
  const problem = document.querySelector('#problem')
  let posts = []
  let post

  async function send(method, path, body) {
    problem.textContent = ''
    const answer = await fetch(`/api/posts${path}`, {
      method,
      headers: { 'content-type': 'application/json' },
      ...(body && { body: JSON.stringify(body) }),
    }).catch(() => null)
    if (!answer?.ok) {
      const { message } = (await answer?.json().catch(() => null)) ?? { message: 'The content app does not answer.' }
      problem.textContent = message
      return null
    }
    return answer.status === 204 ? null : answer.json()
  }

  document.querySelector('#title-form').addEventListener('submit', (event) => {
    event.preventDefault()
    // Saved unchanged, it still is an edit: something to see on the first click.
    const same = title.value === post.title
    void send('PATCH', `/${post.id}`, {
      title: same ? `${post.title.replace(/ \(\d+\)$/, '')} (${post.revision + 1})` : title.value,
    })
    title.blur()
  })
  document.querySelector('#slug-form').addEventListener('submit', (event) => {
    event.preventDefault()
    const same = slug.value === post.slug
    void send('PATCH', `/${post.id}`, { slug: same ? `${post.slug.replace(/-\d+$/, '')}-${post.revision + 1}` : slug.value })
    slug.blur()
  })
  status.addEventListener('click', () =>
    send('PATCH', `/${post.id}`, { status: post.status === 'published' ? 'draft' : 'published' }),
  )
  document.querySelector('#delete').addEventListener('click', () => send('DELETE', `/${post.id}`))
  document.querySelector('#create').addEventListener('click', async () => {
    const number = Math.max(0, ...posts.map(({ id }) => id)) + 1
    const created = await send('POST', '', { title: `A new post ${number}`, body: 'Written just now.', status: 'published' })
    if (created) await changed(created.id)
  })
  document.querySelector('#fifty').addEventListener('click', () => send('POST', '/edit-many', { count: 50 }))

  list.addEventListener('click', ({ target }) => {
    const option = target.closest('[role=option]')
    if (option) select(Number(option.dataset.id))
  })
  list.addEventListener('keydown', (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1, PageDown: 8, PageUp: -8, Home: -posts.length, End: posts.length }[event.key]
    if (step === undefined || posts.length === 0) return
    event.preventDefault()
    const index = Math.min(posts.length - 1, Math.max(0, posts.findIndex(({ id }) => id === post?.id) + step))
    select(posts[index].id)
  })

  return {
    show(nextPosts, nextPost) {
      const another = nextPost?.id !== post?.id
      posts = nextPosts
      post = nextPost
      list.replaceChildren(...posts.map(optionOf))
      const chosen = list.querySelector('[aria-selected=true]')
      list.setAttribute('aria-activedescendant', chosen?.id ?? '')
      if (another) chosen?.scrollIntoView({ block: 'nearest' })
      // What somebody is writing is not overwritten.
      if (another || document.activeElement !== title) title.value = post?.title ?? ''
      if (another || document.activeElement !== slug) slug.value = post?.slug ?? ''
      status.textContent = post?.status === 'published' ? 'Unpublish' : 'Publish'
      for (const control of document.querySelectorAll('.controls form :is(input, button), #status, #delete'))
        control.disabled = !post
    },
  }

  function optionOf(one) {
    const option = document.createElement('div')
    option.role = 'option'
    option.id = `post-${one.id}`
    option.dataset.id = one.id
    option.ariaSelected = String(one.id === post?.id)
    const name = document.createElement('span')
    name.textContent = one.title
    option.append(name)
    if (one.status === 'draft') {
      const mark = document.createElement('small')
      mark.textContent = 'draft'
      option.append(mark)
    }
    return option
  }
}
