import cors from 'cors'
import express, { type Express } from 'express'
import { ai } from './ai.ts'
import { auth } from './auth.ts'
import { consultations } from './consultations.ts'
import type { Terminology } from './nhs.ts'
import { notes } from './notes.ts'
import type { Chat } from './openai.ts'
import { prompts } from './prompts.ts'
import { transcripts } from './transcripts.ts'
import { users } from './users.ts'

const ORIGINS = ['https://scribe-project-nextjs.vercel.app', 'http://localhost:3000', 'http://localhost:3001']

export interface LegacyOptions {
  readonly jwtSecret: string
  readonly openai: Chat
  readonly terminology: Terminology
}

/** The HTTP side of the legacy backend. Mongoose is connected by its process. */
export function legacyApp({ jwtSecret, openai, terminology }: LegacyOptions): Express {
  const app = express()
  app.use(
    cors({
      origin: ORIGINS,
      methods: ['GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'],
      allowedHeaders: ['Content-Type', 'Authorization'],
      credentials: true
    })
  )
  app.use('/api', auth(jwtSecret))
  app.use(express.json({ limit: '10mb' }))

  app.get('/', (_req, res) => {
    res.json({ msg: 'welcome to the server' })
  })
  app.use('/users', users(jwtSecret))
  app.use('/api/consultation', consultations(openai))
  app.use('/api/transcript', transcripts())
  app.use('/api/notes', notes())
  app.use('/api/prompts', prompts())
  app.use('/api/ai', ai({ openai, terminology }))
  return app
}
