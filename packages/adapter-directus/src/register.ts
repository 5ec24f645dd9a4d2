/** The extension, to wire into a hook of one's own: the same that the bundle does, with more in code. */
import type { HookRegister, HostContext } from './host.ts'
import type { RuntimeOptions } from './runtime.ts'
import { wire } from './wire.ts'

export type { Accountability, HookRegister, HostContext } from './host.ts'
export type { FlushOptions, RuntimeOptions as UnstaleOptions } from './runtime.ts'
export { flush } from './runtime.ts'
export { toDirectusHook } from './to-directus-hook.ts'

/**
 * Call it in a hook's body, with what that was given, instead of installing the bundle. It reads and writes nothing until the
 * server starts, so that commands of the CLI, which load extensions, too, are not disturbed. Never throws.
 */
export function registerUnstale(register: HookRegister, context: HostContext, options: RuntimeOptions = {}): void {
  wire(register, context, options, 'a hook that calls registerUnstale')
}
