import type { HookRegister, HostContext } from '../host.ts'
import { wire } from '../wire.ts'

export default (register: HookRegister, context: HostContext): void => {
  // A reload appends a query.
  wire(register, context, {}, import.meta.url.replace(/[?#].*/, ''))
}
