import type { FastifyPluginAsync } from 'fastify'

export const transcription: FastifyPluginAsync = async () => {}
