import { access } from 'node:fs/promises'
import { join } from 'node:path'
import { fastifyStatic } from '@fastify/static'
import type { FastifyError, FastifyPluginAsync } from 'fastify'
import { answerError } from '../../admin/error-handler.ts'

/** Of the router in the browser; all of them are one document. */
const PAGES = ['/', '/sign-in', '/routes/:id', '/config', '/config/revisions/:n', '/audit', '/discovery'] as const

export interface PagesOptions {
  /** What `npm run build` makes: index.html, and assets whose names change with their content. */
  readonly dist: string
}

/** The dashboard's document and what it loads. */
export const pages: FastifyPluginAsync<PagesOptions> = async (app, { dist }) => {
  // Of a path that cannot be a file's, such as one that climbs out of the folder.
  app.setErrorHandler<FastifyError>((error, request, reply) => {
    if (error.statusCode !== undefined && error.statusCode < 500) reply.callNotFound()
    else answerError(error, request, reply)
  })
  await app.register(fastifyStatic, {
    root: join(dist, 'assets'),
    prefix: '/assets/',
    preCompressed: true,
    index: false,
    dotfiles: 'deny',
    maxAge: '365d',
    immutable: true,
    suppressWarning: true
  })
  for (const page of PAGES) {
    app.get(page, async (_request, reply) => {
      if (!(await isThere(join(dist, 'index.html')))) {
        return reply.code(503).type('text/plain; charset=utf-8').send('The dashboard is not built: npm run build\n')
      }
      // Asked for anew each time: it names the assets of now.
      return reply.header('cache-control', 'no-cache').sendFile('index.html', dist, { cacheControl: false })
    })
  }
}

function isThere(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false
  )
}
