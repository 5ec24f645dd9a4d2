import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Missing, type Plan, programPath } from './plan.ts'

/** MariaDB, which speaks MySQL. */
export function planMysql(): Plan | Missing {
  const [mariadbd, install] = [programPath('mariadbd'), programPath('mariadb-install-db')]
  if (mariadbd === undefined || install === undefined) {
    return { missing: 'MySQL: set UNSTALE_TEST_MYSQL_URL, or put mariadbd on the PATH (apt-get install mariadb-server)' }
  }
  return {
    commands(folder) {
      const [data, first, socket, pid] = ['data', 'first.sql', 'socket', 'pid'].map((name) => join(folder, name))
      writeFileSync(String(first), 'CREATE DATABASE IF NOT EXISTS unstale;\n')
      // In a folder that several share, one that starts removes the others' temporary tables.
      const files = [`--datadir=${data}`, `--tmpdir=${folder}`, `--init-file=${first}`, `--socket=${socket}`, `--pid-file=${pid}`]
      const network = ['--bind-address=127.0.0.1', '--skip-name-resolve', '--max-connections=200']
      return {
        install: [install, '--no-defaults', `--datadir=${data}`, '--auth-root-authentication-method=normal', '--skip-test-db'],
        server: (port) => [mariadbd, '--no-defaults', `--port=${port}`, ...files, ...network],
      }
    },
    ready: /ready for connections/,
    busy: /Address already in use|Unable to lock/,
    quit: 'SIGTERM',
    url: (port) => `mysql://root@127.0.0.1:${port}/unstale`,
  }
}
