import type { FastifyPluginAsync } from 'fastify'

/** The greeting at `/`, which the frontend's host uses to see that the server is there. */
export const root: FastifyPluginAsync = async app => {
  app.get('/', async () => ({ msg: 'welcome to the server' }))
}
