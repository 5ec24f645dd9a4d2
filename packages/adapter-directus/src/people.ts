/** Tells the users of `users_notification`, by a notification in the Studio, once when something starts and once when it is over. */
import type { Incident, Notifier } from '@unstale/core'
import type { Knex } from 'knex'
import { TARGETS, TARGETS_USERS } from './fields.ts'
import type { HostContext } from './host.ts'

export interface People {
  notifier: Notifier
  /** Rows whose problems nobody was told of yet. */
  problems(problems: ReadonlyMap<string, readonly string[]>): Promise<void>
}

export function createPeople({
  services,
  database,
  getSchema,
}: Pick<HostContext, 'services' | 'database' | 'getSchema'>): People {
  async function tell(target: string, subject: string, message: string, { once = false } = {}): Promise<void> {
    const schema = await getSchema()
    // Where nobody may create it, it may be missing.
    if (schema.collections[TARGETS_USERS] === undefined) return
    let recipients = await recipientsOf(database, target)
    if (once) recipients = await withoutThoseWhoKnow(database, recipients, target, message)
    if (recipients.length === 0) return
    const service = new services.NotificationsService({ schema, knex: database, accountability: null })
    await service.createMany(recipients.map((recipient) => ({ recipient, subject, message, collection: TARGETS, item: target })))
  }

  return {
    notifier: {
      async notify(event) {
        if (event.type !== 'incident') return
        const [subject, message] = wordsOf(event.incident)
        await tell(event.incident.target.uid, subject, message)
      },
    },
    async problems(problems) {
      for (const [target, list] of problems) {
        const message = `Part of this target is left out, the rest works:\n\n${list.map((line) => `- ${line}`).join('\n')}`
        await tell(target, 'A cache flush target needs mending', message, { once: true })
      }
    },
  }
}

async function recipientsOf(database: Knex, target: string): Promise<string[]> {
  const rows = (await database(TARGETS_USERS)
    .distinct('directus_users_id')
    .where({ cache_flush_targets_id: target })
    .whereNotNull('directus_users_id')) as { directus_users_id: string }[]
  return rows.map(({ directus_users_id }) => String(directus_users_id))
}

/** Every instance finds the same problems, after every start. */
async function withoutThoseWhoKnow(database: Knex, recipients: string[], item: string, message: string): Promise<string[]> {
  if (recipients.length === 0) return []
  const told = (await database('directus_notifications')
    .select('recipient', 'message')
    .where({ collection: TARGETS, item })
    .whereIn('recipient', recipients)) as { recipient: string; message: string }[]
  const know = new Set(told.filter((row) => row.message === message).map(({ recipient }) => recipient))
  return recipients.filter((recipient) => !know.has(recipient))
}

/** Subject, and a message in Markdown. */
function wordsOf(incident: Incident): [string, string] {
  const { name, url } = incident.target
  const of = `**${name}** (${url})`
  switch (incident.kind) {
    case 'failing':
      return [
        `${name} does not take its cache flushes`,
        `${of} is failing since ${at(incident.since)}: ${incident.reason}. Nothing is lost: what changes is kept, and sent again until it answers.`,
      ]
    case 'recovered':
      return [
        `${name} takes its cache flushes again`,
        `${of} answers again. It was failing since ${at(incident.since)}; what had changed meanwhile has been sent.`,
      ]
    case 'suspended':
      return [
        `${name} is suspended`,
        `${of} is suspended: ${SUSPENDED[incident.reason]}. What changes is kept until somebody resumes it on its page.`,
      ]
    case 'refused':
      return [`${name} may not be called`, `${of} may not be called: ${incident.reason}`]
    case 'dead':
      return [
        `${name} did not take ${incident.count} change${incident.count === 1 ? '' : 's'}`,
        `${of}: ${DEAD[incident.reason]}. They can be sent again on its page.`,
      ]
  }
}

const SUSPENDED = {
  gone: 'it answered 410 Gone',
  horizon: 'it has been failing for too long',
  manual: 'somebody did so by hand',
} as const
const DEAD = {
  refused: 'it refuses some changes, and takes others',
  overflow: 'more were waiting than may wait, and the oldest were put aside',
} as const

function at(instant: number): string {
  return new Date(instant).toISOString()
}
