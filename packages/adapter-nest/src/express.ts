/** For Express 4 and 5, whatever is Connect-like, and plain `node:http`: publish from a request, and take changes over HTTP. */
export { type Authorize, type Authorized, type BearerTokens, bearer } from './express/authorize.ts'
export { type IngestHandler, type IngestOptions, ingest } from './express/ingest.ts'
export { type RequestChanges, type UnstaleMiddleware, unstaleExpress } from './express/request-changes.ts'
