import type { FastifyPluginAsync } from 'fastify'

export const consultations: FastifyPluginAsync = async () => {}
