/** The command `unstale`, as a function of its arguments. */
import { parseArgs } from 'node:util'
import { PipelineError } from './errors.ts'
import { printTables, type SqlDialect } from './stores/sql/index.ts'

const USAGE = `unstale sql --dialect postgres|mysql|sqlite [--prefix unstale_]

  Prints the tables of the SQL store, for a migration of your own. MariaDB takes those of mysql.
`

export interface Printed {
  code: 0 | 1
  /** Its standard output where the code is 0, else its standard error. */
  text: string
}

export function command(args: readonly string[]): Printed {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { dialect: { type: 'string' }, prefix: { type: 'string' }, help: { type: 'boolean', short: 'h' } },
    })
    if (values.help) return { code: 0, text: USAGE }
    const [name, ...rest] = positionals
    if (name !== 'sql' || rest.length > 0) return wrong(name === undefined ? 'a command is missing' : 'there is one command: sql')
    if (values.dialect === undefined) return wrong('--dialect is missing')
    return { code: 0, text: printTables(values.dialect as SqlDialect, values.prefix) }
  } catch (error) {
    const { code, message } = error as PipelineError & { code: string }
    if (error instanceof PipelineError || code?.startsWith('ERR_PARSE_ARGS')) return wrong(message)
    throw error
  }
}

function wrong(message: string): Printed {
  return { code: 1, text: `unstale: ${message}\n\n${USAGE}` }
}
