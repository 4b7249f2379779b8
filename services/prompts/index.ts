import type { FastifyPluginAsync } from 'fastify'

export const prompts: FastifyPluginAsync = async () => {}
