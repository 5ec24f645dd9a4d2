/** What is needed of TypeORM (0.3.20 and newer, 1.x), in words of our own: its types are not needed by those who do not use it. */

/** A TypeORM `DataSource`. */
export interface DataSourceLike {
  readonly isInitialized: boolean
  readonly options: { readonly type: string }
  readonly subscribers: object[]
  createQueryRunner(): QueryRunnerLike
}

/** A TypeORM `QueryRunner`. */
export interface QueryRunnerLike {
  readonly isReleased: boolean
  readonly isTransactionActive: boolean
  connect(): Promise<unknown>
  query(sql: string, parameters: unknown[], structured: true): Promise<QueryResultLike>
  startTransaction(): Promise<void>
  commitTransaction(): Promise<void>
  rollbackTransaction(): Promise<void>
  release(): Promise<void>
}

export interface QueryResultLike {
  records?: unknown[]
  affected?: number
}

/** A TypeORM `EntityManager`: within `dataSource.transaction(…)` it has a query runner. */
export interface EntityManagerLike {
  readonly queryRunner?: QueryRunnerLike
}

/** The DataSource of a query runner: TypeORM 1 has another name for it. */
export function dataSourceOf(runner: QueryRunnerLike): DataSourceLike {
  const { dataSource, connection } = runner as { dataSource?: DataSourceLike; connection?: DataSourceLike }
  return (dataSource ?? connection) as DataSourceLike
}
