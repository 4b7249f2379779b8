import type { FastifyPluginAsync } from 'fastify'

export const ai: FastifyPluginAsync = async () => {}
