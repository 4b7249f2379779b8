import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { V1ConsultationParams } from '../consultations/v1-schema.ts'
import { NoContent } from '../platform/schema.ts'
import { v1 } from '../platform/v1.ts'
import { missing, V1Error } from '../platform/v1-errors.ts'
import { PageQuery, pageOf, readPage } from '../platform/v1-pages.ts'
import type { NoteService } from './service.ts'
import { V1Note, V1NoteAnswer, V1NoteBody, V1NoteParams, v1Note } from './v1-schema.ts'

/** Here a note of another clinician's is as if it did not exist, but for reading it among those of an own consultation. */
export const noteV1: FastifyPluginAsyncTypebox<{ service: NoteService }> = async (app, { service }) => {
  await app.register(v1)

  app.get(
    '/consultations/:id/notes',
    {
      schema: { params: V1ConsultationParams, querystring: PageQuery, response: { 200: pageOf(V1Note), 404: V1Error } }
    },
    async ({ user, params: { id }, query }) =>
      readPage(
        query,
        async slice => (await service.page(user.userID, id, slice)) ?? missing('consultation'),
        ({ created_at, _id }) => ({ at: created_at, id: _id }),
        v1Note
      )
  )

  app.post(
    '/consultations/:id/notes',
    { schema: { params: V1ConsultationParams, body: V1NoteBody, response: { 201: V1NoteAnswer, 404: V1Error } } },
    async ({ user, params: { id }, body: { body } }, reply) => {
      const added = (await service.write(user.userID, id, body)) ?? missing('consultation')
      const note = v1Note(await service.expand(added))
      return reply.code(201).header('location', `${app.prefix}/notes/${note.id}`).send({ data: note })
    }
  )

  app.get(
    '/notes/:id',
    { schema: { params: V1NoteParams, response: { 200: V1NoteAnswer, 404: V1Error } } },
    async ({ user, params: { id } }) => {
      const note = (await service.read(user.userID, id)) ?? missing('note')
      return { data: v1Note(await service.expand(note)) }
    }
  )

  app.patch(
    '/notes/:id',
    { schema: { params: V1NoteParams, body: V1NoteBody, response: { 200: V1NoteAnswer, 404: V1Error } } },
    async ({ user, params: { id }, body: { body } }) => {
      const note = (await service.change(user.userID, id, body)) ?? missing('note')
      return { data: v1Note(await service.expand(note)) }
    }
  )

  app.delete(
    '/notes/:id',
    { schema: { params: V1NoteParams, response: { 204: NoContent, 404: V1Error } } },
    async ({ user, params: { id } }, reply) => {
      if ((await service.remove(user.userID, id)) !== 'granted') missing('note')
      return reply.code(204).send()
    }
  )
}
