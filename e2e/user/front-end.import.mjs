import { createReceiver, hmac } from '@unstale/receiver'
import { nodeHandler } from '@unstale/receiver/node'
import { frontEnd } from './front-end.mjs'

await frontEnd({ createReceiver, hmac, nodeHandler })
