import type { Server, ServerResponse } from 'node:http'
import { DatabaseSync } from 'node:sqlite'

// fauxqs keeps every message with a commit of its own, and each commit waits for the disk: some hundred a second. Here everything
// that is written in one turn of the event loop is one commit, and no answer that a message is kept leaves before it is on the
// disk. After a commit that failed fauxqs knows more than the disk: what was removed then may come again after a restart.

/** Commits of one database, and the answers that wait for them. */
export interface Commits {
  /** Runs `open`, and makes commits of what is written to the database that it opens. */
  watch<T>(open: () => T): T
  /** Lets the answers of `server` wait for commits. */
  hold(server: Server): void
}

/** Commits for one database and its one server. When a commit fails every connection is cut: nobody gets an answer. */
export function groupCommits(): Commits {
  const waiting: (() => void)[] = []
  let database: DatabaseSync | undefined
  let holding: Server | undefined
  let begun = false

  const commit = () => {
    if (!begun) return
    begun = false
    const answers = waiting.splice(0)
    try {
      database?.exec('COMMIT')
    } catch {
      if (database?.isTransaction) database.exec('ROLLBACK')
      holding?.closeAllConnections()
      return
    }
    for (const answer of answers) answer()
  }

  const begin = () => {
    if (begun || database?.isTransaction) return
    database?.exec('BEGIN')
    begun = true
    setImmediate(commit)
  }

  /** Transactions of fauxqs's own, and its end, come after what was begun. */
  const adopt = (opened: DatabaseSync) => {
    const { exec, close } = opened
    database = opened
    opened.exec = (sql) => {
      if (sql === 'BEGIN') commit()
      return Reflect.apply(exec, opened, [sql])
    }
    opened.close = () => {
      commit()
      return Reflect.apply(close, opened, [])
    }
  }

  return {
    watch(open) {
      const { prepare } = DatabaseSync.prototype
      DatabaseSync.prototype.prepare = function (this: DatabaseSync, sql: string) {
        if (database !== this) adopt(this)
        const statement = Reflect.apply(prepare, this, [sql])
        if (!/^\s*SELECT/.test(sql)) {
          const { run } = statement
          statement.run = (...values: unknown[]) => {
            begin()
            return Reflect.apply(run, statement, values)
          }
        }
        return statement
      }
      try {
        return open()
      } finally {
        DatabaseSync.prototype.prepare = prepare
      }
    },
    hold(server) {
      holding = server
      server.prependListener('request', (_request: unknown, response: ServerResponse) => {
        const { end } = response
        response.end = ((...args: unknown[]) => {
          if (begun) waiting.push(() => Reflect.apply(end, response, args))
          else Reflect.apply(end, response, args)
          return response
        }) as typeof end
      })
    },
  }
}
