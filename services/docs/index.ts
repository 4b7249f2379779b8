import swaggerUi from '@fastify/swagger-ui'
import type { FastifyPluginAsync } from 'fastify'
import { answerUnroutable } from '../platform/unroutable.ts'

const PREFIX = '/docs'

/** The OpenAPI document, at `/docs/json` and `/docs/yaml`, and a page at `/docs` to read and try it. Nothing is loaded from elsewhere. */
export const docs: FastifyPluginAsync = async app => {
  await app.register(swaggerUi, {
    routePrefix: PREFIX,
    uiConfig: { deepLinking: true, layout: 'BaseLayout', validatorUrl: null },
    theme: { title: 'Clinical scribe API' },
    staticCSP: true,
    // Everything is served from here, and over plain HTTP too where there is no TLS in front.
    transformStaticCSP: header =>
      header.replaceAll(' https:', '').replace(' validator.swagger.io', '').replace('upgrade-insecure-requests;', '')
  })
  app.all(`${PREFIX}/*`, { schema: { hide: true } }, answerUnroutable)
}
