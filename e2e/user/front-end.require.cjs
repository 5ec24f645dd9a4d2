const { createReceiver, hmac } = require('@unstale/receiver')
const { nodeHandler } = require('@unstale/receiver/node')

import('./front-end.mjs').then(({ frontEnd }) => frontEnd({ createReceiver, hmac, nodeHandler }))
