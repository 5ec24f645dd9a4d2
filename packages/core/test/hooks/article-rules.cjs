/**
 * A module of hooks as it lies in extensions/hooks/<id>/index.js: only administrators touch items, new articles are
 * announced to the newsroom and get the number that it answers, and the desk is told by mail.
 */
module.exports = function articleRules({ services, exceptions, env, logger }) {
  const { MailService, NumberService } = services
  const { ForbiddenException, InvalidPayloadException, ServiceUnavailableException } = exceptions

  return {
    'items.*.before': async (input, { accountability, collection, event }) => {
      if (collection !== 'articles') return input
      if (accountability?.admin !== true) {
        throw new ForbiddenException(`${event} is for administrators`)
      }
    },

    'items.create.before': async (input, { collection, accountability, schema, database }) => {
      if (collection !== 'articles') return input
      if (!input[0].title) throw new InvalidPayloadException('An article needs a title')

      try {
        const numbers = new NumberService({ accountability, schema, knex: database })
        input[0].number = await numbers.next(input[0].title)
      } catch (error) {
        throw new ServiceUnavailableException(error)
      }
      input[0] = { ...input[0], checked: true }
      return input
    },

    'items.create': async ({ collection, item, payload, schema }) => {
      if (collection !== 'articles') return
      const mail = new MailService({ schema })
      await mail.send({ to: env.DESK, subject: `Article ${item}: ${payload.title}` })
      logger.info(`told the desk of ${collection} ${item}`)
    },

    'cron(0 6 * * *)': async () => {
      await new MailService({}).send({ to: env.DESK, subject: 'Good morning' })
    },
  }
}
