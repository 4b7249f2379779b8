import type { FastifyPluginAsync } from 'fastify'

export const transcripts: FastifyPluginAsync = async () => {}
