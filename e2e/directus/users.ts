/** Users with permissions of their own; rules in them need Directus 11. */
import { type Api, api as apiOf } from './harness/index.ts'

export interface Permission {
  collection: string
  action: 'create' | 'read' | 'update' | 'delete'
  /** A filter; default: every item. */
  permissions?: object
  /** What an item has to be like that is written. */
  validation?: object
}

/** As whom one then speaks. */
export async function createUser(api: Api, url: string, name: string, permissions: readonly Permission[] = []): Promise<Api> {
  const token = `token-of-${name}`
  const user = { email: `${name}@example.com`, password: 'secret', status: 'active', token }
  if (permissions.length === 0) {
    await api.post('/users', user)
  } else {
    const { id } = await api.post<{ id: string }>('/policies', { name, admin_access: false, app_access: false })
    await api.post(
      '/permissions',
      permissions.map((permission) => ({ policy: id, fields: ['*'], permissions: {}, ...permission })),
    )
    await api.post('/users', { ...user, policies: { create: [{ policy: { id } }], update: [], delete: [] } })
  }
  return apiOf(url, token)
}
