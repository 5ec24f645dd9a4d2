export interface Post {
  id: number
  title: string
  slug: string
  body: string | null
  date: string | null
  author: { id: number; name: string } | null
}

export interface Rendered {
  /** Of what is between the head and the foot. */
  main: string
  title: string
  status: number
  renderedAt: number
  /** The items that it was made from: `posts 1`, `authors 2`. */
  madeFrom: readonly string[]
}

export function listPage(posts: readonly Post[]): Omit<Rendered, 'renderedAt'> {
  const items = posts.map(
    (post) => `<li><a href="/posts/${encodeURIComponent(post.slug)}">${text(post.title)}</a>${by(post)}</li>`,
  )
  return { title: 'All posts', status: 200, madeFrom: [], main: `<h1>All posts</h1>\n<ul>\n${items.join('\n')}\n</ul>` }
}

export function postPage(post: Post, studio: string): Omit<Rendered, 'renderedAt'> {
  const edit = `${studio}/admin/content/posts/${post.id}`
  return {
    title: post.title,
    status: 200,
    madeFrom: [`posts ${post.id}`, ...(post.author ? [`authors ${post.author.id}`] : [])],
    main:
      `<p><a href="/">All posts</a></p>\n<h1>${text(post.title)}</h1>\n<p>${text(post.date ?? '')}${by(post)}</p>\n` +
      `<p>${text(post.body ?? '')}</p>\n<p><a href="${edit}" target="_blank">Edit it in the Studio</a></p>`,
  }
}

export function missingPage(): Omit<Rendered, 'renderedAt'> {
  const main = '<p><a href="/">All posts</a></p>\n<h1>Not found</h1>\n<p>There is no post at this address.</p>'
  return { title: 'Not found', status: 404, madeFrom: [], main }
}

/** The page as it is sent. Its script reloads it when it was dropped from the cache, for whoever looks on. */
export function documentOf({ title, main, renderedAt }: Rendered, fromCache: boolean): string {
  const at = new Date(renderedAt).toISOString().slice(11, 23)
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${text(title)}</title>
<style>
:root { color-scheme: light dark; font: 16px/1.6 ui-sans-serif, system-ui, sans-serif }
body { margin: 0; padding: 1.25rem 1.5rem 2rem; max-width: 38rem }
h1 { font-size: 1.5rem; line-height: 1.25 }
ul { padding: 0; list-style: none }
small { opacity: .7 }
footer { margin-top: 2rem; padding-top: .5rem; border-top: 1px solid; font-size: .8125rem }
</style>
<main>
${main}
</main>
<footer>Rendered at ${at} UTC, ${fromCache ? 'and came from the cache' : 'just now: it was not in the cache'}.</footer>
<script>
new EventSource('/changes').onmessage = ({ data }) => JSON.parse(data).includes(location.pathname) && location.reload()
</script>
</html>
`
}

function by({ author }: Post): string {
  return author ? ` <small>by ${text(author.name)}</small>` : ''
}

function text(value: string): string {
  return value.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}
