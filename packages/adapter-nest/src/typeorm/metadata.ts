/** What is read of TypeORM's own description of entities, and of its builders: not all of it is public there. */
import type { DataSourceLike, QueryRunnerLike } from './types.ts'

/** A DataSource, with what describes its entities. */
export interface Described extends DataSourceLike {
  readonly driver: Driver
  readonly entityMetadatas: readonly Metadata[]
  hasMetadata(entity: unknown): boolean
  getMetadata(entity: unknown): Metadata
  createQueryBuilder(): BuilderSource
}

export interface Driver {
  escape(name: string): string
  createParameter(name: string, index: number): string
  escapeQueryWithParameters(sql: string, parameters: object, native: object): [sql: string, parameters: unknown[]]
  prepareHydratedValue(value: unknown, column: Column): unknown
  preparePersistentValue(value: unknown, column: Column): unknown
  readonly spatialTypes?: readonly unknown[]
  /** SQLite, TypeORM 1: how a column of type jsonb is read. */
  wrapWithJsonFunction?(expression: string, column: Column): string
}

export interface Metadata {
  readonly name: string
  readonly tableName: string
  /** With its schema or database, and dots between. */
  readonly tablePath: string
  readonly tableType: string
  readonly isJunction: boolean
  readonly columns: readonly Column[]
  readonly primaryColumns: readonly Column[]
  readonly relations: readonly Relation[]
  readonly deleteDateColumn?: Column
  readonly parentEntityMetadata?: Metadata
  readonly uniques: readonly { readonly columns: readonly Column[] }[]
  readonly indices: readonly { readonly isUnique: boolean; readonly columns: readonly Column[] }[]
  /** Of a junction, whose columns are the keys of both sides. */
  readonly ownerColumns: readonly Column[]
  readonly inverseColumns: readonly Column[]
}

export interface Column {
  readonly databaseName: string
  readonly propertyName: string
  readonly propertyPath: string
  readonly type: unknown
  readonly isSelect: boolean
  readonly isNullable: boolean
  readonly isUpdateDate: boolean
  readonly isVersion: boolean
  /** It is computed by the database. */
  readonly asExpression?: string
  /** TypeORM's own: no property of the entity is named so. */
  readonly isVirtual: boolean
  readonly isVirtualProperty?: boolean
  readonly default?: unknown
  readonly entityMetadata: Metadata
  readonly relationMetadata?: Relation
  readonly referencedColumn?: Column
  getEntityValue(entity: unknown): unknown
}

export interface Relation {
  readonly propertyPath: string
  readonly isLazy: boolean
  readonly isManyToOne: boolean
  readonly isOneToOneOwner: boolean
  readonly joinColumns: readonly Column[]
  readonly inverseRelation?: Relation
  getEntityValue(entity: unknown): unknown
}

/** A builder before it is known what it builds. */
export interface BuilderSource {
  insert(): Builder
  update(): Builder
  delete(): Builder
  softDelete(): Builder
}

/** A builder of an INSERT, UPDATE or DELETE. */
export interface Builder {
  readonly expressionMap: ExpressionMap
  /** TypeORM 1, and what it was called before. */
  readonly dataSource?: Described
  readonly connection?: Described
  queryRunner: QueryRunnerLike | undefined
  execute(): Promise<ExecuteResult>
  getParameters(): object
  getTableName(path: string): string
  getMainTableName(): string
  createWhereExpression(): string
  createCteExpression(): string
  createOrderByExpression?(): string
  createLimitExpression?(): string
  replacePropertyNamesForTheWholeQuery(sql: string): string
}

export interface ExpressionMap {
  readonly mainAlias?: { readonly hasMetadata: boolean; readonly metadata: Metadata }
  readonly queryType: string
  readonly callListeners: boolean
  readonly updateEntity: boolean
  readonly whereEntities: readonly unknown[]
  readonly wheres: readonly unknown[]
  readonly valuesSet?: unknown
  readonly commonTableExpressions?: readonly { readonly queryBuilder: unknown }[]
  readonly nativeParameters?: object
  readonly insertFromSelect?: unknown
  readonly onIgnore?: unknown
  readonly onUpdate?: { readonly conflict?: unknown }
  /** TypeORM 0.3: SQL of the user's own. */
  readonly onConflict?: unknown
  /** Columns, by property path or as SQL, that the statement answers. */
  returning?: unknown
}

export interface ExecuteResult {
  raw: unknown
  readonly identifiers?: readonly unknown[]
}
