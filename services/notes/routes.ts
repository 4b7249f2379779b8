import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyReply } from 'fastify'
import { fieldOf } from '../platform/fields.ts'
import { Message, Unauthorized, ValidationFailure } from '../platform/schema.ts'
import { ConsultationParams, NewNote, NoteAnswer, NoteChange, NoteList, NoteParams } from './schema.ts'
import type { Access, NoteService } from './service.ts'

/**
 * The order of a route's hooks is the order of the legacy's checks: token (401), its own 400, existence and ownership
 * (404, 403), and only then the shape of the rest (422).
 */
export const noteRoutes: FastifyPluginAsyncTypebox<{ service: NoteService }> = async (app, { service }) => {
  app.addHook('onRequest', (request, reply) => app.authenticate(request, reply))

  app.get(
    '/api/notes/:id',
    { schema: { params: ConsultationParams, response: { 200: NoteList, 401: Unauthorized } } },
    async ({ user, params }) => {
      const notes = await service.list(user.userID, params.id)
      return { count: notes.length, notes }
    }
  )

  app.post(
    '/api/notes/:id',
    {
      preValidation: [
        async (request, reply) =>
          fieldOf(request.body, 'body') ? undefined : reply.code(400).send({ msg: 'Note body is required.' }),
        async ({ user, params }, reply) =>
          (await service.isOwnConsultation(user.userID, params.id)) ? undefined : consultationMissing(reply)
      ],
      schema: {
        params: ConsultationParams,
        body: NewNote,
        response: { 201: NoteAnswer, 400: Message, 401: Unauthorized, 404: Message, 422: ValidationFailure }
      }
    },
    async ({ user, params, body }, reply) => {
      const note = await service.add(user.userID, params.id, body)
      if (note === undefined) return consultationMissing(reply)
      return reply.code(201).send({ msg: 'Note added successfully.', note })
    }
  )

  app.patch(
    '/api/notes/:id',
    {
      preValidation: async ({ user, params }, reply) => refuse(await service.access(user.userID, params.id), reply),
      schema: {
        params: NoteParams,
        body: NoteChange,
        response: { 200: NoteAnswer, 401: Unauthorized, 403: Message, 404: Message, 422: ValidationFailure }
      }
    },
    async ({ user, params, body }, reply) => {
      const note = await service.change(user.userID, params.id, body.body || undefined)
      if (note === undefined) return refuse('missing', reply)
      return { msg: 'Note updated.', note }
    }
  )

  app.delete(
    '/api/notes/:id',
    { schema: { params: NoteParams, response: { 200: Message, 401: Unauthorized, 403: Message, 404: Message } } },
    async ({ user, params }, reply) => {
      const access = await service.remove(user.userID, params.id)
      return refuse(access, reply) ?? { msg: 'Note deleted successfully.' }
    }
  )
}

function consultationMissing(reply: FastifyReply) {
  return reply.code(404).send({ msg: 'Consultation not found.' })
}

/** Answers for an access that is not granted; undefined for one that is. */
function refuse(access: Access, reply: FastifyReply) {
  if (access === 'missing') return reply.code(404).send({ msg: 'Note not found.' })
  if (access === 'denied') return reply.code(403).send({ msg: 'Not authorized.' })
  return undefined
}
