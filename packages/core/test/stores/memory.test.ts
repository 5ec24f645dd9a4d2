import { describe, it } from 'vitest'
import { memoryStore } from '../../src/stores/memory.ts'
import { storeContract } from '../../src/testing/index.ts'

const create = async () => ({ store: memoryStore(), dispose: async () => {} })

storeContract(
  'memory',
  create,
  { describe, it },
  {
    seeds: 2,
    without: {
      reopen: 'memory is gone with its process',
      breaking: 'memory has no write that could fail',
      transaction: 'memory has no inbox',
    },
  },
)
