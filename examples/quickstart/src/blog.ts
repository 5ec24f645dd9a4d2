import type { Post } from './post.ts'

/** The blog's pages as HTML. Equal posts make equal pages, byte for byte. */
export function listPage(site: string, posts: readonly Post[]): string {
  const items = posts.map((post) => `<li><a href="/blog/${post.slug}">${text(post.title)}</a>${draftMark(post)}</li>`).join('\n')
  return page(site, site, `<h1>${text(site)}</h1>\n<ul>\n${items}\n</ul>`)
}

export function postPage(site: string, post: Post): string {
  return page(
    site,
    post.title,
    `<p class="up"><a href="/">All posts</a></p>\n<h1>${text(post.title)}</h1>${draftMark(post)}\n<p>${text(post.body)}</p>\n` +
      `<p class="meta">Revision ${post.revision}</p>`,
  )
}

export function missingPage(site: string): string {
  return page(
    site,
    'Not found',
    '<p class="up"><a href="/">All posts</a></p>\n<h1>Not found</h1>\n<p>There is no post at this address.</p>',
  )
}

function draftMark(post: Post): string {
  return post.status === 'draft' ? ' <mark>draft</mark>' : ''
}

function page(site: string, title: string, body: string): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${text(title === site ? site : `${title} · ${site}`)}</title>
<style>
:root { color-scheme: light dark; background: light-dark(#fffdf9, #17161a); color: light-dark(#26221c, #e9e5dd) }
:root { font: 16px/1.6 Charter, 'Bitstream Charter', Cambria, Georgia, serif }
body { margin: 0; padding: 1.25rem 1.5rem 2rem; max-width: 38rem }
h1 { font-size: 1.5rem; line-height: 1.25; margin: .3em 0 .5em; text-wrap: balance }
a { color: inherit; text-decoration-color: light-dark(#c9bfae, #57524a); text-underline-offset: .2em }
ul { padding: 0; list-style: none }
li { padding: .15rem 0 }
.up, .meta, mark { font: .8125rem/1.6 ui-sans-serif, system-ui, sans-serif }
.up { margin: 0 }
.meta { color: light-dark(#786f61, #a19a8e) }
mark { padding: .1em .5em; border-radius: 1em; background: light-dark(#f0e9db, #33302b); color: inherit }
</style>
${body}
<script>parent !== window && parent.postMessage({ path: location.pathname }, '*')</script>
</html>
`
}

function text(value: string): string {
  return value.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}
