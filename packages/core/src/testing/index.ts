/** For tests of pipelines, and of stores that others write. */
export { type Script, type ScriptedTransport, scriptedTransport } from './scripted-transport.ts'
export { type ContractCase, type ContractRunner, onStore, type StoreHarness, storeContract, storeLaws } from './store-contract.ts'
export { type VirtualClock, virtualClock } from './virtual-clock.ts'
