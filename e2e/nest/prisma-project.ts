import { cpSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { inject } from 'vitest'
import { must } from '../child.ts'
import { install } from '../install.ts'

type Row = Record<string, unknown>

/** A generated client, as far as the tests look at it: its own types are checked where it is generated. */
export interface Prisma {
  post: Delegate
  user: Delegate
  postTag: Delegate
  $transaction<T>(input: (tx: Prisma) => Promise<T>, options?: object): Promise<T>
  $transaction(input: readonly unknown[], options?: object): Promise<unknown[]>
  $queryRawUnsafe(sql: string, ...values: unknown[]): Promise<Row[]>
  $executeRawUnsafe(sql: string, ...values: unknown[]): Promise<number>
  $extends(extension: object): Prisma
  $disconnect(): Promise<void>
}

/** With a method that leads on to related rows. */
type Call<T> = Promise<T> & { author(): Promise<Row | null> }

export interface Delegate {
  create(args: object): Call<Row>
  createMany(args: object): Promise<{ count: number }>
  createManyAndReturn(args: object): Promise<Row[]>
  update(args: object): Call<Row>
  updateMany(args: object): Promise<{ count: number }>
  updateManyAndReturn(args: object): Promise<Row[]>
  upsert(args: object): Call<Row>
  delete(args: object): Call<Row>
  deleteMany(args?: object): Promise<{ count: number }>
  findMany(args?: object): Promise<Row[]>
  findUnique(args: object): Promise<Row | null>
  count(): Promise<number>
}

export interface Heard {
  collection: string
  event: string
  fields: Row
  previous?: Row
}

interface Pipeline {
  publish(change: object, options?: { transaction?: unknown }): Promise<void>
  start(): Promise<void>
  on(event: 'delivered', listener: () => void): () => void
}

export interface Site {
  /** As it was constructed. */
  plain: Prisma
  /** Extended with announceModels. */
  prisma: Prisma
  extension: object
  pipeline: Pipeline
  /** All that Prisma has asked the database. */
  statements: string[]
  heard(): Promise<Heard[]>
  close(): Promise<void>
}

/** What `prisma/app.ts` exports. */
export interface PrismaApp {
  open(url: string, options?: object, rules?: readonly object[]): Promise<Site>
  contract(url: string, runner: object): void
  prismaExecutor(prisma: unknown): { run(sql: string, bindings: readonly unknown[]): Promise<unknown> }
  prismaTransaction(tx: unknown): { run(sql: string, bindings: readonly unknown[]): Promise<unknown> }
}

/** Statements that make the app's own tables. */
export const tables: string = readFileSync(join(import.meta.dirname, 'prisma', 'tables.sql'), 'utf8')

const version = '7.10.1'

const compilerOptions = {
  module: 'NodeNext',
  moduleResolution: 'NodeNext',
  allowImportingTsExtensions: true,
  noEmit: true,
  target: 'ES2023',
  types: ['node'],
  strict: true,
  exactOptionalPropertyTypes: true,
  // What Prisma's own types name is not all there.
  skipLibCheck: true,
}

/** A project with Prisma and our packages, its client generated and its sources compiled; answers its folder. */
export async function prismaProject(): Promise<string> {
  const { home, ours } = inject('nest')
  const folder = join(home, 'prisma')
  cpSync(join(import.meta.dirname, 'prisma'), folder, { recursive: true })
  // Prisma's scripts download programs that only its migrations need.
  writeFileSync(join(folder, '.npmrc'), 'ignore-scripts=true\n')
  await install('prisma', folder, {
    name: 'prisma-app',
    private: true,
    type: 'module',
    dependencies: { '@prisma/client': '^7.10.0', '@prisma/adapter-pg': `^${version}`, ...ours },
    devDependencies: { prisma: `^${version}`, typescript: '^6.0.3', '@types/node': '^22.20.0' },
  })
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['*.ts'] }))
  const generate = ['PRISMA_SCHEMA_ENGINE_BINARY=/bin/true', 'npx', 'prisma', 'generate', '--schema', 'schema.prisma']
  await must('env', generate, { cwd: folder, timeout: 120_000 })
  await must('npx', ['tsc', '-p', '.'], { cwd: folder, timeout: 120_000 })
  return folder
}
