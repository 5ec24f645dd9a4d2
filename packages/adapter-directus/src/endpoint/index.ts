import type { HostContext } from '../host.ts'
import { type Router, routes } from '../routes/routes.ts'

const endpoint: { id: string; handler: (router: Router, host: HostContext) => void } = { id: 'unstale', handler: routes }
export default endpoint
