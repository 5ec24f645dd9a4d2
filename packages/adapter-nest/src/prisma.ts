/** Unstale on the Prisma client that an application has: its store, its transactions, and what becomes of its models. */
export { type AnnounceOptions, announceModels } from './prisma/announce.ts'
export { prismaExecutor, prismaTransaction } from './prisma/executor.ts'
export type { WatchedModel } from './prisma/models.ts'
export type { PrismaClientLike, PrismaTransactionClient } from './prisma/types.ts'
