export interface Api {
  /** The answer's `data`, if it has one; undefined if it has no content. Throws an ApiError for any status but 2xx. */
  get<T = unknown>(path: string, query?: Query): Promise<T>
  post<T = unknown>(path: string, body?: unknown): Promise<T>
  patch<T = unknown>(path: string, body?: unknown): Promise<T>
  delete<T = unknown>(path: string, body?: unknown): Promise<T>
  /** Uploads a file; with an id it replaces that one's content. */
  upload(file: Upload, id?: string): Promise<{ id: string }>
  items(collection: string): Items
  /** Sends anything, with the token, and answers whatever comes. */
  raw(path: string, init?: RequestInit): Promise<Response>
}

/** Objects are sent as JSON: `{ filter: { slug: { _eq: 'a' } } }`. */
export type Query = Record<string, unknown>
export type Key = string | number
export type Item = Record<string, unknown>

export interface Upload {
  name: string
  type: string
  content: string | Uint8Array<ArrayBuffer>
  /** Of the file's item: title, folder, … */
  fields?: Record<string, string>
}

export interface Items {
  list<T = Item>(query?: Query): Promise<T[]>
  read<T = Item>(id: Key, query?: Query): Promise<T>
  create<T = Item>(data: Item): Promise<T>
  createMany<T = Item>(data: readonly Item[]): Promise<T[]>
  update<T = Item>(id: Key, data: Item): Promise<T>
  /** The same for each of them. */
  updateMany(ids: readonly Key[], data: Item): Promise<void>
  /** Each its own: rows with their primary keys, as the Studio saves an edit of many. */
  updateBatch(rows: readonly Item[]): Promise<void>
  remove(id: Key): Promise<void>
  removeMany(ids: readonly Key[]): Promise<void>
}

export interface ApiError extends Error {
  status: number
  body: unknown
}

/** A small client of Directus's REST API. Without a token, nobody in particular asks. */
export function api(url: string, token?: string): Api {
  const raw: Api['raw'] = (path, { headers, ...init } = {}) =>
    fetch(url + path, { ...init, headers: { ...(token && { authorization: `Bearer ${token}` }), ...headers } })

  async function ask<T>(method: string, path: string, init: RequestInit = {}): Promise<T> {
    const response = await raw(path, { method, ...init })
    const text = await response.text()
    const body = parsed(text)
    if (!response.ok) {
      const message = `${method} ${path} was answered ${response.status}: ${text}`
      throw Object.assign(new Error(message), { status: response.status, body }) satisfies ApiError
    }
    return (typeof body === 'object' && body !== null && 'data' in body ? body.data : body) as T
  }

  const send = <T>(method: string, path: string, body: unknown) =>
    ask<T>(
      method,
      path,
      body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) },
    )

  const client: Api = {
    raw,
    get: (path, query) => ask('GET', path + searchOf(query)),
    post: (path, body) => send('POST', path, body),
    patch: (path, body) => send('PATCH', path, body),
    delete: (path, body) => send('DELETE', path, body),
    upload({ name, type, content, fields = {} }, id) {
      const form = new FormData()
      // Directus reads the fields that come before the file.
      for (const [key, value] of Object.entries(fields)) form.append(key, value)
      form.append('file', new Blob([content], { type }), name)
      return id === undefined ? ask('POST', '/files', { body: form }) : ask('PATCH', `/files/${id}`, { body: form })
    },
    items: (collection) => itemsOf(client, collection),
  }
  return client
}

function itemsOf(client: Api, collection: string): Items {
  const path = collection.startsWith('directus_') ? `/${collection.slice('directus_'.length)}` : `/items/${collection}`
  return {
    list: (query) => client.get(path, { limit: -1, ...query }),
    read: (id, query) => client.get(`${path}/${id}`, query),
    create: (data) => client.post(path, data),
    createMany: (data) => client.post(path, data),
    update: (id, data) => client.patch(`${path}/${id}`, data),
    updateMany: (keys, data) => client.patch(path, { keys, data }),
    updateBatch: (rows) => client.patch(path, rows),
    remove: (id) => client.delete(`${path}/${id}`),
    removeMany: (ids) => client.delete(path, ids),
  }
}

function searchOf(query: Query = {}): string {
  const search = new URLSearchParams()
  for (const [name, value] of Object.entries(query))
    search.set(name, typeof value === 'object' ? JSON.stringify(value) : `${value}`)
  return search.size === 0 ? '' : `?${search}`
}

function parsed(text: string): unknown {
  if (text === '') return undefined
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
