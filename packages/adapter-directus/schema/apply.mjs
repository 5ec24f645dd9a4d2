// Makes the collections of directus.json in a Directus: node apply.mjs https://directus.example <an administrator's token>
import { readFile } from 'node:fs/promises'

const [url, token] = process.argv.slice(2)
if (url === undefined || token === undefined) {
  console.error("node apply.mjs https://directus.example <an administrator's token>")
  process.exit(1)
}

async function ask(method, path, body) {
  const response = await fetch(url.replace(/\/$/, '') + path, {
    method,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
  const text = await response.text()
  if (!response.ok) throw new Error(`${method} ${path} was answered ${response.status}: ${text}`)
  return text === '' ? undefined : JSON.parse(text).data
}

const plan = JSON.parse(await readFile(new URL('directus.json', import.meta.url), 'utf8'))
const { version = '' } = await ask('GET', '/server/info')
const [major, minor] = version.split('.').map(Number)
// Fields that are encrypted came with 11.14; before, secrets are only concealed.
if (major === 11 && minor < 14)
  for (const { meta } of plan.collections.flatMap(({ fields }) => fields))
    meta.special = meta.special?.map((one) => (one === 'encrypt' ? 'conceal' : one))

const there = (await ask('GET', '/collections')).map(({ collection }) => collection)
for (const one of plan.collections) {
  if (there.includes(one.collection)) {
    console.log(`${one.collection} is there, and stays as it is`)
    continue
  }
  await ask('POST', '/collections', one)
  for (const relation of plan.relations) if (relation.collection === one.collection) await ask('POST', '/relations', relation)
  console.log(`created ${one.collection}`)
}
