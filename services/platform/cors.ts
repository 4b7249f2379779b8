import fastifyCors from '@fastify/cors'
import fp from 'fastify-plugin'

const ORIGINS = ['https://scribe-project-nextjs.vercel.app', 'http://localhost:3000', 'http://localhost:3001']

/** The legacy's CORS answers. Any OPTIONS request is answered 204; an origin not listed gets no allow-origin header. */
export const cors = fp(
  async app => {
    await app.register(fastifyCors, {
      origin: ORIGINS,
      // Joined as the `cors` package joins them, so that the two sides' headers are the same text.
      methods: 'GET,POST,PUT,DELETE,PATCH,OPTIONS',
      allowedHeaders: 'Content-Type,Authorization',
      credentials: true,
      strictPreflight: false
    })
  },
  { name: 'platform-cors' }
)
